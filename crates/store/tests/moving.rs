//! There and back again: from a file to a database and into another file.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

use std::io::Cursor;
use std::sync::Arc;

use futures::TryStreamExt as _;
use store::conformance::*;
use store::{Part, PostgresStore, SqliteStore, Store, Tokens, Transfer, import};
use throwaway::Postgres;

/// Conversations of two sites.
const CONVERSATIONS: u128 = 300;
/// More than is handed on together, twice.
const LINES_MIN: usize = 2048;

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
    let out = moved(&*first, &*second).await;
    let lines = out.iter().filter(|byte| **byte == b'\n').count();
    assert!(lines > LINES_MIN, "{lines} lines");
    let back = moved(&*second, &*third).await;
    assert!(out == back, "the same file");
    // Before anything is in the index, and after.
    lived.compare_lists(&origin, &(second.clone() as Arc<dyn Store>)).await;
    third.close().await;
    drop(third);
    let third = Arc::new(SqliteStore::open(there.path()).unwrap());
    second.index_now().await.unwrap();
    third.index_now().await.unwrap();
    let (second, third): (Arc<dyn Store>, Arc<dyn Store>) = (second, third);
    futures::join!(lived.compare(&origin, &second), lived.compare(&origin, &third));
}

/// More people than can wait to be written: then what comes after them has not been read.
const PEOPLE: &str = "
    INSERT INTO visitors (id, site, name, first_seen_at)
    SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000001', '', 1
    FROM generate_series(1, 20000)";

#[tokio::test]
async fn what_is_written_while_a_site_leaves_stays_behind() {
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    let store = Arc::new(PostgresStore::open(&url).await.unwrap());
    let home: Arc<dyn Store> = store.clone();
    Lived::on(&home, 22, 10).await;
    server.sql(url.rsplit('/').next().unwrap(), PEOPLE).await;
    let outgoing = store.take_out(SITE).await.unwrap().unwrap();
    begin(&home, start(4_000_000, 5000)).await;
    let parts: Vec<Part> = outgoing.parts.try_concat().await.unwrap();
    let events = parts.iter().filter(|part| matches!(part, Part::Event(_))).count();
    assert_eq!(events as u64, outgoing.counts.events);
    assert_eq!(exported(&*store).await.1.events, outgoing.counts.events + 2);
}
