//! A day of a support team, compressed: arrivals, messages, replies, typing, notes, claims by two at
//! once, hand-overs, closes and reloads, at a steady rate and for as long as wanted. Is every promise
//! kept, and does the server's memory stay where it is?
//!
//! With `--chaos` the server is killed and started again every few seconds. Clients come back with what
//! they saw last and ask again, under the same keys, what has no answer. Nothing that was acknowledged
//! or shown may be gone, nothing may be there twice.
//!
//! With `--nodes` there are several, and everybody comes, and comes back, to any of them.
//!
//! At the end nobody acts, everything must come to rest, and strangers read conversations back.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::chaos::Chaos;
use crate::day::{Day, Plan, Sabotage};
use crate::host::Several;
use crate::memory::Memory;
use crate::meter::{Gauge, Nodes, Reading};
use crate::pace::{self, Punctuality};
use crate::progress;
use crate::report::{Report, Round, Series};
use crate::spread::Spread;
use crate::stage::Stage;

/// Between two looks at memory, progress and what waits too long.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const TELL_EVERY: u64 = 10;

#[derive(Debug, Args)]
pub struct Options {
    /// How long; 20 for a soak whose memory is judged after the first five
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// Conversations open at once, each with a visitor
    #[arg(long, default_value_t = 300)]
    conversations: usize,
    /// Agents, each with an account and one connection
    #[arg(long, default_value_t = 10)]
    agents: usize,
    /// What people do in a second, all together
    #[arg(long, default_value_t = 400.0)]
    rate: f64,
    /// Kill the server and start it again, all the while
    #[arg(long, conflicts_with = "nodes")]
    chaos: bool,
    /// Start so many nodes with a PostgreSQL and a Redis of their own
    #[arg(long)]
    nodes: Option<usize>,
    /// Seconds between kills
    #[arg(long, default_value_t = 5.0)]
    kill_every: f64,
    /// Whom chance favours
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Break what the verifier hears now and then; the run must fail
    #[arg(long, value_enum)]
    sabotage: Option<Sabotage>,
}

impl Options {
    fn plan(&self) -> Plan {
        Plan {
            open: self.conversations,
            agents: self.agents,
            chaos: self.chaos,
            sabotage: self.sabotage,
        }
    }
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    ensure!(options.agents >= 1 && options.conversations >= 1, "nobody is there");
    let several = options.nodes.map(|nodes| Several { nodes, spread: Spread::anywhere() });
    let mut stage = Stage::set_for(common, options.agents, several)?;
    let accounts = stage.host.agent_tokens.len();
    ensure!(accounts >= options.agents, "every agent needs an account: give more --agent-token");
    let conditions = stage.conditions(json!({
        "minutes": options.minutes, "conversations": options.conversations, "agents": options.agents,
        "rate": options.rate, "chaos": options.chaos, "nodes": options.nodes, "seed": options.seed,
    }))?;
    let server =
        options.chaos.then(|| stage.host.server.take().context("--chaos needs our own server"));
    let every = Duration::from_secs_f64(options.kill_every);
    let chaos = server.transpose()?.map(|server| Chaos::start(server, every)).transpose()?;
    let mut day = Day::new(&stage.host, options.plan(), options.seed);
    day.begin(&mut stage.crowd)?;
    // A server that is killed has no one process to be measured.
    let nodes = if chaos.is_none() { stage.host.nodes.clone() } else { Nodes::default() };
    let spent = spend(&mut stage.crowd, &mut day, &nodes, (options, chaos.as_ref()))?;
    let kills = chaos.as_ref().map(Chaos::kills);
    let _server = chaos.map(Chaos::stop).transpose()?;
    progress::now("everything comes to rest, and is read back");
    let read_back = day.settle(&mut stage.crowd)?;
    if options.sabotage.is_some() {
        bail!("THE VERIFIER IS BLIND: what it heard was broken, and it did not notice");
    }
    let mut round = round(&day, &spent, read_back);
    if let Some(kills) = kills {
        round.add("times the server was killed", "", kills as f64);
    }
    let mut report = Report::new("mixed", conditions, vec![round]);
    let points = spent.memory.samples().collect();
    report.failed = spent.memory.growth().and_then(|growth| growth.verdict());
    report.series.push(Series { name: "RSS in bytes over seconds", points });
    Ok(report)
}

/// What the day took.
struct Spent {
    reading: Reading,
    memory: Memory,
    punctuality: Punctuality,
    acts: u64,
}

fn spend(
    crowd: &mut crate::crowd::Crowd,
    day: &mut Day<'_>,
    nodes: &Nodes,
    (options, chaos): (&Options, Option<&Chaos>),
) -> Result<Spent> {
    let (gauge, began) = (Gauge::start(nodes)?, Instant::now());
    let (mut memory, mut punctuality, mut acts) = (Memory::default(), Punctuality::default(), 0);
    let looks = (options.minutes * 60.0).ceil() as u64;
    for look in 1..=looks {
        acts = pace::play(crowd, day, (options.rate, LOOK_EVERY), acts, &mut punctuality)?;
        day.look_around()?;
        let bytes = nodes.memory()?.map(|memory| memory.rss);
        bytes.inspect(|bytes| memory.sample(began.elapsed(), *bytes));
        if look % TELL_EVERY == 0 || look == looks {
            progress::now(&told(day, (look, looks), bytes, chaos));
        }
    }
    Ok(Spent { reading: gauge.read()?, memory, punctuality, acts })
}

fn told(
    day: &Day<'_>,
    (look, looks): (u64, u64),
    bytes: Option<u64>,
    chaos: Option<&Chaos>,
) -> String {
    let tally = &day.tally;
    let memory = bytes.map(|bytes| format!(", {:.1} MiB", bytes as f64 / 1_048_576.0));
    let kills = chaos.map(|chaos| format!(", killed {} times", chaos.kills()));
    format!(
        "{look} of {looks} s: {} open, {} closed, {} answers, {} events{}{}",
        day.open(),
        tally.closed,
        tally.answers,
        tally.events,
        memory.unwrap_or_default(),
        kills.unwrap_or_default()
    )
}

fn round(day: &Day<'_>, spent: &Spent, read_back: usize) -> Round {
    let mut round = Round::default();
    let tally = &day.tally;
    round.add("violations", "", 0.0).target = "0";
    for (name, count) in [
        ("acts", spent.acts),
        ("answers", tally.answers),
        ("events judged", tally.events),
        ("signals", tally.signals),
        ("refusals, each with a reason", tally.refusals),
        ("put off and asked again", tally.put_off),
        ("times somebody came in or back", tally.returns),
        ("commands asked again under their key", tally.asked_again),
        ("conversations closed", tally.closed),
        ("conversations read back", read_back as u64),
    ] {
        round.add(name, "", count as f64);
    }
    round.add_latencies("acknowledged", &day.times.acknowledged, None);
    round.add_latencies("delivered", &day.times.delivered, None);
    if spent.reading.server.total() > Duration::ZERO {
        round.add_cost("act", &spent.reading, spent.acts);
    }
    if let Some(growth) = spent.memory.growth() {
        let mib = |bytes: f64| bytes / 1_048_576.0;
        round.add("RSS once settled", "MiB", mib(growth.first));
        round.add("RSS at the end", "MiB", mib(growth.last));
        let grown = round.add("RSS grown", "%", 100.0 * (growth.last / growth.first - 1.0));
        grown.target = "≤ 5 % + 4 MiB";
    }
    round.add_surroundings(&spent.reading);
    // It is about promises and memory; late sends spoil only the latency.
    round.disturbed = spent.punctuality.verdict().or(round.disturbed);
    round
}
