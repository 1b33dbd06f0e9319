//! Messages are written to the log first and everywhere else later: nobody notices, whatever happens between.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use conversation::{Audience, Author, Command, Conversation, KeyScope, Remembered};
use futures::future::join_all;
use protocol::{Order, Queue, Sort, StatusFilter};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use store::conformance::*;
use store::{
    Appended, Directory as _, InboxQuery, Journal as _, Range, SqliteStore, Store, StoreError,
};

const LATE: Duration = Duration::from_secs(3600);

fn open(dir: &Path, settle_after: Duration) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open_to_settle_after(settle_after, dir).unwrap())
}

/// How many events of the log are not known to be everywhere.
fn behind(dir: &Path) -> i64 {
    let db = rusqlite::Connection::open(dir.join("frontdesk.db")).unwrap();
    let behind = "SELECT max(id) - (SELECT upto FROM settled) FROM events";
    db.query_row(behind, [], |row| row.get(0)).unwrap()
}

/// The folder as a crash would leave it.
fn crashed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["frontdesk.db", "frontdesk.db-wal"] {
        std::fs::copy(dir.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

/// A conversation in which something was said by everybody, and the keys it was said under.
struct Story {
    state: Conversation,
    keys: Vec<(KeyScope, Remembered)>,
}

impl Story {
    async fn begin(store: &Arc<dyn Store>, n: u128) -> Self {
        Self { state: begin(store, start(n, 1000)).await, keys: vec![] }
    }

    /// Has somebody do something, and checks that everybody sees it at once.
    async fn go_on(&mut self, store: &Arc<dyn Store>, by: &Author, command: Command) {
        let keyed = format!("{} {}", self.state.id, self.state.head.0);
        let keyed_as =
            |keyed: &str| append(&self.state, by, &command, self.state.last_at + 1, keyed);
        let (append, stale) = (keyed_as(&keyed), keyed_as(&format!("{keyed} too late")));
        let (scope, first) = append.key.clone().unwrap();
        assert_eq!(store.append(append.clone()).await.unwrap(), Appended::Done);
        assert_eq!(store.append(append.clone()).await.unwrap(), Appended::Repeated(first));
        assert_eq!(store.append(stale).await.unwrap(), Appended::Stale);
        self.state = (*append.conversation).clone();
        self.keys.push((scope, first));
        self.check(store).await;
    }

    async fn check(&self, store: &Arc<dyn Store>) {
        let state = &self.state;
        assert_eq!(store.find(state.id).await.unwrap().as_ref(), Some(state));
        assert_eq!(store.heads(vec![state.id]).await.unwrap(), [(state.id, state.head)]);
        let of_visitor = store.conversations_of(state.visitor.id, 5).await.unwrap();
        assert_eq!(of_visitor, std::slice::from_ref(state));
        let (scope, first) = self.keys.last().unwrap().clone();
        assert_eq!(store.remembered(scope).await.unwrap(), Some(first));
        self.check_events(store, Audience::Agents, state.head.0).await;
        self.check_events(store, Audience::Visitor, state.visitor_head.0).await;
    }

    /// Pages of five, forwards and backwards, are all events there are.
    async fn check_events(&self, store: &Arc<dyn Store>, audience: Audience, head: u64) {
        let (mut numbers, mut after) = (vec![], 0);
        loop {
            let page = store.events(self.state.id, audience, Range::After(after), 5).await.unwrap();
            let numbered = page.iter().map(|event| match audience {
                Audience::Agents => event.seq.0,
                Audience::Visitor => event.visitor_seq.0,
            });
            numbers.extend(numbered);
            match numbers.last() {
                Some(last) if page.len() == 5 => after = *last,
                _ => break,
            }
        }
        assert_eq!(numbers, (1..=head).collect::<Vec<_>>());
        let before = head.saturating_sub(1);
        let page = store.events(self.state.id, audience, Range::Before(before), 3).await.unwrap();
        assert_eq!(page.len() as u64, before.saturating_sub(1).min(3));
    }
}

fn everything() -> InboxQuery {
    InboxQuery {
        site: SITE,
        agent: agent(1, "Ann").id,
        queue: Queue::All,
        status: StatusFilter::All,
        words: vec![],
        sort: Sort::Activity,
        order: Order::Desc,
        after: None,
        limit: 100,
        until: None,
    }
}

fn ann() -> Author {
    Author::Agent(agent(1, "Ann"))
}

#[tokio::test]
async fn what_is_in_the_log_alone_survives_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), LATE);
    let mut stories = vec![];
    for n in 1..=3 {
        let mut story = Story::begin(&store, n).await;
        let vera = asking(&story.state);
        story.go_on(&store, &ann(), Command::Claim).await;
        for turn in 0..4 {
            story.go_on(&store, &vera, post(&format!("zebra {turn}"))).await;
            story.go_on(&store, &ann(), note("careful")).await;
            story.go_on(&store, &ann(), post("yes")).await;
        }
        stories.push(story);
    }
    let copy = crashed(dir.path());
    assert!(behind(copy.path()) >= 12, "all of this is about what is behind");
    let again = open(copy.path(), LATE);
    assert_eq!(behind(copy.path()), 0);
    for story in &mut stories {
        story.check(&again).await;
        for (scope, first) in &story.keys {
            assert_eq!(again.remembered(scope.clone()).await.unwrap(), Some(*first));
        }
    }
    assert_eq!(search(&again, "zebra careful").await, [1, 2, 3]);
    let vera = asking(&stories[0].state);
    stories[0].go_on(&again, &vera, post("still here?")).await;
    stories[0].go_on(&again, &ann(), CLOSE).await;
}

