//! Visitors who write to their agents, every message accounted for: the load of `relay` and `capacity`.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use protocol::Codec;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;

use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::pace::Player;
use crate::people::{Pairs, Side};
use crate::stats::Latencies;
use crate::verify::{Deed, Ledger, Who};
use crate::wire::{self, SendArgs, Told};

/// How long messages on their way may take to arrive after the last was sent.
const ARRIVE_WITHIN: Duration = Duration::from_secs(10);

/// What has been measured since the last [`Talk::measure`].
#[derive(Debug, Default)]
pub struct Times {
    pub acknowledged: Latencies,
    pub delivered: Latencies,
}

/// All conversations of a run.
pub struct Talk<'a> {
    pub pairs: &'a mut Pairs,
    ledgers: Vec<Ledger>,
    codec: Codec,
    text_bytes: usize,
    /// Whose turn it is; shuffled, so that neighbours in the list are not neighbours in time.
    order: Vec<u32>,
    pub times: Times,
    since: Instant,
    under_way: usize,
    /// Until when an arrived message is followed by the next of its conversation.
    follow_until: Option<Instant>,
}

impl<'a> Talk<'a> {
    pub fn new(pairs: &'a mut Pairs, codec: Codec, text_bytes: usize) -> Self {
        let count = pairs.list.len();
        Self {
            ledgers: vec![Ledger::default(); count],
            pairs,
            codec,
            text_bytes,
            order: shuffled(count),
            times: Times::default(),
            since: Instant::now(),
            under_way: 0,
            follow_until: None,
        }
    }

    /// Forgets the times so far; messages meant for an earlier moment no longer count.
    pub fn measure(&mut self) {
        self.times = Times::default();
        self.since = Instant::now();
    }

    /// One message in flight in every conversation, until `deadline`.
    pub fn keep_busy(&mut self, crowd: &mut Crowd, deadline: Instant) -> Result<()> {
        if self.follow_until.replace(deadline).is_none() {
            for pair in 0..self.pairs.list.len() {
                self.send(crowd, pair, Instant::now())?;
            }
        }
        while Instant::now() < deadline {
            crowd.hear_batch(Duration::from_millis(10), self)?;
        }
        Ok(())
    }

    /// Waits until everything has arrived; what has not is lost.
    pub fn arrive(&mut self, crowd: &mut Crowd) -> Result<()> {
        self.follow_until = None;
        let deadline = Instant::now() + ARRIVE_WITHIN;
        while self.under_way > 0 && Instant::now() < deadline {
            crowd.hear_batch(Duration::from_millis(10), self)?;
        }
        let mut late = self.ledgers.iter().enumerate();
        late.try_for_each(|(pair, ledger)| self.pairs.judge(pair, ledger.finish()))
    }

    fn send(&mut self, crowd: &mut Crowd, pair: usize, intended: Instant) -> Result<()> {
        let number = self.ledgers[pair].send(intended);
        self.under_way += 1;
        self.pairs.note(pair, Who::Visitor, Deed::Sends(number), Instant::now());
        let key = format!("m{number}");
        let text = wire::text(number, self.text_bytes);
        let to = &self.pairs.list[pair];
        let args = SendArgs { conversation: &to.conversation, key: &key, text: &text };
        crowd.say(to.visitor, &wire::ask(self.codec, number, "message.send", args))
    }

    fn acknowledged(&mut self, pair: usize, number: u32, seq: u64, now: Instant) -> Result<()> {
        self.pairs.note(pair, Who::Visitor, Deed::IsAnswered { number, seq }, now);
        let intended = self.pairs.judge(pair, self.ledgers[pair].acked(number, seq))?;
        if intended >= self.since {
            self.times.acknowledged.record(now.saturating_duration_since(intended));
        }
        Ok(())
    }

    fn delivered(&mut self, pair: usize, number: u32, seq: u64, now: Instant) -> Result<()> {
        let intended = self.pairs.judge(pair, self.ledgers[pair].seen(number, seq))?;
        if intended >= self.since {
            self.times.delivered.record(now.saturating_duration_since(intended));
        }
        Ok(())
    }

    /// A message that is answered and delivered is done.
    fn done(&mut self, crowd: &mut Crowd, pair: usize, before: usize) -> Result<()> {
        let done = before - self.ledgers[pair].under_way();
        self.under_way -= done;
        match self.follow_until {
            Some(until) if done > 0 && crowd.now < until => self.send(crowd, pair, crowd.now),
            _ => Ok(()),
        }
    }

    fn answered(&mut self, pair: usize, frame: &Told<'_>, now: Instant) -> Result<()> {
        if let Some(refusal) = &frame.err {
            let words = format!("a message was refused: {} ({})", refusal.code, refusal.message);
            return Err(self.pairs.unexpected(pair, words));
        }
        match (frame.re, &frame.ok) {
            (Some(number), Some(ok)) => self.acknowledged(pair, number, ok.seq, now),
            _ => Ok(()),
        }
    }
}

impl Ear for Talk<'_> {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let Some((pair, side)) = self.pairs.of(line) else { return Ok(()) };
        let bytes = match heard {
            Heard::Frame(bytes) => bytes,
            Heard::Open => return Ok(()),
            Heard::Ended(why) => bail!("the connection of {side:?} {pair} ended: {why}"),
        };
        let frame = wire::read(self.codec, bytes)?;
        let before = self.ledgers[pair].under_way();
        if frame.ev.is_some() {
            self.pairs.take(pair, side, &frame)?;
            if let (Side::Agent, Some(number)) = (side, frame.number()) {
                self.delivered(pair, number, frame.seq, crowd.now)?;
            }
        } else {
            self.answered(pair, &frame, crowd.now)?;
        }
        self.done(crowd, pair, before)
    }
}

impl Player for Talk<'_> {
    fn play(&mut self, crowd: &mut Crowd, nth: u64, intended: Instant) -> Result<()> {
        let turn = nth as usize % self.order.len();
        self.send(crowd, self.order[turn] as usize, intended)
    }
}

/// Every number below `count` once, always in the same disorder.
pub fn shuffled(count: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    order.shuffle(&mut rand::rngs::StdRng::seed_from_u64(1));
    order
}
