//! Two nodes on one store, in bad weather: one winner, and everybody learns everything.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use conversation::Command;
use fanout::{Apart, Fanout, Local, Weather};
use hub::Settings;
use store::{MemoryStore, Store};
use support::{CLOSE, Moody, Node, post};

fn cluster(weather: Weather) -> Vec<Node> {
    joined(ends(weather))
}

fn ends(weather: Weather) -> impl Iterator<Item = Arc<dyn Fanout>> {
    Local::network(2, 42, weather).into_iter().map(|end| Arc::new(end) as Arc<dyn Fanout>)
}

fn joined(ends: impl IntoIterator<Item = Arc<dyn Fanout>>) -> Vec<Node> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    ends.into_iter().map(|end| Node::on(store.clone(), end, Settings::default())).collect()
}

/// Nodes that hear nothing of each other and find nothing out by themselves.
fn deaf_cluster(store: &Arc<Moody>) -> Vec<Node> {
    let store: Arc<dyn Store> = store.clone();
    let weather = Weather { lost_percent: 100, ..Weather::default() };
    let compare_every = Duration::from_secs(3600);
    let settings = Settings { compare_every, ..Settings::default() };
    ends(weather).map(|end| Node::on(store.clone(), end, settings)).collect()
}

async fn a_conversation_across_nodes(nodes: Vec<Node>) {
    let (mut vera, mut alice, bob) = (nodes[0].visitor(1), nodes[1].agent(1), nodes[0].agent(2));
    let id = vera.start("hello").await;
    alice.watch(id, 2).await;
    let claims =
        futures::future::join(alice.does(id, Command::Claim), bob.does(id, Command::Claim));
    let (a, b) = claims.await;
    assert!(a.is_ok() ^ b.is_ok(), "{a:?} {b:?}");
    let owner = if a.is_ok() { &alice } else { &bob };
    for n in 0..20 {
        vera.does(id, post(&format!("v{n}"))).await.unwrap();
        owner.does(id, post(&format!("a{n}"))).await.unwrap();
    }
    owner.does(id, CLOSE).await.unwrap();
    assert!(vera.does(id, post("late")).await.is_err());
    assert_eq!(alice.next_numbers(42).await, (3..=44).collect::<Vec<_>>());
    assert_eq!(vera.next_numbers(44).await, (1..=44).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn in_fair_weather() {
    a_conversation_across_nodes(cluster(Weather::default())).await;
}

#[tokio::test(start_paused = true)]
async fn with_every_hint_lost() {
    let lost = Weather { lost_percent: 100, ..Weather::default() };
    a_conversation_across_nodes(cluster(lost)).await;
}

#[tokio::test(start_paused = true)]
async fn with_nothing_between_them_but_the_store() {
    a_conversation_across_nodes(joined([Arc::new(Apart) as _, Arc::new(Apart) as _])).await;
}

#[tokio::test(start_paused = true)]
async fn with_hints_late_and_twice_and_out_of_order() {
    let weather =
        Weather { lost_percent: 30, repeated_percent: 30, delay_max: Duration::from_secs(3) };
    a_conversation_across_nodes(cluster(weather)).await;
}

#[tokio::test(start_paused = true)]
async fn a_number_from_another_node_is_not_a_reason_to_start_afresh() {
    let nodes = deaf_cluster(&Moody::new());
    let (vera, alice) = (nodes[0].visitor(1), nodes[1].agent(1));
    let id = vera.start("hello").await;
    alice.watch(id, 2).await;
    vera.does(id, post("three")).await.unwrap();
    vera.does(id, post("four")).await.unwrap();
    let snapshot = nodes[1].agent(2).watch(id, 4).await;
    assert_eq!((snapshot.reset, snapshot.head, snapshot.events.len()), (false, 4, 0));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_shows_what_another_node_has_answered_also_if_nobody_told() {
    let nodes = deaf_cluster(&Moody::new());
    let (vera, mut alice) = (nodes[0].visitor(1), nodes[1].agent(1));
    let id = vera.start("hello").await;
    alice.watch(id, 2).await;
    vera.does(id, post("three")).await.unwrap();
    let snapshot = nodes[1].agent(2).watch(id, 2).await;
    assert_eq!((snapshot.head, snapshot.events.len()), (3, 1));
    assert_eq!(alice.next_numbers(1).await, [3]);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_ends_at_its_head_although_another_node_goes_on() {
    let store = Moody::new();
    let nodes = deaf_cluster(&store);
    let (vera, mut alice) = (nodes[0].visitor(1), nodes[1].agent(1));
    let id = vera.start("hello").await;
    vera.watch(id, 2).await;
    store.meanwhile(async move { drop(vera.does(id, post("overtakes")).await) });
    let snapshot = alice.watch(id, 0).await;
    assert_eq!((snapshot.head, snapshot.events.len(), snapshot.more), (2, 2, false));
    let note = Command::Note { text: support::text("psst") };
    alice.does(id, note).await.unwrap();
    assert_eq!(alice.next_numbers(2).await, [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_more_than_the_next_snapshot_says() {
    let store = Moody::new();
    let nodes = deaf_cluster(&store);
    let (vera, mut alice) = (nodes[0].visitor(1), nodes[1].agent(1));
    let id = vera.start("hello").await;
    alice.watch(id, 2).await;
    vera.does(id, post("three")).await.unwrap();
    store.meanwhile(async move { drop(vera.does(id, post("overtakes")).await) });
    // A number that is not known here makes the node look.
    let snapshot = alice.watch(id, 99).await;
    assert_eq!((snapshot.head, snapshot.events.len(), snapshot.reset), (3, 3, true));
    assert_eq!(alice.numbers_so_far(), [3]);
}
