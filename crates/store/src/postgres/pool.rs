//! Connections that many share: for reading, and for writes that may be repeated.

use std::time::Duration;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool as Connections, PoolError, RecyclingMethod, Runtime,
};
use futures::future::BoxFuture;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::PostgresError;
use super::error::{Trouble, too_late, words};
use super::place::Place;
use crate::{Answer, StoreError};

/// Whoever asks hears something by then, before the client is told that nobody answers.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// A statement is ended by the server before that (`place.rs`), so whoever says nothing for longer is not there.
const SILENT_MAX: Duration = Duration::from_millis(5500);
/// Between two tries to reach a server that is away.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection with the statements prepared on it.
pub(super) type Database = deadpool_postgres::ClientWrapper;

#[derive(Clone)]
pub(super) struct Pool(Connections);

impl Pool {
    pub(super) fn of(place: &Place, size: usize) -> Result<Self, PostgresError> {
        let recycle = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(place.config().clone(), place.tls(), recycle);
        let pool = Connections::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| PostgresError::Other(error.to_string()))?;
        Ok(Self(pool))
    }

    /// What `question` finds. It may be asked again, when a connection was lost.
    pub(super) fn ask<T, F>(&self, question: F) -> Answer<'_, T>
    where
        T: Send + 'static,
        F: for<'d> Fn(&'d Database) -> BoxFuture<'d, Result<T, Trouble>> + Send + Sync + 'static,
    {
        Box::pin(async move {
            match self.ask_by(Instant::now() + ANSWER_WITHIN, question).await {
                Err(Trouble::TooSlow) => Err(too_late("a statement took too long")),
                answer => answer.map_err(StoreError::from),
            }
        })
    }

    /// The same, with a bound of one's own. `Lost` if the last try ended so.
    pub(super) async fn ask_by<T, F>(&self, until: Instant, question: F) -> Result<T, Trouble>
    where
        F: for<'d> Fn(&'d Database) -> BoxFuture<'d, Result<T, Trouble>>,
    {
        let mut last = Trouble::TooSlow;
        loop {
            last = match timeout_at(until, self.ask_once(&question)).await {
                Err(_) => return Err(last),
                Ok(Err(trouble @ (Trouble::Lost(_) | Trouble::Again(_)))) => trouble,
                Ok(answer) => return answer,
            };
            if timeout_at(until, sleep(PAUSE)).await.is_err() {
                return Err(last);
            }
        }
    }

    /// For writes that are not the same when they are done twice: unknown is unknown.
    pub(super) fn ask_one_time<T, F>(&self, question: F) -> Answer<'_, T>
    where
        T: Send + 'static,
        F: for<'d> Fn(&'d Database) -> BoxFuture<'d, Result<T, Trouble>> + Send + Sync + 'static,
    {
        Box::pin(async move {
            let until = Instant::now() + ANSWER_WITHIN;
            match timeout_at(until, self.ask_once(&question)).await {
                Err(_) | Ok(Err(Trouble::TooSlow)) => Err(too_late("a write took too long")),
                Ok(answer) => answer.map_err(StoreError::from),
            }
        })
    }

    async fn ask_once<T, F>(&self, question: &F) -> Result<T, Trouble>
    where
        F: for<'d> Fn(&'d Database) -> BoxFuture<'d, Result<T, Trouble>>,
    {
        let mut lent = Lent(Some(self.0.get().await?));
        let Some(object) = &lent.0 else { return Err(Trouble::Lost("no connection".into())) };
        let answer = timeout(SILENT_MAX, question(object)).await.unwrap_or_else(|_| {
            // What happened to this connection may have happened to all of them.
            self.0.retain(|_, _| false);
            Err(Trouble::Lost("the server is silent".into()))
        });
        if !matches!(answer, Err(Trouble::Lost(_))) {
            // It is idle again, and may be lent to the next one.
            drop(lent.0.take());
        }
        answer
    }

    pub(super) fn close(&self) {
        self.0.close();
    }
}

/// A connection that is not given back while it may be busy, or broken.
struct Lent(Option<Object>);

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

impl From<PoolError> for Trouble {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Lost(words(&error)),
            PoolError::Closed => Self::Refused("the store has stopped".into()),
            other => Self::Lost(other.to_string()),
        }
    }
}
