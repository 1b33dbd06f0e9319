//! A day of a support team, compressed: visitors arrive, write, reload and leave; agents claim (two at
//! once), reply, type, add notes, hand over and close. Everything that anybody is told is judged.
//!
//! `acts.rs` is what people do, `answers.rs` judges answers, `returns.rs` brings people in and back,
//! `ending.rs` sees conversations off, `reading.rs` has strangers read it all back. `case.rs` is one
//! conversation, `log.rs` what is true of it, `person.rs` one connection.
//!
//! Commands are asked again under the same key until they are answered, so it goes on when the server
//! is killed in between.

mod acts;
mod answers;
mod case;
mod ending;
mod log;
mod person;
mod reading;
mod returns;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Instant;

use anyhow::{Result, anyhow, bail};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::host::Host;
use crate::pace::Player;
use crate::stats::Latencies;
use crate::verify::{Deed, Fault, told};
use crate::wire::{self, Told};
use case::Case;
use log::{Author, Fact, Kind};
use person::{Person, Whose};

/// How a verifier is shown to catch what it should: the generator itself breaks what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Sabotage {
    /// One event is not taken in
    Lose,
    /// One event is taken in twice
    Repeat,
    /// One answer names another number
    Misnumber,
}

/// Events between two sabotages, and before the first.
const STRIKE_EVERY: u64 = 2_000;

/// What kind of day.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Conversations open at once.
    pub open: usize,
    pub agents: usize,
    /// Connections may end at any moment.
    pub chaos: bool,
    pub sabotage: Option<Sabotage>,
}

/// What has happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub answers: u64,
    pub events: u64,
    pub signals: u64,
    pub refusals: u64,
    pub put_off: u64,
    pub returns: u64,
    pub asked_again: u64,
    pub closed: u64,
}

/// How long things took, from when they were meant to be said.
#[derive(Debug, Default)]
pub struct Times {
    pub acknowledged: Latencies,
    pub delivered: Latencies,
}

/// What is to be done at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Dial(Whose),
    AskAgain(Whose, u32),
    /// Two agents want the conversation.
    Claim(u32),
}

/// An agent and the inbox as told.
#[derive(Default)]
struct Agent {
    person: Person,
    id: String,
    /// The highest number of each row since the socket watches the inbox.
    rows: HashMap<String, u64>,
    /// Since when it does.
    since: Option<Instant>,
}

/// The whole team and everybody who asks.
pub struct Day<'a> {
    host: &'a Host,
    plan: Plan,
    rng: StdRng,
    agents: Vec<Agent>,
    cases: HashMap<u32, Case>,
    /// By the server's id.
    by_id: HashMap<String, u32>,
    /// Those that somebody can act on.
    open: Vec<u32>,
    of_line: HashMap<LineId, Whose>,
    dues: BinaryHeap<Reverse<(Instant, Due)>>,
    begun: u32,
    /// Closed ones that strangers will read back.
    archive: Vec<reading::Kept>,
    /// The last state of rows that every agent must soon hold.
    finals: VecDeque<ending::Final>,
    is_ending: bool,
    /// The number of the event that the next sabotage is about.
    next_strike: u64,
    pub tally: Tally,
    pub times: Times,
}

impl<'a> Day<'a> {
    pub fn new(host: &'a Host, plan: Plan, seed: u64) -> Self {
        Self {
            host,
            plan,
            rng: StdRng::seed_from_u64(seed),
            agents: Vec::new(),
            cases: HashMap::new(),
            by_id: HashMap::new(),
            open: Vec::new(),
            of_line: HashMap::new(),
            dues: BinaryHeap::new(),
            begun: 0,
            archive: Vec::new(),
            finals: VecDeque::new(),
            is_ending: false,
            next_strike: STRIKE_EVERY,
            tally: Tally::default(),
            times: Times::default(),
        }
    }

