//! What can be done later: summing up counts, and indexing what was said. Every node has a keeper, and one
//! of them at a time does it.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::Client;

use super::columns::column;
use super::counts;
use super::error::{Trouble, stopped};
use super::place::{Carrier, Place};
use super::search::index;
use crate::{StoreError, StoreMetrics};

/// How often it looks whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// With fewer new texts than this since the last look, there is time to index.
const QUIET: i64 = 500;
/// Texts that may wait however busy it is: looking through them takes some hundredths of a second.
const PENDING_MAX: i64 = 20_000;
/// Texts that are indexed in one transaction: the more, the fewer rows of the index are written again and
/// again.
const SLICE: usize = 32_768;
/// Rows of tables that are emptied again and again: what is gone is in the way of whoever looks.
const SWEEP_AFTER: i64 = 10_000;

/// The door to the keeper.
pub(super) struct Keeper {
    wishes: mpsc::Sender<oneshot::Sender<Result<(), StoreError>>>,
    task: JoinHandle<()>,
}

impl Keeper {
    pub(super) fn start(place: Place, metrics: StoreMetrics) -> Self {
        let (wishes, asked) = mpsc::channel(16);
        let keeping = Keeping { place, metrics, connection: None, waiting: 0, gone: 0 };
        Self { wishes, task: tokio::spawn(keeping.run(asked)) }
    }

    /// Indexes all that waits, and answers when it is done.
    pub(super) async fn index_now(&self) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        self.wishes.send(done).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// What it is doing is undone, and done again by another one.
    pub(super) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Keeping {
    place: Place,
    metrics: StoreMetrics,
    connection: Option<(Client, Carrier)>,
    /// Texts that waited at the last look.
    waiting: i64,
    /// Rows that were removed since the last sweep.
    gone: i64,
}

impl Keeping {
    async fn run(mut self, mut asked: mpsc::Receiver<oneshot::Sender<Result<(), StoreError>>>) {
        loop {
            let wish = timeout(LOOK_EVERY, asked.recv()).await;
            let done = match &wish {
                Ok(None) => return,
                Ok(Some(_)) => self.index_all().await,
                Err(_) => self.look().await,
            };
            if let Err(trouble) = &done {
                tracing::warn!(error = %trouble, "cannot sum up or index; searches look through more");
                self.metrics.errors.inc();
                self.connection = None;
            }
            if let Ok(Some(wish)) = wish {
                let _ = wish.send(done.map_err(StoreError::from));
            }
        }
    }

    async fn client(&mut self) -> Result<&mut Client, Trouble> {
        if self.connection.is_none() {
            let connection = self.place.connect().await?;
            let settings = "SET statement_timeout = '60s'; SET synchronous_commit = off;
                            SET idle_in_transaction_session_timeout = '60s'";
            connection.0.batch_execute(settings).await?;
            self.connection = Some(connection);
        }
        let connection = self.connection.as_mut().map(|(client, _)| client);
        connection.ok_or_else(|| Trouble::Lost("no connection".into()))
    }

    /// Does what has to be done, and leaves the rest until it is quiet.
    async fn look(&mut self) -> Result<(), Trouble> {
        let client = self.client().await?;
        let how_many =
            "SELECT (SELECT count(*) FROM unindexed), (SELECT count(*) FROM count_changes)";
        let found = client.query_one(how_many, &[]).await?;
        let (waiting, changes): (i64, i64) = (column(&found, 0)?, column(&found, 1)?);
        self.metrics.search_pending.set(waiting);
        if changes > 0 {
            self.sum_up().await?;
        }
        let new = waiting - std::mem::replace(&mut self.waiting, waiting);
        if waiting > 0 && (new < QUIET || waiting > PENDING_MAX) {
            self.index_all().await?;
        }
        if self.gone > SWEEP_AFTER {
            self.client().await?.batch_execute("VACUUM unindexed, count_changes").await?;
            self.gone = 0;
        }
        Ok(())
    }

    async fn sum_up(&mut self) -> Result<(), Trouble> {
        let client = self.client().await?;
        let step = client.transaction().await?;
        let free = step.query_one(counts::LOCK, &[]).await?;
        if column(&free, 0)? {
            let summed = step.execute(counts::SUM_UP, &[]).await?;
            step.commit().await?;
            self.gone += i64::try_from(summed).unwrap_or(0);
        }
        Ok(())
    }

    /// Indexes what waits now; what comes meanwhile may wait for the next time.
    async fn index_all(&mut self) -> Result<(), Trouble> {
        let mut left = self.count_waiting().await?;
        while left > 0 {
            let indexed = index::slice(self.client().await?, SLICE).await?;
            let Some(texts) = indexed.and_then(|texts| i64::try_from(texts).ok()) else { break };
            if texts == 0 {
                break;
            }
            left -= texts;
            self.gone += texts;
            self.waiting = self.count_waiting().await?;
            self.metrics.search_pending.set(self.waiting);
        }
        Ok(())
    }

    async fn count_waiting(&mut self) -> Result<i64, Trouble> {
        let count = "SELECT count(*) FROM unindexed";
        column(&self.client().await?.query_one(count, &[]).await?, 0)
    }
}
