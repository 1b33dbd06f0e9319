//! kill -9 under load: what was acknowledged is there, once, and nothing is behind a close.
//!
//! `KILL_ROUNDS=100 cargo test -p system-tests --test kill` for more.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use system_tests::Site;
use system_tests::site::options;
use system_tests::talk::{Manner, Talk};
use throwaway::Server;

const MANNER: Manner = Manner { pairs: 20, messages_per_second: None, seed: 1 };
/// Acknowledgements between two kills: at least, and at most.
const ACKS: std::ops::Range<u64> = 40..400;

fn rounds() -> u64 {
    let Ok(value) = std::env::var("KILL_ROUNDS") else { return 5 };
    value.parse().unwrap_or_else(|_| panic!("KILL_ROUNDS={value} is not a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_once_and_nothing_is_behind_a_close() {
    let rounds = rounds();
    let mut server = Server::start(options()).await;
    let site = Site::of(&server).await;
    let talk = Talk::begin(&site, MANNER).await;
    let mut dice = StdRng::seed_from_u64(rounds);
    for round in 0..rounds {
        let enough = talk.acknowledged(dice.random_range(ACKS));
        if round % 2 == 0 {
            // Whoever administers works on the same file meanwhile, with one command after another.
            let administer = async {
                for _ in 0..2 {
                    site.token(&talk.account().email, "1h").await;
                }
            };
            tokio::join!(enough, administer);
        } else {
            enough.await;
        }
        server.restart().await;
    }
    talk.acknowledged(ACKS.start).await;
    let outcomes = talk.end().await;
    let figures = outcomes.figures(&format!("{rounds} times kill -9 of one node on SQLite"));
    figures.at_least("commands that a kill interrupted", outcomes.resent, rounds).settle();
}
