//! A node's wall clock, which jumps.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use tokio::time::Instant;

/// When the simulated world begins, in Unix milliseconds.
const BEGAN_MS: i64 = 1_767_225_600_000;

/// Virtual time, and an error that changes.
pub struct WallClock {
    began: Instant,
    off_by_ms: AtomicI64,
}

impl WallClock {
    pub fn new(off_by_ms: i64) -> Self {
        Self { began: Instant::now(), off_by_ms: AtomicI64::new(off_by_ms) }
    }

    /// From now on it is wrong by this much.
    pub fn set(&self, off_by_ms: i64) {
        self.off_by_ms.store(off_by_ms, Relaxed);
    }
}

impl hub::Clock for WallClock {
    fn now_ms(&self) -> i64 {
        let since = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        BEGAN_MS + since + self.off_by_ms.load(Relaxed)
    }
}
