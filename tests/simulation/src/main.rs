//! `simulate`: many seeds and a summary, or one seed and its story.

use std::process::ExitCode;

use clap::Parser;
use simulation::{PROMISES, many, report, run, stories};

#[derive(Parser)]
#[command(about = "Whole nodes in virtual time, judged by every promise")]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 300)]
    seeds: u64,
    /// The first of many
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Only this one, with everything it breaks
    #[arg(long)]
    seed: Option<u64>,
    /// And everything that happened in it
    #[arg(long, requires = "seed")]
    story: bool,
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let fine = match arguments.seed {
        Some(seed) => one(seed, arguments.story),
        None => all(&arguments),
    };
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(seed: u64, story: bool) -> bool {
    let outcome = run(seed);
    if story {
        print!("{}", stories(&outcome.history));
    }
    for promise in PROMISES {
        let mut broken = outcome.broken.iter().filter(|broken| broken.promise == promise.number);
        if let Some(first) = broken.next() {
            println!("{}", report(seed, &outcome.history, first));
            println!("and {} more of {}", broken.count(), promise.number);
        }
    }
    for (name, count) in outcome.tally.all() {
        println!("{count:>10} {name}");
    }
    println!(
        "seed {seed}: {} entries, fingerprint {:016x}, {} faults",
        outcome.history.entries.len(),
        outcome.history.fingerprint(),
        outcome.broken.len()
    );
    outcome.broken.is_empty()
}

fn all(arguments: &Arguments) -> bool {
    let end = arguments.first.saturating_add(arguments.seeds);
    let summary = many(arguments.first..end, arguments.threads);
    for failure in &summary.failures {
        println!("{failure}");
    }
    print!("{summary}");
    let unexercised = summary.unexercised();
    if !unexercised.is_empty() {
        println!("this run shows nothing about: {}", unexercised.join(", "));
    }
    if !summary.failures.is_empty() {
        println!("FAILED: {} seeds break a promise", summary.failures.len());
    }
    summary.failures.is_empty() && unexercised.is_empty()
}
