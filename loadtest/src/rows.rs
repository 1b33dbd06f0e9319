//! Agents who keep an inbox from what they are told, and visitors who change it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::json;

use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::host::Host;
use crate::pace::Player;
use crate::people::Pairs;
use crate::stats::Latencies;
use crate::talk::shuffled;
use crate::verify::{Deed, Who};
use crate::wire::{self, SendArgs, Told};

/// The contract's time for one node, and time for a busy machine.
const CONVERGED_WITHIN: Duration = Duration::from_secs(5);
const HELLO: u32 = 1;
const INBOX: u32 = 2;
/// Started and first message.
const BEGINNING: u64 = 2;

/// How much the agents have been told since [`Rows::measure`].
#[derive(Clone, Copy, Debug, Default)]
pub struct TellingCost {
    pub frames: u64,
    pub counts: u64,
    /// Reads that brought them: about the server's writes.
    pub bursts: u64,
}

/// One agent.
struct Agent {
    line: LineId,
    /// The number of every row.
    rows: Vec<u64>,
    open: Option<u64>,
    /// The read that brought the last frame.
    read: u64,
}

/// Everybody.
pub struct Rows<'a> {
    pairs: Pairs,
    host: &'a Host,
    of_conversation: HashMap<String, usize>,
    agents: Vec<Agent>,
    of_line: Vec<Option<u32>>,
    watching: usize,
    /// When message n of a conversation was meant to be sent.
    sent: Vec<Vec<Instant>>,
    order: Vec<u32>,
    unanswered: usize,
    since: Instant,
    pub ages: Latencies,
    pub told: TellingCost,
}

impl<'a> Rows<'a> {
    pub fn new(pairs: Pairs, host: &'a Host) -> Self {
        let ids = pairs.list.iter().enumerate().map(|(nth, pair)| (pair.conversation.clone(), nth));
        Self {
            of_conversation: ids.collect(),
            host,
            agents: Vec::new(),
            of_line: Vec::new(),
            watching: 0,
            sent: vec![Vec::new(); pairs.list.len()],
            order: shuffled(pairs.list.len()),
            pairs,
            unanswered: 0,
            since: Instant::now(),
            ages: Latencies::default(),
            told: TellingCost::default(),
        }
    }

    /// Connects agents and has them watch the inbox.
    pub fn bring_agents(&mut self, crowd: &mut Crowd, count: usize) -> Result<()> {
        for nth in 0..count {
            let line = crowd.dial(&self.host.agent())?;
            self.of_line.resize(line.0 as usize, None);
            self.of_line.push(Some(nth as u32));
            self.agents.push(Agent {
                line,
                rows: vec![BEGINNING; self.sent.len()],
                open: None,
                read: 0,
            });
        }
        let deadline = Instant::now() + CONVERGED_WITHIN;
        while self.watching < count {
            crowd.hear_batch(Duration::from_millis(100), self)?;
            ensure!(
                Instant::now() < deadline,
                "{} of {count} agents watch the inbox",
                self.watching
            );
        }
        Ok(())
    }

    /// Forgets what has been measured.
    pub fn measure(&mut self) {
        (self.ages, self.told, self.since) =
            (Latencies::default(), TellingCost::default(), Instant::now());
    }

    /// Waits until everybody holds the last state of every row; whether they do.
    pub fn converge(&mut self, crowd: &mut Crowd) -> Result<bool> {
        let deadline = Instant::now() + CONVERGED_WITHIN;
        while !self.is_settled() && Instant::now() < deadline {
            crowd.hear_batch(Duration::from_millis(5), self)?;
        }
        Ok(self.is_settled())
    }

    /// Who holds what that is not the last, in words.
    pub fn behind(&self) -> String {
        let mut out = format!("{} messages have no answer\n", self.unanswered);
        for (nth, agent) in self.agents.iter().enumerate() {
            let rows = agent.rows.iter().enumerate().filter(|(row, seq)| **seq != self.last(*row));
            for (row, seq) in rows.take(3) {
                let (id, last) = (&self.pairs.list[row].conversation, self.last(row));
                let _ = writeln!(out, "agent {nth} holds {seq} of {id}, and {last} is the last");
            }
        }
        out
    }

