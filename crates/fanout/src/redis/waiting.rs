//! What this node has yet to tell: bounded, and never older than is of use.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::{FanoutMetrics, Hint};

/// Hints that may wait to be sent. More of them are lost, and the others compare heads.
const WAITING_MAX: usize = 8192;
/// Hints sent with one flush.
const TOGETHER_MAX: usize = 256;
/// A hint that has waited longer tells nobody anything: heads have been compared since.
const STALE_AFTER: Duration = Duration::from_secs(5);

/// The end where hints are put.
pub(super) struct Waiting {
    sender: mpsc::Sender<Announced>,
    metrics: FanoutMetrics,
}

/// The end where they are taken.
pub(super) struct Queue {
    receiver: mpsc::Receiver<Announced>,
    metrics: FanoutMetrics,
}

/// A hint, and when it was announced.
pub(super) struct Announced {
    pub hint: Hint,
    /// Microseconds since 1970.
    pub at_us: i64,
    since: Instant,
}

/// A queue and its two ends.
pub(super) fn queue(metrics: FanoutMetrics) -> (Waiting, Queue) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    (Waiting { sender, metrics: metrics.clone() }, Queue { receiver, metrics })
}

impl Waiting {
    /// Never waits; what does not fit is lost.
    pub fn put(&self, hint: Hint) {
        let announced = Announced { hint, at_us: now_us(), since: Instant::now() };
        if self.sender.try_send(announced).is_err() {
            self.metrics.unsent.inc();
        }
    }
}

impl Queue {
    /// The next hints worth sending; none once nobody announces any more. Safe to cancel.
    pub async fn next(&mut self) -> Vec<Announced> {
        let mut some = Vec::new();
        while some.is_empty() {
            if self.receiver.recv_many(&mut some, TOGETHER_MAX).await == 0 {
                break;
            }
            let all = some.len();
            some.retain(|announced| announced.since.elapsed() < STALE_AFTER);
            self.metrics.unsent.inc_by((all - some.len()) as u64);
        }
        some
    }
}

/// The time of day, for the lag that other nodes see.
pub(super) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::moved;

    #[tokio::test(start_paused = true)]
    async fn what_does_not_fit_and_what_is_too_old_is_lost_and_counted() {
        let metrics = FanoutMetrics::default();
        let (waiting, mut queue) = queue(metrics.clone());
        for _ in 0..WAITING_MAX + 10 {
            waiting.put(moved(1, 1));
        }
        assert_eq!(metrics.unsent.get(), 10);
        assert_eq!(queue.next().await.len(), TOGETHER_MAX);
        tokio::time::advance(STALE_AFTER).await;
        let waits = (WAITING_MAX - TOGETHER_MAX) as u64;
        // Room for one more, which is fresh.
        waiting.put(moved(2, 1));
        let mut fresh = queue.next().await;
        assert_eq!(fresh.pop().map(|announced| announced.hint), Some(moved(2, 1)));
        assert_eq!(metrics.unsent.get(), 10 + waits);
    }
}
