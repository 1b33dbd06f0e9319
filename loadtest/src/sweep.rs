//! Many conversations closed at once, each in front of its visitor: agents close a hundred with each
//! command. Every visitor must be told, once and as the last event.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::host::Host;
use crate::people::{Pairs, Side};
use crate::stats::Latencies;
use crate::wire::{self, Told};

/// The most that one `bulk` may name.
const BULK: usize = 100;
/// Conversations of one agent's connection.
const EACH_AGENT: usize = 1_000;
const STUCK_AFTER: Duration = Duration::from_secs(30);
const HELLO: u32 = u32::MAX;
/// Started, first message, claim.
const CLAIMED: u64 = 3;

/// Visitors with a conversation each, and the agents who own them.
pub struct Sweep<'a> {
    pairs: Pairs,
    host: &'a Host,
    /// Agents' connections; each owns the next `EACH_AGENT` conversations.
    agents: Vec<LineId>,
    /// Answers that are due.
    awaited: usize,
    /// Visitors who have been told what this step is about.
    told: usize,
    began: Instant,
    /// From the first close to each visitor's.
    pub times: Latencies,
}

impl<'a> Sweep<'a> {
    /// Agents come and claim everything.
    pub fn prepare(crowd: &mut Crowd, host: &'a Host, pairs: Pairs) -> Result<Self> {
        let mut sweep = Self {
            pairs,
            host,
            agents: Vec::new(),
            awaited: 0,
            told: 0,
            began: Instant::now(),
            times: Latencies::default(),
        };
        for _ in 0..sweep.pairs.list.len().div_ceil(EACH_AGENT) {
            sweep.agents.push(crowd.dial(&host.agent())?);
        }
        sweep.awaited = sweep.agents.len();
        sweep.wait(crowd, |sweep| sweep.awaited == 0, "agents come in")?;
        sweep.all(crowd, "claim")?;
        Ok(sweep)
    }

    /// Closes everything; how long until the last visitor is told.
    pub fn close(&mut self, crowd: &mut Crowd) -> Result<Duration> {
        self.all(crowd, "close")?;
        for (nth, pair) in self.pairs.list.iter().enumerate() {
            if pair.seen_by_visitor.closed != Some(CLAIMED + 1) {
                return Err(self.pairs.unexpected(nth, "it is not closed for its visitor"));
            }
        }
        Ok(Duration::from_secs_f64(self.times.max_us() / 1e6))
    }

    /// Everybody goes.
    pub fn leave(self, crowd: &mut Crowd) {
        self.agents.iter().for_each(|line| crowd.hang_up(*line));
        self.pairs.list.iter().for_each(|pair| crowd.hang_up(pair.visitor));
    }

    /// One action on all conversations, until every answer is there and every visitor is told.
    fn all(&mut self, crowd: &mut Crowd, action: &'static str) -> Result<()> {
        (self.told, self.awaited) = (0, 0);
        (self.times, self.began) = (Latencies::default(), Instant::now());
        for (agent, theirs) in self.pairs.list.chunks(EACH_AGENT).enumerate() {
            for (nth, some) in theirs.chunks(BULK).enumerate() {
                let ids: Vec<&str> = some.iter().map(|pair| &*pair.conversation).collect();
                // A key is its author's and the operation's: several agents here are one author.
                let key = format!("{action} {agent} {nth}");
                let args = json!({ "key": key, "action": action, "conversations": ids });
                let bulk = wire::ask(self.host.codec, nth as u32, "bulk", args);
                crowd.say(self.agents[agent], &bulk)?;
                self.awaited += 1;
            }
        }
        self.wait(crowd, |sweep| sweep.awaited == 0 && sweep.told == sweep.pairs.list.len(), action)
    }

    fn wait(&mut self, crowd: &mut Crowd, done: impl Fn(&Self) -> bool, what: &str) -> Result<()> {
        let deadline = Instant::now() + STUCK_AFTER;
        while !done(self) {
            crowd.hear_batch(Duration::from_millis(50), self)?;
            if Instant::now() > deadline {
                let (told, awaited) = (self.told, self.awaited);
                bail!("{what}: stuck; {told} visitors are told, {awaited} answers are due");
            }
        }
        Ok(())
    }

    fn visitor_hears(&mut self, crowd: &Crowd, pair: usize, frame: &Told<'_>) -> Result<()> {
        if frame.ev.is_some() {
            self.pairs.take(pair, Side::Visitor, frame)?;
            self.told += 1;
            self.times.record(crowd.now.saturating_duration_since(self.began));
        }
        Ok(())
    }

    fn agent_hears(&mut self, frame: &Told<'_>) -> Result<()> {
        let Some(ok) = &frame.ok else { bail!("an agent was refused: {:?}", frame.err) };
        self.awaited -= 1;
        match ok.results.iter().find_map(|item| item.err.as_ref()) {
            Some(refusal) => {
                bail!("A PROMISE IS BROKEN: its owner was refused a bulk item: {refusal:?}")
            }
            None => Ok(()),
        }
    }
}

impl Ear for Sweep<'_> {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let agent = self.agents.iter().position(|agent| *agent == line);
        let bytes = match (heard, agent) {
            (Heard::Frame(bytes), _) => bytes,
            (Heard::Open, Some(_)) => {
                // One account owns them all, so that any connection of it may close them.
                let args = json!({ "token": self.host.agent_token(0) });
                return crowd.say(line, &wire::ask(self.host.codec, HELLO, "hello", args));
            }
            (Heard::Open, None) => return Ok(()),
            (Heard::Ended(why), _) => bail!("connection {line:?} ended: {why}"),
        };
        let frame = wire::read(self.host.codec, bytes)?;
        match (agent, self.pairs.of(line)) {
            (Some(_), _) => self.agent_hears(&frame),
            (None, Some((pair, _))) => self.visitor_hears(crowd, pair, &frame),
            (None, None) => Ok(()),
        }
    }
}
