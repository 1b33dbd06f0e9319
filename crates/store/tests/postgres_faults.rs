//! Answers that are lost, servers that go away: nothing is done twice, and nothing is said that is not so.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use conversation::{Audience, Conversation};
use futures::future::join_all;
use protocol::{Order, Queue, Sort, StatusFilter};
use store::conformance::*;
use store::{
    Append, Appended, Inbox as _, InboxQuery, Journal as _, PostgresStore, Range, StartOutcome,
    Store, StoreError,
};
use throwaway::{FaultProxy, Postgres, Way};
use tokio_postgres::NoTls;

/// How a statement ends on the wire: Execute and Sync. After it the server commits.
const THE_LAST_BYTES_OF_AN_APPEND: &[u8] = b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";
const THE_LAST_BYTES_OF_A_START: &[u8] = b"COMMIT\0";

/// A database with a faulty network in front of it.
struct Behind {
    server: Arc<Postgres>,
    direct: String,
    proxy: FaultProxy,
    /// One lane, and nothing that is done in the background.
    store: Arc<PostgresStore>,
}

impl Behind {
    async fn a_proxy() -> Self {
        let server = Postgres::shared().await;
        let direct = server.fresh_database().await;
        let address = ([127, 0, 0, 1], server.port()).into();
        let proxy = FaultProxy::before(address).await;
        let through =
            direct.replace(&format!(":{}", server.port()), &format!(":{}", proxy.address().port()));
        let store = Arc::new(PostgresStore::open_beside(&through).await.unwrap());
        Self { server, direct, proxy, store }
    }

    fn as_store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    async fn begin(&self, conversations: u128) -> Vec<Conversation> {
        let store = self.as_store();
        join_all((1..=conversations).map(|n| begin(&store, start(n, 1000)))).await
    }

    /// The numbers of its events, and what was said in the last one.
    async fn expect_log(&self, state: &Conversation) {
        let all = Range::After(0);
        let events = self.store.events(state.id, Audience::Agents, all, 1000).await.unwrap();
        let seqs: Vec<u64> = events.iter().map(|event| event.seq.0).collect();
        assert_eq!(seqs, (1..=state.head.0).collect::<Vec<_>>());
        assert_eq!(self.store.find(state.id).await.unwrap().as_ref(), Some(state));
    }
}

fn say(state: &Conversation, said: &str) -> Append {
    append(
        state,
        &asking(state),
        &post(said),
        state.last_at + 1,
        &format!("{said} {}", state.head.0),
    )
}

#[tokio::test]
async fn an_append_whose_answer_is_lost_is_found_out_to_have_happened() {
    let behind = Behind::a_proxy().await;
    let mut state = behind.begin(1).await.remove(0);
    for _ in 0..40 {
        let next = say(&state, "hello");
        let cut = behind.proxy.lose_the_answer_to(b"hello");
        assert_eq!(behind.store.append(next.clone()).await.unwrap(), Appended::Done);
        cut.await;
        state = (*next.conversation).clone();
        behind.expect_log(&state).await;
    }
    assert_eq!(behind.store.metrics().reconnects.get(), 40);
}

#[tokio::test]
async fn an_append_that_did_not_arrive_is_sent_again() {
    let behind = Behind::a_proxy().await;
    let mut state = behind.begin(1).await.remove(0);
    for round in 1..=20 {
        let next = say(&state, "half of it");
        let cut = behind.proxy.cut_after(Way::ToServer, b"half of it");
        assert_eq!(behind.store.append(next.clone()).await.unwrap(), Appended::Done);
        cut.await;
        state = (*next.conversation).clone();
        behind.expect_log(&state).await;
        assert_eq!(behind.store.metrics().reconnects.get(), round);
    }
}

