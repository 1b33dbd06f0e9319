//! kill -9 of one node after another, and nodes that hang, while people talk on all of them: whoever loses
//! a node comes back to another, and nothing that was acknowledged is lost or doubled.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use system_tests::cluster::{Cluster, Parts};
use system_tests::figures::{Figures, either, p99, seed};
use system_tests::letters::Letters;
use system_tests::talk::{Manner, Talk};

/// Acknowledgements from one kill to the next, and until a node that was killed starts again. At 200 a second
/// this is 200 kills in 10 minutes.
const BETWEEN_KILLS: u64 = 350;
const GONE_FOR: u64 = 150;
/// From a node going on to its readers having everything.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_loses_its_node_comes_back_to_another_and_nothing_is_lost() {
    let (kills, seed) = (either(6, 200), seed());
    let mut cluster = Cluster::of(3).await;
    let site = cluster.site().await;
    let manner = Manner { pairs: either(30, 60), messages_per_second: Some(200), seed };
    let talk = Talk::begin(&site, manner).await;
    let mut dice = StdRng::seed_from_u64(seed);
    for _ in 0..kills {
        talk.acknowledged(dice.random_range(BETWEEN_KILLS / 2..BETWEEN_KILLS * 3 / 2)).await;
        let victim = dice.random_range(0..cluster.nodes.len());
        cluster.kill(victim).await;
        talk.acknowledged(GONE_FOR).await;
        cluster.start_again(victim).await;
    }
    talk.acknowledged(GONE_FOR).await;
    let outcomes = talk.end().await;
    let (resumes, times) = (outcomes.resumes.clone(), outcomes.resumes.len() as u64);
    outcomes
        .figures("kill -9 of one of three nodes after another")
        .at_least("kills", kills, either(6, 190))
        .at_least("connections resumed", times, kills)
        .within("resumed, p99", p99(resumes), Duration::from_secs(3))
        .settle();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hangs_and_goes_on_has_lost_nothing_and_tells_what_it_missed() {
    let (rounds, seed) = (either(1, 10), seed());
    let mut cluster = Cluster::start(Parts { faulty_to_redis: true, ..Parts::of(3) }).await;
    let site = cluster.site().await;
    let manner = |pairs, rate| Manner { pairs, messages_per_second: Some(rate), seed };
    let hanging = Talk::begin(&site.at_node(0), manner(5, 20)).await;
    let talking = Talk::begin(&site.at_nodes(&[1, 2]), manner(20, 100)).await;
    let mut letters = Letters::from_to(&site, 1, 0, 10).await;
    let mut caught_up = Duration::ZERO;
    for _ in 0..rounds {
        hanging.acknowledged(20).await;
        caught_up = caught_up.max(hang(&mut cluster, &talking, &mut letters).await);
    }
    let told = letters.delivered().await;
    told.faults.iter().for_each(|fault| println!("{fault}"));
    Figures::of("what was said elsewhere while a node hung")
        .at_least("letters", told.letters, 10 * rounds)
        .none("lost", told.lost)
        .none("faults", told.faults.len() as u64)
        .within("all of them there after it went on", caught_up, CAUGHT_UP_WITHIN)
        .settle();
    // One that comes and one that goes for good change nothing for the others.
    let added = cluster.add().await;
    talking.acknowledged(50).await;
    assert!(cluster.nodes[added].server.term().await.success());
    for (talk, of) in [(hanging, "a node that hangs"), (talking, "nodes beside one that hangs")] {
        talk.acknowledged(20).await;
        talk.end().await.figures(of).settle();
    }
}

/// The first node hangs while the others talk and write to it; how long it takes to have everything.
async fn hang(cluster: &mut Cluster, talking: &Talk, letters: &mut Letters) -> Duration {
    cluster.nodes[0].pause();
    // Longer than its line to Redis may be silent; and when that is cut, hints are lost.
    talking.acknowledged(either(500, 2_000)).await;
    cut_off_from_redis(cluster, 0).await;
    letters.one_each().await;
    cluster.nodes[0].resume();
    let goes_on = Instant::now();
    letters.delivered().await;
    let took = goes_on.elapsed();
    cluster.until_all_hear().await;
    took
}

/// Until Redis has noticed.
async fn cut_off_from_redis(cluster: &mut Cluster, node: usize) {
    let others = cluster.nodes.len() - 1;
    cluster.nodes[node].to_redis.as_ref().expect("a network that can fail").cut();
    while cluster.redis().text("CLIENT LIST TYPE pubsub").await.lines().count() > others {}
}
