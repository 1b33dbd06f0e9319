//! Redis fails in every way it can, and costs time, never content: what is said on one node arrives on
//! another within 5 s while hints are lost, and soon again after they are heard.

use std::time::{Duration, Instant};

use system_tests::cluster::{Cluster, Parts};
use system_tests::figures::{Figures, either, p99};
use system_tests::letters::{Correspondence, Letters};
use system_tests::within;
use tokio::time::sleep;

/// Without hints.
const AT_LAST: Duration = Duration::from_secs(5);
/// With hints, for all but one letter in a hundred.
const SOON: Duration = Duration::from_millis(250);
/// From Redis being back to being heard everywhere.
const HEARD_AGAIN: Duration = Duration::from_secs(10);
const LETTERS_PER_SECOND: u32 = 60;
/// Letters that tell whether all is well again.
const ENOUGH: usize = 200;

const ALL: [usize; 3] = [0, 1, 2];

/// One way to fail, from its beginning to Redis being back.
struct Trial {
    cluster: Cluster,
    letters: Correspondence,
    /// Of conversations that are quiet otherwise: no later letter shows that one is missing.
    last_words: Letters,
    figures: Figures,
    /// How often each node has made its line to Redis again, before the present failure.
    lines: Vec<f64>,
}

impl Trial {
    async fn begin(of: &str, parts: Parts) -> Self {
        let cluster = Cluster::start(parts).await;
        let site = cluster.site().await;
        let last_words = Letters::between_nodes(&site, ALL.len() * 4).await;
        let letters = Letters::between_nodes(&site, either(12, 60)).await;
        let letters = letters.go_on(either(LETTERS_PER_SECOND, 200));
        let before = letters.next(ENOUGH).await;
        let figures = Figures::of(of).within("before, p99", p99(before), SOON);
        let lines = lines(&cluster).await;
        Self { cluster, letters, last_words, figures, lines }
    }

    /// Redis is back: soon everything is as before, on the nodes that `lost` their line by another one.
    async fn healed(&mut self, what: &str, since: Instant, lost: &[usize]) {
        let back = Instant::now();
        let new_lines = async {
            for node in lost {
                while lines(&self.cluster).await[*node] <= self.lines[*node] {}
            }
        };
        within(HEARD_AGAIN * 2, "new lines to Redis", new_lines).await;
        self.cluster.until_all_hear().await;
        let heard = back.elapsed();
        self.lines = lines(&self.cluster).await;
        let after = self.letters.next(ENOUGH).await;
        let figures = std::mem::replace(&mut self.figures, Figures::of(""));
        self.figures = figures
            .within(&format!("{what}: heard again"), heard, HEARD_AGAIN)
            .within(&format!("{what}: longest letter"), self.letters.longest_since(since), AT_LAST)
            .within(&format!("{what}: p99 afterwards"), p99(after), SOON);
    }

    async fn end(self) {
        let (letters, last_words) = (self.letters.end().await, self.last_words.delivered().await);
        let mut figures = self.figures;
        for (of, delivered) in [("letters", letters), ("last words", last_words)] {
            delivered.faults.iter().for_each(|fault| println!("{fault}"));
            figures = figures
                .at_least(of, delivered.letters, ALL.len() as u64 * 4)
                .none(&format!("{of} lost"), delivered.lost)
                .none(&format!("faults of {of}"), delivered.faults.len() as u64)
                .within(&format!("{of}, the longest of all"), delivered.longest, AT_LAST);
        }
        figures.settle();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_dies_hangs_forgets_or_hangs_up_costs_time_and_no_letter() {
    let mut trial = Trial::begin("Redis fails", Parts::of(3)).await;
    let began = Instant::now();
    let killed = trial.cluster.redis().command("CLIENT KILL TYPE pubsub").await;
    assert_eq!(killed, ":3", "every node has one line");
    trial.last_words.one_each().await;
    trial.healed("CLIENT KILL", began, &ALL).await;

    let began = Instant::now();
    trial.cluster.redis().flush().await;
    trial.healed("FLUSHALL", began, &[]).await;

    // How long a failure lasts is the failure itself: nothing else tells when it is over.
    let began = Instant::now();
    trial.cluster.redis().pause();
    trial.last_words.one_each().await;
    sleep(Duration::from_secs(either(5, 20))).await;
    trial.cluster.redis().resume();
    trial.healed("SIGSTOP", began, &[]).await;

    let began = Instant::now();
    trial.cluster.redis().kill().await;
    trial.last_words.one_each().await;
    sleep(Duration::from_secs(either(8, 60))).await;
    trial.cluster.redis().restart().await;
    trial.healed("killed", began, &ALL).await;

    for _ in 0..either(3, 30) {
        let began = Instant::now();
        trial.cluster.redis().kill().await;
        trial.last_words.one_each().await;
        trial.cluster.redis().restart().await;
        trial.healed("restarted", began, &ALL).await;
    }
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_that_is_cut_off_for_being_slow_or_forgotten_misses_nothing() {
    let parts = Parts { faulty_to_redis: true, ..Parts::of(3) };
    let mut trial = Trial::begin("a slow subscriber is cut off", parts).await;
    let limit = "CONFIG SET client-output-buffer-limit \"pubsub 1048576 1048576 60\"";
    assert_eq!(trial.cluster.redis().command(limit).await, "+OK");
    for _ in 0..either(1, 10) {
        let began = Instant::now();
        let line = trial.cluster.nodes[1].to_redis.as_ref().expect("a line that can fail");
        line.stall();
        // More than all buffers on the way hold.
        while subscribers(&mut trial.cluster).await == ALL.len() {
            flood(&mut trial.cluster).await;
        }
        trial.last_words.one_each().await;
        let line = trial.cluster.nodes[1].to_redis.as_ref().expect("a line that can fail");
        line.resume();
        trial.healed("cut off", began, &[1]).await;
    }
    let began = Instant::now();
    trial.cluster.nodes[1].to_redis.as_ref().expect("a line that can fail").forget();
    trial.last_words.one_each().await;
    trial.healed("forgotten by a router", began, &[1]).await;
    trial.end().await;
}

/// How often each node has made its line to Redis again.
async fn lines(cluster: &Cluster) -> Vec<f64> {
    let mut lines = Vec::new();
    for node in &cluster.nodes {
        lines.push(node.metric("frontdesk_fanout_reconnects_total").await);
    }
    lines
}

/// Lines that Redis has not cut off. One that a node gives up stays, as long as its network stands still.
async fn subscribers(cluster: &mut Cluster) -> usize {
    cluster.redis().text("CLIENT LIST TYPE pubsub").await.lines().count()
}

/// Says to everybody what nobody understands, on every channel there is.
async fn flood(cluster: &mut Cluster) {
    let words = "x".repeat(32 * 1024);
    for channel in cluster.redis().list("PUBSUB CHANNELS *").await {
        cluster.redis().command(&format!("PUBLISH {channel} {words}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_word_of_a_conversation_arrives_although_its_hint_was_lost() {
    let conversations = either(50, 500);
    let mut cluster = Cluster::of(3).await;
    let site = cluster.site().await;
    let mut letters = Letters::between_nodes(&site, conversations).await;
    cluster.redis().kill().await;
    letters.one_each().await;
    let delivered = letters.delivered().await;
    delivered.faults.iter().for_each(|fault| println!("{fault}"));
    Figures::of("the last word of each conversation, without Redis")
        .at_least("last words", delivered.letters, conversations as u64)
        .none("lost", delivered.lost)
        .none("faults", delivered.faults.len() as u64)
        .within("the longest", delivered.longest, AT_LAST)
        .settle();
}
