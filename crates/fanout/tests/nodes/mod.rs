//! One door for the tests through Redis: a node with its metrics and hints.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its own part of the door; it is a test"
)]

use std::time::Duration;

use fanout::conformance::{conversation, join, moved};
use fanout::{Fanout as _, FanoutMetrics, Hint, Reach, RedisFanout};
use tokio::sync::mpsc::Receiver;
use tokio::time::{sleep, timeout};

pub struct Node {
    pub fanout: RedisFanout,
    pub metrics: FanoutMetrics,
    pub hints: Receiver<Hint>,
}

impl Node {
    pub fn on(url: &str) -> Self {
        let metrics = FanoutMetrics::default();
        let fanout = RedisFanout::start(url.parse().unwrap(), metrics.clone());
        let hints = fanout.hints();
        Self { fanout, metrics, hints }
    }

    pub async fn connected(url: &str) -> Self {
        let node = Self::on(url);
        until(|| node.fanout.reach() == Reach::AtOnce).await;
        node
    }

    pub async fn join(&mut self, n: u128) {
        join(&self.fanout, &mut self.hints, conversation(n)).await;
    }

    /// The next time it is told that hints were lost.
    pub async fn lost(&mut self) {
        while timeout(Duration::from_secs(20), self.hints.recv()).await.unwrap() != Some(Hint::Lost)
        {
        }
    }
}

pub async fn until(fact: impl Fn() -> bool) {
    let looking = async {
        while !fact() {
            sleep(Duration::from_millis(1)).await; // sleep-ok: between two looks
        }
    };
    timeout(Duration::from_secs(20), looking).await.expect("it becomes true in time");
}

/// `b` hears what `a` says, maybe only after some attempts.
pub async fn hear_each_other(a: &Node, b: &mut Node, n: u128) {
    let hearing = async {
        loop {
            a.fanout.announce(moved(n, 1));
            if let Ok(Some(hint)) = timeout(Duration::from_millis(20), b.hints.recv()).await
                && hint == moved(n, 1)
            {
                return;
            }
        }
    };
    timeout(Duration::from_secs(20), hearing).await.expect("heard in time");
}

/// Two nodes as the promises want them: nobody has taken their hints.
pub async fn pair(url: &str) -> (RedisFanout, RedisFanout) {
    let start = || RedisFanout::start(url.parse().unwrap(), FanoutMetrics::default());
    let (a, b) = (start(), start());
    until(|| a.reach() == Reach::AtOnce && b.reach() == Reach::AtOnce).await;
    (a, b)
}
