//! What a test waits for, and how it says that it did not come.

use std::fmt::Debug;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use client::{Connection, Ended, Failure};
use protocol::{ErrorBody, ErrorCode, EventFrame, Remedy, SignalFrame};
use tokio::time::timeout;

/// Longer than anything takes that is not about time.
pub const SOON: Duration = Duration::from_secs(10);

/// Waits for a fact.
///
/// # Panics
/// If it does not come within `limit`, naming `what` was waited for.
#[track_caller]
pub fn within<F: Future>(limit: Duration, what: &str, fact: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        let outcome = timeout(limit, fact).await;
        outcome.unwrap_or_else(|_| panic!("{place}: waited {limit:?} for {what}"))
    }
}

/// A key that no other test has.
pub fn key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What a request should come to.
pub trait Expect<T> {
    /// The `ok`.
    fn granted(self) -> T;
    /// A refusal with this code and the remedy that goes with it.
    fn refused(self, code: ErrorCode) -> ErrorBody;
}

impl<T: Debug> Expect<T> for Result<T, Failure> {
    #[track_caller]
    fn granted(self) -> T {
        match self {
            Ok(ok) => ok,
            Err(failure) => panic!("should have been granted: {failure}"),
        }
    }

    #[track_caller]
    fn refused(self, code: ErrorCode) -> ErrorBody {
        let error = match self {
            Err(Failure::Refused(error)) => *error,
            other => panic!("should have been refused with {}: {other:?}", code.as_str()),
        };
        assert_eq!(error.code, code, "{}", error.message);
        assert_eq!(error.remedy, code.remedy(), "the remedy of {}", code.as_str());
        assert!(!error.message.is_empty(), "a message for people");
        if error.remedy == Remedy::Retry {
            assert!(error.retry_after_ms > 0, "a time to wait goes with {}", code.as_str());
        }
        error
    }
}

/// Reads to the end of the connection.
#[track_caller]
pub fn end_of(connection: &mut Connection) -> impl Future<Output = Ended> {
    within(SOON, "the end of the connection", async {
        loop {
            if let Err(ended) = connection.next().await {
                return ended;
            }
        }
    })
}

/// The next event.
#[track_caller]
pub fn event(connection: &mut Connection) -> impl Future<Output = EventFrame> {
    within(SOON, "an event", async {
        loop {
            let arrival = connection.next().await.expect("an event before the end");
            if let Some(event) = arrival.event() {
                return event;
            }
        }
    })
}

/// The next so many events.
pub async fn events(connection: &mut Connection, count: usize) -> Vec<EventFrame> {
    let mut events = Vec::with_capacity(count);
    while events.len() < count {
        events.push(event(connection).await);
    }
    events
}

/// The next signal of this name; events that come before it are passed over.
#[track_caller]
pub fn signal(connection: &mut Connection, name: &str) -> impl Future<Output = SignalFrame> {
    within(SOON, "a signal", async move {
        loop {
            let arrival = connection.next().await.expect("a signal before the end");
            if let Some(signal) = arrival.signal().filter(|signal| *signal.sig == *name) {
                return signal;
            }
        }
    })
}
