//! A connection that one lane writes through.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Statement};

use super::error::Trouble;
use super::place::{Carrier, Place};
use super::{append, start};

/// Without an answer for so long, the connection is given up and what was asked is looked up on another.
const ANSWERED_WITHIN: Duration = Duration::from_millis(3500);
/// Between two looks whether an old backend is gone.
const PAUSE: Duration = Duration::from_millis(20);

/// Durable is what is flushed here, whatever the server does for others. Statements are planned once.
const PREPARE: &str = "
    SET plan_cache_mode = force_generic_plan;
    SET statement_timeout = '3s';
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// The server's process behind a connection; a process number alone may be given again.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    process: i32,
    began: String,
}

pub(super) struct Session {
    pub(super) client: Client,
    pub(super) appends: Statement,
    pub(super) starts: start::Statements,
    pub(super) backend: Backend,
    _carrier: Carrier,
}

impl Session {
    pub(super) async fn open(place: &Place) -> Result<Self, Trouble> {
        let (client, carrier) = place.connect().await?;
        client.batch_execute(PREPARE).await?;
        let who = "SELECT pid, backend_start::text FROM pg_stat_activity
                   WHERE pid = pg_backend_pid()";
        let who = client.query_one(who, &[]).await?;
        let backend = Backend { process: who.try_get(0)?, began: who.try_get(1)? };
        let appends = client.prepare(append::APPEND).await?;
        let starts = start::Statements::prepare(&client).await?;
        Ok(Self { client, appends, starts, backend, _carrier: carrier })
    }

    /// Ends a backend whose connection was lost, so that what it was doing has happened or never will.
    pub(super) async fn put_to_rest(&self, old: &Backend) -> Result<(), Trouble> {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE pid = $1 AND backend_start::text = $2";
        let end = self.client.prepare(end).await?;
        while !self.client.query(&end, &[&old.process, &old.began]).await?.is_empty() {
            sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// What is asked, in a bounded time: silence counts as a lost connection.
pub(super) async fn answered<T>(
    asked: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let silence = || Trouble::Lost("the server is silent".into());
    timeout(ANSWERED_WITHIN, asked).await.unwrap_or_else(|_| Err(silence()))
}
