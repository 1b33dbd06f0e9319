//! Hints between nodes that something became true.
//!
//! Start with [`Fanout`]. A hint carries what is already committed, so losing, repeating, delaying or
//! reordering one costs time and never content: whoever misses a number reads the journal.
//! `alone.rs` is one node by itself; `local.rs` joins nodes inside one process, as unreliably as asked.
//!
//! Never here: the journal, decisions, wire frames.

mod alone;
mod hint;
mod local;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

pub use alone::Alone;
pub use hint::{Hint, Topic};
pub use local::{Local, Weather};

use tokio::sync::mpsc;

/// Carries hints to the other nodes that asked for their topic. Nothing here waits or fails: a hint
/// that cannot be sent is lost, and losing it is allowed.
pub trait Fanout: Send + Sync + 'static {
    /// Tells the other nodes; never this one.
    fn announce(&self, hint: Hint);

    /// From now on hints of this topic are wanted. Asking twice is asking once.
    fn listen(&self, topic: Topic);

    /// Hints of this topic are wanted no longer; a few may still come.
    fn forget(&self, topic: Topic);

    /// Where hints arrive. The first caller gets them; later ones get a channel that stays silent.
    fn hints(&self) -> mpsc::Receiver<Hint>;

    /// Whether other nodes may share the store: then heads are compared now and then, because the last
    /// hint can be lost too.
    fn has_others(&self) -> bool;
}
