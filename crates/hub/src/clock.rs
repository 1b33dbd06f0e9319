//! Wall-clock time, as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time of day; tests and simulation bring their own.
pub trait Clock: Send + Sync + 'static {
    /// Unix milliseconds. May jump; order never comes from here.
    fn now_ms(&self) -> i64;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}
