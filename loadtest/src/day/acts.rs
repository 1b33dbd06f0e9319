//! What people do, each when it is his turn.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::RngExt as _;
use serde_json::{Value, json};

use super::case::{Case, who};
use super::person::{Errand, Whose, Wish};
use super::{Day, Due};
use crate::crowd::Crowd;
use crate::verify::{Deed, View};
use crate::wire;

/// Conversations looked at until one is found where the act makes sense.
const TRIES: usize = 8;
/// How long a visitor waits until somebody wants the conversation.
const WAITS: Duration = Duration::from_millis(300);
/// When nobody was there to claim it.
const SOON: Duration = Duration::from_millis(200);

/// What one does, and how often of a hundred times.
const ACTS: &[(u32, Act)] = &[
    (34, Act::VisitorSays),
    (30, Act::OwnerReplies),
    (14, Act::Types),
    (6, Act::Notes),
    (5, Act::VisitorReloads),
    (1, Act::AgentReloads),
    (4, Act::HandsOver),
    (3, Act::Closes),
    (3, Act::RepliesAndCloses),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    VisitorSays,
    OwnerReplies,
    Types,
    Notes,
    VisitorReloads,
    AgentReloads,
    HandsOver,
    Closes,
    RepliesAndCloses,
}

impl Day<'_> {
    /// Somebody does something.
    pub(super) fn act(&mut self, crowd: &mut Crowd, intended: Instant) -> Result<()> {
        if self.is_ending {
            return Ok(());
        }
        if self.open.len() < self.plan.open {
            return self.arrive(crowd);
        }
        let act = self.chosen();
        for _ in 0..TRIES {
            let conversation = self.open[self.rng.random_range(0..self.open.len())];
            if self.acts(crowd, act, conversation, intended)? {
                break;
            }
        }
        Ok(())
    }

    fn chosen(&mut self) -> Act {
        let mut left = self.rng.random_range(0..100);
        for (share, act) in ACTS {
            if left < *share {
                return *act;
            }
            left -= share;
        }
        Act::VisitorSays
    }

    /// Whether it made sense.
    fn acts(
        &mut self,
        crowd: &mut Crowd,
        act: Act,
        conversation: u32,
        intended: Instant,
    ) -> Result<bool> {
        let visitor = Whose::Visitor(conversation);
        let owner = self.owner(conversation)?;
        let wish = match act {
            Act::VisitorReloads => return self.reloads(crowd, visitor),
            Act::AgentReloads => {
                let agent = self.rng.random_range(0..self.agents.len() as u32);
                return self.reloads(crowd, Whose::Agent(agent));
            }
            Act::Types => return self.types(crowd, conversation, owner),
            Act::VisitorSays => {
                return self.asks(crowd, visitor, Wish::Say, conversation, intended);
            }
            Act::Notes => {
                let agent = Whose::Agent(self.rng.random_range(0..self.agents.len() as u32));
                return self.asks(crowd, agent, Wish::Note, conversation, intended);
            }
            Act::OwnerReplies => Wish::Say,
            Act::HandsOver => Wish::Unclaim,
            Act::Closes => Wish::Close,
            Act::RepliesAndCloses => Wish::SayAndClose,
        };
        match owner {
            Some(owner) => self.asks(crowd, Whose::Agent(owner), wish, conversation, intended),
            None => Ok(false),
        }
    }

    /// The owner as agents were told, if he has not asked to be rid of it.
    fn owner(&mut self, conversation: u32) -> Result<Option<u32>> {
        let case = self.case(conversation)?;
        Ok(case.told_agents.owner.filter(|_| !case.is_let_go))
    }

    fn types(&mut self, crowd: &mut Crowd, conversation: u32, owner: Option<u32>) -> Result<bool> {
        let whose = match owner {
            Some(owner) if self.rng.random_bool(0.5) => Whose::Agent(owner),
            _ => Whose::Visitor(conversation),
        };
        self.asks(crowd, whose, Wish::Typing, conversation, Instant::now())
    }

    /// Asks, if the person is there and the conversation is still to be acted on; whether it did.
    pub(super) fn asks(
        &mut self,
        crowd: &mut Crowd,
        whose: Whose,
        wish: Wish,
        conversation: u32,
        intended: Instant,
    ) -> Result<bool> {
        let is_there = self.person(whose).is_some_and(|person| person.is_present);
        let case = self.case(conversation)?;
        if !is_there || case.is_close_asked || case.id.is_empty() {
            return Ok(false);
        }
        match wish {
            Wish::Close | Wish::SayAndClose => case.is_close_asked = true,
            Wish::Unclaim => (case.is_let_go, case.was_let_go) = (true, true),
            _ => {}
        }
        let has_text = matches!(wish, Wish::Say | Wish::SayAndClose | Wish::Note);
        let number = has_text.then(|| case.next_number(intended));
        let args = args(case, whose, wish, number);
        self.ask(crowd, whose, wish, (conversation, number), args, intended)?;
        Ok(true)
    }

    /// Asks anything.
    pub(super) fn ask(
        &mut self,
        crowd: &mut Crowd,
        whose: Whose,
        wish: Wish,
        (conversation, number): (u32, Option<u32>),
        mut args: Value,
        intended: Instant,
    ) -> Result<()> {
        let codec = self.host.codec;
        let Some(person) = self.person(whose) else { return Ok(()) };
        // Before `hello` is answered nothing else is said: what has a key is asked on the return, and
        // the rest would be gone by then.
        let may_speak = person.is_present || wish == Wish::Hello;
        if !may_speak && !wish.is_keyed() {
            return Ok(());
        }
        let id = person.next();
        if wish.is_keyed() && args["key"].is_null() {
            // Of claims and closes there may be several; each is a command of its own.
            args["key"] = format!("{}{id}", wish.op()).into();
        }
        let frame = wire::ask(codec, id, wish.op(), args);
        let line = person.line.filter(|_| may_speak);
        person
            .errands
            .insert(id, Errand { wish, conversation, number, frame: frame.clone(), intended });
        if let Some(case) = self.cases.get_mut(&conversation).filter(|_| wish.is_keyed()) {
            case.unanswered += 1;
            case.story.add(Instant::now(), who(whose), Deed::Asks { wish: wish.op(), number });
        }
        line.map_or(Ok(()), |line| crowd.say(line, &frame))
    }

    /// Two agents watch a conversation and claim it at the same moment.
    pub(super) fn race_for(&mut self, crowd: &mut Crowd, conversation: u32) -> Result<()> {
        let Some(case) = self.cases.get(&conversation) else { return Ok(()) };
        if case.is_close_asked || self.is_ending {
            return Ok(());
        }
        let present = |nth: &u32| self.agents[*nth as usize].person.is_present;
        let there: Vec<u32> = (0..self.agents.len() as u32).filter(present).collect();
        if there.is_empty() || case.id.is_empty() {
            self.at(Instant::now() + SOON, Due::Claim(conversation));
            return Ok(());
        }
        let first = self.rng.random_range(0..there.len());
        let second = (first + 1) % there.len();
        for agent in [there[first], there[second]] {
            self.watches(crowd, agent, conversation)?;
            self.asks(crowd, Whose::Agent(agent), Wish::Claim, conversation, Instant::now())?;
        }
        Ok(())
    }

    pub(super) fn watches(
        &mut self,
        crowd: &mut Crowd,
        agent: u32,
        conversation: u32,
    ) -> Result<()> {
        let case = self.case(conversation)?;
        if case.watchers.contains_key(&agent) {
            return Ok(());
        }
        case.watchers.insert(agent, View::default());
        self.ask_to_watch(crowd, Whose::Agent(agent), conversation)
    }

    /// From the last event that was seen.
    pub(super) fn ask_to_watch(
        &mut self,
        crowd: &mut Crowd,
        whose: Whose,
        conversation: u32,
    ) -> Result<()> {
        let case = self.case(conversation)?;
        let id = case.id.clone();
        let after = case.view(whose).map_or(0, |view| view.last);
        case.story.add(Instant::now(), who(whose), Deed::ComesBack { after });
        let args = json!({ "conversation": id, "after": after });
        self.ask(crowd, whose, Wish::Watch, (conversation, None), args, Instant::now())
    }

    /// A new conversation will be wanted in a while.
    pub(super) fn wait_to_be_claimed(&mut self, conversation: u32) {
        let waits = WAITS.mul_f64(self.rng.random_range(0.1..2.0));
        self.at(Instant::now() + waits, Due::Claim(conversation));
    }
}

fn args(case: &Case, whose: Whose, wish: Wish, number: Option<u32>) -> Value {
    let mut args = json!({ "conversation": case.id });
    if let Some(number) = number {
        args["key"] = format!("m{number}").into();
        args["text"] = wire::text(number, 120).into();
    }
    match wish {
        Wish::SayAndClose => args["then"] = "close".into(),
        Wish::Typing => args["active"] = matches!(whose, Whose::Visitor(_)).into(),
        _ => {}
    }
    args
}
