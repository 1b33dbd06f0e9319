//! One conversation that many agents watch. Some of them stop reading; what they missed they get when
//! they read again, or, if they were cut off, when they come back.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::json;

use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::host::Host;
use crate::pace::Player;
use crate::people::Pairs;
use crate::stats::Latencies;
use crate::verify::{Deed, View, Who, told};
use crate::wire::{self, Answer, Event, SendArgs, Told};

const STUCK_AFTER: Duration = Duration::from_secs(30);
const HELLO: u32 = 0xffff_0000;
/// Asked by readers who are about to stop reading; the answers fill what the kernels hold for them.
const GLUT: u32 = 0xffff_0001;
const GLUT_PAGES: usize = 16;
/// Asked by readers who have come back and are not level after the first page.
const MORE: u32 = 0xffff_0002;

/// One reader.
struct Reader {
    line: LineId,
    view: View,
    is_slow: bool,
    /// Has been told everything up to its `hello`.
    is_in: bool,
}

/// The conversation and who reads it.
pub struct Fanout<'a> {
    /// One pair: the visitor writes.
    pairs: Pairs,
    host: &'a Host,
    readers: Vec<Reader>,
    of_line: Vec<Option<u32>>,
    text_bytes: usize,
    /// When message n was meant to be sent.
    sent: Vec<Instant>,
    answered: usize,
    /// Events of the conversation, as answers have told.
    head: u64,
    since: Instant,
    /// To each reader who reads.
    pub delivered: Latencies,
    pub cut_off: u64,
}

impl<'a> Fanout<'a> {
    /// Readers of the one conversation in `pairs`.
    pub fn gather(
        crowd: &mut Crowd,
        host: &'a Host,
        pairs: Pairs,
        (count, text_bytes): (usize, usize),
    ) -> Result<Self> {
        let mut fanout = Self {
            head: pairs.list[0].seen_by_visitor.last,
            pairs,
            host,
            readers: Vec::with_capacity(count),
            of_line: Vec::new(),
            text_bytes,
            sent: Vec::new(),
            answered: 0,
            since: Instant::now(),
            delivered: Latencies::default(),
            cut_off: 0,
        };
        for nth in 0..count {
            let line = fanout.dial(crowd, nth)?;
            let view = View::default();
            fanout.readers.push(Reader { line, view, is_slow: false, is_in: false });
        }
        fanout.wait(crowd, "readers come in", Self::is_level)?;
        Ok(fanout)
    }

    /// Forgets what has been measured.
    pub fn measure(&mut self) {
        (self.delivered, self.cut_off, self.since) = (Latencies::default(), 0, Instant::now());
    }

    /// These readers stop reading, in the middle of catching up.
    pub fn stop_reading(
        &mut self,
        crowd: &mut Crowd,
        slow: impl Iterator<Item = usize>,
    ) -> Result<()> {
        let args = json!({ "conversation": self.pairs.list[0].conversation, "limit": 200 });
        let glut = wire::ask(self.host.codec, GLUT, "history", args);
        for nth in slow {
            let reader = &mut self.readers[nth];
            reader.is_slow = true;
            for _ in 0..GLUT_PAGES {
                crowd.say(reader.line, &glut)?;
            }
            crowd.deafen(reader.line)?;
        }
        Ok(())
    }

    /// All who stopped read again, and must get everything.
    pub fn read_again(&mut self, crowd: &mut Crowd) -> Result<()> {
        for reader in self.readers.iter().filter(|reader| reader.is_slow) {
            crowd.undeafen(reader.line)?;
        }
        self.wait(crowd, "slow readers catch up", Self::is_level)?;
        self.readers.iter_mut().for_each(|reader| reader.is_slow = false);
        Ok(())
    }

    /// Waits until everybody who reads has everything.
    pub fn arrive(&mut self, crowd: &mut Crowd) -> Result<()> {
        self.wait(crowd, "everything arrives", |fanout| {
            let mut healthy = fanout.readers.iter().filter(|reader| !reader.is_slow);
            fanout.answered == fanout.sent.len()
                && healthy.all(|reader| reader.view.last == fanout.head)
        })
    }

    fn is_level(&self) -> bool {
        self.readers.iter().all(|reader| reader.is_in && reader.view.last == self.head)
    }

    fn wait(&mut self, crowd: &mut Crowd, what: &str, done: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + STUCK_AFTER;
        while !done(self) {
            crowd.hear_batch(Duration::from_millis(20), self)?;
            if Instant::now() > deadline {
                let behind = self.readers.iter().filter(|reader| reader.view.last != self.head);
                let words = format!("{what}: stuck; {} do not have everything", behind.count());
                return Err(self.pairs.unexpected(0, words));
            }
        }
        Ok(())
    }

    fn dial(&mut self, crowd: &mut Crowd, nth: usize) -> Result<LineId> {
        let line = crowd.dial(&self.host.agent())?;
        self.of_line.resize(line.0 as usize, None);
        self.of_line.push(Some(nth as u32));
        Ok(line)
    }

    fn ended(&mut self, crowd: &mut Crowd, nth: usize, why: &str) -> Result<()> {
        if !self.readers[nth].is_slow {
            bail!("A PROMISE IS BROKEN: a reader who reads was cut off: {why}");
        }
        self.cut_off += 1;
        let line = self.dial(crowd, nth)?;
        (self.readers[nth].line, self.readers[nth].is_in) = (line, false);
        Ok(())
    }

