//! The way in, for all at once: connect, `hello`, `conversation.start`, and whatever else is planned.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::json;

use super::{Pair, Pairs, Plan, Side};
use crate::crowd::LineId;
use crate::crowd::{Crowd, Ear, Heard};
use crate::host::Host;
use crate::progress::Progress;
use crate::verify::{Story, View};
use crate::wire::{self, SendArgs, Told};

/// Connections being made at once: fewer than the kernel lets wait.
const WINDOW: usize = 512;
/// How long all may take when nothing moves any more.
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// The questions asked on the way in. What a scenario asks is numbered from 1, so these are far off.
mod ask {
    pub const HELLO: u32 = 0xffff_0000;
    pub const START: u32 = 0xffff_0001;
    pub const SAY: u32 = 0xffff_0002;
    pub const UNWATCH: u32 = 0xffff_0003;
    pub const CLAIM: u32 = 0xffff_0004;
}

/// Brings everybody in.
pub(super) fn gather(crowd: &mut Crowd, host: &Host, plan: Plan) -> Result<Pairs> {
    let pairs = Pairs { list: Vec::with_capacity(plan.count), of_line: Vec::new() };
    let progress = Progress::new("connecting", plan.count as u64);
    let mut gathering = Gathering { pairs, host, plan, ready: 0, moved: Instant::now(), progress };
    gathering.fill(crowd)?;
    while !gathering.has_heard_enough() {
        crowd.hear_batch(Duration::from_millis(100), &mut gathering)?;
        let Gathering { ready, moved, .. } = gathering;
        ensure!(moved.elapsed() < STUCK_AFTER, "nothing moves: {ready} of {} are in", plan.count);
    }
    Ok(gathering.pairs)
}

struct Gathering<'a> {
    pairs: Pairs,
    host: &'a Host,
    plan: Plan,
    ready: usize,
    moved: Instant,
    progress: Progress,
}

impl Ear for Gathering<'_> {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let Some((pair, side)) = self.pairs.of(line) else { return Ok(()) };
        self.moved = Instant::now();
        let frame = match heard {
            Heard::Open => return self.greet(crowd, pair, side),
            Heard::Ended(why) => {
                bail!("the connection of {side:?} {pair} ended on the way in: {why}")
            }
            Heard::Frame(bytes) => wire::read(self.host.codec, bytes)?,
        };
        if frame.ev.is_some() {
            self.pairs.take(pair, side, &frame)?;
            return self.ready(crowd, pair);
        }
        if let Some(refusal) = &frame.err {
            bail!(
                "{side:?} {pair} was refused on the way in: {} ({})",
                refusal.code,
                refusal.message
            );
        }
        match frame.re {
            Some(re) => self.answered(crowd, (pair, side), re, &frame),
            None => Ok(()),
        }
    }

    fn has_heard_enough(&self) -> bool {
        self.ready == self.plan.count
    }
}

