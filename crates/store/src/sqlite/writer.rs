//! The one thread that writes: takes all that is queued, commits it in one transaction, and only then
//! answers. A commit never waits for a timer: an idle disk commits at once, and while it flushes the next
//! batch gathers. What may be written later (`settle.rs`) goes along with batches, or when it is quiet.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::Running;
use super::checkpoint::Checkpoints;
use super::connection::Place;
use super::error::{OpenError, Trouble, stopped};
use super::settle;
use super::unsettled::Unsettled;
use super::writing::Writing;
use crate::metrics::StoreMetrics;
use crate::{Answer, StoreError};

/// Jobs in one transaction.
const BATCH_MAX: usize = 512;
/// Jobs that may wait; whoever comes later waits for room.
const QUEUE_MAX: usize = 2048;
/// Without a job for so long, it is quiet.
const QUIET: Duration = Duration::from_millis(200);
/// How often the mark of what is settled moves.
const MARK_EVERY: Duration = Duration::from_secs(1);

/// The door to the writing thread.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Message>,
    metrics: StoreMetrics,
}

enum Message {
    Job(Box<dyn Job>),
    /// Settle everything, and say so.
    Settle(oneshot::Sender<Result<(), StoreError>>),
    Stop,
}

/// Something to write, and somebody who waits for it. A job that refuses leaves nothing changed. It may be
/// asked to run again, after all that it did was undone.
trait Job: Send {
    fn run(&mut self, db: &Writing) -> Result<(), Trouble>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Asked<T, F> {
    work: F,
    outcome: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Asked<T, F>
where
    T: Send,
    F: FnMut(&Writing) -> Result<T, Trouble> + Send,
{
    fn run(&mut self, db: &Writing) -> Result<(), Trouble> {
        self.outcome = Some((self.work)(db)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { outcome, reply, .. } = *self;
        // Whoever asked may have hung up; what was committed stands.
        let _ = reply.send(committed.and_then(|()| outcome.ok_or_else(stopped)));
    }
}

impl Writer {
    /// Starts the thread; it ends when it is told to stop, or when nobody can ask any more.
    pub(super) fn start(
        place: Place,
        (unsettled, settle_after): (Arc<Unsettled>, Option<Duration>),
        metrics: StoreMetrics,
        running: Running,
    ) -> Result<Self, OpenError> {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let checkpoints = Checkpoints::start(&place, metrics.clone(), running.clone())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let mut thread = WriterThread {
            place,
            db: None,
            unsettled,
            settle_after,
            marked: Instant::now(),
            is_settled: true,
            runtime,
            queue,
            checkpoints,
            metrics: metrics.clone(),
        };
        thread.db = Some(thread.open()?);
        std::thread::Builder::new().name("store-writer".into()).spawn(move || {
            thread.run();
            drop(running);
        })?;
        Ok(Self { jobs, metrics })
    }

    /// Runs `work` in a transaction and answers when it is on disk.
    pub(super) fn write<T, F>(&self, work: F) -> Answer<'_, T>
    where
        T: Send + 'static,
        F: FnMut(&Writing) -> Result<T, Trouble> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Asked { work, outcome: None, reply });
        Box::pin(async move {
            self.metrics.queued.inc();
            if self.jobs.send(Message::Job(job)).await.is_err() {
                self.metrics.queued.dec();
                return Err(stopped());
            }
            answer.await.unwrap_or_else(|_| Err(stopped()))
        })
    }

    /// Writes all that may be written later.
    pub(super) async fn settle(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Message::Settle(reply)).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Tells the thread to finish what is queued and end.
    pub(super) async fn stop(&self) {
        // If there is nobody to tell, it has stopped.
        let _ = self.jobs.send(Message::Stop).await;
    }
}

struct WriterThread {
    place: Place,
    /// `None` after a failure, until there is work again.
    db: Option<Writing>,
    unsettled: Arc<Unsettled>,
    /// `None`: somebody else settles what is in this file.
    settle_after: Option<Duration>,
    /// When the mark of what is settled was moved.
    marked: Instant,
    /// There is nothing to do when it is quiet.
    is_settled: bool,
    /// Waits for jobs.
    runtime: Runtime,
    queue: mpsc::Receiver<Message>,
    checkpoints: Checkpoints,
    metrics: StoreMetrics,
}

/// Why a batch did not commit.
enum Failure {
    /// Nobody's fault but that of this job.
    Job(usize, Trouble),
    Database(Trouble),
}

impl WriterThread {
    fn run(mut self) {
        let mut messages = Vec::with_capacity(BATCH_MAX);
        while self.receive(&mut messages) {
            let (mut batch, mut asked) = (Vec::with_capacity(messages.len()), Vec::new());
            for message in messages.drain(..) {
                match message {
                    Message::Job(job) => batch.push(job),
                    Message::Settle(reply) => asked.push(reply),
                    // What is queued already is still received.
                    Message::Stop => self.queue.close(),
                }
            }
            self.metrics.queued.dec_by(batch.len() as i64);
            self.write(batch);
            for reply in asked {
                let settled = self.settle_older_than(Duration::ZERO);
                let _ = reply.send(settled.map_err(|trouble| (&trouble).into()));
            }
        }
        // What remains is in the log, and settled at the next start.
        let _ = self.settle_older_than(Duration::ZERO);
    }

