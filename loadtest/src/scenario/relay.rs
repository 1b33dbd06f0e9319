//! Visitors write to their agents at a fixed rate: what does a message take, and what does it cost?
//!
//! Open loop: message n is meant for a moment that was fixed before, and its latency counts from that
//! moment, so a server that stalls pays for everybody who had to wait. One message is one in, one
//! acknowledgement after the commit, and one delivery to the agent; with `--visitor-watches` the author
//! gets it back as an event as well, as a widget does.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::bare::Bare;
use crate::meter::{Gauge, Nodes, Reading};
use crate::pace::{self, Player, Punctuality};
use crate::people::{Pairs, Plan};
use crate::progress;
use crate::report::{Report, Round};
use crate::stage::Stage;
use crate::talk::Talk;

/// Played before anything is measured.
const WARM_UP: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub struct Options {
    /// Conversations, each with a visitor and an agent
    #[arg(long, default_value_t = 2000)]
    conversations: usize,
    /// Messages a second, over all conversations
    #[arg(long, default_value_t = 5000.0)]
    rate: f64,
    /// How long each round measures
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Rounds; the floor and the server take turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Characters in a message
    #[arg(long, default_value_t = 200)]
    text_bytes: usize,
    /// Authors watch their conversation, and get back what they say
    #[arg(long)]
    visitor_watches: bool,
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    let Options { conversations, rate, seconds, rounds, text_bytes, visitor_watches } = *options;
    let mut stage = Stage::set(common, 4, true)?;
    let plan = Plan { count: conversations, agents: true, one_more: false, visitor_watches };
    let mut pairs = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let mut bare = match &stage.floor {
        Some(floor) => {
            Some(Bare::gather(&mut stage.crowd, floor, (conversations, true), text_bytes)?)
        }
        None => None,
    };
    let conditions = stage.conditions(json!({
        "conversations": conversations, "rate": rate, "seconds": seconds, "rounds": rounds,
        "text_bytes": text_bytes, "visitor_watches": visitor_watches,
    }))?;
    let mut talk = Talk::new(&mut pairs, stage.host.codec, text_bytes);
    let lasting = Duration::from_secs(seconds);
    let mut played = Played::default();
    let mut report = Report::new("relay", conditions, Vec::new());
    for nth in 1..=rounds {
        progress::now(&format!("round {nth} of {rounds}"));
        report.rounds.push(round(
            &mut stage,
            &mut talk,
            bare.as_mut(),
            (rate, lasting),
            &mut played,
        )?);
    }
    Ok(report)
}

/// How many each has played so far.
#[derive(Default)]
struct Played {
    talk: u64,
    bare: u64,
}

fn round(
    stage: &mut Stage,
    talk: &mut Talk<'_>,
    bare: Option<&mut Bare>,
    pace: (f64, Duration),
    played: &mut Played,
) -> Result<Round> {
    let messages = (pace.0 * pace.1.as_secs_f64()) as u64;
    let mut floor = None;
    if let (Some(bare), Some(process)) = (bare, &stage.floor) {
        let floors = &Nodes::of(vec![process.pid]);
        let measured = one(stage, bare, floors, pace, &mut played.bare, |bare| bare.measure())?;
        bare.arrive(&mut stage.crowd)?;
        floor = Some((measured, bare.delivered.clone()));
    }
    let nodes = &stage.host.nodes.clone();
    let (reading, punctuality) =
        one(stage, talk, nodes, pace, &mut played.talk, |talk| talk.measure())?;
    talk.arrive(&mut stage.crowd)?;
    let mut round = Round { void: punctuality.verdict(), ..Round::default() };
    let cost = round.add_cost("message", &reading, messages);
    cost.floor = floor.as_ref().map(|((reading, _), _)| reading.server_us_each(messages));
    cost.target = "≤ 2.0 × floor";
    round.add_latencies("delivered", &talk.times.delivered, floor.as_ref().map(|(_, times)| times));
    round.add_latencies("acknowledged", &talk.times.acknowledged, None);
    round.target("delivered p50", "≤ 2 × floor + 1.5 flushes");
    round.target("delivered p99", "≤ 3 × floor + 4 flushes");
    round.add("sent late, p99", "µs", punctuality.p99_us());
    round.add_surroundings(&reading);
    if let Some(why) = floor.and_then(|((_, punctuality), _)| punctuality.verdict()) {
        round.void.get_or_insert(format!("floor: {why}"));
    }
    Ok(round)
}

/// Warms up, then measures.
fn one<P: Player>(
    stage: &mut Stage,
    player: &mut P,
    nodes: &Nodes,
    (rate, lasting): (f64, Duration),
    played: &mut u64,
    measure: impl Fn(&mut P),
) -> Result<(Reading, Punctuality)> {
    let crowd = &mut stage.crowd;
    *played = pace::play(crowd, player, (rate, WARM_UP), *played, &mut Punctuality::default())?;
    let mut punctuality = Punctuality::default();
    measure(player);
    let gauge = Gauge::start(nodes)?;
    *played = pace::play(crowd, player, (rate, lasting), *played, &mut punctuality)?;
    Ok((gauge.read()?, punctuality))
}
