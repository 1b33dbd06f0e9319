//! Lists and searches with so many rows that other ways of finding them pay.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

mod many;

use std::sync::Arc;

use store::{SqliteStore, Store};

#[tokio::test]
async fn long_lists_are_as_exact_as_short_ones() {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = Arc::new(SqliteStore::open(dir.path()).unwrap());
    let store: Arc<dyn Store> = sqlite.clone();
    let model = many::filled(&store).await;
    many::compare_all(&store, &model).await;
    sqlite.index_now().await.unwrap();
    many::compare_all(&store, &model).await;
}
