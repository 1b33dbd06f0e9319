//! Real nodes on a real database while everything between them fails: the tests of the check, for as long
//! as it takes to judge the promises by them.

use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;

use crate::check::{build, cargo, with_binary};
use crate::run::run;

/// Each with the test program that shows it, and a part of the tests' names.
const ALL: &[(&str, &str, &str)] = &[
    ("claims", "races", "on_three_nodes::of_fifty_agents"),
    ("closes", "races", "on_three_nodes::of_twenty_messages"),
    ("kills", "cluster_kill", "whoever_loses_its_node"),
    ("hangs", "cluster_kill", "a_node_that_hangs"),
    ("redis", "cluster_redis", "redis_that_dies"),
    ("slow-subscriber", "cluster_redis", "a_subscriber_that"),
    ("last-words", "cluster_redis", "the_last_word"),
    ("postgres-restarts", "cluster_postgres", "restarts_settle"),
    ("lost-commits", "cluster_postgres", "a_commit_whose"),
    ("postgres-network", "cluster_postgres", "a_network_that"),
    ("rolling", "cluster_rolling", ""),
    ("without-redis", "cluster_apart", ""),
];

#[derive(Args)]
pub struct Options {
    /// Only those whose name contains this: claims, closes, kills, hangs, redis, slow-subscriber,
    /// last-words, postgres-restarts, lost-commits, postgres-network, rolling, without-redis
    #[arg(long)]
    which: Option<String>,
    /// What the dice are thrown with
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// As little as in the check
    #[arg(long)]
    short: bool,
}

/// Runs one after the other, goes on after a failure, and fails if any did.
pub fn run_all(options: &Options) -> Result<()> {
    let wanted =
        |name: &str| options.which.as_ref().is_none_or(|part| name.contains(part.as_str()));
    let chosen: Vec<_> = ALL.iter().filter(|(name, ..)| wanted(name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = ALL.iter().map(|(name, ..)| *name).collect();
        bail!("no such nemesis; there are: {}", names.join(", "));
    }
    build()?;
    let mut failed = Vec::new();
    for (name, program, tests) in chosen {
        println!("\n=== {name}");
        let began = Instant::now();
        let mut test = cargo(&["test", "-j2", "-p", "system-tests", "--test", program, "--"]);
        test.args(["--nocapture", tests]).env("NEMESIS_SEED", options.seed.to_string());
        if !options.short {
            test.env("NEMESIS", "long");
        }
        if let Err(error) = run(with_binary(&mut test)) {
            println!("FAILED: {name}: {error:#}");
            failed.push(*name);
        }
        println!("{name}: {:.0} s", began.elapsed().as_secs_f64());
    }
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}
