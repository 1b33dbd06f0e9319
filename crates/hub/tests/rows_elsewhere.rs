//! The inbox on one node follows what happens on others, with hints and without any.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use conversation::{Command, Subject};
use fanout::{Apart, Fanout, Local, Weather};
use hub::{News, Settings};
use protocol::{AgentId, Counts, Order, Queue, Sort, StatusFilter};
use store::{InboxQuery, MemoryStore};
use support::{CLOSE, Moody, Node, Person, SITE, post};
use tokio::time::Instant;

/// P9: so long may it take without hints.
const WITHIN: Duration = Duration::from_secs(5);

async fn row(person: &mut Person, want: impl Fn(&hub::Row) -> bool) {
    person.hears(|news| matches!(news, News::Row(row) if want(&row)).then_some(())).await;
}

async fn counts(person: &mut Person, want: Counts) {
    person.hears(|news| matches!(news, News::Counts(counts) if counts == want).then_some(())).await;
}

async fn watching(person: &mut Person, node: &Node) {
    node.hub.join(&person.asker);
    node.hub.watch_inbox(&person.asker, true, 1);
    person.hears(|news| matches!(news, News::Answer { ticket: 1, .. }).then_some(())).await;
}

async fn an_inbox_follows(ends: [Arc<dyn Fanout>; 2], within: Duration) -> [Node; 2] {
    let store = Arc::new(MemoryStore::new());
    let [here, there] = ends.map(|end| Node::on(store.clone(), end, Settings::default()));
    let before = there.visitor(1).start("from before").await;
    let mut alice = here.agent(1);
    watching(&mut alice, &here).await;
    let (vera, bob) = (there.visitor(2), there.agent(2));

    let began = Instant::now();
    let id = vera.start("hello").await;
    row(&mut alice, |row| row.conversation.id == id).await;
    counts(&mut alice, Counts { open: 2, mine: 0, unassigned: 2 }).await;
    assert!(began.elapsed() <= within, "{:?}", began.elapsed());

    let began = Instant::now();
    bob.does(id, Command::Claim).await.unwrap();
    bob.does(before, Command::Claim).await.unwrap();
    bob.does(before, CLOSE).await.unwrap();
    vera.does(id, post("thanks")).await.unwrap();
    row(&mut alice, |row| row.conversation.id == before && row.conversation.is_closed()).await;
    counts(&mut alice, Counts { open: 1, mine: 0, unassigned: 0 }).await;
    assert!(began.elapsed() <= within, "{:?}", began.elapsed());
    [here, there]
}

#[tokio::test(start_paused = true)]
async fn with_hints_at_once() {
    let mut ends = Local::network(2, 1, Weather::default()).into_iter();
    let ends = [(); 2].map(|()| Arc::new(ends.next().unwrap()) as Arc<dyn Fanout>);
    let [here, _there] = an_inbox_follows(ends, Duration::from_millis(250)).await;
    tokio::time::sleep(Duration::from_secs(60)).await; // sleep-ok: paused time
    assert_eq!(here.metrics.repaired.get(), 0, "nothing was left to be found");
}

#[tokio::test(start_paused = true)]
async fn without_hints_in_time() {
    let [here, _there] = an_inbox_follows([Arc::new(Apart), Arc::new(Apart)], WITHIN).await;
    assert!(here.metrics.repaired.get() > 0);
}

#[tokio::test(start_paused = true)]
async fn with_every_hint_lost_in_time() {
    let lost = Weather { lost_percent: 100, ..Weather::default() };
    let mut ends = Local::network(2, 1, lost).into_iter();
    let ends = [(); 2].map(|()| Arc::new(ends.next().unwrap()) as Arc<dyn Fanout>);
    an_inbox_follows(ends, WITHIN).await;
}

#[tokio::test(start_paused = true)]
async fn what_has_been_told_is_not_told_again() {
    let store = Arc::new(MemoryStore::new());
    let [here, there] =
        [(); 2].map(|()| Node::on(store.clone(), Arc::new(Apart), Settings::default()));
    let mut alice = here.agent(1);
    watching(&mut alice, &here).await;
    let id = there.visitor(1).start("hello").await;
    row(&mut alice, |row| row.conversation.id == id).await;
    tokio::time::sleep(Duration::from_secs(60)).await; // sleep-ok: paused time
    let rows = std::iter::from_fn(|| alice.heard.try_recv().ok());
    assert_eq!(rows.filter(|news| matches!(news, News::Row(_))).count(), 0);
    assert_eq!(here.metrics.repaired.get(), 1);
}

fn everything(agent: AgentId) -> InboxQuery {
    InboxQuery {
        site: SITE,
        agent,
        queue: Queue::All,
        status: StatusFilter::All,
        words: Vec::new(),
        sort: Sort::Activity,
        order: Order::Desc,
        after: None,
        limit: 10,
        until: None,
    }
}

/// Whoever asks for the list before it has an answer to its watch has each row from one or the other.
#[tokio::test(start_paused = true)]
async fn a_list_asked_for_together_with_the_watch_leaves_nothing_out() {
    let store = Moody::new();
    let [here, there] =
        [(); 2].map(|()| Node::on(store.clone(), Arc::new(Apart), Settings::default()));
    let id = there.visitor(1).start("hello").await;
    let (mut alice, bob) = (here.agent(1), there.agent(2));
    here.hub.join(&alice.asker);
    store.meanwhile(async move { assert!(bob.does(id, Command::Claim).await.is_ok()) });

    here.hub.watch_inbox(&alice.asker, true, 1);
    let Subject::Agent { id: agent, .. } = alice.asker.subject else { panic!("an agent") };
    let (listed, _) = here.hub.list(everything(agent)).await.unwrap();
    let is_listed = listed.rows.iter().any(|row| row.id == id && row.owner.is_some());
    if !is_listed {
        row(&mut alice, |row| row.conversation.id == id && row.conversation.owner.is_some()).await;
    }
}
