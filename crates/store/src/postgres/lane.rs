//! One connection that writes: takes all that is queued, commits it in one go, and only then answers. No
//! timer: an idle lane commits at once, and while it waits for the flush the next batch gathers.
//!
//! If a connection is lost with work under way, nobody knows what became of it. The lane connects again,
//! ends what is left of the old connection, looks up what has happened (`settle.rs`), and does the rest.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::append::Attempt;
use super::error::Trouble;
use super::job::{Job, Queue};
use super::place::Place;
use super::session::{Backend, Session, answered};
use super::{append, settle, start};
use crate::{Append, Start, StoreError, StoreMetrics};

/// Jobs in one transaction.
const BATCH_MAX: usize = 256;
/// Between two tries to reach a server that is away, or to do what failed by itself.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(5),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
];

/// What a lane is asked.
pub(super) enum Message {
    Append(Job<Append>),
    Start(Job<Start>),
    Stop,
}

pub(super) struct Lane {
    pub(super) place: Place,
    pub(super) session: Option<Session>,
    /// Left behind by a connection that was lost.
    pub(super) old: Option<Backend>,
    pub(super) asked: mpsc::Receiver<Message>,
    pub(super) appends: Queue<Append>,
    pub(super) starts: Queue<Start>,
    /// Failures in a row.
    pub(super) failures: usize,
    pub(super) metrics: StoreMetrics,
}

impl Lane {
    pub(super) fn new(place: Place, asked: mpsc::Receiver<Message>, metrics: StoreMetrics) -> Self {
        let (appends, starts) = (Queue::default(), Queue::default());
        Self { place, session: None, old: None, asked, appends, starts, failures: 0, metrics }
    }

    pub(super) async fn run(mut self) {
        while self.receive().await {
            match self.work().await {
                Ok(()) => self.failures = 0,
                Err(trouble) => self.recover(&trouble).await,
            }
        }
    }

    /// Waits for work; `false` when there will be none.
    async fn receive(&mut self) -> bool {
        let is_idle = self.appends.is_empty() && self.starts.is_empty();
        let mut messages = Vec::with_capacity(BATCH_MAX);
        if is_idle && self.asked.recv_many(&mut messages, BATCH_MAX).await == 0 {
            return false;
        }
        while messages.len() < BATCH_MAX
            && let Ok(message) = self.asked.try_recv()
        {
            messages.push(message);
        }
        for message in messages {
            match message {
                Message::Append(job) => self.appends.push(job),
                Message::Start(job) => self.starts.push(job),
                // What is queued already is still received.
                Message::Stop => self.asked.close(),
            }
        }
        true
    }

    /// Does what waits, as far as it can be done together.
    async fn work(&mut self) -> Result<(), Trouble> {
        self.appends.drop_those_nobody_waits_for();
        self.starts.drop_those_nobody_waits_for();
        if self.appends.is_empty() && self.starts.is_empty() {
            return Ok(());
        }
        self.connect().await?;
        self.append().await?;
        self.start().await
    }

    /// A connection, and on it the truth about what was under way on the one before.
    async fn connect(&mut self) -> Result<(), Trouble> {
        if self.session.is_some() {
            return Ok(());
        }
        let session = answered(Session::open(&self.place)).await?;
        if let Some(old) = &self.old {
            answered(session.put_to_rest(old)).await?;
            // Before anybody is answered who may look at it.
            self.metrics.reconnects.inc();
            answered(self.appends.settle(&session)).await?;
            answered(self.starts.settle(&session)).await?;
            self.old = None;
        }
        self.session = Some(session);
        Ok(())
    }

    async fn append(&mut self) -> Result<(), Trouble> {
        let batch = self.appends.take(BATCH_MAX, |append| append.conversation.id.0);
        let Some(session) = self.session.as_ref().filter(|_| !batch.is_empty()) else {
            self.appends.put_back(batch);
            return Ok(());
        };
        let attempts: Vec<_> =
            batch.iter().map(|job| Attempt { append: &job.work, number: job.attempt }).collect();
        let began = Instant::now();
        let answers = answered(append::append(session, &attempts)).await;
        self.metrics.flush_seconds.observe(began.elapsed().as_secs_f64());
        if let Ok(answers) = &answers {
            for answer in answers {
                self.metrics.appends.get_or_create(&answer.into()).inc();
            }
            self.committed(batch.len());
        }
        self.appends.finish(batch, answers)
    }

    async fn start(&mut self) -> Result<(), Trouble> {
        let batch = self.starts.take(BATCH_MAX, |work| start::visitor_of(work).0);
        let Some(session) = self.session.as_ref().filter(|_| !batch.is_empty()) else {
            self.starts.put_back(batch);
            return Ok(());
        };
        let asked: Vec<_> = batch.iter().map(|job| (&job.work, job.attempt)).collect();
        let began = Instant::now();
        let outcomes = answered(start::start(session, &asked)).await;
        self.metrics.flush_seconds.observe(began.elapsed().as_secs_f64());
        if outcomes.is_ok() {
            self.committed(batch.len());
        }
        self.starts.finish(batch, outcomes)
    }

    fn committed(&self, jobs: usize) {
        self.metrics.commits.inc();
        self.metrics.batch_jobs.observe(jobs as f64);
    }

    /// After a failure: waits a little, longer each time. A lost connection leaves its backend behind.
    async fn recover(&mut self, trouble: &Trouble) {
        self.metrics.errors.inc();
        tracing::warn!(error = %trouble, "a write failed; trying again");
        if matches!(trouble, Trouble::Lost(_)) {
            // While it is looked for, the one that was lost with work under way is the older one.
            let lost = self.session.take().map(|session| session.backend);
            self.old = self.old.take().or(lost);
        }
        let pause = PAUSES[self.failures.min(PAUSES.len() - 1)];
        self.failures += 1;
        sleep(pause).await;
    }
}

impl Queue<Append> {
    async fn settle(&mut self, session: &Session) -> Result<(), Trouble> {
        let unknown = self.unknown();
        let attempts: Vec<_> =
            unknown.iter().map(|job| Attempt { append: &job.work, number: job.attempt }).collect();
        let happened = settle::appended(session, &attempts).await?;
        self.settled(&happened, || crate::Appended::Done);
        Ok(())
    }
}

impl Queue<Start> {
    async fn settle(&mut self, session: &Session) -> Result<(), Trouble> {
        let unknown = self.unknown();
        let starts: Vec<_> = unknown.iter().map(|job| &job.work).collect();
        let happened = settle::started(session, &starts).await?;
        self.settled(&happened, || crate::StartOutcome::Done);
        Ok(())
    }
}

/// What everybody hears when the last word from the server is this.
pub(super) fn unavailable(trouble: &Trouble) -> StoreError {
    StoreError::Unavailable(trouble.to_string())
}
