//! Everybody loses the connection at once, misses something, and comes back without any delay: how long
//! until they are in, with exactly what they missed?

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::host::Host;
use crate::meter::Gauge;
use crate::people::{Pairs, Plan};
use crate::progress;
use crate::report::{Report, Round};
use crate::returning::Returning;
use crate::stage::Stage;
use crate::wire::{self, SendArgs};

/// For the server to notice that everybody has left.
const REST: Duration = Duration::from_secs(3);
/// Conversations of one agent's connection: what it may send in one burst.
const EACH_AGENT: usize = 250;
const BULK: usize = 100;
const STUCK_AFTER: Duration = Duration::from_secs(30);
/// What each misses: an agent takes the conversation and writes.
const MISSED: u64 = 2;

#[derive(Debug, Args)]
pub struct Options {
    /// Visitors; a process here may have 20,000 files open
    #[arg(long, default_value_t = 18_000)]
    connections: usize,
    /// Connections under way at once: the kernel lets 4,096 wait
    #[arg(long, default_value_t = 2000)]
    window: usize,
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    let Options { connections, window } = *options;
    let mut stage = Stage::set(common, 4, false)?;
    let plan = Plan { count: connections, agents: false, one_more: false, visitor_watches: true };
    let mut pairs = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let conditions = stage.conditions(json!({ "connections": connections, "window": window }))?;
    let before = stage.host.nodes.memory()?;
    progress::now("everybody loses the connection");
    pairs.list.iter().for_each(|pair| stage.crowd.hang_up(pair.visitor));
    std::thread::sleep(REST);
    write_to_all(&mut stage, &pairs)?;

    let gauge = Gauge::start(&stage.host.nodes)?;
    let mut returning = Returning::new(&mut pairs, &stage.host, window, MISSED);
    returning.run(&mut stage.crowd)?;
    let reading = gauge.read()?;
    let mut round = Round::default();
    for (label, percent) in [("half", 50.0), ("99 %", 99.0), ("all", 100.0)] {
        round.add(format!("{label} back after"), "s", returning.all.us(percent) / 1e6);
    }
    round.target("99 % back after", "≤ 4 s for 18,000");
    round.add_cost("connection", &reading, connections as u64);
    round.add("turned away and come again", "", returning.again as f64);
    round.add_latencies("one connection", &returning.each, None);
    if let (Some(after), Some(before)) = (stage.host.nodes.memory()?, before) {
        round.add("RSS before", "MiB", before.rss as f64 / 1_048_576.0);
        round.add("RSS after", "MiB", after.rss as f64 / 1_048_576.0);
    }
    round.add_surroundings(&reading);
    Ok(Report::new("storm", conditions, vec![round]))
}

/// Agents take every conversation and write one message into each.
fn write_to_all(stage: &mut Stage, pairs: &Pairs) -> Result<()> {
    let conversations: Vec<&str> = pairs.list.iter().map(|pair| &*pair.conversation).collect();
    let mut writing = Writing { agents: Vec::new(), host: &stage.host, due: 0, done: 0 };
    for (nth, theirs) in conversations.chunks(EACH_AGENT).enumerate() {
        let line = stage.crowd.dial(&stage.host.agent())?;
        writing.due += theirs.len();
        writing.agents.push((line, nth, theirs));
    }
    let deadline = Instant::now() + STUCK_AFTER;
    while !writing.has_heard_enough() {
        stage.crowd.hear_batch(Duration::from_millis(100), &mut writing)?;
        ensure!(
            Instant::now() < deadline,
            "{} of {} have been written to",
            writing.done,
            writing.due
        );
    }
    writing.agents.iter().for_each(|(line, ..)| stage.crowd.hang_up(*line));
    Ok(())
}

struct Writing<'a> {
    agents: Vec<(LineId, usize, &'a [&'a str])>,
    host: &'a Host,
    due: usize,
    done: usize,
}

const HELLO: u32 = 1_000_000;
const CLAIM: u32 = 1_000_001;

impl Ear for Writing<'_> {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let Some(&(_, nth, theirs)) = self.agents.iter().find(|agent| agent.0 == line) else {
            return Ok(());
        };
        let codec = self.host.codec;
        let bytes = match heard {
            Heard::Open => {
                let args = json!({ "token": self.host.agent_token(nth) });
                return crowd.say(line, &wire::ask(codec, HELLO, "hello", args));
            }
            Heard::Ended(why) => bail!("the connection of an agent ended: {why}"),
            Heard::Frame(bytes) => bytes,
        };
        let frame = wire::read(codec, bytes)?;
        if let Some(refusal) = frame.err {
            bail!("an agent was refused: {} ({})", refusal.code, refusal.message);
        }
        let (Some(re), Some(ok)) = (frame.re, frame.ok) else { return Ok(()) };
        match re {
            HELLO => claim(crowd, codec, line, theirs),
            CLAIM.. => {
                ensure!(
                    ok.results.iter().all(|item| item.err.is_none()),
                    "not all could be claimed"
                );
                let from = (re - CLAIM) as usize * BULK;
                let chunk = theirs.iter().enumerate().skip(from).take(BULK);
                chunk.into_iter().try_for_each(|(place, id)| write(crowd, codec, line, (place, id)))
            }
            _ => {
                self.done += 1;
                Ok(())
            }
        }
    }

    fn has_heard_enough(&self) -> bool {
        self.done == self.due
    }
}

fn claim(crowd: &mut Crowd, codec: protocol::Codec, line: LineId, theirs: &[&str]) -> Result<()> {
    for (nth, some) in theirs.chunks(BULK).enumerate() {
        let key = format!("claim {} {nth}", theirs[0]);
        let args = json!({ "key": key, "action": "claim", "conversations": some });
        crowd.say(line, &wire::ask(codec, CLAIM + nth as u32, "bulk", args))?;
    }
    Ok(())
}

fn write(
    crowd: &mut Crowd,
    codec: protocol::Codec,
    line: LineId,
    (place, id): (usize, &str),
) -> Result<()> {
    let args = SendArgs { conversation: id, key: "while away", text: &wire::text(1, 200) };
    crowd.say(line, &wire::ask(codec, place as u32 + 1, "message.send", args))
}