    /// Conversations that are open.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    fn case(&mut self, conversation: u32) -> Result<&mut Case> {
        self.cases.get_mut(&conversation).ok_or_else(|| anyhow!("no conversation {conversation}"))
    }

    fn person(&mut self, whose: Whose) -> Option<&mut Person> {
        match whose {
            Whose::Visitor(conversation) => {
                self.cases.get_mut(&conversation).map(|case| &mut case.visitor)
            }
            Whose::Agent(agent) => {
                self.agents.get_mut(agent as usize).map(|agent| &mut agent.person)
            }
        }
    }

    /// Does what is due.
    fn keep_time(&mut self, crowd: &mut Crowd) -> Result<()> {
        let now = Instant::now();
        while let Some(&Reverse((when, due))) = self.dues.peek()
            && when <= now
        {
            self.dues.pop();
            match due {
                Due::Dial(whose) => self.dial(crowd, whose)?,
                Due::AskAgain(whose, errand) => self.ask_again(crowd, whose, errand)?,
                Due::Claim(conversation) => self.race_for(crowd, conversation)?,
            }
        }
        Ok(())
    }

    fn at(&mut self, when: Instant, due: Due) {
        self.dues.push(Reverse((when, due)));
    }

    /// Passes a verdict on, with the story if it is a fault.
    fn judge<T>(&self, conversation: u32, verdict: Result<T, Fault>) -> Result<T> {
        verdict.map_err(|fault| match self.cases.get(&conversation) {
            Some(case) => told(fault, &case.id, &case.story),
            None => anyhow!("A PROMISE IS BROKEN: {fault}"),
        })
    }

    /// Whether the sabotage that was asked for is due. Not only once: whoever loses an event and then comes
    /// back for another reason is rightly given it again, and nobody can tell.
    fn strikes(&mut self, sabotage: Sabotage) -> bool {
        let strikes = self.plan.sabotage == Some(sabotage) && self.tally.events >= self.next_strike;
        if strikes {
            self.next_strike = self.tally.events + STRIKE_EVERY;
        }
        strikes
    }

    fn event(&mut self, crowd: &mut Crowd, whose: Whose, frame: &Told<'_>) -> Result<()> {
        if self.strikes(Sabotage::Lose) {
            return Ok(());
        }
        let id = frame.conversation.as_deref().unwrap_or_default();
        let conversation = match whose {
            Whose::Visitor(conversation) => conversation,
            Whose::Agent(_) => match self.by_id.get(id) {
                Some(conversation) => *conversation,
                None => bail!("A PROMISE IS BROKEN: an event of {id}, which is closed: {frame:?}"),
            },
        };
        let by = frame.by.as_ref();
        let author = self.author(by.map_or("", |by| &by.role), by.map_or("", |by| &by.id));
        let fact = fact(frame.ev.as_deref(), author, frame.number(), frame.at)?;
        if self.take(crowd, whose, conversation, (frame.seq, fact))? {
            self.case(conversation)?.changed = crowd.now;
            self.clock(crowd.now, whose, conversation, fact);
        }
        if self.strikes(Sabotage::Repeat) {
            self.take(crowd, whose, conversation, (frame.seq, fact))?;
        }
        self.see_off(crowd, conversation)
    }

    /// How long a message took to the first of the other side, from when it was meant to be said.
    fn clock(&mut self, now: Instant, whose: Whose, conversation: u32, fact: Fact) {
        let from_other_side =
            matches!(whose, Whose::Visitor(_)) != (fact.author == Author::Visitor);
        let place = fact.number.and_then(|number| number.checked_sub(1));
        let case = self.cases.get(&conversation).filter(|_| from_other_side);
        if let (Kind::Message, Some(case), Some(place)) = (fact.kind, case, place)
            && let Some(said) = case.said.get(place as usize)
        {
            self.times.delivered.record(now.saturating_duration_since(*said));
        }
    }

    /// Takes one event in; whether nobody of its audience had been told it before.
    fn take(
        &mut self,
        crowd: &Crowd,
        whose: Whose,
        conversation: u32,
        (seq, fact): (u64, Fact),
    ) -> Result<bool> {
        self.tally.events += 1;
        let heard = self.case(conversation)?.hear(whose, seq, fact, crowd.now);
        let is_new = self.judge(conversation, heard)?;
        if let (Whose::Agent(_), Kind::Claimed, true) = (whose, fact.kind, is_new) {
            self.case(conversation)?.is_let_go = false;
        }
        Ok(is_new)
    }

    fn author(&self, role: &str, id: &str) -> Author {
        match role {
            "visitor" => Author::Visitor,
            "agent" => match self.agents.iter().position(|agent| agent.id == id) {
                Some(agent) => Author::Agent(agent as u32),
                None => Author::SomeAgent,
            },
            _ => Author::System,
        }
    }

    fn signal(&mut self, whose: Whose, frame: &Told<'_>) {
        self.tally.signals += 1;
        if let (Whose::Agent(agent), Some("inbox.row"), Some(data), Some(id)) =
            (whose, frame.sig.as_deref(), &frame.data, &frame.conversation)
        {
            let row = self.agents[agent as usize].rows.entry(id.to_string()).or_default();
            *row = data.seq.max(*row);
        }
    }

    fn lost(&mut self, whose: Whose, why: &str) -> Result<()> {
        if !self.plan.chaos {
            bail!("the connection of {whose:?} ended: {why}");
        }
        if let Whose::Visitor(conversation) = whose {
            let case = self.case(conversation)?;
            case.story.add(Instant::now(), case::who(whose), Deed::IsGone);
        }
        self.goes(whose);
        self.comes_back_soon(whose);
        Ok(())
    }
}

fn fact(event: Option<&str>, author: Author, number: Option<u32>, at: i64) -> Result<Fact> {
    let event = event.unwrap_or_default();
    let Some(kind) = Kind::named(event) else { bail!("an event that nobody knows: {event}") };
    Ok(Fact { kind, author, number, at })
}

impl Ear for Day<'_> {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let Some(&whose) = self.of_line.get(&line) else { return Ok(()) };
        let bytes = match heard {
            Heard::Open => return self.greet(crowd, whose),
            Heard::Ended(why) => return self.lost(whose, why),
            Heard::Frame(bytes) => bytes,
        };
        let frame = wire::read(self.host.codec, bytes)?;
        match (&frame.ev, &frame.sig, frame.re) {
            (Some(_), ..) => self.event(crowd, whose, &frame),
            (_, Some(_), _) => {
                self.signal(whose, &frame);
                Ok(())
            }
            (_, _, Some(re)) => self.answer(crowd, whose, re, &frame),
            _ => bail!("{whose:?} was sent {}", String::from_utf8_lossy(bytes)),
        }
    }
}

impl Player for Day<'_> {
    fn play(&mut self, crowd: &mut Crowd, _: u64, intended: Instant) -> Result<()> {
        self.keep_time(crowd)?;
        self.act(crowd, intended)
    }
}
