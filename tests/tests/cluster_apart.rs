//! Two nodes on one database without Redis: everybody still sees everything, within 5 s, and the nodes say so.

use std::time::{Duration, Instant};

use client::{Agent, Connection};
use protocol::{Codec, Counts, Status, Summary};
use serde_json::json;
use system_tests::cluster::{Cluster, Parts};
use system_tests::figures::{Figures, either};
use system_tests::letters::Letters;
use system_tests::{Expect as _, key, within};

const AT_LAST: Duration = Duration::from_secs(5);

async fn two_nodes() -> Cluster {
    // They are waited for until `/readyz` says that there is no Redis and what that means.
    Cluster::start(Parts { redis: false, ..Parts::of(2) }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_letters_arrive_at_the_other_node_within_five_seconds() {
    let cluster = two_nodes().await;
    let site = cluster.site().await;
    let mut letters = Letters::between_nodes(&site, either(40, 400)).await;
    letters.one_each().await;
    letters.delivered().await;
    let letters = letters.go_on(either(50, 200));
    letters.next(either(200, 5_000)).await;
    let delivered = letters.end().await;
    delivered.faults.iter().for_each(|fault| println!("{fault}"));
    Figures::of("letters between two nodes without Redis")
        .at_least("letters", delivered.letters, 240)
        .none("lost", delivered.lost)
        .none("faults", delivered.faults.len() as u64)
        .within("the longest", delivered.longest, AT_LAST)
        .settle();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_the_inbox_on_the_other_node_follows_within_five_seconds() {
    let cluster = two_nodes().await;
    let site = cluster.site().await;
    let account = site.hire("Ann").await;
    let mut here = site.at_node(0).sign_in(&account, Codec::Json).await;
    let mut there = site.at_node(1).agent("Ben", Codec::Msgpack).await;
    there.watch_inbox(true).await.granted();
    let mut longest = Duration::ZERO;
    for _ in 0..either(3, 30) {
        let (_visitor, id) = site.at_node(0).asking(Codec::Json).await;
        longest = longest.max(row(&mut there, |row| row.id == id && row.owner.is_none()).await);
        expect_listed(&mut there, "unassigned", &id.to_string()).await;
        here.claim(id, &key()).await.granted();
        let claimed = |row: &Summary| row.id == id && row.owner.is_some();
        longest = longest.max(row(&mut there, claimed).await);
        here.end(id, &key()).await.granted();
        let closed = |row: &Summary| row.id == id && row.status == Status::Closed;
        longest = longest.max(row(&mut there, closed).await);
    }
    let (_visitor, _) = site.at_node(0).asking(Codec::Json).await;
    longest = longest.max(counts(&mut there, Counts { open: 1, mine: 0, unassigned: 1 }).await);
    Figures::of("the inbox of an agent on the other node, without Redis")
        .within("the longest that a row or the counts took", longest, AT_LAST)
        .settle();
}

/// What the store knows is in the list at once.
async fn expect_listed(agent: &mut Agent, queue: &str, id: &str) {
    let page = agent.inbox(json!({ "queue": queue })).await.granted();
    assert!(page.rows.iter().any(|row| row.id.to_string() == id), "{id} in {:?}", page.rows);
}

/// Waits for a row of the inbox; how long it took.
async fn row(agent: &mut Agent, wanted: impl Fn(&Summary) -> bool) -> Duration {
    until(agent, "inbox.row", |data| wanted(&read(data))).await
}

async fn counts(agent: &mut Agent, wanted: Counts) -> Duration {
    until(agent, "inbox.counts", |data| read::<Counts>(data) == wanted).await
}

async fn until(
    connection: &mut Connection,
    name: &str,
    wanted: impl Fn(&serde_json::Value) -> bool,
) -> Duration {
    let began = Instant::now();
    let wait = async {
        loop {
            let arrival = connection.next().await.expect("a signal before the end");
            let Some(signal) = arrival.signal().filter(|signal| *signal.sig == *name) else {
                continue;
            };
            if wanted(&serde_json::to_value(&signal.data).expect("a value")) {
                return;
            }
        }
    };
    within(AT_LAST * 2, name, wait).await;
    began.elapsed()
}

fn read<T: serde::de::DeserializeOwned>(data: &serde_json::Value) -> T {
    serde_json::from_value(data.clone()).expect("as the contract says")
}
