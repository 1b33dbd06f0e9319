//! Nodes that cannot be told anything.

use tokio::sync::mpsc;

use crate::{Fanout, Hint, NodeId, Reach, Topic};

/// One node by itself: there is nobody to tell.
#[derive(Debug, Default)]
pub struct Alone;

/// Other nodes share the store, and nothing carries hints to them.
#[derive(Debug, Default)]
pub struct Apart;

impl Fanout for Alone {
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
        Reach::Alone
    }
}

impl Fanout for Apart {
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
        Reach::ByComparing
    }
}
