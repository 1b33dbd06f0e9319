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
use crate::meter::{self, Gauge, Memory};
use crate::people::{Pairs, Plan};
use crate::progress;
use crate::quiet::Quiet;
use crate::report::{Report, Round};
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
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    let Options { connections, settle, seconds } = *options;
    let mut stage = Stage::set(common, 1, true)?;
    let conditions = stage
        .conditions(json!({ "connections": connections, "settle": settle, "seconds": seconds }))?;
    let floor = floor_bytes(&mut stage, connections)?;
    let round = round(&mut stage, options, floor)?;
    Ok(Report::new("idle", conditions, vec![round]))
}

/// What memory there is at one moment.
#[derive(Clone, Copy, Default)]
struct Look {
    server: Memory,
    slab: u64,
}

impl Look {
    fn at(pid: Option<u32>) -> Result<Self> {
        let server = pid.map(Memory::of).transpose()?.unwrap_or_default();
        Ok(Self { server, slab: meter::slab()? })
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
    let Options { connections, settle, seconds } = *options;
    let pid = stage.host.pid;
    let empty = Look::at(pid)?;
    let plan =
        Plan { count: connections / 2, agents: false, one_more: true, visitor_watches: true };
    let first = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let mut quiet = Quiet { groups: vec![first], codec: stage.host.codec };
    wait(&mut stage.crowd, &mut quiet, settle)?;
    let half = Look::at(pid)?;
    let plan = Plan { count: connections - plan.count, ..plan };
    quiet.groups.push(Pairs::gather(&mut stage.crowd, &stage.host, plan)?);
    wait(&mut stage.crowd, &mut quiet, settle)?;
    let all = Look::at(pid)?;
    progress::now(&format!("everybody is quiet; measuring for {seconds} s"));
    let gauge = Gauge::start(pid)?;
    wait(&mut stage.crowd, &mut quiet, seconds)?;
    let reading = gauge.read()?;

    let mut round = Round::default();
    add_memory(&mut round, [empty, half, all], (connections, plan.count), floor);
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
    round.add("RSS before", "MiB", empty.server.rss as f64 / 1_048_576.0);
    round.add("RSS after", "MiB", all.server.rss as f64 / 1_048_576.0);
}

fn wait(crowd: &mut Crowd, quiet: &mut Quiet, seconds: u64) -> Result<()> {
    crowd.listen(Instant::now() + Duration::from_secs(seconds), quiet)
}
