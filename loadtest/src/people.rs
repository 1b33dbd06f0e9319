//! Visitors with a conversation each, and an agent beside each if asked for: how every scenario begins.

mod gathering;

use std::time::Instant;

use anyhow::Result;

use crate::crowd::{Crowd, LineId};
use crate::host::Host;
use crate::verify::{Deed, Fault, Seen, Story, View, Who, told};
use crate::wire::{self, Told};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Visitor,
    Agent,
}

/// Who is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub count: usize,
    /// With an agent's connection each, which watches and owns the conversation.
    pub agents: bool,
    /// With one more message after the first.
    pub one_more: bool,
    /// Whether the visitor goes on watching.
    pub visitor_watches: bool,
}

/// One conversation and its people.
pub struct Pair {
    pub visitor: LineId,
    pub agent: Option<LineId>,
    pub token: String,
    pub conversation: String,
    pub seen_by_visitor: View,
    pub seen_by_agent: View,
    pub story: Story,
    /// Every question on the way in has been answered.
    is_settled: bool,
    is_ready: bool,
}

/// All of them.
pub struct Pairs {
    pub list: Vec<Pair>,
    /// By connection.
    of_line: Vec<Option<(u32, Side)>>,
}

impl Pairs {
    /// Brings everybody in.
    pub fn gather(crowd: &mut Crowd, host: &Host, plan: Plan) -> Result<Self> {
        gathering::gather(crowd, host, plan)
    }

    /// Whose connection it is.
    pub fn of(&self, line: LineId) -> Option<(usize, Side)> {
        let (pair, side) = (*self.of_line.get(line.0 as usize)?)?;
        Some((pair as usize, side))
    }

    /// From now on this connection belongs to that side of that pair.
    pub fn assign(&mut self, line: LineId, pair: usize, side: Side) {
        let place = line.0 as usize;
        if self.of_line.len() <= place {
            self.of_line.resize(place + 1, None);
        }
        self.of_line[place] = Some((pair as u32, side));
    }

    /// Judges a live event and takes it into the story.
    pub fn take(&mut self, pair: usize, side: Side, frame: &Told<'_>) -> Result<()> {
        self.take_seen(pair, side, frame.seen(), frame.number())
    }

    /// The same for an event of a page.
    pub fn take_seen(
        &mut self,
        pair: usize,
        side: Side,
        event: Seen,
        number: Option<u32>,
    ) -> Result<()> {
        let Pair { seen_by_visitor, seen_by_agent, story, conversation, .. } = &mut self.list[pair];
        let (view, who) = match side {
            Side::Visitor => (seen_by_visitor, Who::Visitor),
            Side::Agent => (seen_by_agent, Who::Agent),
        };
        story.add(Instant::now(), who, Deed::Sees { seq: event.seq, number });
        view.take(event).map_err(|fault| told(fault, conversation, story))
    }

    /// Remembers a deed.
    pub fn note(&mut self, pair: usize, who: Who, deed: Deed, now: Instant) {
        self.list[pair].story.add(now, who, deed);
    }

    /// Passes a verdict on, with the story if it is a fault.
    pub fn judge<T>(&self, pair: usize, verdict: Result<T, Fault>) -> Result<T> {
        let Pair { conversation, story, .. } = &self.list[pair];
        verdict.map_err(|fault| told(fault, conversation, story))
    }

    /// An error that is nobody's fault in particular, with the story.
    pub fn unexpected(&self, pair: usize, words: impl Into<String>) -> anyhow::Error {
        let Pair { conversation, story, .. } = &self.list[pair];
        told(Fault::Unexpected(words.into()), conversation, story)
    }
}

impl Pairs {
    /// Takes the first snapshot in an answer to `hello`: exactly what was missed.
    pub fn snapshot(&mut self, pair: usize, side: Side, frame: &Told<'_>) -> Result<()> {
        let watched = frame.ok.as_ref().and_then(|ok| ok.watching.first());
        let Some(watched) = watched else {
            return Err(self.unexpected(pair, "the answer to hello has no snapshot"));
        };
        if let Some(refusal) = &watched.err {
            return Err(
                self.unexpected(pair, format!("the snapshot was refused: {}", refusal.code))
            );
        }
        if watched.reset || watched.more {
            return Err(self.unexpected(pair, "the snapshot is a reset, or only a part"));
        }
        for event in &watched.events {
            let number = event.data.text.as_deref().and_then(wire::number);
            self.take_seen(pair, side, event.seen(), number)?;
        }
        let Pair { seen_by_visitor, seen_by_agent, .. } = &self.list[pair];
        let view = if side == Side::Visitor { seen_by_visitor } else { seen_by_agent };
        self.judge(pair, view.stands_at(watched.head))
    }
}
