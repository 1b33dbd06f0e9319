//! Messages into conversations that nobody watches: how many durable commands does the store take?
//!
//! Closed loop, one in flight for each conversation. Afterwards some conversations are read back by
//! another client and must hold exactly what was acknowledged.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use serde_json::json;

use crate::arguments::Common;
use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::meter::Gauge;
use crate::people::{Pairs, Plan, Side};
use crate::report::{Report, Round};
use crate::stage::Stage;
use crate::stats::Latencies;
use crate::verify::{Deed, Seen, Who};
use crate::wire::{self, SendArgs};
use crate::{progress, readback};

const WARM_UP: Duration = Duration::from_secs(2);
/// How long the last answers may take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
/// Conversations that are read back.
const READ_BACK: usize = 20;

#[derive(Debug, Args)]
pub struct Options {
    /// Conversations; a connection that sends more than 100 a second is limited, so not too few
    #[arg(long, default_value_t = 1000)]
    conversations: usize,
    /// How long each round measures
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rounds
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Characters in a message
    #[arg(long, default_value_t = 200)]
    text_bytes: usize,
}

/// Runs it.
pub fn run(options: &Options, common: &Common) -> Result<Report> {
    let Options { conversations, seconds, rounds, text_bytes } = *options;
    let mut stage = Stage::set(common, 1, false)?;
    let plan =
        Plan { count: conversations, agents: false, one_more: false, visitor_watches: false };
    let pairs = Pairs::gather(&mut stage.crowd, &stage.host, plan)?;
    let conditions = stage.conditions(json!({
        "conversations": conversations, "seconds": seconds, "rounds": rounds, "text_bytes": text_bytes,
    }))?;
    let mut writers = Writers {
        sent: vec![(0, Instant::now()); pairs.list.len()],
        pairs,
        codec: stage.host.codec,
        text_bytes,
        answered: Latencies::default(),
        until: Instant::now(),
        under_way: 0,
    };
    let mut report = Report::new("commit", conditions, Vec::new());
    for nth in 1..=rounds {
        progress::now(&format!("round {nth} of {rounds}"));
        report.rounds.push(round(&mut stage, &mut writers, Duration::from_secs(seconds))?);
    }
    readback::compare(&stage.host, &writers.pairs, READ_BACK)?;
    Ok(report)
}

fn round(stage: &mut Stage, writers: &mut Writers, lasting: Duration) -> Result<Round> {
    writers.write_for(&mut stage.crowd, WARM_UP + lasting)?;
    writers.listen_for(&mut stage.crowd, WARM_UP)?;
    writers.answered = Latencies::default();
    let gauge = Gauge::start(&stage.host.nodes)?;
    writers.listen_for(&mut stage.crowd, lasting)?;
    let (reading, answered) = (gauge.read()?, writers.answered.clone());
    writers.settle(&mut stage.crowd)?;
    let mut round = Round::default();
    let rate = answered.count() as f64 / reading.took.as_secs_f64();
    round.add("durable commands per second", "1/s", rate).target = "≥ 30,000";
    round.add_cost("command", &reading, answered.count());
    round.add_latencies("acknowledged", &answered, None);
    round.add_surroundings(&reading);
    Ok(round)
}

struct Writers {
    pairs: Pairs,
    /// The last message of each conversation, and when it was sent.
    sent: Vec<(u32, Instant)>,
    codec: protocol::Codec,
    text_bytes: usize,
    answered: Latencies,
    until: Instant,
    under_way: usize,
}

impl Writers {
    fn write_for(&mut self, crowd: &mut Crowd, lasting: Duration) -> Result<()> {
        self.until = Instant::now() + lasting;
        (0..self.sent.len()).try_for_each(|pair| self.send(crowd, pair))
    }

    fn listen_for(&mut self, crowd: &mut Crowd, lasting: Duration) -> Result<()> {
        crowd.listen(Instant::now() + lasting, self)
    }

    fn settle(&mut self, crowd: &mut Crowd) -> Result<()> {
        let deadline = Instant::now() + ANSWERED_WITHIN;
        while self.under_way > 0 {
            ensure!(Instant::now() < deadline, "{} commands have no answer", self.under_way);
            crowd.hear_batch(Duration::from_millis(10), self)?;
        }
        Ok(())
    }

    fn send(&mut self, crowd: &mut Crowd, pair: usize) -> Result<()> {
        let (last, when) = &mut self.sent[pair];
        (*last, *when) = (*last + 1, Instant::now());
        let (number, now) = (*last, *when);
        self.under_way += 1;
        self.pairs.note(pair, Who::Visitor, Deed::Sends(number), now);
        let (key, text) = (format!("m{number}"), wire::text(number, self.text_bytes));
        let to = &self.pairs.list[pair];
        let args = SendArgs { conversation: &to.conversation, key: &key, text: &text };
        crowd.say(to.visitor, &wire::ask(self.codec, number, "message.send", args))
    }
}

impl Ear for Writers {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let Some((pair, _)) = self.pairs.of(line) else { return Ok(()) };
        let bytes = match heard {
            Heard::Frame(bytes) => bytes,
            Heard::Open => return Ok(()),
            Heard::Ended(why) => bail!("the connection of visitor {pair} ended: {why}"),
        };
        let frame = wire::read(self.codec, bytes)?;
        if let Some(refusal) = frame.err {
            return Err(self
                .pairs
                .unexpected(pair, format!("refused: {} ({})", refusal.code, refusal.message)));
        }
        let (Some(re), Some(ok)) = (frame.re, frame.ok) else { return Ok(()) };
        let (number, sent) = self.sent[pair];
        if re != number {
            return Err(self
                .pairs
                .unexpected(pair, format!("an answer to {re}, and {number} was asked")));
        }
        self.under_way -= 1;
        // Nobody else writes here, so the answers' numbers are the conversation's.
        let event = Seen { seq: ok.seq, at: ok.at, closes: false };
        self.pairs.take_seen(pair, Side::Visitor, event, Some(number))?;
        self.answered.record(crowd.now.saturating_duration_since(sent));
        if crowd.now < self.until { self.send(crowd, pair) } else { Ok(()) }
    }
}
