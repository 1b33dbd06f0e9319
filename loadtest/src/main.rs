//! Load with verification: the instrument the project is judged by.
//!
//! Start with `arguments.rs` (what can be asked) and one file of `scenario/`. A scenario stands on a
//! `Stage` (`stage.rs`: server or `cluster.rs`, floor, cores), brings people in (`people.rs`), has them act
//! (`talk.rs`, `closing.rs`, `sweep.rs`, `returning.rs`, `rows.rs`, `fanout.rs`, `day.rs`; `pace.rs` when), and reports
//! (`report.rs`). `crowd.rs` is thousands of connections on one thread, `holder.rs` more than one process
//! may have; `verify.rs` judges all that is heard, `meter.rs` reads what the operating system accounts
//! for, `memory.rs` whether it grows. `chaos.rs` kills the server. `compare.rs` and `plot.rs` look at
//! results afterwards and start nothing.
//!
//! Never here: anything of the server's insides. A broken promise ends the run with a story; a round in
//! which the generator was the bottleneck is void and says so.

mod arguments;
mod bare;
mod chaos;
mod chart;
mod closing;
mod cluster;
mod compare;
mod cores;
mod crowd;
mod day;
mod fanout;
mod floor;
mod holder;
mod host;
mod memory;
mod meter;
mod pace;
mod people;
mod plot;
mod progress;
mod quiet;
mod readback;
mod report;
mod returning;
mod rows;
mod scenario;
mod spread;
mod stage;
mod stats;
mod sweep;
mod talk;
mod verify;
mod wire;

use anyhow::{Context as _, Result, bail, ensure};
use arguments::{Arguments, Scenario};
use clap::Parser as _;
use scenario::{accept, capacity, close, commit, growth, idle, inbox, mixed, relay, slow, storm};

fn main() -> Result<()> {
    let Arguments { scenario, common } = Arguments::parse();
    let report = match &scenario {
        Scenario::Hold(options) => return holder::run(options, &common),
        Scenario::FloorServer => return floor::serve(),
        Scenario::Compare(options) => return say(&compare::run(options)?),
        Scenario::Plot(options) => return say(&plot::run(options)?),
        Scenario::Idle(options) => idle::run(options, &common),
        Scenario::Growth(options) => growth::run(options, &common),
        Scenario::Relay(options) => relay::run(options, &common),
        Scenario::Capacity(options) => capacity::run(options, &common),
        Scenario::Commit(options) => commit::run(options, &common),
        Scenario::Close(options) => close::run(options, &common),
        Scenario::Accept(options) => accept::run(options, &common),
        Scenario::Storm(options) => storm::run(options, &common),
        Scenario::Inbox(options) => inbox::run(options, &common),
        Scenario::Slow(options) => slow::run(options, &common),
        Scenario::Mixed(options) => mixed::run(options, &common),
    }?;
    print!("{}", report.table());
    if let Some(file) = &common.json {
        let json = serde_json::to_string_pretty(&report.json())? + "\n";
        std::fs::write(file, json).with_context(|| format!("write {}", file.display()))?;
    }
    if let Some(words) = report.failed {
        bail!("{words}");
    }
    ensure!(report.counts(), "every round is void");
    Ok(())
}

fn say(words: &str) -> Result<()> {
    print!("{words}");
    Ok(())
}
