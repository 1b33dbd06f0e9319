//! There and back again: from a file to a database and into another file.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

use std::io::Cursor;
use std::sync::Arc;

use store::conformance::*;
use store::{PostgresStore, SqliteStore, Store, Tokens, Transfer, import};
use throwaway::Postgres;

/// Conversations of two sites: some thousand events.
const CONVERSATIONS: u128 = 700;

async fn moved(from: &impl Transfer, to: &impl Transfer) -> Vec<u8> {
    let (file, counts) = exported(from).await;
    let arrived = import(to, Cursor::new(file.clone()), Tokens::Keep).await.unwrap();
    assert_eq!(arrived, (SITE, counts));
    file
}

#[tokio::test]
async fn from_sqlite_to_postgresql_and_back_every_event_is_the_same() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Arc::new(SqliteStore::open(here.path()).unwrap());
    let server = Postgres::shared().await;
    let second = Arc::new(PostgresStore::open(&server.fresh_database().await).await.unwrap());
    let third = Arc::new(SqliteStore::open(there.path()).unwrap());
    let origin: Arc<dyn Store> = first.clone();
    let lived = Lived::on(&origin, 21, CONVERSATIONS).await;
    assert!(lived.events_of(SITE) > 2500, "{} events", lived.events_of(SITE));
    let out = moved(&*first, &*second).await;
    let back = moved(&*second, &*third).await;
    assert!(out == back, "the same file");
    lived.compare(&origin, &(second.clone() as Arc<dyn Store>)).await;
    lived.compare(&origin, &(third.clone() as Arc<dyn Store>)).await;
    // The same when everything that was said is in the index.
    first.index_now().await.unwrap();
    second.index_now().await.unwrap();
    third.index_now().await.unwrap();
    lived.compare(&origin, &(second as Arc<dyn Store>)).await;
    lived.compare(&origin, &(third.clone() as Arc<dyn Store>)).await;
    // What came in is in no log that has to be read again.
    third.close().await;
    drop(third);
    let third: Arc<dyn Store> = Arc::new(SqliteStore::open(there.path()).unwrap());
    lived.compare(&origin, &third).await;
}

#[tokio::test]
async fn what_is_written_while_a_site_leaves_stays_behind() {
    let server = Postgres::shared().await;
    let store = Arc::new(PostgresStore::open(&server.fresh_database().await).await.unwrap());
    let home: Arc<dyn Store> = store.clone();
    let lived = Lived::on(&home, 22, 10).await;
    let before = exported(&*store).await;
    let outgoing = store.take_out(SITE).await.unwrap().unwrap();
    begin(&home, start(4_000_000, 5000)).await;
    assert_eq!(outgoing.counts, before.1);
    assert_eq!(exported(&*store).await.1.events, lived.events_of(SITE) + 2);
}
