//! What a file adds to the promises: it outlives its store, others write to it, an index lags behind it.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

use std::path::Path;
use std::process::Command as Process;
use std::sync::Arc;

use conversation::{Audience, Author, Command, Deed};
use protocol::{BulkAction, ConversationId};
use store::conformance::*;
use store::{
    AgentRole, Appended, BulkRecord, Directory as _, Journal as _, NewAgent, OpenError, Range,
    Site, SqliteStore, StartOutcome, Store, StoreError,
};

fn open(dir: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(dir).unwrap())
}

fn as_store(store: &Arc<SqliteStore>) -> Arc<dyn Store> {
    store.clone()
}

fn new_agent(n: u128) -> NewAgent {
    let agent = agent(n, "Ann");
    NewAgent {
        id: agent.id,
        alias: agent.alias,
        site: SITE,
        email: format!("agent{n}@example.com"),
        name: "Ann".into(),
        role: AgentRole::Admin,
        password_hash: None,
    }
}

fn shop() -> Site {
    Site { id: SITE, name: "Shop".into(), domains: vec!["shop.example".into()] }
}

#[tokio::test]
async fn everything_is_there_when_the_file_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.add_site(shop(), 1).await.unwrap();
    store.add_agent(new_agent(1), 1).await.unwrap();
    let secret = store.secret().await.unwrap();
    let begun = start(1, 1000);
    let mut state = begin(&as_store(&store), begun.clone()).await;
    let ann = Author::Agent(agent(1, "Ann"));
    let claim = append(&state, &ann, &Command::Claim, 2000, "k");
    assert_eq!(store.append(claim.clone()).await.unwrap(), Appended::Done);
    state = (*claim.conversation).clone();
    let bulk = BulkRecord { action: BulkAction::Close, conversations: vec!["a".into()] };
    store.remember_bulk(agent(1, "").id.into(), key("b"), bulk.clone()).await.unwrap();
    store.close().await;

    let store = open(dir.path());
    assert_eq!(store.find(state.id).await.unwrap(), Some(state.clone()));
    let events = store.events(state.id, Audience::Agents, Range::After(0), 10).await.unwrap();
    assert_eq!(events.len(), 3);
    let (_, first) = claim.key.clone().unwrap();
    assert_eq!(store.append(claim).await.unwrap(), Appended::Repeated(first));
    let again = store.start(begun.clone()).await.unwrap();
    assert_eq!(again, StartOutcome::Repeated(begun.remembered));
    let other = BulkRecord { action: BulkAction::Claim, conversations: vec![] };
    let first = store.remember_bulk(agent(1, "").id.into(), key("b"), other).await.unwrap();
    assert_eq!(first, bulk);
    assert_eq!(store.secret().await.unwrap(), secret);
    assert_eq!(store.sites().await.unwrap(), [shop()]);
    assert!(store.agent(agent(1, "").id).await.unwrap().is_some());
    assert_eq!(search(&as_store(&store), "hello").await, [1]);
}

#[tokio::test]
async fn what_is_queued_is_finished_and_what_comes_later_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let starts: Vec<_> = (1..=100).map(|n| store.start(start(n, 1000))).collect();
    let queued = tokio::spawn(futures::future::join_all(
        (101..=200)
            .map(|n| (store.clone(), n))
            .map(|(store, n)| async move { store.start(start(n, 1000)).await.unwrap() }),
    ));
    for outcome in futures::future::join_all(starts).await {
        assert_eq!(outcome.unwrap(), StartOutcome::Done);
    }
    assert!(queued.await.unwrap().iter().all(|outcome| *outcome == StartOutcome::Done));
    store.close().await;
    store.close().await;
    let late = store.start(start(201, 1000)).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    let late = store.find(conversation(1)).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
}

/// Set in the process that [`another_process_writes_while_the_store_is_open`] starts.
const SHARED_DIR: &str = "STORE_TEST_SHARED_DIR";
const OTHERS_AGENTS: std::ops::Range<u128> = 100..150;

/// The other process's part of the test below; here alone it has nothing to do.
#[tokio::test]
async fn in_another_process() {
    if let Some(dir) = std::env::var_os(SHARED_DIR) {
        let store = SqliteStore::open_beside(Path::new(&dir)).unwrap();
        for n in OTHERS_AGENTS {
            store.add_agent(new_agent(n), 1).await.unwrap();
        }
        store.close().await;
    }
}

#[tokio::test]
async fn another_process_writes_while_the_store_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.add_site(shop(), 1).await.unwrap();
    let mut state = begin(&as_store(&store), start(1, 1000)).await;
    let mut other = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "in_another_process"])
        .env(SHARED_DIR, dir.path())
        .spawn()
        .unwrap();
    let (vera, mut said) = (asking(&state), 0);
    let ended = loop {
        act(&as_store(&store), &mut state, &vera, post("meanwhile")).await;
        said += 1;
        if let Some(ended) = other.try_wait().unwrap() {
            break ended;
        }
    };
    assert!(ended.success());
    assert_eq!(state.head.0, 2 + said);
    for n in OTHERS_AGENTS {
        assert!(store.agent(agent(n, "").id).await.unwrap().is_some(), "agent {n}");
    }
}

