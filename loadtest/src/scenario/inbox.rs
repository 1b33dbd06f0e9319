//! Agents watch the inbox while visitors write: how many frames does it take, and how old is what an
//! agent sees?
//!
//! A change is as old as the time from when it was meant to be sent to the first row that holds it, at
//! each agent. Rows may be merged; at the end every agent must hold the last state of every row.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::crowd::Crowd;
use crate::meter::{Gauge, Nodes};
use crate::pace::{self, Punctuality};
use crate::people::{Pairs, Plan};
use crate::progress;
use crate::report::{Report, Round};
use crate::rows::Rows;
use crate::stage::Stage;

const WARM_UP: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub struct Options {
    /// Agents who watch, each with an account of its own
    #[arg(long, default_value_t = 50)]
    agents: usize,
    /// Changes a second
    #[arg(long, default_value_t = 2000.0)]
    rate: f64,
    /// Conversations that change
    #[arg(long, default_value_t = 200)]
    conversations: usize,
    /// How long each round measures
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    let Options { agents, rate, conversations, seconds, rounds } = *options;
    ensure!(
        rate / conversations as f64 <= 90.0,
        "more conversations: one visitor may write 100 a second"
    );
    let mut stage = Stage::set(common, agents, false)?;
    let plan =
        Plan { count: conversations, agents: false, one_more: false, visitor_watches: false };
    let pairs = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let conditions = stage.conditions(json!({
        "agents": agents, "rate": rate, "conversations": conversations, "seconds": seconds, "rounds": rounds,
    }))?;
    let nodes = &stage.host.nodes.clone();
    let mut rows = Rows::new(pairs, &stage.host);
    rows.bring_agents(&mut stage.crowd, agents)?;
    let mut report = Report::new("inbox", conditions, Vec::new());
    let (mut played, lasting) = (0, Duration::from_secs(seconds));
    for nth in 1..=rounds {
        progress::now(&format!("round {nth} of {rounds}"));
        report.rounds.push(round(
            &mut stage.crowd,
            &mut rows,
            nodes,
            (rate, lasting),
            &mut played,
        )?);
    }
    Ok(report)
}

fn round(
    crowd: &mut Crowd,
    rows: &mut Rows<'_>,
    nodes: &Nodes,
    (rate, lasting): (f64, Duration),
    played: &mut u64,
) -> Result<Round> {
    *played = pace::play(crowd, rows, (rate, WARM_UP), *played, &mut Punctuality::default())?;
    rows.measure();
    let (gauge, mut punctuality) = (Gauge::start(nodes)?, Punctuality::default());
    *played = pace::play(crowd, rows, (rate, lasting), *played, &mut punctuality)?;
    let (reading, told, sent) = (gauge.read()?, rows.told, Instant::now());
    if !rows.converge(crowd)? {
        bail!("A PROMISE IS BROKEN: an agent does not hold the last state\n{}", rows.behind());
    }
    let converged = sent.elapsed();
    let mut round = Round { void: punctuality.verdict(), ..Round::default() };
    let each = |count: u64| count as f64 / reading.took.as_secs_f64();
    round.add("writes to agents", "1/s", each(told.bursts)).target = "≤ 2,500";
    round.add("frames to agents", "1/s", each(told.frames));
    round.add("of them counts", "1/s", each(told.counts));
    round.add_cost("change", &reading, (rate * lasting.as_secs_f64()) as u64);
    round.add_latencies("age of a change", &rows.ages, None);
    round.target("age of a change p99", "≤ 60,000");
    round.add("all agents agree after", "ms", converged.as_secs_f64() * 1e3).target = "≤ 250";
    round.add_surroundings(&reading);
    Ok(round)
}
