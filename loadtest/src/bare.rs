//! The same talk over the floor: pairs of sockets and nothing between them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use client::Target;
use protocol::Codec;

use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::floor::Floor;
use crate::pace::Player;
use crate::stats::Latencies;
use crate::talk::shuffled;
use crate::verify::Ledger;
use crate::wire;

const WINDOW: usize = 512;
const ARRIVE_WITHIN: Duration = Duration::from_secs(10);

/// Pairs on the floor.
pub struct Bare {
    /// The writing and the reading end.
    ends: Vec<(LineId, LineId)>,
    of_line: Vec<Option<u32>>,
    ledgers: Vec<Ledger>,
    order: Vec<u32>,
    text_bytes: usize,
    open: usize,
    pub delivered: Latencies,
    since: Instant,
    under_way: usize,
    follow_until: Option<Instant>,
}

impl Bare {
    /// Connects `count` pairs; each is two connections, or one if only the first end is wanted.
    pub fn gather(
        crowd: &mut Crowd,
        floor: &Floor,
        (count, both): (usize, bool),
        text_bytes: usize,
    ) -> Result<Self> {
        let mut bare = Self {
            ends: Vec::new(),
            of_line: Vec::new(),
            ledgers: vec![Ledger::default(); count],
            order: shuffled(count),
            text_bytes,
            open: 0,
            delivered: Latencies::default(),
            since: Instant::now(),
            under_way: 0,
            follow_until: None,
        };
        let mut dialled = 0;
        for pair in 0..count {
            let a = bare.dial(crowd, floor, pair, "a")?;
            let b = if both { bare.dial(crowd, floor, pair, "b")? } else { a };
            bare.ends.push((a, b));
            dialled += 1 + usize::from(both);
            bare.wait_for(crowd, dialled - dialled.min(WINDOW))?;
        }
        bare.wait_for(crowd, dialled)?;
        Ok(bare)
    }

    /// Forgets the times so far.
    pub fn measure(&mut self) {
        self.delivered = Latencies::default();
        self.since = Instant::now();
    }

    /// One message in flight in every pair, until `deadline`.
    pub fn keep_busy(&mut self, crowd: &mut Crowd, deadline: Instant) -> Result<()> {
        if self.follow_until.replace(deadline).is_none() {
            for pair in 0..self.ends.len() {
                self.send(crowd, pair, Instant::now())?;
            }
        }
        while Instant::now() < deadline {
            crowd.hear_batch(Duration::from_millis(10), self)?;
        }
        Ok(())
    }

    /// Waits until everything has arrived.
    pub fn arrive(&mut self, crowd: &mut Crowd) -> Result<()> {
        self.follow_until = None;
        let deadline = Instant::now() + ARRIVE_WITHIN;
        while self.under_way > 0 && Instant::now() < deadline {
            crowd.hear_batch(Duration::from_millis(10), self)?;
        }
        ensure!(self.under_way == 0, "the floor lost {} messages", self.under_way);
        Ok(())
    }

    fn dial(&mut self, crowd: &mut Crowd, floor: &Floor, pair: usize, end: &str) -> Result<LineId> {
        let line = crowd
            .dial(&Target::at(format!("{}/pair/{pair}/{end}", floor.ws_url), Codec::Msgpack))?;
        self.of_line.resize(line.0 as usize, None);
        self.of_line.push(Some(pair as u32));
        Ok(line)
    }

    fn wait_for(&mut self, crowd: &mut Crowd, open: usize) -> Result<()> {
        let deadline = Instant::now() + ARRIVE_WITHIN;
        while self.open < open {
            crowd.hear_batch(Duration::from_millis(10), self)?;
            ensure!(Instant::now() < deadline, "{} of {open} connections to the floor", self.open);
        }
        Ok(())
    }

    fn send(&mut self, crowd: &mut Crowd, pair: usize, intended: Instant) -> Result<()> {
        let number = self.ledgers[pair].send(intended);
        self.under_way += 1;
        // Nobody acknowledges here.
        self.ledgers[pair].acked(number, 0)?;
        crowd.say(self.ends[pair].0, wire::text(number, self.text_bytes).as_bytes())
    }
}

impl Ear for Bare {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let Some(&Some(pair)) = self.of_line.get(line.0 as usize) else { return Ok(()) };
        let (pair, now) = (pair as usize, crowd.now);
        let bytes = match heard {
            Heard::Frame(bytes) => bytes,
            Heard::Open => {
                self.open += 1;
                return Ok(());
            }
            Heard::Ended(why) => bail!("a connection to the floor ended: {why}"),
        };
        let number = std::str::from_utf8(bytes).ok().and_then(wire::number);
        let number = number.context("the floor sent what nobody wrote")?;
        let intended = self.ledgers[pair].seen(number, 0)?;
        self.under_way -= 1;
        if intended >= self.since {
            self.delivered.record(now.saturating_duration_since(intended));
        }
        match self.follow_until {
            Some(until) if now < until => self.send(crowd, pair, now),
            _ => Ok(()),
        }
    }
}

impl Player for Bare {
    fn play(&mut self, crowd: &mut Crowd, nth: u64, intended: Instant) -> Result<()> {
        let turn = nth as usize % self.order.len();
        self.send(crowd, self.order[turn] as usize, intended)
    }
}
