//! A database of every version that ever was opens, and keeps its promises.

use std::path::Path;

use conversation::{Audience, Deed, Event, Seq};
use protocol::{AgentId, ConversationId, SiteId};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{APPLICATION_ID, MIGRATIONS, checksum};
use crate::{Directory as _, Inbox as _, Journal as _, OpenError, Range, SqliteStore};

/// What each version wrote, as rows. A new version adds its own and leaves the others alone.
const FIXTURES: &[&str] = &[include_str!("fixtures/0001.sql")];

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// A database as version `version` left it.
fn written_by(version: usize, dir: &Path) -> Connection {
    let db = Connection::open(dir.join("frontdesk.db")).unwrap();
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
    db.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    let table =
        "CREATE TABLE migrations (version INTEGER PRIMARY KEY, checksum INTEGER NOT NULL) STRICT";
    db.execute_batch(table).unwrap();
    for (number, sql) in (1..).zip(&MIGRATIONS[..version]) {
        db.execute_batch(sql).unwrap();
        let applied = params![number, checksum(sql)];
        db.execute("INSERT INTO migrations VALUES (?1, ?2)", applied).unwrap();
    }
    db.pragma_update(None, "user_version", version as i64).unwrap();
    db.execute_batch(FIXTURES[version - 1]).unwrap();
    db
}

#[tokio::test]
async fn a_database_of_every_version_opens() {
    assert_eq!(FIXTURES.len(), MIGRATIONS.len(), "each version needs a fixture");
    for version in 1..=MIGRATIONS.len() {
        let dir = tempfile::tempdir().unwrap();
        drop(written_by(version, dir.path()));
        let store = SqliteStore::open(dir.path()).unwrap();
        check(&store).await;
        store.close().await;
        check(&SqliteStore::open(dir.path()).unwrap()).await;
    }
}

async fn check(store: &SqliteStore) {
    let closed = ConversationId(id(1));
    let state = store.find(closed).await.unwrap().unwrap();
    assert!(state.is_closed());
    assert_eq!((state.head, &*state.visitor.name), (Seq(8), "Vera Lind"));
    let events = store.events(closed, Audience::Agents, Range::After(0), 100).await.unwrap();
    assert_eq!(events.len(), 8);
    assert!(matches!(&events[2].event, Event::Noted { text } if text.as_str() == "careful"));
    let seen = store.events(closed, Audience::Visitor, Range::After(2), 100).await.unwrap();
    assert_eq!(seen.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [4, 6, 7, 8]);
    let scope = conversation::KeyScope {
        author: AgentId(id(11)).into(),
        conversation: closed,
        deed: Deed::Note,
        key: events[2].key.clone().unwrap(),
    };
    assert_eq!(store.remembered(scope).await.unwrap().unwrap().seq, Seq(3));
    let counts = store.open_counts(SiteId(id(1))).await.unwrap();
    assert_eq!((counts.unassigned, counts.open()), (1, 1));
    assert_eq!(store.agents_by_email("ANN@example.com".into(), None).await.unwrap().len(), 1);
    assert_eq!(store.secret().await.unwrap(), [1; 32]);
    assert_eq!(store.sites().await.unwrap()[0].domains, ["shop.example"]);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let db = written_by(MIGRATIONS.len(), dir.path());
    db.pragma_update(None, "user_version", 99).unwrap();
    let refused = SqliteStore::open(dir.path()).err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }), "{refused}");
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[test]
fn a_schema_made_by_other_steps_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let db = written_by(MIGRATIONS.len(), dir.path());
    db.execute("UPDATE migrations SET checksum = checksum + 1 WHERE version = 1", []).unwrap();
    let refused = SqliteStore::open(dir.path()).err().unwrap();
    assert!(matches!(refused, OpenError::Changed { version: 1 }), "{refused}");
}
