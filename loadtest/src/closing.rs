//! One conversation after another is watched by everybody and closed, and every view of it is judged.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::json;

use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::host::Host;
use crate::people::{Pairs, Side};
use crate::verify::{Deed, View, Who, told};
use crate::wire::{self, SendArgs, Told};

/// How long one step may take before it is stuck.
const STEP_WITHIN: Duration = Duration::from_secs(15);

const HELLO: u32 = 1;
const WATCH: u32 = 2;
const CLOSE: u32 = 3;
const SAY: u32 = 4;
const PING: u32 = 5;

/// What the message beside the close came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Waiting,
    Posted(u64),
    Refused,
}

/// What one close took.
#[derive(Debug, Default)]
pub struct Times {
    /// To each receiver.
    pub told: Vec<Duration>,
    /// To the answer that whoever closes gets.
    pub acknowledged: Duration,
    /// A question and its answer on the same connection just before, with nothing to commit.
    pub ping: Duration,
}

impl Times {
    /// To the last receiver.
    pub fn last(&self) -> Duration {
        self.told.iter().copied().max().unwrap_or_default()
    }

    /// To the last receiver after the commit, and a little more: the answer left its node after the commit
    /// and took less time than the ping, which went there and back.
    pub fn after_commit_at_most(&self) -> Duration {
        (self.last() + self.ping).saturating_sub(self.acknowledged)
    }
}

/// Conversations and who watches them.
pub struct Closing<'a> {
    pairs: Pairs,
    host: &'a Host,
    codec: protocol::Codec,
    /// Agents' connections that watch whatever is closed next, each with its view of it.
    watchers: Vec<(LineId, View)>,
    of_line: Vec<Option<u32>>,
    /// The conversation in question.
    current: usize,
    /// Answers that are still to come in this step.
    awaited: usize,
    closed_at: Instant,
    times: Times,
    message: Message,
    /// Whether the last race was won by the message.
    pub message_won: bool,
}

impl<'a> Closing<'a> {
    pub fn new(pairs: Pairs, host: &'a Host) -> Self {
        Self {
            pairs,
            host,
            codec: host.codec,
            watchers: Vec::new(),
            of_line: Vec::new(),
            current: 0,
            awaited: 0,
            closed_at: Instant::now(),
            times: Times::default(),
            message: Message::Waiting,
            message_won: false,
        }
    }

    /// Connects so many agents who will watch.
    pub fn bring_watchers(&mut self, crowd: &mut Crowd, count: usize) -> Result<()> {
        for nth in 0..count {
            let line = crowd.dial(&self.host.onlooker())?;
            self.of_line.resize(line.0 as usize, None);
            self.of_line.push(Some(nth as u32));
            self.watchers.push((line, View::default()));
        }
        self.awaited = count;
        self.step(crowd, "agents come in", |closing| closing.awaited == 0)
    }

    /// Has conversation `pair` watched and closed; how long it took to each receiver. With `race` the
    /// visitor writes at the same moment, otherwise once it has been told.
    pub fn close(&mut self, crowd: &mut Crowd, pair: usize, race: bool) -> Result<Times> {
        self.current = pair;
        self.watch(crowd)?;
        (self.times, self.message) = (Times::default(), Message::Waiting);
        self.ping(crowd)?;
        if race && pair.is_multiple_of(2) {
            self.say(crowd)?;
        }
        self.say_close(crowd)?;
        if race && !pair.is_multiple_of(2) {
            self.say(crowd)?;
        }
        let receivers = self.watchers.len() + 1;
        self.awaited = 1;
        let told =
            move |closing: &Self| closing.times.told.len() == receivers && closing.awaited == 0;
        self.step(crowd, "the close reaches everybody", told)?;
        if !race {
            self.say(crowd)?;
        }
        self.step(crowd, "the message is answered", |closing| closing.message != Message::Waiting)?;
        self.judge(race)?;
        Ok(std::mem::take(&mut self.times))
    }

    /// Everybody goes.
    pub fn leave(self, crowd: &mut Crowd) {
        self.watchers.iter().for_each(|(line, _)| crowd.hang_up(*line));
        for pair in &self.pairs.list {
            crowd.hang_up(pair.visitor);
            pair.agent.into_iter().for_each(|agent| crowd.hang_up(agent));
        }
    }

    fn watch(&mut self, crowd: &mut Crowd) -> Result<()> {
        let args =
            json!({ "conversation": self.pairs.list[self.current].conversation, "after": 0 });
        let watch = wire::ask(self.codec, WATCH, "conversation.watch", args);
        for (line, view) in &mut self.watchers {
            *view = View::default();
            crowd.say(*line, &watch)?;
        }
        self.awaited = self.watchers.len();
        self.step(crowd, "everybody watches", |closing| closing.awaited == 0)
    }

    fn ping(&mut self, crowd: &mut Crowd) -> Result<()> {
        let Some(agent) = self.pairs.list[self.current].agent else { bail!("nobody owns it") };
        self.awaited = 1;
        let asked = Instant::now();
        crowd.say(agent, &wire::ask(self.codec, PING, "ping", json!({})))?;
        self.step(crowd, "a ping is answered", |closing| closing.awaited == 0)?;
        self.times.ping = crowd.now.saturating_duration_since(asked);
        Ok(())
    }

    fn say_close(&mut self, crowd: &mut Crowd) -> Result<()> {
        let pair = &self.pairs.list[self.current];
        let args = json!({ "conversation": pair.conversation, "key": "close" });
        let close = wire::ask(self.codec, CLOSE, "conversation.close", args);
        let Some(agent) = pair.agent else { bail!("nobody owns it") };
        self.pairs.note(self.current, Who::Agent, Deed::Closes, Instant::now());
        self.closed_at = Instant::now();
        crowd.say(agent, &close)
    }

