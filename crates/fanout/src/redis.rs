//! Nodes joined through Redis.
//!
//! Start with `line.rs`: two connections, for ever made again. On it `wanted.rs` is what this node listens
//! to, `waiting.rs` what it has to tell, `hearing.rs` what it is told; `envelope.rs` is what travels.
//! A topic is a channel, so a node gets what it asked for and nothing else. In a cluster the channels are
//! sharded. `tls.rs` is how a server proves who it is.
//!
//! Never here: waiting for Redis. Whoever announces or listens goes on at once, also while it is gone.
//! If Redis is gone, stands still or cuts us off, the line is made again, everything is listened to
//! again, and [`Hint::Lost`] says that hints may have been missed.

mod address;
mod connection;
mod envelope;
mod hearing;
mod line;
mod tls;
mod waiting;
mod wanted;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use address::{RedisAddress, Unreadable};

use crate::{Fanout, FanoutMetrics, Hint, NodeId, Reach, Topic};
use hearing::Hearing;
use line::Line;
use waiting::Waiting;
use wanted::Wanted;

/// One node's end. Dropping it hangs up.
pub struct RedisFanout {
    node: NodeId,
    wanted: Arc<Wanted>,
    waiting: Waiting,
    hearing: Arc<Hearing>,
    metrics: FanoutMetrics,
    task: JoinHandle<()>,
}

impl RedisFanout {
    /// Starts connecting, for as long as it takes; call it inside a tokio runtime.
    pub fn start(address: RedisAddress, metrics: FanoutMetrics) -> Self {
        let node = NodeId(rand::random());
        let wanted = Arc::new(Wanted::default());
        let hearing = Arc::new(Hearing::new(node, metrics.clone()));
        let (waiting, queue) = waiting::queue(metrics.clone());
        let line = Line::new(address, node, wanted.clone(), hearing.clone(), metrics.clone());
        let task = tokio::spawn(line.hold(queue));
        Self { node, wanted, waiting, hearing, metrics, task }
    }
}

impl Drop for RedisFanout {
    fn drop(&mut self) {
        self.task.abort();
        self.hearing.set_connected(false);
    }
}

impl Fanout for RedisFanout {
    fn announce(&self, hint: Hint) {
        self.waiting.put(hint);
    }

    fn listen(&self, topic: Topic) {
        self.wanted.set(topic, true);
        self.metrics.topics.set(self.wanted.len() as i64);
    }

    fn forget(&self, topic: Topic) {
        self.wanted.set(topic, false);
        self.metrics.topics.set(self.wanted.len() as i64);
    }

    fn hints(&self) -> mpsc::Receiver<Hint> {
        self.hearing.take_receiver()
    }

    fn node(&self) -> NodeId {
        self.node
    }

    fn reach(&self) -> Reach {
        if self.hearing.is_connected() { Reach::AtOnce } else { Reach::ByComparing }
    }
}
