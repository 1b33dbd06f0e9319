//! Nodes that cannot be told anything.

use tokio::sync::mpsc;

use crate::{Fanout, Hint, NodeId, Reach, Topic};

/// Nothing carries hints.
#[derive(Debug)]
pub enum Silent {
    /// One node by itself: there is nobody to tell.
    Alone,
    /// Other nodes share the store.
    Apart,
}

impl Fanout for Silent {
    fn announce(&self, _: Hint) {}

    fn listen(&self, _: Topic) {}

    fn forget(&self, _: Topic) {}

    fn hints(&self) -> mpsc::Receiver<Hint> {
        mpsc::channel(1).1
    }

    fn node(&self) -> NodeId {
        NodeId(0)
    }

    fn reach(&self) -> Reach {
        match self {
            Silent::Alone => Reach::Alone,
            Silent::Apart => Reach::ByComparing,
        }
    }
}