#[tokio::test]
async fn a_search_is_exact_whatever_the_index_has() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut searched = Searched::default();
    for _ in 0..2 {
        searched.go_on(&as_store(&store)).await;
        store.index_now().await.unwrap();
        assert_eq!(store.metrics().search_pending.get(), 0);
        searched.compare(&as_store(&store)).await;
        // Some is in the index now, some is not.
        searched.go_on(&as_store(&store)).await;
        searched.compare(&as_store(&store)).await;
    }
}

#[tokio::test]
async fn a_character_that_stands_everywhere_is_found_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let full = format!("{}x", "a".repeat(3999));
    for n in 1..=150 {
        // In every third one it is only in the name, in every fifth nowhere.
        let (name, said) = match n {
            n if n % 5 == 0 => ("Otto", "hello"),
            n if n % 3 == 0 => ("Anna", "hello"),
            _ => ("Otto", &*full),
        };
        begin(&as_store(&store), start_by(n, SITE, visitor(n, name), said, 1000)).await;
    }
    begin(&as_store(&store), start_by(151, OTHER_SITE, visitor(151, "a"), &full, 1000)).await;
    store.index_now().await.unwrap();
    begin(&as_store(&store), start_by(152, SITE, visitor(152, "a"), "hello", 1000)).await;
    let with_a: Vec<u128> = (1..=150).filter(|n| n % 5 != 0).chain([152]).collect();
    assert_eq!(search(&as_store(&store), "a").await, with_a);
    let with_both: Vec<u128> = (1..=150).filter(|n| n % 5 != 0 && n % 3 != 0).collect();
    assert_eq!(search(&as_store(&store), "a ax").await, with_both);
    assert_eq!(search(&as_store(&store), "a hello").await.len(), 41);
}

#[tokio::test]
async fn a_lost_spoiled_or_foreign_index_is_built_again() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let index = dir.path().join("frontdesk-search.db");
    let foreign = open(other.path());
    begin(&as_store(&foreign), start_by(7, SITE, visitor(7, ""), "hello foreign", 1)).await;
    foreign.index_now().await.unwrap();
    foreign.close().await;
    let store = open(dir.path());
    begin(&as_store(&store), start(1, 1000)).await;
    store.index_now().await.unwrap();
    store.close().await;
    let spoil: [&dyn Fn(); 3] = [
        &|| std::fs::remove_file(&index).unwrap(),
        &|| {
            std::fs::write(&index, "this is no database, and long enough to be seen as none")
                .unwrap()
        },
        &|| {
            std::fs::copy(other.path().join("frontdesk-search.db"), &index).unwrap();
        },
    ];
    for spoil in spoil {
        spoil();
        let store = open(dir.path());
        store.index_now().await.unwrap();
        assert_eq!(search(&as_store(&store), "hello").await, [1]);
        assert_eq!(search(&as_store(&store), "foreign").await, [0; 0]);
        assert_eq!(store.metrics().search_pending.get(), 0);
        store.close().await;
    }
}

#[tokio::test]
async fn a_write_that_fails_by_itself_fails_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let broken = {
        // The same event number twice: no domain makes this, and the file refuses it.
        let mut broken = start(50, 1000);
        broken.events[1].seq = broken.events[0].seq;
        broken
    };
    let starts = (1..=100).map(|n| match n {
        50 => store.start(broken.clone()),
        n => store.start(start(n, 1000)),
    });
    let outcomes = futures::future::join_all(starts).await;
    for (n, outcome) in (1..).zip(outcomes) {
        match n {
            50 => assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}"),
            n => assert_eq!(outcome.unwrap(), StartOutcome::Done, "start {n}"),
        }
        let there = store.find(conversation(n)).await.unwrap().is_some();
        assert_eq!(there, n != 50, "start {n}");
    }
    let key = start(50, 1000).scope;
    assert_eq!((key.deed, key.conversation), (Deed::Start, ConversationId::NOWHERE));
    assert_eq!(store.remembered(key).await.unwrap(), None);
    let counts = store::Inbox::open_counts(&*store, SITE).await.unwrap();
    assert_eq!(counts.unassigned, 99);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("frontdesk.db");
    let db = rusqlite::Connection::open(&file).unwrap();
    db.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    drop(db);
    let before = std::fs::read(&file).unwrap();
    let refused = SqliteStore::open(dir.path()).err().unwrap();
    assert!(matches!(refused, OpenError::Foreign), "{refused}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let files = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(files, 1, "nothing is added beside it");
}
