//! An agent closes a conversation that K receivers watch: the visitor, and agents for the rest. When
//! does the last of them know? With `--nodes` it closes on one node, and they are on the others.
//!
//! Every close is checked to be the last event for everybody, and the visitor's next message to be
//! refused. Afterwards messages race with closes: each must come before the close, for all, or be
//! refused. At the end many conversations are closed in one sweep, each in front of its visitor.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::closing::{Closing, Times};
use crate::host::Several;
use crate::meter::Gauge;
use crate::people::{Pairs, Plan};
use crate::progress;
use crate::report::{Report, Round};
use crate::spread::Spread;
use crate::stage::Stage;
use crate::stats::Latencies;
use crate::sweep::Sweep;

/// Closes before anything is measured.
const WARM_UP: usize = 5;
/// Closes that a message races with.
const RACES: usize = 20;
/// Between a round's end and the next close, for whatever should not come.
const REST: Duration = Duration::from_millis(5);

#[derive(Debug, Args)]
pub struct Options {
    /// How many receive it; several numbers are measured one after another
    #[arg(long, value_delimiter = ',', default_value = "2,10,1000")]
    receivers: Vec<usize>,
    /// Closes for each number of receivers, but at most 20,000 deliveries
    #[arg(long, default_value_t = 200)]
    closes: usize,
    /// Conversations that are closed in one sweep at the end; 0 for none
    #[arg(long, default_value_t = 10_000)]
    sweep: usize,
    /// Start so many nodes with a PostgreSQL and a Redis of their own; closed is on the first
    #[arg(long)]
    nodes: Option<usize>,
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    let several = options.nodes.map(|nodes| Several { nodes, spread: Spread::apart() });
    let mut stage = Stage::set_for(common, 4, several)?;
    let conditions = stage.conditions(
        json!({ "receivers": options.receivers, "closes": options.closes, "races": RACES, "sweep": options.sweep, "nodes": options.nodes }),
    )?;
    let (mut round, gauge) = (Round::default(), Gauge::start(&stage.host.nodes)?);
    for &receivers in &options.receivers {
        ensure!(receivers >= 1, "nobody would receive it");
        progress::now(&format!("{receivers} receivers"));
        let closes = options.closes.min(20_000 / receivers).max(10);
        measure(&mut stage, receivers, closes, &mut round)?;
    }
    if options.sweep > 0 {
        progress::now(&format!("a sweep of {}", options.sweep));
        sweep(&mut stage, options.sweep, &mut round)?;
    }
    round.add_surroundings(&gauge.read()?);
    Ok(Report::new("close", conditions, vec![round]))
}

fn measure(stage: &mut Stage, receivers: usize, closes: usize, round: &mut Round) -> Result<()> {
    let count = WARM_UP + closes + RACES;
    let plan = Plan { count, agents: true, one_more: false, visitor_watches: true };
    let pairs = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let mut closing = Closing::new(pairs, &stage.host);
    closing.bring_watchers(&mut stage.crowd, receivers - 1)?;
    let mut seen = Seen::default();
    for pair in 0..WARM_UP {
        closing.close(&mut stage.crowd, pair, false)?;
    }
    let gauge = Gauge::start(&stage.host.nodes)?;
    for pair in WARM_UP..WARM_UP + closes {
        seen.add(&closing.close(&mut stage.crowd, pair, false)?);
        stage.crowd.listen(Instant::now() + REST, &mut closing)?;
    }
    let reading = gauge.read()?;
    let mut won = 0;
    for pair in WARM_UP + closes..count {
        closing.close(&mut stage.crowd, pair, true)?;
        won += usize::from(closing.message_won);
    }
    seen.report(receivers, round);
    round.add(
        format!("races of {RACES} that the message won, {receivers} receivers"),
        "",
        won as f64,
    );
    round.add(format!("load average, {receivers} receivers"), "", reading.load);
    closing.leave(&mut stage.crowd);
    Ok(())
}

/// How long closes took.
#[derive(Default)]
struct Seen {
    last: Latencies,
    any: Latencies,
    acknowledged: Latencies,
    after_commit: Latencies,
}

impl Seen {
    fn add(&mut self, times: &Times) {
        times.told.iter().for_each(|time| self.any.record(*time));
        self.last.record(times.last());
        self.acknowledged.record(times.acknowledged);
        self.after_commit.record(times.after_commit_at_most());
    }

    fn report(&self, receivers: usize, round: &mut Round) {
        let name = format!("to the last of {receivers}");
        round.add_latencies(&name, &self.last, None);
        round.target(&format!("{name} p99"), target(receivers));
        round.add(format!("to any of {receivers} p50"), "µs", self.any.us(50.0));
        for (name, times) in [
            (format!("acknowledged, {receivers} receivers"), &self.acknowledged),
            (format!("after the commit, at most, {receivers} receivers"), &self.after_commit),
        ] {
            round.add(format!("{name}, p50"), "µs", times.us(50.0));
            round.add(format!("{name}, p99"), "µs", times.us(99.0));
        }
        let name = format!("after the commit, at most, {receivers} receivers, p99");
        round.target(&name, "≤ 3 ms from node to node");
    }
}

fn sweep(stage: &mut Stage, count: usize, round: &mut Round) -> Result<()> {
    let plan = Plan { count, agents: false, one_more: false, visitor_watches: true };
    let pairs = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let mut sweep = Sweep::prepare(&mut stage.crowd, &stage.host, pairs)?;
    let gauge = Gauge::start(&stage.host.nodes)?;
    let took = sweep.close(&mut stage.crowd)?;
    let reading = gauge.read()?;
    let name = format!("sweep of {count}, until the last visitor is told");
    round.add(name, "ms", took.as_secs_f64() * 1e3).target = "≤ 500 for 10,000";
    round.add("sweep, until half are told", "ms", sweep.times.us(50.0) / 1e3);
    round.add("sweep, server CPU per close", "µs", reading.server_us_each(count as u64));
    sweep.leave(&mut stage.crowd);
    Ok(())
}

fn target(receivers: usize) -> &'static str {
    match receivers {
        10 => "≤ 1.5 ms + flush",
        1000 => "≤ 12 ms + flush",
        _ => "",
    }
}
