//! Judges everything that is heard: no loss, repeat, gap or disorder, nothing after close.
//!
//! A [`View`] is what one receiver has seen of one conversation, a [`Ledger`] what one author has sent
//! into it and what became of each message, a [`Story`] the last that happened there, for people.
//! They know nothing of sockets: a fault is a value, and whoever holds all three tells the story.

use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("repeat: event {0} came a second time")]
    Repeat(u64),
    #[error("gap: event {came} came where {due} was due")]
    Gap { due: u64, came: u64 },
    #[error("disorder: event {0} came after its successors")]
    Disorder(u64),
    #[error("time went back at event {0}")]
    Backwards(u64),
    #[error("event {came} was added after the close, which is {closed}")]
    AfterClose { closed: u64, came: u64 },
    #[error("loss: message {came} came where {due} was due, so {due} is lost or late")]
    Skipped { due: u32, came: u32 },
    #[error("message {0} came a second time")]
    Again(u32),
    #[error("message {0} was never sent")]
    Invented(u32),
    #[error("message {0} was answered twice or never asked")]
    AnsweredTwice(u32),
    #[error("message {number} has number {acked} in its answer and {seen} as an event")]
    TwoNumbers { number: u32, acked: u64, seen: u64 },
    #[error(
        "loss: messages without an answer {unanswered:?}, messages not delivered {undelivered:?}"
    )]
    Missing { unanswered: Vec<u32>, undelivered: Vec<u32> },
    #[error("the snapshot ends at {snapshot}, and {seen} had been seen")]
    Forgotten { snapshot: u64, seen: u64 },
    #[error("two receivers were told different events under number {0}")]
    Differs(u64),
    #[error("doubled: message {number} is in the log a second time, as event {seq}")]
    Doubled { number: u32, seq: u64 },
    #[error("disorder: message {number} of one author came after {before}")]
    Overtaken { number: u32, before: u32 },
    #[error("two owners: event {0} is a claim, and another agent was the owner")]
    SecondOwner(u64),
    #[error("event {0} is by an agent who was not the owner")]
    NotOwner(u64),
    #[error("event {0} must reach no visitor")]
    Leaked(u64),
    #[error("loss: an answer promised event {0}, which is not in the log")]
    Lost(u64),
    #[error("an answer promised something else as event {0}")]
    Promised(u64),
    #[error("message {0} was refused, and is in the log")]
    RefusedAndPosted(u32),
    #[error("what the visitor was told is not what agents were told, less what is theirs alone")]
    Parted,
    #[error("{0}")]
    Unexpected(String),
}

/// An event as its receiver sees it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub seq: u64,
    pub at: i64,
    pub closes: bool,
}

/// What one receiver has seen of one conversation.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The last number.
    pub last: u64,
    at: i64,
    /// The number of the close.
    pub closed: Option<u64>,
}

impl View {
    /// Takes an event: it must be the next.
    pub fn take(&mut self, event: Seen) -> Result<(), Fault> {
        let Seen { seq, at, closes } = event;
        if let Some(closed) = self.closed
            && seq > closed
        {
            return Err(Fault::AfterClose { closed, came: seq });
        }
        if seq == self.last {
            return Err(Fault::Repeat(seq));
        }
        if seq < self.last {
            return Err(Fault::Disorder(seq));
        }
        if seq > self.last + 1 {
            return Err(Fault::Gap { due: self.last + 1, came: seq });
        }
        if at < self.at {
            return Err(Fault::Backwards(seq));
        }
        (self.last, self.at) = (seq, at);
        if closes {
            self.closed = Some(seq);
        }
        Ok(())
    }

    /// A snapshot ends at `head`: everything up to there must have come with it or before.
    pub fn stands_at(&self, head: u64) -> Result<(), Fault> {
        match self.last {
            seen if seen == head => Ok(()),
            seen if seen > head => Err(Fault::Forgotten { snapshot: head, seen }),
            seen => Err(Fault::Gap { due: seen + 1, came: head + 1 }),
        }
    }
}

/// One message on its way.
#[derive(Clone, Copy, Debug)]
struct Flight {
    number: u32,
    intended: Instant,
    acked: Option<u64>,
    seen: Option<u64>,
}

/// What one author has sent into one conversation: every message is answered once and reaches the
/// receiver once, in order.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    sent: u32,
    next_seen: u32,
    flights: VecDeque<Flight>,
}

