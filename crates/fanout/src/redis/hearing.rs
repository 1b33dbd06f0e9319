//! What Redis pushes to us.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ::redis::{PushInfo, PushKind, Value};
use tokio::sync::mpsc;

use super::envelope::{self, Front};
use super::wanted::Wanted;
use super::{connection, waiting};
use crate::mailbox::Mailbox;
use crate::{FanoutMetrics, Hint, NodeId, Topic};

/// A hint of two topics comes twice to who listens to both, close together.
const RECENT_MAX: usize = 4096;

/// Takes what others say. Runs on the connection's task, so it never waits.
pub(super) struct Hearing {
    node: NodeId,
    mailbox: Mailbox,
    recent: Mutex<Recent>,
    connected: AtomicBool,
    /// Pushes of any kind so far.
    pushes: AtomicU64,
    metrics: FanoutMetrics,
}

/// The last hints, by node and number.
#[derive(Default)]
struct Recent {
    known: HashSet<(NodeId, u64)>,
    oldest_first: VecDeque<(NodeId, u64)>,
}

/// What one line's pushes go to.
pub(super) struct Pushes {
    pub hearing: Arc<Hearing>,
    pub wanted: Arc<Wanted>,
}

impl Hearing {
    pub fn new(node: NodeId, metrics: FanoutMetrics) -> Self {
        let (mailbox, recent) = (Mailbox::new(), Mutex::default());
        let (connected, pushes) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { node, mailbox, recent, connected, pushes, metrics }
    }

    /// Goes up with everything that is pushed to us: a sign of life.
    pub fn pushes(&self) -> u64 {
        self.pushes.load(Ordering::Relaxed)
    }

    /// Whether everything that is wanted is heard, as far as one knows.
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }

    pub fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Release);
        self.metrics.connected.set(connected.into());
    }

    pub fn take_receiver(&self) -> mpsc::Receiver<Hint> {
        self.mailbox.take_receiver()
    }

    /// Hints of these topics arrive from now on.
    pub fn joined(&self, topics: Vec<Topic>) {
        if !topics.is_empty() {
            // Who misses it hears of a loss, which is the same for all topics.
            self.mailbox.put(Hint::Joined(topics.into()));
        }
    }

    /// Hints may have been missed.
    pub fn lost(&self) {
        self.mailbox.tell_of_loss();
    }

    /// Takes one message of another node; our own come back to us, too.
    fn hear(&self, message: &[u8]) {
        let Some((front, body)) = Front::read(message) else {
            self.metrics.unread.inc();
            return;
        };
        if front.node == self.node || self.is_known(&front) {
            return;
        }
        let Some(hint) = envelope::open(body) else {
            self.metrics.unread.inc();
            return;
        };
        self.metrics.received.inc();
        let lag_us = waiting::now_us().saturating_sub(front.announced_at_us).max(0);
        self.metrics.lag.observe(lag_us as f64 / 1e6);
        if !self.mailbox.put(hint) {
            self.metrics.missed.inc();
        }
    }

    fn is_known(&self, front: &Front) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        !recent.remember((front.node, front.number))
    }
}

impl Recent {
    /// Whether it is new.
    fn remember(&mut self, hint: (NodeId, u64)) -> bool {
        let new = self.known.insert(hint);
        if new {
            self.oldest_first.push_back(hint);
            if self.oldest_first.len() > RECENT_MAX
                && let Some(oldest) = self.oldest_first.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        new
    }
}

impl Pushes {
    /// Takes one push. What ends a line is noticed by those who use it.
    pub fn take(&self, push: &PushInfo) {
        self.hearing.pushes.fetch_add(1, Ordering::Relaxed);
        match (&push.kind, &push.data[..]) {
            (PushKind::Message | PushKind::SMessage, [_, Value::BulkString(message)]) => {
                self.hearing.hear(message);
            }
            // Not only at our wish: a slot may have moved to another server of the cluster.
            (PushKind::SUnsubscribe, [Value::BulkString(channel), ..]) => {
                if let Some(topic) = connection::topic_of(channel) {
                    self.wanted.was_stopped(topic);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::moved;

    fn hearing() -> Hearing {
        Hearing::new(NodeId(1), FanoutMetrics::default())
    }

    fn said(node: u64, number: u64) -> Vec<u8> {
        let front = Front { node: NodeId(node), number, announced_at_us: 0 };
        front.seal(&moved(number.into(), 1)).unwrap()
    }

    #[tokio::test]
    async fn what_comes_twice_and_what_is_our_own_is_heard_once_or_never() {
        let hearing = hearing();
        let mut hints = hearing.take_receiver();
        for (node, number) in [(2, 1), (2, 1), (1, 9), (3, 1), (2, 2)] {
            hearing.hear(&said(node, number));
        }
        hearing.hear(b"nonsense");
        let mut heard = vec![];
        while let Ok(hint) = hints.try_recv() {
            heard.push(hint);
        }
        assert_eq!(heard, [moved(1, 1), moved(1, 1), moved(2, 1)]);
        assert_eq!(hearing.metrics.received.get(), 3);
        assert_eq!(hearing.metrics.unread.get(), 1);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut recent = Recent::default();
        for number in 0..3 * RECENT_MAX as u64 {
            assert!(recent.remember((NodeId(2), number)));
        }
        assert_eq!(recent.known.len(), RECENT_MAX);
        assert_eq!(recent.oldest_first.len(), RECENT_MAX);
    }
}
