//! Every promise, kept by a file.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

use std::sync::Arc;
use std::time::Duration;

use store::{SqliteStore, Store};

/// What was said waits in the log during a whole test, or is written everywhere at once.
const LATE: Duration = Duration::from_secs(3600);
const AT_ONCE: Duration = Duration::ZERO;

fn fresh(settle_after: Duration) -> (Arc<dyn Store>, tempfile::TempDir) {
    let (store, dir) = fresh_home(settle_after);
    (store, dir)
}

fn fresh_home(settle_after: Duration) -> (Arc<SqliteStore>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_to_settle_after(settle_after, dir.path()).unwrap();
    (Arc::new(store), dir)
}

mod settled_late {
    store::store_conformance!(super::fresh(super::LATE));
}

mod settled_at_once {
    store::store_conformance!(super::fresh(super::AT_ONCE));
}

mod moved {
    store::transfer_conformance!(super::fresh_home(super::LATE));
}
