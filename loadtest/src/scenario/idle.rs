//! Visitors who have a conversation, watch it, have said something, and now say nothing: what does one
//! of them keep in memory, and what does it cost each second?
//!
//! The baseline is taken before anybody connects. The slope between half of the visitors and all of
//! them is what one more costs, without what the process needs once.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::bare::Bare;
use crate::crowd::Crowd;
use crate::holder::Holder;
use crate::host::Several;
use crate::meter::{self, Gauge, Memory, Nodes};
use crate::people::{Pairs, Plan};
use crate::progress;
use crate::quiet::Quiet;
use crate::report::{Report, Round};
use crate::spread::Spread;
use crate::stage::Stage;

#[derive(Debug, Args)]
pub struct Options {
    /// Visitors
    #[arg(long, default_value_t = 5000)]
    connections: usize,
    /// Quiet before memory is read
    #[arg(long, default_value_t = 20)]
    settle: u64,
    /// How long processor time is measured; everybody is pinged once in 25 s
    #[arg(long, default_value_t = 25)]
    seconds: u64,
    /// Connections of one generator process; of more there are several
    #[arg(long, default_value_t = 18_000)]
    per_process: usize,
    /// Start so many nodes with a PostgreSQL and a Redis of their own; there is no floor then
    #[arg(long)]
    nodes: Option<usize>,
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    let Options { connections, settle, seconds, per_process, nodes } = *options;
    let several = nodes.map(|nodes| Several { nodes, spread: Spread::in_turn() });
    let mut stage = if several.is_some() {
        Stage::set_for(common, 1, several)?
    } else {
        Stage::set(common, 1, true)?
    };
    let conditions = stage.conditions(
        json!({ "connections": connections, "settle": settle, "seconds": seconds, "nodes": nodes }),
    )?;
    let floor = floor_bytes(&mut stage, connections.min(per_process))?;
    let round = round(&mut stage, options, floor)?;
    Ok(Report::new("idle", conditions, vec![round]))
}

/// What memory there is at one moment.
#[derive(Clone, Copy, Default)]
struct Look {
    server: Memory,
    /// Where several nodes share one.
    redis: Option<u64>,
    slab: u64,
}

impl Look {
    fn at(nodes: &Nodes) -> Result<Self> {
        let server = nodes.memory()?.unwrap_or_default();
        Ok(Self { server, redis: nodes.redis_memory()?, slab: meter::slab()? })
    }
}

/// Kibibytes more in `after`, for each of `count`.
fn each(after: u64, before: u64, count: usize) -> f64 {
    (after as f64 - before as f64) / 1024.0 / count as f64
}

fn floor_bytes(stage: &mut Stage, connections: usize) -> Result<Option<f64>> {
    let Some(floor) = &stage.floor else { return Ok(None) };
    let before = Memory::of(floor.pid)?;
    let mut crowd = Crowd::new()?;
    Bare::gather(&mut crowd, floor, (connections, false), 0)?;
    std::thread::sleep(Duration::from_secs(2));
    let after = Memory::of(floor.pid)?;
    drop(crowd);
    // Gone, so that the kernel's memory of its sockets is not counted as ours.
    stage.floor = None;
    Ok(Some(each(after.rss, before.rss, connections)))
}

fn round(stage: &mut Stage, options: &Options, floor: Option<f64>) -> Result<Round> {
    let Options { connections, settle, seconds, per_process, .. } = *options;
    let nodes = &stage.host.nodes.clone();
    let empty = Look::at(nodes)?;
    let mut everybody = Everybody {
        quiet: Quiet { groups: Vec::new(), codec: stage.host.codec },
        holders: Vec::new(),
        elsewhere: (connections > per_process).then_some(per_process),
    };
    let first_half = connections / 2;
    everybody.bring(stage, first_half)?;
    everybody.wait(stage, settle)?;
    let half = Look::at(nodes)?;
    everybody.bring(stage, connections - first_half)?;
    everybody.wait(stage, settle)?;
    let all = Look::at(nodes)?;
    progress::now(&format!("everybody is quiet; measuring for {seconds} s"));
    let gauge = Gauge::start(nodes)?;
    everybody.wait(stage, seconds)?;
    let reading = gauge.read()?;

    let mut round = Round::default();
    add_memory(&mut round, [empty, half, all], (connections, connections - first_half), floor);
    let connection_seconds = connections as f64 * reading.took.as_secs_f64();
    let cost = reading.server.total().as_secs_f64() * 1e6 / connection_seconds;
    round.add("server CPU per connection-second", "µs", cost).target = "≤ 0.7";
    round.add_surroundings(&reading);
    Ok(round)
}

fn add_memory(
    round: &mut Round,
    [empty, half, all]: [Look; 3],
    (count, second_half): (usize, usize),
    floor: Option<f64>,
) {
    let figure =
        round.add("RSS per connection", "KiB", each(all.server.rss, empty.server.rss, count));
    (figure.floor, figure.target) = (floor, "≤ 6 (stretch 4)");
    let one_more = each(all.server.rss, half.server.rss, second_half);
    round.add("RSS per connection, second half", "KiB", one_more);
    let anonymous = each(all.server.anonymous, empty.server.anonymous, count);
    round.add("anonymous RSS per connection", "KiB", anonymous);
    round.add("PSS per connection", "KiB", each(all.server.pss, empty.server.pss, count));
    round.add("kernel slab per connection, both ends", "KiB", each(all.slab, empty.slab, count));
    if let (Some(after), Some(before)) = (all.redis, empty.redis) {
        round.add("Redis RSS per connection", "KiB", each(after, before, count));
    }
    round.add("RSS before", "MiB", empty.server.rss as f64 / 1_048_576.0);
    round.add("RSS after", "MiB", all.server.rss as f64 / 1_048_576.0);
}

/// All who are quiet, here and in other processes.
struct Everybody {
    quiet: Quiet,
    holders: Vec<Holder>,
    /// If they are in other processes: how many in each.
    elsewhere: Option<usize>,
}

impl Everybody {
    fn bring(&mut self, stage: &mut Stage, count: usize) -> Result<()> {
        match self.elsewhere {
            Some(each) => {
                let more = Holder::bring(&stage.host, count, each, self.holders.len())?;
                self.holders.extend(more);
            }
            None => {
                let plan = Plan { count, agents: false, one_more: true, visitor_watches: true };
                self.quiet.groups.push(Pairs::gather(&mut stage.crowd, &stage.host, plan)?);
            }
        }
        Ok(())
    }

    fn wait(&mut self, stage: &mut Stage, seconds: u64) -> Result<()> {
        stage.crowd.listen(Instant::now() + Duration::from_secs(seconds), &mut self.quiet)?;
        self.holders.iter_mut().try_for_each(Holder::is_there)
    }
}
