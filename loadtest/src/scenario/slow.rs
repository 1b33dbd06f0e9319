//! A conversation with a thousand readers, of whom one in a hundred stops reading, in the middle of
//! catching up, so that neither kernel has room left for them. Do the others notice, and what do the
//! stuck ones cost in memory?
//!
//! Every round plays twice, first with everybody reading. Afterwards the stuck ones read again: what
//! they missed they get in order, on the same connection or, if they were cut off, on the next.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::crowd::Crowd;
use crate::fanout::Fanout;
use crate::meter::{Gauge, Nodes};
use crate::pace::{self, Punctuality};
use crate::people::{Pairs, Plan};
use crate::progress;
use crate::report::{Report, Round};
use crate::stage::Stage;
use crate::stats::Latencies;

const WARM_UP: Duration = Duration::from_secs(1);
/// Between two looks at memory.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub struct Options {
    /// Readers, all agents
    #[arg(long, default_value_t = 1000)]
    readers: usize,
    /// How many per cent of them stop reading
    #[arg(long, default_value_t = 1.0)]
    stuck: f64,
    /// Messages a second, each to every reader
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// How long each half of a round lasts
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Rounds
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// Characters in a message
    #[arg(long, default_value_t = 3000)]
    text_bytes: usize,
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    let Options { readers, stuck, rate, seconds, rounds, text_bytes } = *options;
    let slow = ((readers as f64 * stuck / 100.0).round() as usize).max(1);
    ensure!(slow * rounds <= readers, "every round needs others who stop reading");
    let mut stage = Stage::set(common, 4, false)?;
    let plan = Plan { count: 1, agents: true, one_more: false, visitor_watches: true };
    let pairs = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let conditions = stage.conditions(json!({
        "readers": readers, "stuck": slow, "rate": rate, "seconds": seconds, "rounds": rounds,
        "text_bytes": text_bytes,
    }))?;
    let nodes = &stage.host.nodes.clone();
    let crowd = &mut stage.crowd;
    let mut fanout = Fanout::gather(crowd, &stage.host, pairs, (readers, text_bytes))?;
    let mut report = Report::new("slow", conditions, Vec::new());
    for nth in 0..rounds {
        progress::now(&format!("round {} of {rounds}", nth + 1));
        let who = nth * slow..(nth + 1) * slow;
        report.rounds.push(round(crowd, &mut fanout, nodes, (rate, seconds), who)?);
    }
    Ok(report)
}

fn round(
    crowd: &mut Crowd,
    fanout: &mut Fanout<'_>,
    nodes: &Nodes,
    pace: (f64, u64),
    slow: std::ops::Range<usize>,
) -> Result<Round> {
    let (stuck, mut punctuality) = (slow.len(), Punctuality::default());
    let gauge = Gauge::start(nodes)?;
    pace::play(crowd, fanout, (pace.0, WARM_UP), 0, &mut Punctuality::default())?;
    let (all_read, before) = half(crowd, fanout, nodes, pace, &mut punctuality)?;
    fanout.stop_reading(crowd, slow)?;
    // What they had asked for is answered first; that is not what is measured.
    pace::play(crowd, fanout, (pace.0, WARM_UP), 0, &mut Punctuality::default())?;
    let (some_do_not, during) = half(crowd, fanout, nodes, pace, &mut punctuality)?;
    fanout.read_again(crowd)?;
    let reading = gauge.read()?;
    let mut round = Round { void: punctuality.verdict(), ..Round::default() };
    round.add_latencies("all read", &all_read, None);
    round.add_latencies("some do not", &some_do_not, None);
    let ratio = some_do_not.us(99.0) / all_read.us(99.0);
    round.add("p99 of those who read, against all reading", "×", ratio).target = "≤ 1.10";
    if !nodes.ours.is_empty() {
        let more = during.saturating_sub(before) as f64 / 1024.0 / stuck as f64;
        // A full queue, and as many answers as one connection may have in hand.
        round.add("RSS more, for each who is stuck", "KiB", more).target = "≤ 1,536";
        round.add("RSS while all read", "MiB", before as f64 / 1_048_576.0);
    }
    round.add("of the stuck, cut off and come back", "", fanout.cut_off as f64);
    round.add_surroundings(&reading);
    Ok(round)
}

/// Plays; the times of those who read, and the most memory.
fn half(
    crowd: &mut Crowd,
    fanout: &mut Fanout<'_>,
    nodes: &Nodes,
    (rate, seconds): (f64, u64),
    punctuality: &mut Punctuality,
) -> Result<(Latencies, u64)> {
    fanout.measure();
    let (mut most, looks) = (0, seconds * 4);
    for _ in 0..looks {
        pace::play(crowd, fanout, (rate, LOOK_EVERY), 0, punctuality)?;
        let memory = nodes.memory()?;
        most = most.max(memory.map_or(0, |memory| memory.rss));
    }
    fanout.arrive(crowd)?;
    Ok((fanout.delivered.clone(), most))
}
