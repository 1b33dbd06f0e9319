//! Whether a node runs, stands still, or is gone.

use std::future::pending;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use tokio::sync::Notify;

const UP: u8 = 0;
const PAUSED: u8 = 1;
const DEAD: u8 = 2;

/// The state of one process. What a dead one still computes reaches nobody: at every border (store,
/// hints, sockets) it waits for a life that does not come back.
#[derive(Default)]
pub struct Life {
    state: AtomicU8,
    changed: Notify,
}

impl Life {
    pub fn pause(&self) {
        self.change(UP, PAUSED);
    }

    pub fn resume(&self) {
        self.change(PAUSED, UP);
    }

    pub fn end(&self) {
        self.state.store(DEAD, Relaxed);
        self.changed.notify_waiters();
    }

    pub fn is_dead(&self) -> bool {
        self.state.load(Relaxed) == DEAD
    }

    pub fn is_up(&self) -> bool {
        self.state.load(Relaxed) == UP
    }

    /// Waits until it runs; for ever once it is dead.
    pub async fn running(&self) {
        loop {
            let changed = self.changed.notified();
            match self.state.load(Relaxed) {
                UP => return,
                PAUSED => changed.await,
                _ => return pending().await,
            }
        }
    }

    /// Waits until it is dead.
    pub async fn over(&self) {
        loop {
            let changed = self.changed.notified();
            if self.is_dead() {
                return;
            }
            changed.await;
        }
    }

    fn change(&self, from: u8, to: u8) {
        if self.state.compare_exchange(from, to, Relaxed, Relaxed).is_ok() {
            self.changed.notify_waiters();
        }
    }
}