#[tokio::test]
async fn appends_without_keys_and_many_in_one_batch_are_told_apart() {
    let behind = Behind::a_proxy().await;
    let states = behind.begin(60).await;
    let cut = behind.proxy.cut_after(Way::ToServer, THE_LAST_BYTES_OF_AN_APPEND);
    let mut nexts: Vec<_> = states.iter().map(|state| say(state, "hello")).collect();
    for next in nexts.iter_mut().step_by(2) {
        next.key = None;
    }
    nexts[30].at_head = conversation::Seq(1);
    let answers = join_all(nexts.iter().cloned().map(|next| behind.store.append(next))).await;
    cut.await;
    for (n, (answer, next)) in answers.into_iter().zip(&nexts).enumerate() {
        let stale = n == 30;
        let expected = if stale { Appended::Stale } else { Appended::Done };
        assert_eq!(answer.unwrap(), expected, "append {n}");
        behind.expect_log(if stale { &states[n] } else { &next.conversation }).await;
    }
}

#[tokio::test]
async fn a_question_on_a_connection_that_a_router_forgot_is_asked_again_on_another() {
    let behind = Behind::a_proxy().await;
    let state = behind.begin(1).await.remove(0);
    let finds = || join_all((0..4).map(|_| behind.store.find(state.id)));
    finds().await;
    behind.proxy.forget();
    for found in finds().await {
        assert_eq!(found.unwrap().as_ref(), Some(&state));
    }
    let began = Instant::now();
    for found in finds().await {
        assert_eq!(found.unwrap().as_ref(), Some(&state));
    }
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_is_found_out_to_have_happened() {
    let behind = Behind::a_proxy().await;
    for n in 1..=20 {
        let next = start(n, 1000);
        let cut = behind.proxy.cut_after(Way::ToServer, THE_LAST_BYTES_OF_A_START);
        assert_eq!(behind.store.start(next.clone()).await.unwrap(), StartOutcome::Done);
        cut.await;
        behind.expect_log(&next.conversation).await;
        let again = behind.store.start(next.clone()).await.unwrap();
        assert_eq!(again, StartOutcome::Repeated(next.remembered));
    }
}

#[tokio::test]
async fn what_cannot_be_found_out_in_time_is_unavailable_and_neither_done_nor_lost() {
    let behind = Behind::a_proxy().await;
    let state = behind.begin(1).await.remove(0);
    let next = say(&state, "hello");
    behind.proxy.refuse_new().await;
    let cut = behind.proxy.cut_after(Way::ToServer, THE_LAST_BYTES_OF_AN_APPEND);
    let answer = behind.store.append(next.clone()).await;
    cut.await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    behind.proxy.admit_new().await;
    let (_, first) = next.key.clone().unwrap();
    assert_eq!(behind.store.append(next.clone()).await.unwrap(), Appended::Repeated(first));
    behind.expect_log(&next.conversation).await;
}

#[tokio::test]
async fn what_an_old_connection_is_still_doing_is_not_done_twice() {
    let behind = Behind::a_proxy().await;
    let state = behind.begin(1).await.remove(0);
    let (mut other, connection) = tokio_postgres::connect(&behind.direct, NoTls).await.unwrap();
    let other_connection = tokio::spawn(connection);
    let holding = other.transaction().await.unwrap();
    let lock = "SELECT head FROM states WHERE id = $1 FOR UPDATE";
    holding.query(lock, &[&state.id.0]).await.unwrap();

    let mut next = say(&state, "hello");
    next.key = None;
    let asked = tokio::spawn({
        let (store, next) = (behind.store.clone(), next.clone());
        async move { store.append(next).await }
    });
    let first = waiting_for_a_lock(&holding, None).await;
    behind.proxy.cut();
    // The old one is gone, and it is being tried again.
    waiting_for_a_lock(&holding, Some(first)).await;
    holding.rollback().await.unwrap();
    assert_eq!(asked.await.unwrap().unwrap(), Appended::Done);
    behind.expect_log(&next.conversation).await;
    other_connection.abort();
}

#[tokio::test]
async fn a_list_whose_time_is_over_is_given_up_here_and_on_the_server() {
    let behind = Behind::a_proxy().await;
    behind.begin(1).await;
    let (mut other, connection) = tokio_postgres::connect(&behind.direct, NoTls).await.unwrap();
    let other_connection = tokio::spawn(connection);
    let query = |words, until| InboxQuery {
        site: SITE,
        agent: agent(1, "").id,
        queue: Queue::All,
        status: StatusFilter::All,
        words: InboxQuery::words_of(words),
        sort: Sort::Activity,
        order: Order::Desc,
        after: None,
        limit: 10,
        until,
    };
    for words in ["", "hello"] {
        let holding = other.transaction().await.unwrap();
        holding.batch_execute("LOCK TABLE states").await.unwrap();
        let soon = Some(Instant::now() + Duration::from_millis(300));
        let given_up = behind.store.list(query(words, soon)).await;
        assert!(matches!(given_up, Err(StoreError::TooSlow)), "{given_up:?}");
        nobody_waits_for_a_lock(&holding).await;
        holding.rollback().await.unwrap();
        let later = Some(Instant::now() + Duration::from_secs(60));
        assert_eq!(behind.store.list(query(words, later)).await.unwrap().total, 1);
    }
    other_connection.abort();
}

async fn nobody_waits_for_a_lock(look: &tokio_postgres::Transaction<'_>) {
    while !waiting(look).await.is_empty() {
        tokio::task::yield_now().await;
    }
}

/// The server's process that waits for a lock, when there is one other than `than`.
async fn waiting_for_a_lock(look: &tokio_postgres::Transaction<'_>, than: Option<i32>) -> i32 {
    loop {
        let waiting = waiting(look).await;
        assert!(waiting.len() < 2, "two are at work at once");
        match waiting.first() {
            Some(process) if than != Some(*process) => return *process,
            _ => tokio::task::yield_now().await,
        }
    }
}

async fn waiting(look: &tokio_postgres::Transaction<'_>) -> Vec<i32> {
    let waiting = "SELECT pid FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    // What a transaction sees of others' doings is renewed on demand only.
    look.execute("SELECT pg_stat_clear_snapshot()", &[]).await.unwrap();
    let rows = look.query(waiting, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Says something again and again; what is not known is asked again under the same key.
async fn chat(store: Arc<PostgresStore>, mut state: Conversation, messages: u64) -> Conversation {
    let until = state.head.0 + messages;
    while state.head.0 < until {
        let next = say(&state, "hello");
        match store.append(next.clone()).await {
            Ok(Appended::Done | Appended::Repeated(_)) => state = (*next.conversation).clone(),
            Ok(Appended::Stale) => panic!("nobody else writes here"),
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    state
}

#[tokio::test]
async fn a_server_that_crashes_under_appends_loses_and_doubles_nothing() {
    let mut server = Postgres::start().await;
    let url = server.fresh_database().await;
    let store = Arc::new(PostgresStore::open(&url).await.unwrap());
    let asked: Arc<dyn Store> = store.clone();
    let mut states = join_all((1..=30).map(|n| begin(&asked, start(n, 1000)))).await;
    let mut one = begin(&asked, start(31, 1000)).await;
    for _ in 0..5 {
        let chats: Vec<_> =
            states.into_iter().map(|state| tokio::spawn(chat(store.clone(), state, 100))).collect();
        one = chat(store.clone(), one, 20).await;
        server.restart().await;
        states = join_all(chats).await.into_iter().map(|state| state.unwrap()).collect();
    }
    assert!(store.metrics().reconnects.get() >= 5);
    for state in &states {
        assert_eq!(store.find(state.id).await.unwrap().as_ref(), Some(state));
        let all = Range::After(0);
        let events = store.events(state.id, Audience::Agents, all, 1000).await.unwrap();
        assert_eq!(events.len(), 502);
    }
}

#[tokio::test]
async fn one_broken_write_fails_alone() {
    let behind = Behind::a_proxy().await;
    let broken = {
        // The same event number twice: no domain makes this, and the database refuses it.
        let mut broken = start(50, 1000);
        broken.events[1].seq = broken.events[0].seq;
        broken
    };
    let starts = (1..=100).map(|n| match n {
        50 => behind.store.start(broken.clone()),
        n => behind.store.start(start(n, 1000)),
    });
    for (n, outcome) in (1..).zip(join_all(starts).await) {
        match n {
            50 => assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}"),
            n => assert_eq!(outcome.unwrap(), StartOutcome::Done, "start {n}"),
        }
    }
    let counts = behind.store.open_counts(SITE).await.unwrap();
    assert_eq!(counts.unassigned, 99);
    drop(behind.server);
}
