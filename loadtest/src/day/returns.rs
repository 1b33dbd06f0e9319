//! People come, go and come back with what they saw last and what they are still waiting for.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::RngExt as _;
use serde_json::json;

use super::case::Case;
use super::person::{Whose, Wish};
use super::{Agent, Day, Due};
use crate::crowd::Crowd;
use crate::verify::Fault;
use crate::wire::{self, Event, Told};

/// The longest a client waits before it tries again.
const AWAY_MAX: Duration = Duration::from_millis(300);
/// The longest a page takes to load again.
const RELOADS_WITHIN: Duration = Duration::from_secs(2);

/// A snapshot as `hello` or `conversation.watch` answers it.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub events: &'a [Event<'a>],
    pub head: u64,
    /// Neither refused, nor a reset, nor only a part.
    pub is_whole: bool,
}

impl Day<'_> {
    /// The team comes in.
    pub fn begin(&mut self, crowd: &mut Crowd) -> Result<()> {
        for nth in 0..self.plan.agents {
            let mut agent = Agent::default();
            self.host.agent_token(nth).clone_into(&mut agent.person.token);
            self.agents.push(agent);
            self.dial(crowd, Whose::Agent(nth as u32))?;
        }
        Ok(())
    }

    /// A visitor comes.
    pub(super) fn arrive(&mut self, crowd: &mut Crowd) -> Result<()> {
        self.begun += 1;
        self.cases.insert(self.begun, Case::new());
        self.open.push(self.begun);
        self.dial(crowd, Whose::Visitor(self.begun))
    }

    pub(super) fn dial(&mut self, crowd: &mut Crowd, whose: Whose) -> Result<()> {
        let target = match whose {
            Whose::Visitor(_) => self.host.visitor(),
            Whose::Agent(_) => self.host.agent(),
        };
        let Some(person) = self.person(whose) else { return Ok(()) };
        match crowd.dial(&target) {
            Ok(line) => {
                person.line = Some(line);
                self.of_line.insert(line, whose);
            }
            // The server is being restarted: refused at once.
            Err(_) if self.plan.chaos => self.comes_back_soon(whose),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    pub(super) fn greet(&mut self, crowd: &mut Crowd, whose: Whose) -> Result<()> {
        let conversation = match whose {
            Whose::Visitor(conversation) => conversation,
            Whose::Agent(_) => 0,
        };
        let Some(person) = self.person(whose) else { return Ok(()) };
        let mut args = json!({});
        if !person.token.is_empty() {
            args["token"] = person.token.clone().into();
        }
        if let Some(case) = self.cases.get(&conversation).filter(|case| !case.id.is_empty()) {
            let after = case.seen_by_visitor.last;
            args["watch"] = json!([{ "conversation": case.id, "after": after }]);
        }
        self.ask(crowd, whose, Wish::Hello, (conversation, None), args, Instant::now())
    }

    /// The visitor has been let in.
    pub(super) fn visitor_is_in(
        &mut self,
        crowd: &mut Crowd,
        conversation: u32,
        frame: &Told<'_>,
    ) -> Result<()> {
        let whose = Whose::Visitor(conversation);
        let Some(ok) = &frame.ok else { return Ok(()) };
        let case = self.case(conversation)?;
        case.visitor.is_present = true;
        if let Some(token) = &ok.token {
            case.visitor.token = token.to_string();
        }
        if let Some(watched) = ok.watching.first() {
            let is_whole = watched.err.is_none() && !watched.more && !watched.reset;
            let page = Page { events: &watched.events, head: watched.head, is_whole };
            self.snapshot(crowd, whose, conversation, &page)?;
        } else if let Some(row) = &ok.conversation {
            // The start was committed, and its answer was lost.
            self.named(conversation, &row.id)?;
            self.ask_to_watch(crowd, whose, conversation)?;
        } else if self.case(conversation)?.visitor.errands.is_empty() {
            return self.start(crowd, conversation);
        }
        self.ask_all_again(crowd, whose)
    }

    fn start(&mut self, crowd: &mut Crowd, conversation: u32) -> Result<()> {
        let now = Instant::now();
        let number = self.case(conversation)?.next_number(now);
        let args = json!({ "key": "start", "text": wire::text(number, 60) });
        let about = (conversation, Some(number));
        self.ask(crowd, Whose::Visitor(conversation), Wish::Start, about, args, now)
    }

    /// The conversation's id is known.
    pub(super) fn named(&mut self, conversation: u32, id: &str) -> Result<()> {
        let case = self.case(conversation)?;
        if case.id.is_empty() {
            id.clone_into(&mut case.id);
            self.by_id.insert(id.to_owned(), conversation);
            self.wait_to_be_claimed(conversation);
        }
        Ok(())
    }

    /// The agent has been let in.
    pub(super) fn agent_is_in(
        &mut self,
        crowd: &mut Crowd,
        nth: u32,
        frame: &Told<'_>,
    ) -> Result<()> {
        let whose = Whose::Agent(nth);
        let agent = &mut self.agents[nth as usize];
        if let Some(me) = frame.ok.as_ref().and_then(|ok| ok.me.as_ref()) {
            agent.id = me.id.to_string();
        }
        agent.person.is_present = true;
        let on = json!({ "on": true });
        self.ask(crowd, whose, Wish::InboxWatch, (0, None), on, Instant::now())?;
        let theirs = |case: &Case| case.watchers.contains_key(&nth);
        let cases = self.cases.iter().filter(|(_, case)| theirs(case));
        let watched: Vec<u32> = cases.map(|(conversation, _)| *conversation).collect();
        for conversation in watched {
            self.ask_to_watch(crowd, whose, conversation)?;
        }
        self.ask_all_again(crowd, whose)
    }

    /// A snapshot: exactly what was missed.
    pub(super) fn snapshot(
        &mut self,
        crowd: &mut Crowd,
        whose: Whose,
        conversation: u32,
        page: &Page<'_>,
    ) -> Result<()> {
        if !page.is_whole {
            let words = format!("the snapshot is refused, a reset or only a part: {page:?}");
            return self.judge(conversation, Err(Fault::Unexpected(words)));
        }
        for event in page.events {
            let author = self.author(&event.by.role, &event.by.id);
            let number = event.data.text.as_deref().and_then(wire::number);
            let fact = super::fact(Some(&event.ev), author, number, event.at)?;
            self.take(crowd, whose, conversation, (event.seq, fact))?;
        }
        let stands =
            self.case(conversation)?.view(whose).and_then(|view| view.stands_at(page.head));
        self.judge(conversation, stands)
    }

    /// Leaves without a word and comes back in a while; whether it was there.
    pub(super) fn reloads(&mut self, crowd: &mut Crowd, whose: Whose) -> Result<bool> {
        let Some(person) = self.person(whose).filter(|person| person.is_present) else {
            return Ok(false);
        };
        // A page that has not got its conversation yet does not know what to come back to.
        if person.errands.values().any(|errand| errand.wish == Wish::Start) {
            return Ok(false);
        }
        person.line.into_iter().for_each(|line| crowd.hang_up(line));
        self.goes(whose);
        let away = RELOADS_WITHIN.mul_f64(self.rng.random_range(0.0..1.0));
        self.at(Instant::now() + away, Due::Dial(whose));
        Ok(true)
    }

    pub(super) fn goes(&mut self, whose: Whose) {
        let Some(person) = self.person(whose) else { return };
        let line = person.line;
        person.loses_connection();
        line.inspect(|line| _ = self.of_line.remove(line));
        if let Whose::Agent(nth) = whose {
            let agent = &mut self.agents[nth as usize];
            (agent.since, agent.rows) = (None, Default::default());
        }
    }

    pub(super) fn comes_back_soon(&mut self, whose: Whose) {
        let away = AWAY_MAX.mul_f64(self.rng.random_range(0.1..1.0));
        self.at(Instant::now() + away, Due::Dial(whose));
    }

    /// Everything without an answer, in the order it was first asked.
    fn ask_all_again(&mut self, crowd: &mut Crowd, whose: Whose) -> Result<()> {
        self.tally.returns += 1;
        let Some(person) = self.person(whose) else { return Ok(()) };
        let keyed = person.errands.values().filter(|errand| errand.wish.is_keyed());
        let frames: Vec<_> = keyed.map(|errand| errand.frame.clone()).collect();
        let line = person.line;
        self.tally.asked_again += frames.len() as u64;
        frames.iter().try_for_each(|frame| line.map_or(Ok(()), |line| crowd.say(line, frame)))
    }

    /// One question that was put off, if its connection is still the same.
    pub(super) fn ask_again(&mut self, crowd: &mut Crowd, whose: Whose, id: u32) -> Result<()> {
        let Some(person) = self.person(whose).filter(|person| person.is_present) else {
            return Ok(());
        };
        match (person.line, person.errands.get(&id)) {
            (Some(line), Some(errand)) => crowd.say(line, &errand.frame.clone()),
            _ => Ok(()),
        }
    }
}