    fn greet(&self, crowd: &mut Crowd, nth: usize) -> Result<()> {
        let after = self.readers[nth].view.last;
        let watch = json!([{ "conversation": self.pairs.list[0].conversation, "after": after }]);
        let args = json!({ "token": self.host.agent_token(nth), "watch": watch });
        crowd.say(self.readers[nth].line, &wire::ask(self.host.codec, HELLO, "hello", args))
    }

    fn reader_hears(&mut self, crowd: &mut Crowd, nth: usize, frame: &Told<'_>) -> Result<()> {
        if let Some(refusal) = &frame.err {
            bail!("a reader was refused: {} ({})", refusal.code, refusal.message);
        }
        if frame.ev.is_some() {
            self.take(nth, frame.seen(), frame.number())?;
            let place = frame.number().and_then(|number| number.checked_sub(1));
            let sent = place.and_then(|place| self.sent.get(place as usize));
            let is_healthy = !self.readers[nth].is_slow;
            if let Some(sent) = sent.filter(|sent| is_healthy && **sent >= self.since) {
                self.delivered.record(crowd.now.saturating_duration_since(*sent));
            }
            return Ok(());
        }
        match (frame.re, &frame.ok) {
            (Some(HELLO), Some(ok)) => match ok.watching.first() {
                Some(page) if page.err.is_none() && !page.reset => {
                    self.page(crowd, nth, &page.events)
                }
                page => bail!("a reader got no snapshot: {page:?}"),
            },
            (Some(MORE), Some(Answer { events, .. })) => self.page(crowd, nth, events),
            _ => Ok(()),
        }
    }

    /// A page of what was missed; if it is not the last, the next.
    fn page(&mut self, crowd: &mut Crowd, nth: usize, events: &[Event<'_>]) -> Result<()> {
        for event in events {
            self.take(nth, event.seen(), event.data.text.as_deref().and_then(wire::number))?;
        }
        let Reader { line, view, is_in, .. } = &mut self.readers[nth];
        *is_in = view.last == self.head;
        if *is_in {
            return Ok(());
        }
        if events.is_empty() {
            bail!(
                "A PROMISE IS BROKEN: the pages end at {}, and {} were answered",
                view.last,
                self.head
            );
        }
        let id = &self.pairs.list[0].conversation;
        let args = json!({ "conversation": id, "after": view.last, "limit": 200 });
        crowd.say(*line, &wire::ask(self.host.codec, MORE, "history", args))
    }

    fn take(&mut self, nth: usize, seen: crate::verify::Seen, number: Option<u32>) -> Result<()> {
        let verdict = self.readers[nth].view.take(seen);
        let pair = &mut self.pairs.list[0];
        if verdict.is_err() {
            let deed = Deed::Sees { seq: seen.seq, number };
            pair.story.add(Instant::now(), Who::Receiver(nth as u32), deed);
        }
        verdict.map_err(|fault| told(fault, &pair.conversation, &pair.story))
    }

    fn visitor_hears(&mut self, frame: &Told<'_>, now: Instant) -> Result<()> {
        match frame.err.as_ref().map(|refusal| &*refusal.code) {
            // The contract's answer to what waited ten seconds.
            Some("unavailable") => bail!("the server cannot keep up; ask for a lower --rate"),
            Some(code) => {
                return Err(self.pairs.unexpected(0, format!("a message was refused: {code}")));
            }
            None => {}
        }
        if let (Some(number), Some(ok)) = (frame.re, &frame.ok) {
            self.answered += 1;
            // Nobody writes notes here, so both audiences count alike.
            self.head = self.head.max(ok.seq);
            self.pairs.note(0, Who::Visitor, Deed::IsAnswered { number, seq: ok.seq }, now);
        }
        Ok(())
    }
}

impl Ear for Fanout<'_> {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let reader = self.of_line.get(line.0 as usize).copied().flatten().map(|nth| nth as usize);
        let bytes = match (heard, reader) {
            (Heard::Frame(bytes), _) => bytes,
            (Heard::Open, Some(nth)) => return self.greet(crowd, nth),
            (Heard::Ended(why), Some(nth)) => return self.ended(crowd, nth, why),
            (Heard::Open, None) => return Ok(()),
            (Heard::Ended(why), None) => bail!("the connection of an author ended: {why}"),
        };
        let frame = wire::read(self.host.codec, bytes)?;
        match (reader, self.pairs.of(line)) {
            (Some(nth), _) => self.reader_hears(crowd, nth, &frame),
            (_, Some((pair, side))) if frame.ev.is_some() => self.pairs.take(pair, side, &frame),
            (_, Some(_)) => self.visitor_hears(&frame, crowd.now),
            _ => Ok(()),
        }
    }
}

impl Player for Fanout<'_> {
    fn play(&mut self, crowd: &mut Crowd, _: u64, intended: Instant) -> Result<()> {
        self.sent.push(intended);
        let number = self.sent.len() as u32;
        self.pairs.note(0, Who::Visitor, Deed::Sends(number), Instant::now());
        let to = &self.pairs.list[0];
        let (key, text) = (format!("m{number}"), wire::text(number, self.text_bytes));
        let args = SendArgs { conversation: &to.conversation, key: &key, text: &text };
        crowd.say(to.visitor, &wire::ask(self.host.codec, number, "message.send", args))
    }
}
