//! One node by itself: there is nobody to tell.

use tokio::sync::mpsc;

use crate::{Fanout, Hint, Topic};

/// No other nodes.
#[derive(Debug, Default)]
pub struct Alone;

impl Fanout for Alone {
    fn announce(&self, _: Hint) {}

    fn listen(&self, _: Topic) {}

    fn forget(&self, _: Topic) {}

    fn hints(&self) -> mpsc::Receiver<Hint> {
        mpsc::channel(1).1
    }

    fn has_others(&self) -> bool {
        false
    }
}
