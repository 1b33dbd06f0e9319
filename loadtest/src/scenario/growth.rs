//! The same talk among a growing number of connections that are quiet: does one more connection cost
//! what the first did, and does a message cost what it did when there were few?
//!
//! One server throughout. The talkers come first and talk once, so that what the process needs once is
//! not counted as the connections'. What memory the talk adds between two sizes is left out as well.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::meter::{Gauge, Memory};
use crate::pace::{self, Punctuality};
use crate::people::{Pairs, Plan};
use crate::progress;
use crate::quiet::Quiet;
use crate::report::{Report, Round, Series};
use crate::stage::Stage;
use crate::talk::Talk;

const WARM_UP: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub struct Options {
    /// Quiet connections, each watching its conversation; one size after another
    #[arg(long, value_delimiter = ',', default_value = "1000,5000,10000,18000")]
    connections: Vec<usize>,
    /// Conversations that talk, with two connections each
    #[arg(long, default_value_t = 500)]
    talking: usize,
    /// Messages a second, over all that talk
    #[arg(long, default_value_t = 2000.0)]
    rate: f64,
    /// Quiet before memory is read
    #[arg(long, default_value_t = 8)]
    settle: u64,
    /// How long the talk is measured at each size
    #[arg(long, default_value_t = 8)]
    seconds: u64,
}

/// What was found at one size.
struct Size {
    count: usize,
    /// Bytes that the connections added so far.
    added: f64,
    /// The same, of those that came last, each.
    each_of_last: f64,
    rss: u64,
    us_per_message: f64,
    p99_us: f64,
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    ensure!(options.connections.is_sorted() && !options.connections.is_empty(), "sizes must grow");
    let mut stage = Stage::set(common, 4, false)?;
    let conditions = stage.conditions(json!({
        "connections": options.connections, "talking": options.talking, "rate": options.rate,
        "settle": options.settle, "seconds": options.seconds,
    }))?;
    let pid = stage.host.pid.context("a server elsewhere needs --pid: it is about its memory")?;
    let plan =
        Plan { count: options.talking, agents: true, one_more: false, visitor_watches: false };
    let mut talkers = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let mut talk = Talk::new(&mut talkers, stage.host.codec, 200);
    let mut quiet = Quiet { groups: Vec::new(), codec: stage.host.codec };
    let (mut sizes, mut round, mut late) = (Vec::new(), Round::default(), None);
    let began = Gauge::start(Some(pid))?;
    let mut played =
        speak(&mut stage, &mut talk, (options.rate, WARM_UP), 0, &mut Punctuality::default())?;
    let mut rest = settled(&mut stage, &mut quiet, pid, options.settle)?;
    for &count in &options.connections {
        progress::now(&format!("{count} quiet connections"));
        let size =
            grow(&mut stage, (&mut talk, &mut quiet), (options, pid), (count, &sizes, rest))?;
        let lasting = Duration::from_secs(options.seconds);
        let (measured, next) =
            talk_among(&mut stage, &mut talk, pid, (options.rate, lasting), played)?;
        (played, rest) = (next, Memory::of(pid)?.rss);
        // Memory and processor time are what this is about; a late send spoils only the latency.
        late = late.or(measured.2);
        sizes.push(Size { us_per_message: measured.0, p99_us: measured.1, ..size });
    }
    figures(&mut round, &sizes);
    round.add_surroundings(&began.read()?);
    round.disturbed = late.or(round.disturbed);
    let mut report = Report::new("growth", conditions, vec![round]);
    let point = |size: &Size| (size.count as f64, size.rss as f64 / 1_048_576.0);
    report.series.push(Series { name: "server RSS", points: sizes.iter().map(point).collect() });
    Ok(report)
}

/// Brings in as many as are missing; what they added to `rest`.
fn grow(
    stage: &mut Stage,
    (talk, quiet): (&mut Talk<'_>, &mut Quiet),
    (options, pid): (&Options, u32),
    (count, before, rest): (usize, &[Size], u64),
) -> Result<Size> {
    let (had, added) = before.last().map_or((0, 0.0), |size| (size.count, size.added));
    let plan = Plan { count: count - had, agents: false, one_more: true, visitor_watches: true };
    quiet.groups.push(Pairs::gather(&mut stage.crowd, &stage.host, plan)?);
    let rss = settled(stage, quiet, pid, options.settle)?;
    let came = rss as f64 - rest as f64;
    let (there, due) = (stage.crowd.alive(), count + 2 * talk.pairs.list.len());
    ensure!(there == due, "{there} of {due} connections are there");
    let each_of_last = came / (count - had).max(1) as f64;
    Ok(Size { count, added: added + came, each_of_last, rss, us_per_message: 0.0, p99_us: 0.0 })
}

fn settled(stage: &mut Stage, quiet: &mut Quiet, pid: u32, seconds: u64) -> Result<u64> {
    stage.crowd.listen(Instant::now() + Duration::from_secs(seconds), quiet)?;
    Ok(Memory::of(pid)?.rss)
}

fn speak(
    stage: &mut Stage,
    talk: &mut Talk<'_>,
    pace: (f64, Duration),
    played: u64,
    punctuality: &mut Punctuality,
) -> Result<u64> {
    let next = pace::play(&mut stage.crowd, talk, pace, played, punctuality)?;
    talk.arrive(&mut stage.crowd)?;
    Ok(next)
}

/// The cost of a message in µs, its p99, and why it does not count; then the next message's number.
fn talk_among(
    stage: &mut Stage,
    talk: &mut Talk<'_>,
    pid: u32,
    pace: (f64, Duration),
    played: u64,
) -> Result<((f64, f64, Option<String>), u64)> {
    let played = speak(stage, talk, (pace.0, WARM_UP), played, &mut Punctuality::default())?;
    talk.measure();
    let (gauge, mut punctuality) = (Gauge::start(Some(pid))?, Punctuality::default());
    let next = speak(stage, talk, pace, played, &mut punctuality)?;
    let cost = gauge.read()?.server_us_each(next - played);
    Ok(((cost, talk.times.delivered.us(99.0), punctuality.verdict()), next))
}

fn figures(round: &mut Round, sizes: &[Size]) {
    for Size { count, added, each_of_last, us_per_message, p99_us, .. } in sizes {
        let each = added / *count as f64 / 1024.0;
        round.add(format!("RSS per connection at {count}"), "KiB", each);
        round.add(format!("  of those that came last, at {count}"), "KiB", each_of_last / 1024.0);
        round.add(format!("server CPU per message at {count}"), "µs", *us_per_message);
        round.add(format!("delivered p99 at {count}"), "µs", *p99_us);
    }
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return };
    let bytes = (last.added / last.count as f64) / (first.added / first.count as f64);
    round.add("RSS per connection, last to first", "×", bytes).target = "0.95 to 1.05";
    let cost = last.us_per_message / first.us_per_message;
    round.add("server CPU per message, last to first", "×", cost).target = "≤ 1.3";
}
