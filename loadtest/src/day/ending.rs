//! Conversations are seen off once their close has reached everybody, and the whole day is settled.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use rand::RngExt as _;
use serde_json::json;

use super::Day;
use super::person::{Whose, Wish};
use super::reading::{self, Kept};
use crate::crowd::Crowd;
use crate::verify::Fault;
use crate::wire;

/// The contract's ten seconds for an answer, and time for restarts in between.
const STUCK_AFTER: Duration = Duration::from_secs(30);
/// The contract's time for a row, and time for a busy machine: on one node, and on several.
const ROW_WITHIN: Duration = Duration::from_secs(1);
const ROW_WITHIN_ON_SEVERAL: Duration = Duration::from_secs(6);
/// An inbox that has been watched for so long before a change has surely been told of it.
const WATCHED_BEFORE: Duration = Duration::from_secs(1);
/// One closed conversation in so many is read back at the end, and at most so many.
const KEPT_ONE_IN: u64 = 7;
const KEPT_MAX: usize = 2_000;

/// The last state of a row.
pub(super) struct Final {
    id: String,
    seq: u64,
    /// Not before this the row changed for the last time.
    changed: Instant,
    /// By now the change is known to have happened.
    known: Instant,
}

impl Day<'_> {
    /// If its close has reached everybody: judges the whole, and lets everybody go.
    pub(super) fn see_off(&mut self, crowd: &mut Crowd, conversation: u32) -> Result<()> {
        let too_late = self.rng.random_bool(0.25);
        let Some(case) = self.cases.get_mut(&conversation) else { return Ok(()) };
        if !case.is_over() {
            return Ok(());
        }
        let verdict = case.finish();
        let tries = !case.tried_too_late && too_late && case.visitor.is_present;
        case.tried_too_late = true;
        self.judge(conversation, verdict)?;
        if tries { self.say_too_late(crowd, conversation) } else { self.part(crowd, conversation) }
    }

    fn say_too_late(&mut self, crowd: &mut Crowd, conversation: u32) -> Result<()> {
        let now = Instant::now();
        let case = self.case(conversation)?;
        let number = case.next_number(now);
        let (key, text) = (format!("m{number}"), wire::text(number, 120));
        let args = json!({ "conversation": case.id, "key": key, "text": text });
        let about = (conversation, Some(number));
        self.ask(crowd, Whose::Visitor(conversation), Wish::SayTooLate, about, args, now)
    }

    fn part(&mut self, crowd: &mut Crowd, conversation: u32) -> Result<()> {
        let Some(case) = self.cases.remove(&conversation) else { return Ok(()) };
        self.by_id.remove(&case.id);
        self.open.retain(|open| *open != conversation);
        if let Some(line) = case.visitor.line {
            self.of_line.remove(&line);
            crowd.hang_up(line);
        }
        for agent in case.watchers.keys() {
            let args = json!({ "conversation": case.id });
            let about = (conversation, None);
            self.ask(crowd, Whose::Agent(*agent), Wish::Unwatch, about, args, Instant::now())?;
        }
        self.tally.closed += 1;
        let seq = case.told_agents.head();
        let (id, changed) = (case.id.clone(), case.changed);
        self.finals.push_back(Final { id, seq, changed, known: Instant::now() });
        if self.tally.closed.is_multiple_of(KEPT_ONE_IN) && self.archive.len() < KEPT_MAX {
            self.archive.push(Kept::of(&case));
        }
        Ok(())
    }

    /// Now and then: nothing waits too long, and rows of closed conversations have come.
    pub fn look_around(&mut self) -> Result<()> {
        let agents = self.agents.iter().flat_map(|agent| agent.person.errands.values());
        let visitors = self.cases.values().flat_map(|case| case.visitor.errands.values());
        let stuck = agents.chain(visitors).find(|errand| errand.intended.elapsed() > STUCK_AFTER);
        if let Some(errand) = stuck.filter(|errand| errand.wish.is_keyed()) {
            let words = format!("{:?} has had no answer for {STUCK_AFTER:?}", errand.wish);
            return self.judge(errand.conversation, Err(Fault::Unexpected(words)));
        }
        let closed = self
            .cases
            .iter()
            .filter(|(_, case)| case.told_visitor.is_closed || case.told_agents.is_closed);
        if let Some((conversation, _)) =
            closed.into_iter().find(|(_, case)| case.changed.elapsed() > STUCK_AFTER)
        {
            let words = format!("the close has not reached everybody for {STUCK_AFTER:?}");
            return self.judge(*conversation, Err(Fault::Unexpected(words)));
        }
        let within = self.row_within();
        while let Some(row) = self.finals.pop_front_if(|row| row.known.elapsed() > within) {
            self.judge_row(&row)?;
            self.agents.iter_mut().for_each(|agent| _ = agent.rows.remove(&row.id));
        }
        Ok(())
    }

    fn row_within(&self) -> Duration {
        if self.host.ws_urls.len() > 1 { ROW_WITHIN_ON_SEVERAL } else { ROW_WITHIN }
    }

    /// Every agent whose socket watched the inbox before the change holds it.
    fn judge_row(&self, row: &Final) -> Result<()> {
        for (nth, agent) in self.agents.iter().enumerate() {
            let Some(since) = agent.since.filter(|since| *since + WATCHED_BEFORE < row.changed)
            else {
                continue;
            };
            let held = agent.rows.get(&row.id).copied().unwrap_or(0);
            if held != row.seq {
                let Final { id, seq, known, .. } = row;
                let (age, watched) = (known.elapsed(), since.elapsed());
                bail!(
                    "A PROMISE IS BROKEN: the inbox of agent {nth}, watched for {watched:?}, holds {held} \
                     of {id}; {seq} is the last, for {age:?}"
                );
            }
        }
        Ok(())
    }

    /// Nobody acts any more: everything comes to rest, is judged, and is read back by strangers. How
    /// many conversations were.
    pub fn settle(&mut self, crowd: &mut Crowd) -> Result<usize> {
        self.is_ending = true;
        let deadline = Instant::now() + STUCK_AFTER;
        while let Some(restless) = self.restless() {
            if Instant::now() > deadline {
                let words = format!("it does not come to rest within {STUCK_AFTER:?}");
                return self.judge(restless, Err(Fault::Unexpected(words)));
            }
            self.keep_time(crowd)?;
            self.watch_the_unwatched(crowd)?;
            crowd.hear_batch(Duration::from_millis(5), self)?;
        }
        for (conversation, case) in &self.cases {
            self.judge(*conversation, case.finish())?;
        }
        let known = Instant::now();
        crowd.listen(known + self.row_within(), self)?;
        for case in self.cases.values() {
            let (id, seq) = (case.id.clone(), case.told_agents.head());
            self.judge_row(&Final { id, seq, changed: case.changed, known })?;
        }
        self.archive.extend(self.cases.values().map(Kept::of));
        let kept = std::mem::take(&mut self.archive);
        ensure!(!kept.is_empty(), "nothing has happened");
        reading::compare(crowd, self.host, &self.agents_ids(), &kept)?;
        Ok(kept.len())
    }

    /// What nobody has claimed may have notes all the same, which only agents are told of.
    fn watch_the_unwatched(&mut self, crowd: &mut Crowd) -> Result<()> {
        let nobody = |case: &super::Case| case.watchers.is_empty() && !case.id.is_empty();
        let unwatched = self.cases.iter().filter(|(_, case)| nobody(case));
        let unwatched: Vec<u32> = unwatched.map(|(conversation, _)| *conversation).collect();
        unwatched.into_iter().try_for_each(|conversation| self.watches(crowd, 0, conversation))
    }

    fn agents_ids(&self) -> Vec<String> {
        self.agents.iter().map(|agent| agent.id.clone()).collect()
    }

    /// A conversation that is not at rest, or 0 if an agent is away.
    fn restless(&self) -> Option<u32> {
        if self.agents.iter().any(|agent| !agent.person.is_present || agent.since.is_none()) {
            return Some(0);
        }
        let is_restless = |case: &super::Case| {
            !case.visitor.is_present || case.watchers.is_empty() || !case.is_level()
        };
        self.cases.iter().find(|(_, case)| is_restless(case)).map(|(conversation, _)| *conversation)
    }
}
