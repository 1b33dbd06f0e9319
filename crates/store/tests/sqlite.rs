//! Every promise, kept in a file.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

use std::sync::Arc;

use store::{SqliteStore, Store, store_conformance};
use tempfile::TempDir;

fn fresh() -> (Arc<dyn Store>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (Arc::new(SqliteStore::open(dir.path()).unwrap()), dir)
}

store_conformance!(fresh());
