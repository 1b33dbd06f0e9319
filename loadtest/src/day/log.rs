//! What is true of one conversation, as one audience is told it: every receiver must be told the same,
//! every answer must come true, and the facts themselves must keep the rules.
//!
//! A `View` (`verify.rs`) has already seen to it that one receiver gets the numbers in order.

use std::collections::BTreeMap;

use crate::verify::Fault;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Started,
    Message,
    Note,
    Claimed,
    Unclaimed,
    Closed,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    Visitor,
    Agent(u32),
    /// Visitors know agents under another name.
    SomeAgent,
    System,
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    pub kind: Kind,
    pub author: Author,
    /// Of a message or note, ours.
    pub number: Option<u32>,
    pub at: i64,
}

/// What an answer has promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    pub kind: Kind,
    pub author: Author,
    pub number: Option<u32>,
}

/// The events of one conversation in one audience's numbering.
#[derive(Clone, Debug, Default)]
pub struct Log {
    facts: Vec<Fact>,
    promised: BTreeMap<u64, Promise>,
    /// The agent who owns it now, if agents are the audience.
    pub owner: Option<u32>,
    pub is_closed: bool,
    /// Some command was put off and asked again, so one author's commands may have overtaken each other.
    pub may_overtake: bool,
}

impl Kind {
    /// By the name of the event.
    pub fn named(event: &str) -> Option<Self> {
        Some(match event {
            "conversation.started" => Self::Started,
            "message.posted" => Self::Message,
            "note.posted" => Self::Note,
            "conversation.claimed" => Self::Claimed,
            "conversation.unclaimed" => Self::Unclaimed,
            "conversation.closed" => Self::Closed,
            _ => return None,
        })
    }

    /// Whether visitors are told.
    pub fn is_for_visitors(self) -> bool {
        !matches!(self, Self::Note | Self::Unclaimed)
    }
}

impl Log {
    /// The number of the last event.
    pub fn head(&self) -> u64 {
        self.facts.len() as u64
    }

    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Some receiver has been told event `seq`; nobody is told one before its predecessors.
    pub fn hear(&mut self, seq: u64, fact: Fact) -> Result<(), Fault> {
        let place = seq.saturating_sub(1) as usize;
        if let Some(known) = self.facts.get(place) {
            return if *known == fact { Ok(()) } else { Err(Fault::Differs(seq)) };
        }
        if seq != self.head() + 1 {
            return Err(Fault::Gap { due: self.head() + 1, came: seq });
        }
        self.judge(seq, &fact)?;
        self.apply(fact);
        match self.promised.remove(&seq) {
            Some(promise) if !promise.is_kept_by(&fact) => Err(Fault::Promised(seq)),
            _ => Ok(()),
        }
    }

    /// An answer has promised event `seq`, which may have been told already.
    pub fn promise(&mut self, seq: u64, promise: Promise) -> Result<(), Fault> {
        match self.facts.get(seq.saturating_sub(1) as usize) {
            _ if seq == 0 => Err(Fault::Promised(seq)),
            Some(fact) if promise.is_kept_by(fact) => Ok(()),
            Some(_) => Err(Fault::Promised(seq)),
            None => match self.promised.insert(seq, promise) {
                Some(other) if other != promise => Err(Fault::Promised(seq)),
                _ => Ok(()),
            },
        }
    }

    /// Everything should have come by now.
    pub fn finish(&self) -> Result<(), Fault> {
        match self.promised.first_key_value() {
            Some((seq, _)) => Err(Fault::Lost(*seq)),
            None => Ok(()),
        }
    }

    /// Visitors were told what these agents were told, less what is theirs alone.
    pub fn agrees_with(&self, agents: &Log) -> Result<(), Fault> {
        let for_visitors = agents.facts.iter().filter(|fact| fact.kind.is_for_visitors());
        let theirs = for_visitors.map(|fact| fact.for_visitors());
        if theirs.eq(self.facts.iter().copied()) { Ok(()) } else { Err(Fault::Parted) }
    }

    /// Whether a message is in it.
    pub fn holds(&self, number: u32) -> bool {
        self.facts.iter().any(|fact| fact.number == Some(number))
    }

    fn judge(&self, seq: u64, fact: &Fact) -> Result<(), Fault> {
        if self.is_closed {
            return Err(Fault::AfterClose { closed: self.head(), came: seq });
        }
        if let Some(number) = fact.number {
            self.judge_number(seq, number, fact.author)?;
        }
        let Author::Agent(agent) = fact.author else { return Ok(()) };
        match (fact.kind, self.owner) {
            (Kind::Claimed, Some(_)) => Err(Fault::SecondOwner(seq)),
            (Kind::Message | Kind::Unclaimed | Kind::Closed, owner) if owner != Some(agent) => {
                Err(Fault::NotOwner(seq))
            }
            _ => Ok(()),
        }
    }

    fn judge_number(&self, seq: u64, number: u32, author: Author) -> Result<(), Fault> {
        if self.holds(number) {
            return Err(Fault::Doubled { number, seq });
        }
        let theirs = self.facts.iter().rev().filter(|fact| fact.author == author);
        let before = theirs.filter_map(|fact| fact.number).next().unwrap_or(0);
        // Of several agents under one name nothing can be said.
        if number < before && author != Author::SomeAgent && !self.may_overtake {
            return Err(Fault::Overtaken { number, before });
        }
        Ok(())
    }

    fn apply(&mut self, fact: Fact) {
        match (fact.kind, fact.author) {
            (Kind::Claimed, Author::Agent(agent)) => self.owner = Some(agent),
            (Kind::Unclaimed, _) => self.owner = None,
            (Kind::Closed, _) => self.is_closed = true,
            _ => {}
        }
        self.facts.push(fact);
    }
}

impl Promise {
    fn is_kept_by(&self, fact: &Fact) -> bool {
        self.kind == fact.kind && self.author == fact.author && self.number == fact.number
    }
}

impl Fact {
    /// As a visitor is told it.
    pub fn for_visitors(self) -> Self {
        let author = match self.author {
            Author::Agent(_) => Author::SomeAgent,
            author => author,
        };
        Self { author, ..self }
    }
}

#[cfg(test)]
mod tests;
