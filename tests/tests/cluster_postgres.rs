//! PostgreSQL, and the network to it, fail in every way they can: commands wait or are answered
//! `unavailable`, none is granted that did not happen, and none happens twice.

use std::time::{Duration, Instant};

use client::{Failure, Visitor};
use protocol::{Codec, ConversationId, EventData, Remedy};
use system_tests::cluster::{Cluster, Node, Parts};
use system_tests::figures::{Figures, either, seed};
use system_tests::life::whole_log;
use system_tests::talk::{Manner, Talk};
use system_tests::{Expect as _, Site, key};
use throwaway::{FaultProxy, Way};
use tokio::time::sleep;

/// From PostgreSQL being back to the answer of everything that waits for it.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);
/// Longer than a command waits for PostgreSQL: it is answered that nobody knows what became of it.
const BEYOND_PATIENCE: Duration = Duration::from_secs(10);
const BEHIND_A_NETWORK: Parts =
    Parts { nodes: 3, redis: true, faulty_to_redis: false, faulty_to_postgres: true };

fn manner() -> Manner {
    Manner { pairs: either(30, 60), messages_per_second: Some(200), seed: seed() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_settle_every_command_and_grant_none_that_did_not_happen() {
    let rounds = either(2, 30);
    let mut cluster = Cluster::of(3).await;
    let site = cluster.site().await;
    let talk = Talk::begin(&site, manner()).await;
    let mut returns = Vec::new();
    for round in 0..rounds {
        talk.acknowledged(200).await;
        match round % 2 {
            0 => cluster.postgres.stop().await,
            _ => cluster.postgres.crash().await,
        }
        // Now and then it is away for so long that everybody has noticed.
        if round % 4 < 2 {
            cluster.nodes[round % 3].until_without_store().await;
        }
        cluster.postgres.restart().await;
        returns.push(Instant::now());
    }
    talk.acknowledged(200).await;
    let outcomes = talk.end().await;
    let settled = returns.iter().map(|back| outcomes.settled_after(*back)).max();
    let pending = returns.iter().filter(|back| outcomes.pending_at(**back) > 0).count() as u64;
    outcomes
        .figures("PostgreSQL restarts, fast and immediate")
        .told("restarts", rounds)
        .at_least("of them with commands waiting", pending, rounds as u64)
        .none("not answered in time", outcomes.late)
        .within("settled after its return", settled.unwrap_or_default(), SETTLED_WITHIN)
        .settle();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_found_out_and_not_done_again() {
    let cuts = either(20, 500);
    let cluster = Cluster::start(Parts { nodes: 2, ..BEHIND_A_NETWORK }).await;
    let site = cluster.site().await;
    let (mut visitor, id) = site.at_node(0).asking(Codec::Json).await;
    let mut elsewhere = site.at_node(1).visitor_again(&visitor, Codec::Msgpack).await;
    let mut reader = site.at_node(1).agent("Ann", Codec::Json).await;
    let lost_before = reconnects(&cluster.nodes[0]).await;
    for number in 0..cuts {
        let (key, text) = (key(), format!("number {number}"));
        let cut = to_postgres(&cluster.nodes[0]).lose_the_answer_to(text.as_bytes());
        // Its node finds out what became of it; whoever does not wait for that asks another node.
        let again = async {
            cut.await;
            say_at_last(&mut elsewhere, id, &key, &text).await
        };
        let both = tokio::join!(say_at_last(&mut visitor, id, &key, &text), again);
        assert_eq!(both, (number + 3, number + 3), "behind the two of the start, once");
    }
    let lost = reconnects(&cluster.nodes[0]).await - lost_before;
    let log = whole_log(&mut reader, id).await;
    let told = log[2..].iter().zip(0..).filter(|(event, number)| match &event.data {
        EventData::MessagePosted(posted) => *posted.text == *format!("number {number}"),
        _ => false,
    });
    let there = told.count() as u64;
    Figures::of("the connection is cut between a COMMIT and its answer")
        .told("cuts", cuts)
        .at_least("of them with a write under way", lost, cuts)
        .at_least("there, in order", there, cuts)
        .none("doubled", log.len() as u64 - 2 - there)
        .settle();
}

async fn reconnects(node: &Node) -> u64 {
    node.metric("frontdesk_store_reconnects_total").await as u64
}

/// Says it until it is granted, always under the same key; its number.
async fn say_at_last(visitor: &mut Visitor, id: ConversationId, key: &str, text: &str) -> u64 {
    loop {
        match visitor.say(id, key, text).await {
            Err(Failure::Refused(error)) if error.remedy == Remedy::Retry => {
                sleep(Duration::from_millis(error.retry_after_ms)).await;
            }
            answer => return answer.granted().seq,
        }
    }
}

fn to_postgres(node: &Node) -> &FaultProxy {
    node.to_postgres.as_ref().expect("a network that can fail")
}

/// What is done to the network, and how long it lasts; what is done in a moment lasts until it is noticed.
type Fault = (&'static str, fn(&FaultProxy), Duration);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_stalls_falls_silent_forgets_hangs_up_or_is_slow_loses_and_doubles_nothing()
{
    let lasting = Duration::from_secs(either(4, 20));
    let moment = Duration::ZERO;
    let faults: [Fault; 8] = [
        ("stalled", FaultProxy::stall, lasting.max(BEYOND_PATIENCE)),
        ("silent to PostgreSQL", |line| line.silence(Way::ToServer), lasting),
        ("silent from PostgreSQL", |line| line.silence(Way::ToClient), lasting),
        ("ended by the node", |line| line.half_close(Way::ToServer), moment),
        ("ended by PostgreSQL", |line| line.half_close(Way::ToClient), moment),
        ("forgotten by a router", FaultProxy::forget, moment),
        ("cut", FaultProxy::cut, moment),
        ("slow", |line| slow_down(line, Duration::from_millis(50)), lasting),
    ];
    let cluster = Cluster::start(BEHIND_A_NETWORK).await;
    let site = cluster.site().await;
    let talk = Talk::begin(&site, manner()).await;
    let mut healed = Vec::new();
    for (number, (what, fault, lasts)) in faults.into_iter().enumerate() {
        talk.acknowledged(100).await;
        // All nodes but one, another one each time.
        let lines = cluster.nodes.iter().map(to_postgres);
        let lines: Vec<_> = lines.enumerate().filter(|(node, _)| *node != number % 4).collect();
        lines.iter().for_each(|(_, line)| fault(line));
        // How long it lasts is the fault itself.
        sleep(lasts).await;
        lines.iter().for_each(|(_, line)| heal(line));
        healed.push((what, Instant::now()));
        talk.acknowledged(100).await;
    }
    let outcomes = talk.end().await;
    let mut figures = outcomes.figures("the network to PostgreSQL fails");
    for (what, moment) in healed {
        let settled = outcomes.settled_after(moment);
        figures = figures.within(&format!("settled after it was {what}"), settled, SETTLED_WITHIN);
    }
    figures.none("not answered in time", outcomes.late).settle();
}

fn slow_down(line: &FaultProxy, by: Duration) {
    line.delay(Way::ToServer, by);
    line.delay(Way::ToClient, by);
}

fn heal(line: &FaultProxy) {
    line.resume();
    slow_down(line, Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_cut_off_from_postgres_says_so_and_is_ready_again_when_it_is_not() {
    let cluster = Cluster::start(Parts { nodes: 2, ..BEHIND_A_NETWORK }).await;
    let site: Site = cluster.site().await;
    let (mut visitor, id) = site.at_node(0).asking(Codec::Json).await;
    to_postgres(&cluster.nodes[0]).refuse_new().await;
    to_postgres(&cluster.nodes[0]).cut();
    cluster.nodes[0].until_without_store().await;
    assert_eq!(cluster.nodes[1].readiness().await.0, 200, "the other one is not concerned");
    to_postgres(&cluster.nodes[0]).admit_new().await;
    cluster.nodes[0].until_ready().await;
    assert_eq!(say_at_last(&mut visitor, id, &key(), "still there?").await, 3);
}
