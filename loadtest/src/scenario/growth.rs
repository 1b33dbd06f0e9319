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
use crate::meter::{Gauge, Nodes};
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
#[derive(Clone, Copy, Debug)]
struct Size {
    count: usize,
    rss: u64,
    /// Bytes that the connections added so far.
    added: f64,
    /// The same, of those that came last, each.
    each_of_last: f64,
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
    let nodes = stage.host.nodes.clone();
    ensure!(!nodes.ours.is_empty(), "a server elsewhere needs --pid: it is about its memory");
    let plan =
        Plan { count: options.talking, agents: true, one_more: false, visitor_watches: false };
    let mut talkers = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let gauge = Gauge::start(&nodes)?;
    let mut growing = Growing {
        talk: Talk::new(&mut talkers, stage.host.codec, 200),
        quiet: Quiet { groups: Vec::new(), codec: stage.host.codec },
        sizes: Vec::new(),
        rest: 0,
        played: 0,
        late: None,
        stage,
        options,
        nodes,
    };
    growing.speak(WARM_UP, &mut Punctuality::default())?;
    growing.rest = growing.settled()?;
    options.connections.iter().try_for_each(|&count| growing.grow_to(count))?;
    let mut round = Round::default();
    figures(&mut round, &growing.sizes);
    round.add_surroundings(&gauge.read()?);
    // Memory and processor time are what it is about; a late send spoils only the latency.
    round.disturbed = growing.late.take().or(round.disturbed);
    let mut report = Report::new("growth", conditions, vec![round]);
    let point = |size: &Size| (size.count as f64, size.rss as f64 / 1_048_576.0);
    let points = growing.sizes.iter().map(point).collect();
    report.series.push(Series { name: "server RSS", points });
    Ok(report)
}

/// One server, its talkers and all who are quiet.
struct Growing<'a> {
    stage: Stage,
    talk: Talk<'a>,
    quiet: Quiet,
    options: &'a Options,
    nodes: Nodes,
    sizes: Vec<Size>,
    /// Memory before the next come in.
    rest: u64,
    played: u64,
    /// Why some latency should be looked at with care.
    late: Option<String>,
}

impl Growing<'_> {
    /// Brings in as many as are missing, and has the talkers talk.
    fn grow_to(&mut self, count: usize) -> Result<()> {
        progress::now(&format!("{count} quiet connections"));
        let (had, added) = self.sizes.last().map_or((0, 0.0), |size| (size.count, size.added));
        let plan =
            Plan { count: count - had, agents: false, one_more: true, visitor_watches: true };
        let Stage { crowd, host, .. } = &mut self.stage;
        self.quiet.groups.push(Pairs::gather(crowd, host, plan)?);
        let rss = self.settled()?;
        let came = rss as f64 - self.rest as f64;
        let (there, due) = (self.stage.crowd.alive(), count + 2 * self.options.talking);
        ensure!(there == due, "{there} of {due} connections are there");
        let (us_per_message, p99_us) = self.talk_among()?;
        self.rest = self.rss()?;
        self.sizes.push(Size {
            count,
            rss,
            added: added + came,
            each_of_last: came / (count - had).max(1) as f64,
            us_per_message,
            p99_us,
        });
        Ok(())
    }

    /// Server time for one message, and the p99 of its delivery, in µs.
    fn talk_among(&mut self) -> Result<(f64, f64)> {
        self.speak(WARM_UP, &mut Punctuality::default())?;
        self.talk.measure();
        let (gauge, mut punctuality) = (Gauge::start(&self.nodes)?, Punctuality::default());
        let before = self.played;
        self.speak(Duration::from_secs(self.options.seconds), &mut punctuality)?;
        let cost = gauge.read()?.server_us_each(self.played - before);
        self.late = self.late.take().or(punctuality.verdict());
        Ok((cost, self.talk.times.delivered.us(99.0)))
    }

    fn speak(&mut self, lasting: Duration, punctuality: &mut Punctuality) -> Result<()> {
        let (crowd, pace) = (&mut self.stage.crowd, (self.options.rate, lasting));
        self.played = pace::play(crowd, &mut self.talk, pace, self.played, punctuality)?;
        self.talk.arrive(crowd)
    }

    fn settled(&mut self) -> Result<u64> {
        let until = Instant::now() + Duration::from_secs(self.options.settle);
        self.stage.crowd.listen(until, &mut self.quiet)?;
        self.rss()
    }

    fn rss(&self) -> Result<u64> {
        Ok(self.nodes.memory()?.context("a server to be measured")?.rss)
    }
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
