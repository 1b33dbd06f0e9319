//! Visitors who come back, a window at a time: TCP, upgrade, `hello` and the first watch. How many a
//! second, and what does each cost the server?

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::meter::Gauge;
use crate::people::{Pairs, Plan};
use crate::progress;
use crate::report::{Report, Round};
use crate::returning::Returning;
use crate::stage::Stage;

/// For the server to notice that everybody has left.
const REST: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub struct Options {
    /// Visitors
    #[arg(long, default_value_t = 5000)]
    connections: usize,
    /// Connections under way at once
    #[arg(long, default_value_t = 128)]
    window: usize,
    /// Rounds; everybody leaves between them
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    let Options { connections, window, rounds } = *options;
    let mut stage = Stage::set(common, 1, false)?;
    let plan = Plan { count: connections, agents: false, one_more: false, visitor_watches: true };
    let mut pairs = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let conditions = stage
        .conditions(json!({ "connections": connections, "window": window, "rounds": rounds }))?;
    let mut report = Report::new("accept", conditions, Vec::new());
    for nth in 1..=rounds {
        progress::now(&format!("round {nth} of {rounds}"));
        pairs.list.iter().for_each(|pair| stage.crowd.hang_up(pair.visitor));
        std::thread::sleep(REST);
        report.rounds.push(round(&mut stage, &mut pairs, window)?);
    }
    Ok(report)
}

fn round(stage: &mut Stage, pairs: &mut Pairs, window: usize) -> Result<Round> {
    let count = pairs.list.len() as u64;
    let gauge = Gauge::start(&stage.host.nodes)?;
    let mut returning = Returning::new(pairs, &stage.host, window, 0);
    let took = returning.run(&mut stage.crowd)?;
    let reading = gauge.read()?;
    let mut round = Round::default();
    round.add("connections per second", "1/s", count as f64 / took.as_secs_f64()).target =
        "≥ 6,000";
    round.add_cost("connection", &reading, count).target = "≤ 100";
    round.add("turned away and come again", "", returning.again as f64);
    round.add_latencies("until the snapshot", &returning.each, None);
    round.add_surroundings(&reading);
    Ok(round)
}
