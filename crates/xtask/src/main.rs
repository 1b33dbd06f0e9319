//! The project's own commands.
//!
//! `check` proves everything and writes nothing that git tracks; `fix` does what a machine can fix;
//! the longer runs (`kill`, `model`, `nemesis`, `simulate`) are the same tests as in the check, only more of them;
//! `planted` proves that the tests find what is planted; `bench` measures.

mod bench;
mod check;
mod codegen;
mod counts;
mod house;
mod longer;
mod nemesis;
mod planted;
mod run;
mod simulate;
mod tools;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that must hold; installs what the tests need
    Check {
        /// Only the steps whose name contains this
        #[arg(long)]
        only: Option<String>,
    },
    /// What a machine can fix: formatting, generated files, built pages
    Fix,
    /// Schema, TypeScript types and vectors from the Rust types
    Codegen {
        /// Only say what is not current
        #[arg(long)]
        check: bool,
    },
    /// What a message costs in instructions, against the budgets
    Counts {
        /// Makes the budgets what is counted now
        #[arg(long)]
        write: bool,
    },
    /// `kill -9` under load, with the figures
    Kill {
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
    /// Random visitors and agents over real sockets
    Model {
        #[arg(long, default_value_t = 2000)]
        seeds: u32,
        /// The first seed; the check starts at 1
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Several nodes, and everything between them failing: figures beside what is required
    Nemesis(nemesis::Options),
    /// Whole nodes in virtual time, many seeds, judged by every promise
    Simulate(simulate::Options),
    /// Proves that some test finds each planted defect
    Planted(planted::Options),
    /// The whole load test against its targets, in under 15 minutes
    Bench(bench::Options),
    /// The pictures in the README, made by the browser tests
    Screenshots,
}

fn main() -> anyhow::Result<()> {
    at_the_top()?;
    match Arguments::parse().command {
        Task::Check { only } => check::all(only.as_deref()),
        Task::Fix => longer::fix(),
        Task::Codegen { check } => codegen::run(check),
        Task::Counts { write } => counts::run(write),
        Task::Kill { rounds } => longer::kill(rounds),
        Task::Model { seeds, seed } => longer::model(seeds, seed),
        Task::Nemesis(options) => nemesis::run_all(&options),
        Task::Simulate(options) => simulate::run_seeds(&options),
        Task::Planted(options) => planted::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Screenshots => longer::screenshots(),
    }
}

/// Paths in here are from the top of the workspace.
fn at_the_top() -> anyhow::Result<()> {
    let top = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    Ok(std::env::set_current_dir(top)?)
}