    fn say(&mut self, crowd: &mut Crowd) -> Result<()> {
        self.pairs.note(self.current, Who::Visitor, Deed::Sends(1), Instant::now());
        let pair = &self.pairs.list[self.current];
        let args =
            SendArgs { conversation: &pair.conversation, key: "m1", text: &wire::text(1, 200) };
        crowd.say(pair.visitor, &wire::ask(self.codec, SAY, "message.send", args))
    }

    /// The close is the last, for everybody, and the message is before it or was refused.
    fn judge(&mut self, race: bool) -> Result<()> {
        let pair = &self.pairs.list[self.current];
        let closed = pair.seen_by_visitor.closed;
        let views = self.watchers.iter().map(|(_, view)| view).chain([&pair.seen_by_agent]);
        let mut others = views.map(|view| view.closed);
        if let Some(other) = others.find(|other| *other != closed) {
            let words =
                format!("the close is {closed:?} for the visitor and {other:?} for an agent");
            return Err(self.pairs.unexpected(self.current, words));
        }
        self.message_won = matches!(self.message, Message::Posted(_));
        match (self.message, closed) {
            (Message::Posted(seq), Some(closed)) if race && seq < closed => Ok(()),
            (Message::Refused, Some(_)) => Ok(()),
            (message, closed) => {
                let words = format!("the close is {closed:?}, the message {message:?}");
                Err(self.pairs.unexpected(self.current, words))
            }
        }
    }

    fn step(&mut self, crowd: &mut Crowd, what: &str, done: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + STEP_WITHIN;
        while !done(self) {
            crowd.hear_batch(Duration::from_millis(100), self)?;
            if Instant::now() > deadline {
                let (came, awaited) = (self.times.told.len(), self.awaited);
                let words =
                    format!("{what}: stuck; {came} have the close, {awaited} answers are due");
                return Err(self.pairs.unexpected(self.current, words));
            }
        }
        Ok(())
    }

    fn watcher_hears(&mut self, crowd: &mut Crowd, nth: usize, frame: &Told<'_>) -> Result<()> {
        let current = &self.pairs.list[self.current];
        let (_, view) = &mut self.watchers[nth];
        if frame.ev.is_some() {
            if frame.conversation.as_deref() != Some(&*current.conversation) {
                bail!("A PROMISE IS BROKEN: an event after the close: {frame:?}");
            }
            let seen = frame.seen();
            let verdict = view.take(seen);
            let deed = Deed::Sees { seq: seen.seq, number: frame.number() };
            self.pairs.note(self.current, Who::Receiver(nth as u32), deed, crowd.now);
            self.pairs.judge(self.current, verdict)?;
            if seen.closes {
                self.times.told.push(crowd.now.saturating_duration_since(self.closed_at));
            }
            return Ok(());
        }
        let (Some(re), Some(ok)) = (frame.re, &frame.ok) else { return Ok(()) };
        if re == WATCH {
            let verdict = ok.events.iter().try_for_each(|event| view.take(event.seen()));
            let verdict = verdict.and_then(|()| view.stands_at(ok.head));
            verdict.map_err(|fault| told(fault, &current.conversation, &current.story))?;
        }
        self.awaited -= 1;
        Ok(())
    }

    fn pair_hears(
        &mut self,
        crowd: &mut Crowd,
        (pair, side): (usize, Side),
        frame: &Told<'_>,
    ) -> Result<()> {
        if frame.ev.is_some() {
            self.pairs.take(pair, side, frame)?;
            if frame.seen().closes && side == Side::Visitor {
                self.times.told.push(crowd.now.saturating_duration_since(self.closed_at));
            }
            return Ok(());
        }
        match (frame.re, &frame.ok, &frame.err) {
            (Some(CLOSE), Some(_), _) => {
                self.awaited -= 1;
                self.times.acknowledged = crowd.now.saturating_duration_since(self.closed_at);
            }
            (Some(PING), Some(_), _) => self.awaited -= 1,
            (Some(SAY), Some(ok), _) => self.message = Message::Posted(ok.seq),
            (Some(SAY), _, Some(refusal)) if refusal.code == "conversation_closed" => {
                self.message = Message::Refused;
            }
            (_, _, Some(refusal)) => {
                let words = format!("{side:?} was refused: {} ({})", refusal.code, refusal.message);
                return Err(self.pairs.unexpected(pair, words));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Ear for Closing<'_> {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let watcher = self.of_line.get(line.0 as usize).copied().flatten();
        let bytes = match (heard, watcher) {
            (Heard::Frame(bytes), _) => bytes,
            (Heard::Open, Some(nth)) => {
                let args = json!({ "token": self.host.agent_token(nth as usize) });
                return crowd.say(line, &wire::ask(self.codec, HELLO, "hello", args));
            }
            (Heard::Open, None) => return Ok(()),
            (Heard::Ended(why), _) => bail!("connection {line:?} ended: {why}"),
        };
        let frame = wire::read(self.codec, bytes)?;
        if let Some(nth) = watcher {
            let refused = frame.err.as_ref().map(|refusal| refusal.code.clone());
            ensure!(refused.is_none(), "a watcher was refused: {refused:?}");
            return self.watcher_hears(crowd, nth as usize, &frame);
        }
        match self.pairs.of(line) {
            Some(whose) => self.pair_hears(crowd, whose, &frame),
            None => Ok(()),
        }
    }
}