    fn last(&self, row: usize) -> u64 {
        BEGINNING + self.sent[row].len() as u64
    }

    fn is_settled(&self) -> bool {
        let holds =
            |agent: &Agent| agent.rows.iter().enumerate().all(|(row, seq)| *seq == self.last(row));
        self.unanswered == 0 && self.agents.iter().all(holds)
    }

    fn agent_hears(&mut self, crowd: &mut Crowd, nth: usize, frame: &Told<'_>) -> Result<()> {
        match (frame.sig.as_deref(), &frame.data, frame.re) {
            (Some("inbox.row"), Some(data), _) => {
                let id = frame.conversation.as_deref().unwrap_or_default();
                if let Some(&row) = self.of_conversation.get(id) {
                    self.row_told(nth, row, data.seq, crowd.now)?;
                }
            }
            (Some("inbox.counts"), Some(data), _) => {
                self.agents[nth].open = data.open;
                self.told.counts += 1;
            }
            (_, _, Some(HELLO)) => {
                let watch = wire::ask(self.host.codec, INBOX, "inbox.watch", json!({ "on": true }));
                return crowd.say(self.agents[nth].line, &watch);
            }
            (_, _, Some(INBOX)) => {
                self.watching += 1;
                return Ok(());
            }
            _ => return Ok(()),
        }
        self.told.frames += 1;
        if self.agents[nth].read != crowd.reads {
            self.agents[nth].read = crowd.reads;
            self.told.bursts += 1;
        }
        Ok(())
    }

    fn row_told(&mut self, nth: usize, row: usize, seq: u64, now: Instant) -> Result<()> {
        let last = self.last(row);
        if seq > last {
            return Err(self
                .pairs
                .unexpected(row, format!("a row with number {seq}, and {last} is the last")));
        }
        let held = &mut self.agents[nth].rows[row];
        // Rows may be repeated and late: the highest number stands.
        for known in *held..seq {
            let intended = self.sent[row][(known - BEGINNING) as usize];
            if intended >= self.since {
                self.ages.record(now.saturating_duration_since(intended));
            }
        }
        *held = seq.max(*held);
        Ok(())
    }
}

impl Ear for Rows<'_> {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let agent = self.of_line.get(line.0 as usize).copied().flatten();
        let bytes = match (heard, agent) {
            (Heard::Frame(bytes), _) => bytes,
            (Heard::Open, Some(nth)) => {
                let args = json!({ "token": self.host.agent_token(nth as usize) });
                return crowd.say(line, &wire::ask(self.host.codec, HELLO, "hello", args));
            }
            (Heard::Open, None) => return Ok(()),
            (Heard::Ended(why), _) => bail!("connection {line:?} ended: {why}"),
        };
        let frame = wire::read(self.host.codec, bytes)?;
        if let Some(refusal) = &frame.err {
            bail!("{line:?} was refused: {} ({})", refusal.code, refusal.message);
        }
        if let Some(nth) = agent {
            return self.agent_hears(crowd, nth as usize, &frame);
        }
        if let (Some(_), Some((pair, _)), Some(ok)) = (frame.re, self.pairs.of(line), &frame.ok) {
            self.unanswered -= 1;
            let deed = Deed::IsAnswered { number: frame.re.unwrap_or_default(), seq: ok.seq };
            self.pairs.note(pair, Who::Visitor, deed, crowd.now);
        }
        Ok(())
    }
}

impl Player for Rows<'_> {
    fn play(&mut self, crowd: &mut Crowd, nth: u64, intended: Instant) -> Result<()> {
        let row = self.order[nth as usize % self.order.len()] as usize;
        self.sent[row].push(intended);
        self.unanswered += 1;
        let number = self.sent[row].len() as u32;
        self.pairs.note(row, Who::Visitor, Deed::Sends(number), Instant::now());
        let to = &self.pairs.list[row];
        let (key, text) = (format!("m{number}"), wire::text(number, 200));
        let args = SendArgs { conversation: &to.conversation, key: &key, text: &text };
        crowd.say(to.visitor, &wire::ask(self.host.codec, number, "message.send", args))
    }
}
