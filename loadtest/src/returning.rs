//! Visitors who come back with their token and the last number they saw, and are in once they have been
//! told exactly what they missed. `accept` brings a few at a time, `storm` all at once.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::host::Host;
use crate::people::{Pairs, Side};
use crate::progress::Progress;
use crate::stats::Latencies;
use crate::verify::{Deed, Who};
use crate::wire;

/// Nothing moves for so long: they are stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);
const HELLO: u32 = 1;

/// Everybody on the way back.
pub struct Returning<'a> {
    pairs: &'a mut Pairs,
    host: &'a Host,
    /// Connections under way at most.
    window: usize,
    /// Events that each has missed.
    missed: u64,
    began: Vec<Instant>,
    back: usize,
    /// From the first packet to the snapshot.
    pub each: Latencies,
    /// From the beginning of all to the snapshot.
    pub all: Latencies,
    /// Connections that ended on the way and were made again.
    pub again: u64,
    started: Instant,
    moved: Instant,
    progress: Progress,
}

impl<'a> Returning<'a> {
    pub fn new(pairs: &'a mut Pairs, host: &'a Host, window: usize, missed: u64) -> Self {
        let (now, count) = (Instant::now(), pairs.list.len());
        Self {
            began: Vec::with_capacity(count),
            pairs,
            host,
            window,
            missed,
            back: 0,
            each: Latencies::default(),
            all: Latencies::default(),
            again: 0,
            started: now,
            moved: now,
            progress: Progress::new("returning", count as u64),
        }
    }

    /// Brings everybody back.
    pub fn run(&mut self, crowd: &mut Crowd) -> Result<Duration> {
        self.started = Instant::now();
        self.fill(crowd)?;
        while !self.has_heard_enough() {
            crowd.hear_batch(Duration::from_millis(100), self)?;
            let (back, all) = (self.back, self.pairs.list.len());
            ensure!(self.moved.elapsed() < STUCK_AFTER, "nothing moves: {back} of {all} are back");
        }
        Ok(self.started.elapsed())
    }

    fn fill(&mut self, crowd: &mut Crowd) -> Result<()> {
        while self.began.len() < self.pairs.list.len() && self.began.len() - self.back < self.window
        {
            let pair = self.began.len();
            self.began.push(Instant::now());
            self.dial(crowd, pair)?;
        }
        Ok(())
    }

    fn dial(&mut self, crowd: &mut Crowd, pair: usize) -> Result<()> {
        let line = crowd.dial(&self.host.visitor())?;
        self.pairs.list[pair].visitor = line;
        self.pairs.assign(line, pair, Side::Visitor);
        Ok(())
    }

    fn greet(&mut self, crowd: &mut Crowd, pair: usize) -> Result<()> {
        let back = &self.pairs.list[pair];
        let after = back.seen_by_visitor.last;
        let watch = json!([{ "conversation": back.conversation, "after": after }]);
        let args = json!({ "token": back.token, "watch": watch });
        let hello = wire::ask(self.host.codec, HELLO, "hello", args);
        let line = back.visitor;
        self.pairs.note(pair, Who::Visitor, Deed::ComesBack { after }, Instant::now());
        crowd.say(line, &hello)
    }

    fn is_back(&mut self, crowd: &mut Crowd, pair: usize, frame: &wire::Told<'_>) -> Result<()> {
        let before = self.pairs.list[pair].seen_by_visitor.last;
        self.pairs.snapshot(pair, Side::Visitor, frame)?;
        let came = self.pairs.list[pair].seen_by_visitor.last - before;
        if came != self.missed {
            let words = format!("{came} events came, and {} had been missed", self.missed);
            return Err(self.pairs.unexpected(pair, words));
        }
        self.each.record(crowd.now.saturating_duration_since(self.began[pair]));
        self.all.record(crowd.now.saturating_duration_since(self.started));
        self.back += 1;
        self.progress.at(self.back as u64);
        self.fill(crowd)
    }
}

impl Ear for Returning<'_> {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let Some((pair, side)) = self.pairs.of(line) else { return Ok(()) };
        if side == Side::Agent {
            return Ok(());
        }
        self.moved = Instant::now();
        let frame = match heard {
            Heard::Open => return self.greet(crowd, pair),
            Heard::Ended(_) => {
                // Turned away in the crowd: a client comes again, and its wait goes on.
                self.again += 1;
                return self.dial(crowd, pair);
            }
            Heard::Frame(bytes) => wire::read(self.host.codec, bytes)?,
        };
        if frame.ev.is_some() {
            return self.pairs.take(pair, side, &frame);
        }
        if let Some(refusal) = &frame.err {
            let words = format!("refused on the way back: {} ({})", refusal.code, refusal.message);
            return Err(self.pairs.unexpected(pair, words));
        }
        if frame.re == Some(HELLO) { self.is_back(crowd, pair, &frame) } else { Ok(()) }
    }

    fn has_heard_enough(&self) -> bool {
        self.back == self.pairs.list.len()
    }
}