/// Has stories go on while others open the folder again and again, as administrative commands do.
async fn go_on_while_others_look_in(store: &Arc<dyn Store>, dir: &Path, stories: &mut [Story]) {
    let done = Arc::new(AtomicBool::new(false));
    let (dir, seen) = (dir.to_owned(), done.clone());
    let others = tokio::spawn(async move {
        let mut looked_in = 0;
        while !seen.load(Ordering::Relaxed) {
            let other = SqliteStore::open_beside(&dir).unwrap();
            other.sites().await.unwrap();
            other.close().await;
            looked_in += 1;
        }
        looked_in
    });
    for turn in 0..150 {
        for story in &mut *stories {
            let vera = asking(&story.state);
            story.go_on(store, &vera, post(&format!("meanwhile {turn}"))).await;
        }
    }
    done.store(true, Ordering::Relaxed);
    assert!(others.await.unwrap() > 3, "others looked in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_opens_the_folder_meanwhile_changes_nothing_of_what_is_behind() {
    for settle_after in [LATE, Duration::from_millis(20)] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), settle_after);
        let mut stories = vec![Story::begin(&store, 1).await, Story::begin(&store, 2).await];
        go_on_while_others_look_in(&store, dir.path(), &mut stories).await;
        let copy = crashed(dir.path());
        let again = open(copy.path(), LATE);
        for story in &stories {
            story.check(&again).await;
            for (scope, first) in &story.keys {
                assert_eq!(again.remembered(scope.clone()).await.unwrap(), Some(*first));
            }
        }
    }
}

#[tokio::test]
async fn beside_another_store_conversations_are_only_read() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), LATE);
    let mut story = Story::begin(&store, 1).await;
    story.go_on(&store, &ann(), Command::Claim).await;
    let beside = SqliteStore::open_beside(dir.path()).unwrap();
    assert_eq!(beside.find(story.state.id).await.unwrap(), Some(story.state.clone()));
    let append = append(&story.state, &ann(), &post("me too"), 9000, "k");
    let refused = beside.append(append).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let refused = beside.start(start(2, 1000)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    beside.close().await;
    story.go_on(&store, &ann(), post("still mine")).await;
}

#[tokio::test]
async fn a_mark_that_is_too_far_costs_a_look_at_the_whole_log_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), LATE);
    let mut story = Story::begin(&store, 1).await;
    let vera = asking(&story.state);
    for turn in 0..6 {
        story.go_on(&store, &vera, post(&format!("hello {turn}"))).await;
    }
    let copy = crashed(dir.path());
    let db = rusqlite::Connection::open(copy.path().join("frontdesk.db")).unwrap();
    db.execute("UPDATE settled SET upto = (SELECT max(id) - 2 FROM events)", []).unwrap();
    drop(db);
    story.check(&open(copy.path(), LATE)).await;
}

/// Twenty conversations side by side, in which messages, notes, claims and ends of claims alternate at random.
async fn live(settle_after: Duration, seed: u64) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), settle_after);
    let lives = (1..=20u128).map(|n| {
        let (store, mut random) = (store.clone(), SmallRng::seed_from_u64(seed + n as u64));
        async move {
            let mut story = Story::begin(&store, n).await;
            for _ in 0..40 {
                let vera = asking(&story.state);
                let (by, command) = match random.random_range(0..8) {
                    0 if story.state.owner.is_none() => (ann(), Command::Claim),
                    0 => (ann(), Command::Unclaim),
                    1 => (ann(), note("aside")),
                    2 if story.state.owner.is_some() => (ann(), post("and so on")),
                    _ => (vera, post("and then")),
                };
                story.go_on(&store, &by, command).await;
            }
            story.state
        }
    });
    let lives = lives.map(|life| tokio::spawn(life));
    let mut states: Vec<_> = join_all(lives).await.into_iter().map(Result::unwrap).collect();
    let words = InboxQuery::words_of("and");
    let page = store.list(InboxQuery { words, ..everything() }).await.unwrap();
    states.sort_by_key(|state| (std::cmp::Reverse(state.activity_at), state.id));
    assert_eq!((page.total, page.rows), (20, states.clone()));
    let copy = crashed(dir.path());
    let again = open(copy.path(), LATE);
    assert_eq!(again.list(everything()).await.unwrap().rows, states);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_when_it_is_settled() {
    for (seed, settle_after_ms) in [(100, 0), (200, 1), (300, 20), (400, 3_600_000)] {
        live(Duration::from_millis(settle_after_ms), seed).await;
    }
}