    /// Waits for messages, and settles while there are none; `false` when there will be none.
    fn receive(&mut self, messages: &mut Vec<Message>) -> bool {
        loop {
            let receive = self.queue.recv_many(messages, BATCH_MAX);
            if self.is_settled {
                return self.runtime.block_on(receive) > 0;
            }
            let received = self.runtime.block_on(async { timeout(QUIET, receive).await });
            if let Ok(received) = received {
                return received > 0;
            }
            // After a failure there is time until the next job.
            let settled = self.settle_older_than(self.settle_after.unwrap_or_default());
            self.is_settled = settled.is_err() || self.unsettled.len() == 0;
            if self.is_settled {
                self.give_memory_back();
            }
        }
    }

    /// What was read and written lately will hardly be needed before long.
    fn give_memory_back(&self) {
        if let Some(db) = &self.db {
            let _ = db.execute_batch("PRAGMA shrink_memory");
        }
    }

    fn settle_older_than(&mut self, age: Duration) -> Result<(), Trouble> {
        if self.settle_after.is_none() {
            return Ok(());
        }
        while self.transact(&mut [], Some(age)).map_err(|failure| self.give_up(failure))? {}
        Ok(())
    }

    /// Commits the batch and answers everybody in it. A job that fails in spite of its own judgement
    /// fails alone; the others run again without it.
    fn write(&mut self, mut batch: Vec<Box<dyn Job>>) {
        while !batch.is_empty() {
            match self.transact(&mut batch, None) {
                Ok(_) => {
                    self.metrics.batch_jobs.observe(batch.len() as f64);
                    batch.drain(..).for_each(|job| job.answer(Ok(())));
                }
                Err(Failure::Job(index, trouble)) => {
                    tracing::error!(error = %trouble, "a write failed by itself");
                    self.metrics.errors.inc();
                    self.roll_back();
                    batch.remove(index).answer(Err((&trouble).into()));
                }
                Err(failure) => {
                    let trouble = self.give_up(failure);
                    batch.drain(..).for_each(|job| job.answer(Err((&trouble).into())));
                }
            }
        }
    }

    /// After a failed flush the old connection knows things that are not on disk: begins anew.
    fn give_up(&mut self, failure: Failure) -> Trouble {
        let (Failure::Job(_, trouble) | Failure::Database(trouble)) = failure;
        tracing::error!(error = %trouble, "cannot write");
        self.metrics.errors.inc();
        self.roll_back();
        self.db = None;
        self.checkpoints.ask();
        trouble
    }

    /// Runs the batch and settles a little in one transaction, or with `quiet` more of what is so old;
    /// whether there is more to settle.
    fn transact(
        &mut self,
        batch: &mut [Box<dyn Job>],
        quiet: Option<Duration>,
    ) -> Result<bool, Failure> {
        let db = match self.db.take() {
            Some(db) => db,
            None => self.open()?,
        };
        let db = self.db.insert(db);
        self.checkpoints.finish(db)?;
        execute(db, "BEGIN IMMEDIATE")?;
        run_all(db, batch)?;
        let mut more = false;
        if let Some(age) = self.settle_after {
            let settle = || settle::some(db, quiet.unwrap_or(age), quiet.is_some());
            more = catch_unwind(AssertUnwindSafe(settle)).unwrap_or(Err(Trouble::Panicked))?;
            if quiet.is_some() || self.marked.elapsed() >= MARK_EVERY {
                settle::move_mark(db)?;
                self.marked = Instant::now();
            }
        }
        let flush = Instant::now();
        execute(db, "COMMIT")?;
        db.committed();
        if !batch.is_empty() {
            self.metrics.flush_seconds.observe(flush.elapsed().as_secs_f64());
            self.metrics.commits.inc();
        }
        self.metrics.unsettled.set(self.unsettled.len() as i64);
        self.is_settled = self.settle_after.is_none();
        self.checkpoints.after_commit();
        Ok(more)
    }

    /// A connection whose rows have all that the log has, if it is ours to see to that.
    fn open(&self) -> Result<Writing, Trouble> {
        let mut db = self.place.to_write()?;
        self.checkpoints.watch(&mut db)?;
        if self.settle_after.is_some() {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            settle::recover(&transaction)?;
            transaction.commit()?;
        }
        self.unsettled.clear();
        Ok(Writing::new(db, self.unsettled.clone()))
    }

    fn roll_back(&mut self) {
        if let Some(db) = &self.db
            && db.roll_back().is_err()
        {
            self.db = None;
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Database(trouble)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

fn run_all(db: &Writing, batch: &mut [Box<dyn Job>]) -> Result<(), Failure> {
    for (index, job) in batch.iter_mut().enumerate() {
        let ran = catch_unwind(AssertUnwindSafe(|| job.run(db)));
        match ran.unwrap_or(Err(Trouble::Panicked)) {
            Ok(()) => {}
            Err(trouble) if trouble.is_the_databases() => return Err(Failure::Database(trouble)),
            Err(trouble) => return Err(Failure::Job(index, trouble)),
        }
    }
    Ok(())
}

fn execute(db: &Connection, sql: &str) -> Result<(), Failure> {
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}
