//! One node after another is stopped and started again while people talk and a crowd sits there.

use std::time::Duration;

use serde_json::{Value, json};
use system_tests::cluster::{Cluster, Node};
use system_tests::figures::{either, p99, seed};
use system_tests::sitters::Sitters;
use system_tests::socket::RawSocket;
use system_tests::talk::{Manner, Talk};

/// Fewer than 500 of 5,000; over the whole cluster.
const RETURNS_A_SECOND: [u64; 2] = [99, 499];
const BACK_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_loses_nothing_and_nobody_comes_back_in_a_herd() {
    let (rounds, sockets) = either((1, 300), (3, 5_000));
    let [few, many] = RETURNS_A_SECOND;
    let mut cluster = Cluster::of(3).await;
    let site = cluster.site().await;
    let sitters = Sitters::seated(&site, sockets).await;
    let manner = Manner { pairs: 20, messages_per_second: Some(100), seed: seed() };
    let talk = Talk::begin(&site, manner).await;
    for _ in 0..rounds {
        for number in 0..cluster.nodes.len() {
            talk.acknowledged(50).await;
            // It reads nothing more, so that its node is on its way out for a moment.
            let _silent = RawSocket::greeted(&site.at_node(number)).await;
            stop(&mut cluster.nodes[number]).await;
            cluster.start_again(number).await;
            sitters.all_seated(BACK_WITHIN).await;
        }
    }
    let (sat, outcomes) = (sitters.end(), talk.end().await);
    sat.faults.iter().for_each(|fault| println!("{fault}"));
    outcomes
        .figures("rolling restarts")
        .told("sockets", sockets)
        .at_least("returns", sat.returns, sockets as u64 * rounds / 2)
        .at_most("returns in the busiest second", sat.returns_in_a_second, either(few, many))
        .within("back after the time that was asked for, p99", p99(sat.resumes), BACK_WITHIN)
        .none("not told to come back, or not as they left", sat.faults.len() as u64)
        .settle();
}

/// Stops a node as an administrator does; on its way out it says so, and then it is gone for good.
async fn stop(node: &mut Node) {
    node.server.signal(throwaway::Signal::TERM);
    let answer: (u16, Value) = loop {
        let answer = node.readiness().await;
        if answer.0 != 200 {
            break answer;
        }
    };
    assert_eq!((answer.0, &answer.1["draining"]), (503, &json!(true)), "{answer:?}");
    assert_eq!(node.server.ended().await.code(), Some(0));
}