impl Ledger {
    /// The number of the next message, which is on its way from now on.
    pub fn send(&mut self, intended: Instant) -> u32 {
        self.sent += 1;
        let flight = Flight { number: self.sent, intended, acked: None, seen: None };
        self.flights.push_back(flight);
        self.sent
    }

    /// The answer has come; when the message was meant to be sent.
    pub fn acked(&mut self, number: u32, seq: u64) -> Result<Instant, Fault> {
        let flight = self.flights.iter_mut().find(|flight| flight.number == number);
        let Some(flight) = flight.filter(|flight| flight.acked.is_none()) else {
            return Err(Fault::AnsweredTwice(number));
        };
        flight.acked = Some(seq);
        let flight = *flight;
        self.settle(flight)
    }

    /// The receiver has it; when it was meant to be sent.
    pub fn seen(&mut self, number: u32, seq: u64) -> Result<Instant, Fault> {
        let due = self.next_seen + 1;
        if number < due {
            return Err(Fault::Again(number));
        }
        if number > self.sent {
            return Err(Fault::Invented(number));
        }
        if number > due {
            return Err(Fault::Skipped { due, came: number });
        }
        self.next_seen = number;
        let flight = self.flights.iter_mut().find(|flight| flight.number == number);
        // Settled only once seen, so it is there.
        let Some(flight) = flight else { return Err(Fault::Again(number)) };
        flight.seen = Some(seq);
        let flight = *flight;
        self.settle(flight)
    }

    /// Messages on their way.
    pub fn under_way(&self) -> usize {
        self.flights.len()
    }

    /// Everything should have come by now.
    pub fn finish(&self) -> Result<(), Fault> {
        if self.flights.is_empty() {
            return Ok(());
        }
        let of = |open: fn(&Flight) -> bool| {
            self.flights.iter().filter(|flight| open(flight)).map(|flight| flight.number).collect()
        };
        Err(Fault::Missing {
            unanswered: of(|flight| flight.acked.is_none()),
            undelivered: of(|flight| flight.seen.is_none()),
        })
    }

    fn settle(&mut self, flight: Flight) -> Result<Instant, Fault> {
        let Flight { number, intended, acked, seen } = flight;
        if let (Some(acked), Some(seen)) = (acked, seen) {
            if acked != seen {
                return Err(Fault::TwoNumbers { number, acked, seen });
            }
            self.flights.retain(|flight| flight.number != number);
        }
        Ok(intended)
    }
}

/// Who did something in a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Visitor,
    Agent,
    Receiver(u32),
    /// Of a team, this one.
    Colleague(u32),
}

/// What it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Sends(u32),
    IsAnswered {
        number: u32,
        seq: u64,
    },
    Sees {
        seq: u64,
        number: Option<u32>,
    },
    Closes,
    ComesBack {
        after: u64,
    },
    /// Any command; the number of its message, if it has one.
    Asks {
        wish: &'static str,
        number: Option<u32>,
    },
    IsRefused {
        wish: &'static str,
        number: Option<u32>,
    },
    IsTold {
        wish: &'static str,
        seq: u64,
    },
    /// The connection is gone.
    IsGone,
}

/// Deeds kept for each conversation.
const DEEDS_MAX: usize = 40;

/// The last that happened in a conversation.
#[derive(Clone, Debug, Default)]
pub struct Story {
    deeds: VecDeque<(Instant, Who, Deed)>,
}

impl Story {
    /// Remembers a deed, and forgets the oldest.
    pub fn add(&mut self, now: Instant, who: Who, deed: Deed) {
        if self.deeds.len() == DEEDS_MAX {
            self.deeds.pop_front();
        }
        self.deeds.push_back((now, who, deed));
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(&(first, ..)) = self.deeds.front() else { return write!(f, "  nothing yet") };
        for (when, who, deed) in &self.deeds {
            let ms = when.duration_since(first).as_secs_f64() * 1e3;
            writeln!(f, "  {ms:>10.3} ms  {who:?} {deed:?}")?;
        }
        Ok(())
    }
}

/// A fault with the story of the conversation it happened in.
pub fn told(fault: Fault, conversation: &str, story: &Story) -> anyhow::Error {
    anyhow::anyhow!(
        "A PROMISE IS BROKEN: {fault}\nconversation {conversation}, its last deeds:\n{story}"
    )
}

#[cfg(test)]
mod tests;
