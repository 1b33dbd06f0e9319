//! The one thread that writes: takes all that is queued, commits it in one transaction, and only then
//! answers. No timer: an idle disk commits at once, and while it flushes the next batch gathers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::Running;
use super::checkpoint::Checkpoints;
use super::connection::Place;
use super::error::{OpenError, Trouble, stopped};
use super::writing::Writing;
use crate::metrics::StoreMetrics;
use crate::{Answer, StoreError};

/// Jobs in one transaction.
const BATCH_MAX: usize = 512;
/// Jobs that may wait; whoever comes later waits for room.
const QUEUE_MAX: usize = 2048;

/// The door to the writing thread.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Message>,
    metrics: StoreMetrics,
}

enum Message {
    Job(Box<dyn Job>),
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
        metrics: StoreMetrics,
        running: Running,
    ) -> Result<Self, OpenError> {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let checkpoints = Checkpoints::start(&place, metrics.clone(), running.clone())?;
        let metrics_too = metrics.clone();
        let thread = WriterThread { place, db: None, queue, checkpoints, metrics: metrics_too };
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
        while self.queue.blocking_recv_many(&mut messages, BATCH_MAX) > 0 {
            let mut batch = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Job(job) => batch.push(job),
                    // What is queued already is still received.
                    Message::Stop => self.queue.close(),
                }
            }
            self.metrics.queued.dec_by(batch.len() as i64);
            self.settle(batch);
        }
    }

    /// Commits the batch and answers everybody in it. A job that fails in spite of its own judgement
    /// fails alone; the others run again without it.
    fn settle(&mut self, mut batch: Vec<Box<dyn Job>>) {
        while !batch.is_empty() {
            match self.commit(&mut batch) {
                Ok(()) => {
                    self.metrics.batch_jobs.observe(batch.len() as f64);
                    batch.drain(..).for_each(|job| job.answer(Ok(())));
                }
                Err(Failure::Job(index, trouble)) => {
                    tracing::error!(error = %trouble, "a write failed by itself");
                    self.metrics.errors.inc();
                    self.roll_back();
                    batch.remove(index).answer(Err((&trouble).into()));
                }
                Err(Failure::Database(trouble)) => {
                    tracing::error!(error = %trouble, jobs = batch.len(), "cannot write");
                    self.metrics.errors.inc();
                    self.roll_back();
                    // After a failed flush the old connection knows things that are not on disk.
                    self.db = None;
                    self.checkpoints.ask();
                    batch.drain(..).for_each(|job| job.answer(Err((&trouble).into())));
                }
            }
        }
    }

    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        let db = match self.db.take() {
            Some(db) => db,
            None => self.open()?,
        };
        let db = self.db.insert(db);
        self.checkpoints.finish(db)?;
        execute(db, "BEGIN IMMEDIATE")?;
        run_all(db, batch)?;
        let flush = Instant::now();
        execute(db, "COMMIT")?;
        self.metrics.flush_seconds.observe(flush.elapsed().as_secs_f64());
        self.metrics.commits.inc();
        self.checkpoints.after_commit();
        Ok(())
    }

    fn open(&self) -> Result<Writing, Failure> {
        let mut db = self.place.to_write()?;
        self.checkpoints.watch(&mut db)?;
        Ok(Writing::new(db))
    }

    fn roll_back(&mut self) {
        if let Some(db) = &self.db
            && db.roll_back().is_err()
        {
            self.db = None;
        }
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
