//! Hints between nodes that something became true.
//!
//! Start with [`Fanout`]. A hint carries what is already committed, so losing, repeating, delaying or
//! reordering one costs time and never content: whoever misses a number reads the journal.
//! `alone.rs` is one node by itself; `local.rs` joins nodes inside one process, as unreliably as asked;
//! `redis.rs` joins them through Redis. `conformance.rs` states what all of them promise.
//!
//! Never here: the journal, decisions, wire frames.
//! If Redis is gone nothing here fails: hints are lost, and heads are compared instead.

mod alone;
mod hint;
mod local;
mod mailbox;
mod metrics;
mod presence;
mod redis;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

pub use alone::Silent::{self, Alone, Apart};
pub use hint::{Hint, NodeId, Topic};
pub use local::{Local, Toll, Weather};
pub use metrics::FanoutMetrics;
pub use presence::{Presence, Visitors};
pub use redis::{RedisAddress, RedisFanout, Unreadable};

use tokio::sync::mpsc;

/// Carries hints to the other nodes that asked for their topic. Nothing here waits or fails: a hint
/// that cannot be sent is lost, and losing it is allowed.
pub trait Fanout: Send + Sync + 'static {
    /// Tells the other nodes; never this one.
    fn announce(&self, hint: Hint);

    /// From now on hints of this topic are wanted. Asking twice is asking once. [`Hint::Joined`] comes
    /// when they arrive; what was announced before it may be missed.
    fn listen(&self, topic: Topic);

    /// Hints of this topic are wanted no longer; a few may still come.
    fn forget(&self, topic: Topic);

    /// Where hints arrive; whoever takes them too slowly misses some and then gets [`Hint::Lost`]. The
    /// first caller gets them; later ones get a channel that stays silent.
    fn hints(&self) -> mpsc::Receiver<Hint>;

    /// This node, as others know it.
    fn node(&self) -> NodeId;

    /// How other nodes are heard of, just now.
    fn reach(&self) -> Reach;

    /// Whether other nodes may share the store: then heads are compared now and then, because the last
    /// hint can be lost too.
    fn has_others(&self) -> bool {
        self.reach() != Reach::Alone
    }
}

/// How nodes hear of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// There are no others.
    Alone,
    /// Hints arrive.
    AtOnce,
    /// No hints arrive: only by comparing heads.
    ByComparing,
}