impl Gathering<'_> {
    /// Begins as many as the window allows.
    fn fill(&mut self, crowd: &mut Crowd) -> Result<()> {
        while self.pairs.list.len() < self.plan.count && self.pairs.list.len() - self.ready < WINDOW
        {
            let visitor = crowd.dial(&self.host.visitor())?;
            self.pairs.assign(visitor, self.pairs.list.len(), Side::Visitor);
            self.pairs.list.push(Pair {
                visitor,
                agent: None,
                token: String::new(),
                conversation: String::new(),
                seen_by_visitor: View::default(),
                seen_by_agent: View::default(),
                story: Story::default(),
                is_settled: false,
                is_ready: false,
            });
        }
        Ok(())
    }

    fn greet(&self, crowd: &mut Crowd, pair: usize, side: Side) -> Result<()> {
        let Pair { visitor, agent, conversation, .. } = &self.pairs.list[pair];
        let (line, args) = match (side, agent) {
            (Side::Agent, Some(agent)) => {
                let watch = json!([{ "conversation": conversation, "after": 0 }]);
                (*agent, json!({ "token": self.host.agent_token(pair), "watch": watch }))
            }
            _ => (*visitor, json!({})),
        };
        crowd.say(line, &wire::ask(self.host.codec, ask::HELLO, "hello", args))
    }

    fn answered(
        &mut self,
        crowd: &mut Crowd,
        (pair, side): (usize, Side),
        re: u32,
        frame: &Told<'_>,
    ) -> Result<()> {
        let codec = self.host.codec;
        let answer = frame.ok.as_ref();
        let Pair { visitor, agent, conversation, token, .. } = &mut self.pairs.list[pair];
        match (side, re) {
            (Side::Visitor, ask::HELLO) => {
                *token = answer.and_then(|ok| ok.token.as_deref()).unwrap_or_default().to_owned();
                let args = json!({ "key": "start", "text": "Hello, is anybody there?" });
                crowd.say(*visitor, &wire::ask(codec, ask::START, "conversation.start", args))
            }
            (Side::Visitor, ask::START) => {
                let row = answer.and_then(|ok| ok.conversation.as_ref());
                *conversation = row.map(|row| row.id.to_string()).unwrap_or_default();
                if !self.plan.one_more {
                    return self.begun(crowd, pair);
                }
                let text = wire::text(0, 60);
                let args = SendArgs { conversation, key: "one more", text: &text };
                crowd.say(*visitor, &wire::ask(codec, ask::SAY, "message.send", args))
            }
            (Side::Visitor, ask::SAY) => self.begun(crowd, pair),
            (Side::Agent, ask::HELLO) => {
                let args = json!({ "conversation": conversation, "key": "claim" });
                let claim = wire::ask(codec, ask::CLAIM, "conversation.claim", args);
                let agent = *agent;
                self.pairs.snapshot(pair, Side::Agent, frame)?;
                agent.map_or(Ok(()), |agent| crowd.say(agent, &claim))
            }
            (Side::Agent, ask::CLAIM) => self.settled(crowd, pair),
            (Side::Visitor, ask::UNWATCH) => self.unwatched(crowd, pair),
            _ => Ok(()),
        }
    }

    /// The conversation is there.
    fn begun(&mut self, crowd: &mut Crowd, pair: usize) -> Result<()> {
        if !self.plan.agents {
            return self.settled(crowd, pair);
        }
        let agent = crowd.dial(&self.host.agent())?;
        self.pairs.list[pair].agent = Some(agent);
        self.pairs.assign(agent, pair, Side::Agent);
        Ok(())
    }

    /// Everybody is there.
    fn settled(&mut self, crowd: &mut Crowd, pair: usize) -> Result<()> {
        if self.plan.visitor_watches {
            return self.unwatched(crowd, pair);
        }
        let Pair { visitor, conversation, .. } = &self.pairs.list[pair];
        let args = json!({ "conversation": conversation });
        crowd.say(*visitor, &wire::ask(self.host.codec, ask::UNWATCH, "conversation.unwatch", args))
    }

    /// Nothing more is asked.
    fn unwatched(&mut self, crowd: &mut Crowd, pair: usize) -> Result<()> {
        self.pairs.list[pair].is_settled = true;
        self.ready(crowd, pair)
    }

    /// Ready, if all that was committed has been seen as well: an answer may come before its event.
    fn ready(&mut self, crowd: &mut Crowd, pair: usize) -> Result<()> {
        let events = 2 + u64::from(self.plan.one_more) + u64::from(self.plan.agents);
        let here = &mut self.pairs.list[pair];
        let visitor_has_all = !self.plan.visitor_watches || here.seen_by_visitor.last >= events;
        let agent_has_all = !self.plan.agents || here.seen_by_agent.last >= events;
        if here.is_settled && !here.is_ready && visitor_has_all && agent_has_all {
            here.is_ready = true;
            self.ready += 1;
            self.progress.at(self.ready as u64);
            self.fill(crowd)?;
        }
        Ok(())
    }
}
