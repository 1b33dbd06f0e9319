//! One node's end of the network of hints: silent while the node stands still, for ever once it is dead.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fanout::{Fanout, Hint, Local, NodeId, Reach, Topic};
use tokio::sync::mpsc;

use crate::life::Life;

/// Hints that can wait for a node that stands still, as many as in `Local`.
const HINTS_MAX: usize = 1024;

pub struct Radio {
    end: Arc<Local>,
    life: Arc<Life>,
    wanted: Mutex<BTreeSet<Topic>>,
}

impl Radio {
    pub fn new(end: Local, life: Arc<Life>) -> Self {
        Self { end: Arc::new(end), life, wanted: Mutex::default() }
    }

    /// Nobody listens here any more.
    pub fn switch_off(&self) {
        for topic in std::mem::take(&mut *self.wanted()) {
            self.end.forget(topic);
        }
    }

    fn wanted(&self) -> MutexGuard<'_, BTreeSet<Topic>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fanout for Radio {
    fn announce(&self, hint: Hint) {
        if self.life.is_up() {
            return self.end.announce(hint);
        }
        let (end, life) = (self.end.clone(), self.life.clone());
        tokio::spawn(async move {
            life.running().await;
            end.announce(hint);
        });
    }

    fn listen(&self, topic: Topic) {
        if !self.life.is_dead() {
            self.wanted().insert(topic);
            self.end.listen(topic);
        }
    }

    fn forget(&self, topic: Topic) {
        self.wanted().remove(&topic);
        self.end.forget(topic);
    }

    fn hints(&self) -> mpsc::Receiver<Hint> {
        let (sender, receiver) = mpsc::channel(HINTS_MAX);
        let (mut hints, life) = (self.end.hints(), self.life.clone());
        tokio::spawn(async move {
            while let Some(hint) = hints.recv().await {
                life.running().await;
                // A node that is too far behind loses hints.
                let _ = sender.try_send(hint);
            }
        });
        receiver
    }

    fn node(&self) -> NodeId {
        self.end.node()
    }

    fn reach(&self) -> Reach {
        self.end.reach()
    }
}
