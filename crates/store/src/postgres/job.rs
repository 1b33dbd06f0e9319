//! What waits to be written, and who waits for it.

use std::collections::{HashSet, VecDeque};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::error::Trouble;
use super::lane::unavailable;
use crate::{Append, Appended, Start, StartOutcome, StoreError};

/// Work that fails by itself so often is given up.
const TRIES: u8 = 5;

/// Work and its answer.
pub(super) trait Work: Send + 'static {
    type Answer: Send + 'static;
}

impl Work for Append {
    type Answer = Appended;
}

impl Work for Start {
    type Answer = StartOutcome;
}

/// One piece of work.
pub(super) struct Job<W: Work> {
    pub(super) work: W,
    /// Drawn for this call alone.
    pub(super) attempt: i64,
    /// It was sent, and no answer came: it may have happened.
    is_unknown: bool,
    /// Failures when it was tried alone.
    failures: u8,
    reply: oneshot::Sender<Result<W::Answer, StoreError>>,
}

type Reply<W> = oneshot::Receiver<Result<<W as Work>::Answer, StoreError>>;

impl<W: Work> Job<W> {
    pub(super) fn new(work: W) -> (Self, Reply<W>) {
        let (reply, answer) = oneshot::channel();
        let attempt = rand::random();
        (Self { work, attempt, is_unknown: false, failures: 0, reply }, answer)
    }

    fn answer(self, answer: Result<W::Answer, StoreError>) {
        // Whoever asked may have hung up; what was committed stands.
        let _ = self.reply.send(answer);
    }
}

/// Work in the order it came.
pub(super) struct Queue<W: Work> {
    jobs: VecDeque<Job<W>>,
    /// So many of the first ones failed together, and are tried one by one.
    alone: usize,
}

impl<W: Work> Default for Queue<W> {
    fn default() -> Self {
        Self { jobs: VecDeque::new(), alone: 0 }
    }
}

impl<W: Work> Queue<W> {
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(super) fn push(&mut self, job: Job<W>) {
        self.jobs.push_back(job);
    }

    /// The bound for their answer is over; they have heard so.
    pub(super) fn drop_those_nobody_waits_for(&mut self) {
        self.jobs.retain(|job| !job.reply.is_closed());
    }

    /// The first ones, of each `subject` one: those that wait for another of the same stay in order.
    pub(super) fn take(&mut self, max: usize, subject: impl Fn(&W) -> Uuid) -> Vec<Job<W>> {
        let max = if self.alone > 0 { 1 } else { max };
        self.alone = self.alone.saturating_sub(1);
        let (mut taken, mut left, mut seen) = (Vec::new(), VecDeque::new(), HashSet::new());
        while let Some(job) = self.jobs.pop_front() {
            if seen.insert(subject(&job.work)) {
                taken.push(job);
            } else {
                left.push_back(job);
            }
            if taken.len() == max {
                break;
            }
        }
        left.append(&mut self.jobs);
        self.jobs = left;
        taken
    }

    /// As if they had not been taken.
    pub(super) fn put_back(&mut self, batch: Vec<Job<W>>) {
        batch.into_iter().rev().for_each(|job| self.jobs.push_front(job));
    }

    /// Answers a batch, or puts it back to be tried again: alone, if others of it may be at fault.
    pub(super) fn finish(
        &mut self,
        mut batch: Vec<Job<W>>,
        answers: Result<Vec<W::Answer>, Trouble>,
    ) -> Result<(), Trouble> {
        let trouble = match answers {
            Ok(answers) => {
                batch.into_iter().zip(answers).for_each(|(job, answer)| job.answer(Ok(answer)));
                return Ok(());
            }
            Err(trouble) => trouble,
        };
        match &trouble {
            Trouble::Lost(_) => batch.iter_mut().for_each(|job| job.is_unknown = true),
            _ if batch.len() > 1 => self.alone = batch.len(),
            trouble => {
                let given_up = matches!(trouble, Trouble::Refused(_));
                batch.iter_mut().for_each(|job| job.failures += 1);
                for job in batch.extract_if(.., |job| given_up || job.failures == TRIES) {
                    tracing::error!(error = %trouble, "a write failed by itself");
                    job.answer(Err(unavailable(trouble)));
                }
                self.alone = batch.len();
            }
        }
        self.put_back(batch);
        Err(trouble)
    }

    /// Those of which nobody knows what became.
    pub(super) fn unknown(&self) -> Vec<&Job<W>> {
        self.jobs.iter().filter(|job| job.is_unknown).collect()
    }

    /// Now it is known of each of them: those that happened are answered, the others go on waiting.
    pub(super) fn settled(&mut self, happened: &[bool], done: impl Fn() -> W::Answer) {
        let mut happened = happened.iter();
        let mut left = VecDeque::with_capacity(self.jobs.len());
        for mut job in std::mem::take(&mut self.jobs) {
            if job.is_unknown && happened.next() == Some(&true) {
                job.answer(Ok(done()));
            } else {
                job.is_unknown = false;
                left.push_back(job);
            }
        }
        self.jobs = left;
    }
}
