//! One conversation of the day: its visitor, the agents who watch it, and what all of them were told.

use std::collections::BTreeMap;
use std::time::Instant;

use super::log::{Fact, Log};
use super::person::{Person, Whose};
use crate::verify::{Deed, Fault, Seen, Story, View, Who};

/// One conversation.
pub struct Case {
    /// The server's id, once it is known.
    pub id: String,
    pub visitor: Person,
    pub seen_by_visitor: View,
    /// The agents who watch it.
    pub watchers: BTreeMap<u32, View>,
    pub told_visitor: Log,
    pub told_agents: Log,
    pub story: Story,
    /// When message n was meant to be said.
    pub said: Vec<Instant>,
    /// Commands with a key and without an answer, of anybody.
    pub unanswered: usize,
    pub refused: Vec<u32>,
    pub is_close_asked: bool,
    /// The owner has asked to be rid of it, and nobody has claimed it since.
    pub is_let_go: bool,
    /// It had several owners, so an agent may ask what is no longer his to ask.
    pub was_let_go: bool,
    pub tried_too_late: bool,
    /// When anybody was last told of something as it happened, not on coming back.
    pub changed: Instant,
}

impl Case {
    pub fn new() -> Self {
        Self {
            id: String::new(),
            visitor: Person::default(),
            seen_by_visitor: View::default(),
            watchers: BTreeMap::new(),
            told_visitor: Log::default(),
            told_agents: Log::default(),
            story: Story::default(),
            said: Vec::new(),
            unanswered: 0,
            refused: Vec::new(),
            is_close_asked: false,
            is_let_go: false,
            was_let_go: false,
            tried_too_late: false,
            changed: Instant::now(),
        }
    }

    /// The number of the next message or note.
    pub fn next_number(&mut self, intended: Instant) -> u32 {
        self.said.push(intended);
        self.said.len() as u32
    }

    /// What `whose` audience is told.
    pub fn log(&mut self, whose: Whose) -> &mut Log {
        match whose {
            Whose::Visitor(_) => &mut self.told_visitor,
            Whose::Agent(_) => &mut self.told_agents,
        }
    }

    /// Somebody is told an event; whether nobody of this audience had been told it before.
    pub fn hear(
        &mut self,
        whose: Whose,
        seq: u64,
        fact: Fact,
        now: Instant,
    ) -> Result<bool, Fault> {
        self.story.add(now, who(whose), Deed::Sees { seq, number: fact.number });
        let for_visitor = matches!(whose, Whose::Visitor(_));
        if for_visitor && !fact.kind.is_for_visitors() {
            return Err(Fault::Leaked(seq));
        }
        let closes = fact.kind == super::log::Kind::Closed;
        self.view(whose)?.take(Seen { seq, at: fact.at, closes })?;
        let log = self.log(whose);
        let is_new = seq > log.head();
        log.hear(seq, if for_visitor { fact.for_visitors() } else { fact })?;
        Ok(is_new)
    }

    /// A receiver's view.
    pub fn view(&mut self, whose: Whose) -> Result<&mut View, Fault> {
        match whose {
            Whose::Visitor(_) => Ok(&mut self.seen_by_visitor),
            Whose::Agent(agent) => {
                let nobody = || Fault::Unexpected(format!("agent {agent} does not watch it"));
                self.watchers.get_mut(&agent).ok_or_else(nobody)
            }
        }
    }

    /// Everybody has been told the same, and nothing is without an answer.
    pub fn is_level(&self) -> bool {
        let visitor = self.seen_by_visitor.last == self.told_visitor.head();
        let agents = self.watchers.values().all(|view| view.last == self.told_agents.head());
        // Whether the two audiences were told the same is judged; here it is only waited for.
        let both = self.told_visitor.agrees_with(&self.told_agents).is_ok();
        self.unanswered == 0 && visitor && agents && both
    }

    /// Whether the close has reached everybody.
    pub fn is_over(&self) -> bool {
        self.told_visitor.is_closed && self.told_agents.is_closed && self.is_level()
    }

    /// Judges what can be judged once everything should have come.
    pub fn finish(&self) -> Result<(), Fault> {
        self.told_visitor.finish()?;
        self.told_agents.finish()?;
        self.told_visitor.agrees_with(&self.told_agents)?;
        let posted =
            |number: &&u32| self.told_agents.holds(**number) || self.told_visitor.holds(**number);
        match self.refused.iter().find(posted) {
            Some(number) => Err(Fault::RefusedAndPosted(*number)),
            None => Ok(()),
        }
    }
}

/// As a story names them.
pub fn who(whose: Whose) -> Who {
    match whose {
        Whose::Visitor(_) => Who::Visitor,
        Whose::Agent(agent) => Who::Colleague(agent),
    }
}
