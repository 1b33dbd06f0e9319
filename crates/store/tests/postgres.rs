//! Every promise, kept by a database.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

use std::sync::Arc;

use store::{PostgresStore, Store};
use throwaway::Postgres;

async fn fresh() -> (Arc<dyn Store>, Arc<Postgres>) {
    let server = Postgres::shared().await;
    let store = PostgresStore::open(&server.fresh_database().await).await.unwrap();
    (Arc::new(store), server)
}

store::store_conformance!(fresh().await);
