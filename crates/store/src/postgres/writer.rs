//! The door to the lanes: what concerns one conversation always takes the same one.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use super::error::{stopped, too_late};
use super::job::{Job, Work};
use super::lane::{Lane, Message};
use super::place::Place;
use super::pool::ANSWER_WITHIN;
use super::start::visitor_of;
use crate::{Answer, Append, Appended, Start, StartOutcome, StoreMetrics};

/// Jobs that may wait in a lane; whoever comes later waits for room.
const QUEUE_MAX: usize = 1024;

pub(super) struct Writer {
    lanes: Vec<mpsc::Sender<Message>>,
    running: Mutex<Vec<JoinHandle<()>>>,
    metrics: StoreMetrics,
}

impl Writer {
    pub(super) fn start(place: &Place, lanes: usize, metrics: &StoreMetrics) -> Self {
        let (mut doors, mut running) = (Vec::new(), Vec::new());
        for _ in 0..lanes {
            let (door, asked) = mpsc::channel(QUEUE_MAX);
            let lane = Lane::new(place.clone(), asked, metrics.clone());
            doors.push(door);
            running.push(tokio::spawn(lane.run()));
        }
        Self { lanes: doors, running: Mutex::new(running), metrics: metrics.clone() }
    }

    pub(super) fn append(&self, append: Append) -> Answer<'_, Appended> {
        let lane = self.lane_of(append.conversation.id.0);
        self.ask(lane, append, Message::Append)
    }

    pub(super) fn begin(&self, start: Start) -> Answer<'_, StartOutcome> {
        let lane = self.lane_of(visitor_of(&start).0);
        self.ask(lane, start, Message::Start)
    }

    fn lane_of(&self, subject: Uuid) -> &mpsc::Sender<Message> {
        let mut hasher = DefaultHasher::new();
        subject.hash(&mut hasher);
        &self.lanes[(hasher.finish() % self.lanes.len() as u64) as usize]
    }

    /// The answer, or that there is none, by the time that is promised.
    fn ask<'a, W: Work>(
        &'a self,
        lane: &'a mpsc::Sender<Message>,
        work: W,
        message: impl FnOnce(Job<W>) -> Message + Send + 'a,
    ) -> Answer<'a, W::Answer> {
        let (job, answer) = Job::new(work);
        Box::pin(async move {
            let _waiting = Waiting::new(&self.metrics);
            let asked = async {
                lane.send(message(job)).await.map_err(|_| stopped())?;
                answer.await.unwrap_or_else(|_| Err(stopped()))
            };
            let late = |_| Err(too_late("the server is away or busy"));
            timeout(ANSWER_WITHIN, asked).await.unwrap_or_else(late)
        })
    }

    /// Tells the lanes to finish what is queued, and waits until they have.
    pub(super) async fn stop(&self) {
        for lane in &self.lanes {
            // If there is nobody to tell, it has stopped.
            let _ = lane.send(Message::Stop).await;
        }
        for lane in self.running.lock().await.drain(..) {
            let _ = lane.await;
        }
    }
}

/// Counted for as long as it waits.
struct Waiting<'a>(&'a StoreMetrics);

impl<'a> Waiting<'a> {
    fn new(metrics: &'a StoreMetrics) -> Self {
        metrics.queued.inc();
        Self(metrics)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.queued.dec();
    }
}
