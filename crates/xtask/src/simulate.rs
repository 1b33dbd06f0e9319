//! The simulation, with more seeds than the check has time for.

use anyhow::Result;
use clap::Args;

use crate::check::cargo;
use crate::run::run;

#[derive(Args)]
pub struct Options {
    /// How many seeds
    #[arg(long, default_value_t = 20_000)]
    seeds: u64,
    /// The first of many
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Only this one, with its story if it breaks a promise
    #[arg(long)]
    seed: Option<u64>,
    /// Everything that happened in it, whether it breaks a promise or not
    #[arg(long, requires = "seed")]
    story: bool,
}

/// Runs it as it is shipped: optimised.
pub fn run_seeds(options: &Options) -> Result<()> {
    let mut simulate = cargo(&[
        "run",
        "-j2",
        "--quiet",
        "--release",
        "-p",
        "simulation",
        "--bin",
        "simulate",
        "--",
    ]);
    match options.seed {
        Some(seed) => simulate.args(["--seed", &seed.to_string()]),
        None => simulate
            .args(["--seeds", &options.seeds.to_string()])
            .args(["--first", &options.first.to_string()]),
    };
    if options.story {
        simulate.arg("--story");
    }
    run(&mut simulate)
}
