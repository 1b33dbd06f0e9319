//! Strangers, who have seen nothing, read conversations back and must find what everybody was told.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use super::case::Case;
use super::log::{Author, Fact, Kind};
use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::host::Host;
use crate::wire::{self, Event};

/// Conversations that one connection reads: fewer than it may ask for in one burst.
const EACH: usize = 200;
const STUCK_AFTER: Duration = Duration::from_secs(30);
const HELLO: u32 = u32::MAX;

/// What everybody was told of one conversation.
pub(super) struct Kept {
    id: String,
    facts: Vec<Fact>,
}

impl Kept {
    pub fn of(case: &Case) -> Self {
        Self { id: case.id.clone(), facts: case.told_agents.facts().to_vec() }
    }

    /// The same facts, no more and no fewer.
    fn judge(&self, events: &[Event<'_>], agents: &[String]) -> Result<()> {
        let facts =
            events.iter().map(|event| read(event, agents)).collect::<Result<Vec<Fact>>>()?;
        ensure!(
            facts == self.facts,
            "A PROMISE IS BROKEN: conversation {} is read back as\n{facts:#?}\nand everybody was told\n{:#?}",
            self.id,
            self.facts
        );
        Ok(())
    }
}

fn read(event: &Event<'_>, agents: &[String]) -> Result<Fact> {
    let agent = agents.iter().position(|id| *id == event.by.id);
    let author = match (&*event.by.role, agent) {
        ("visitor", _) => Author::Visitor,
        ("agent", Some(agent)) => Author::Agent(agent as u32),
        ("agent", None) => Author::SomeAgent,
        _ => Author::System,
    };
    let kind = Kind::named(&event.ev).context("an event that nobody knows")?;
    let number = event.data.text.as_deref().and_then(wire::number);
    let number = number.filter(|_| matches!(kind, Kind::Message | Kind::Note));
    Ok(Fact { kind, author, number, at: event.at })
}

/// Reads all of them back.
pub(super) fn compare(
    crowd: &mut Crowd,
    host: &Host,
    agents: &[String],
    kept: &[Kept],
) -> Result<()> {
    let mut reading = Reading { host, agents, kept, lines: Vec::new(), read: 0 };
    for _ in 0..kept.len().div_ceil(EACH) {
        reading.lines.push(crowd.dial(&host.agent())?);
    }
    let deadline = Instant::now() + STUCK_AFTER;
    while reading.read < kept.len() {
        crowd.hear_batch(Duration::from_millis(50), &mut reading)?;
        let (read, all) = (reading.read, kept.len());
        ensure!(Instant::now() < deadline, "{read} of {all} conversations could be read back");
    }
    reading.lines.iter().for_each(|line| crowd.hang_up(*line));
    Ok(())
}

struct Reading<'a> {
    host: &'a Host,
    agents: &'a [String],
    kept: &'a [Kept],
    lines: Vec<LineId>,
    read: usize,
}

impl Ear for Reading<'_> {
    fn hear(&mut self, crowd: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let Some(nth) = self.lines.iter().position(|known| *known == line) else { return Ok(()) };
        let codec = self.host.codec;
        let bytes = match heard {
            Heard::Open => {
                let args = json!({ "token": self.host.agent_token(nth) });
                return crowd.say(line, &wire::ask(codec, HELLO, "hello", args));
            }
            Heard::Ended(why) => bail!("the connection of a reader ended: {why}"),
            Heard::Frame(bytes) => bytes,
        };
        let frame = wire::read(codec, bytes)?;
        match (frame.re, &frame.ok) {
            (Some(HELLO), Some(_)) => {
                let theirs = self.kept.iter().enumerate().skip(nth * EACH).take(EACH);
                for (place, kept) in theirs {
                    let args = json!({ "conversation": kept.id, "after": 0 });
                    let ask = wire::ask(codec, place as u32, "conversation.watch", args);
                    crowd.say(line, &ask)?;
                }
                Ok(())
            }
            (Some(place), Some(ok)) => {
                self.read += 1;
                self.kept[place as usize].judge(&ok.events, self.agents)
            }
            (Some(_), None) => bail!("a reader was refused: {:?}", frame.err),
            _ => Ok(()),
        }
    }
}
