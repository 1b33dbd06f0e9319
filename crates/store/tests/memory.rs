//! Every promise, kept in memory.

use std::sync::Arc;

use store::{MemoryStore, Store, store_conformance};

fn fresh() -> (Arc<dyn Store>, ()) {
    (Arc::new(MemoryStore::new()), ())
}

store_conformance!(fresh());

mod moved {
    use super::*;

    store::transfer_conformance!((Arc::new(MemoryStore::new()), ()));
}
