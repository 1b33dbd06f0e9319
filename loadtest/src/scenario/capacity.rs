//! One message in flight in every conversation, the next as soon as it is acknowledged and delivered:
//! how many a second, and what does one cost when the server is never idle?

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::bare::Bare;
use crate::meter::{Gauge, Nodes, Reading};
use crate::people::{Pairs, Plan};
use crate::progress;
use crate::report::{Report, Round};
use crate::stage::Stage;
use crate::talk::Talk;

const WARM_UP: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub struct Options {
    /// Conversations; a connection that sends more than 100 a second is limited, so not too few
    #[arg(long, default_value_t = 1000)]
    conversations: usize,
    /// How long each round measures
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds; the floor and the server take turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Characters in a message
    #[arg(long, default_value_t = 200)]
    text_bytes: usize,
    /// Seconds after the last round until it is looked how much memory the burst has left behind; 0: not at all
    #[arg(long, default_value_t = 30)]
    rest: u64,
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    let Options { conversations, seconds, rounds, text_bytes, rest } = *options;
    let mut stage = Stage::set(common, 4, true)?;
    let plan = Plan { count: conversations, agents: true, one_more: false, visitor_watches: false };
    let mut pairs = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let mut bare = match &stage.floor {
        Some(floor) => {
            Some(Bare::gather(&mut stage.crowd, floor, (conversations, true), text_bytes)?)
        }
        None => None,
    };
    let conditions = stage.conditions(json!({
        "conversations": conversations, "seconds": seconds, "rounds": rounds, "text_bytes": text_bytes,
    }))?;
    let mut talk = Talk::new(&mut pairs, stage.host.codec, text_bytes);
    let lasting = Duration::from_secs(seconds);
    let before = stage.host.nodes.memory()?;
    let mut report = Report::new("capacity", conditions, Vec::new());
    for nth in 1..=rounds {
        progress::now(&format!("round {nth} of {rounds}"));
        let floor = match &mut bare {
            Some(bare) => Some(floor(&mut stage, bare, lasting)?),
            None => None,
        };
        report.rounds.push(round(&mut stage, &mut talk, lasting, floor)?);
    }
    if rest > 0
        && let (Some(before), Some(last)) = (before, report.rounds.last_mut())
    {
        progress::now("everybody rests");
        std::thread::sleep(Duration::from_secs(rest));
        let after = stage.host.nodes.memory()?.unwrap_or_default();
        last.add("RSS before", "MiB", mib(before.rss));
        last.add("RSS after a rest", "MiB", mib(after.rss));
        let left = last.add("RSS after a rest, to before", "×", mib(after.rss) / mib(before.rss));
        left.target = "≤ 1.10";
    }
    Ok(report)
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

fn floor(stage: &mut Stage, bare: &mut Bare, lasting: Duration) -> Result<(Reading, u64)> {
    bare.keep_busy(&mut stage.crowd, Instant::now() + WARM_UP)?;
    bare.arrive(&mut stage.crowd)?;
    bare.measure();
    let gauge = Gauge::start(&Nodes::of(stage.floor.iter().map(|floor| floor.pid).collect()))?;
    bare.keep_busy(&mut stage.crowd, Instant::now() + lasting)?;
    let reading = gauge.read()?;
    let count = bare.delivered.count();
    bare.arrive(&mut stage.crowd)?;
    Ok((reading, count))
}

fn round(
    stage: &mut Stage,
    talk: &mut Talk<'_>,
    lasting: Duration,
    floor: Option<(Reading, u64)>,
) -> Result<Round> {
    talk.keep_busy(&mut stage.crowd, Instant::now() + WARM_UP)?;
    talk.arrive(&mut stage.crowd)?;
    talk.measure();
    let gauge = Gauge::start(&stage.host.nodes)?;
    talk.keep_busy(&mut stage.crowd, Instant::now() + lasting)?;
    let reading = gauge.read()?;
    let count = talk.times.delivered.count();
    talk.arrive(&mut stage.crowd)?;
    let mut round = Round::default();
    let rate = |reading: &Reading, count: u64| count as f64 / reading.took.as_secs_f64();
    let figure = round.add("messages per second", "1/s", rate(&reading, count));
    figure.floor = floor.as_ref().map(|(reading, count)| rate(reading, *count));
    let figure = round.add_cost("message", &reading, count);
    figure.floor = floor.as_ref().map(|(reading, count)| reading.server_us_each(*count));
    figure.target = "≤ 30 µs";
    round.add_latencies("delivered", &talk.times.delivered, None);
    round.add_latencies("acknowledged", &talk.times.acknowledged, None);
    round.add_surroundings(&reading);
    Ok(round)
}
