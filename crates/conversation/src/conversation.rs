//! One conversation: judge, then move.

use std::sync::Arc;

use planted::Defect;
use protocol::limits::PREVIEW_CHARS_MAX;
use protocol::{ConversationId, Key, SiteId, Text};
use serde::{Deserialize, Serialize};

use crate::{
    Agent, Author, CloseReason, Command, Committed, Event, Rejection, Seq, Subject, Verdict,
    Visitor, VisitorSeq,
};

/// Where a conversation stands, and all that any list shows of it. Small: texts stay in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    pub id: ConversationId,
    pub site: SiteId,
    pub visitor: Visitor,
    /// The last event, as agents count.
    pub head: Seq,
    /// The last event that a visitor may see, as visitors count.
    pub visitor_head: VisitorSeq,
    /// The owner; after the close the last one.
    pub owner: Option<Ownership>,
    /// The owner as far as the visitor knows: visitors see claims, not their end.
    pub owner_seen: Option<Agent>,
    pub closing: Option<Closing>,
    pub started_at: i64,
    /// Time of the last event of any kind: the next one is not earlier.
    pub last_at: i64,
    /// Time of start, last message or note, or close.
    pub activity_at: i64,
    /// The same without notes.
    pub activity_seen_at: i64,
    /// Visitor messages after the last agent message.
    pub unread: u64,
    /// The last message or note.
    pub snippet: Snippet,
    /// The last message, when `snippet` is a note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snippet_seen: Option<Snippet>,
}

/// Who owns it, and since which event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    pub agent: Agent,
    pub since: Seq,
    pub since_at: i64,
}

/// The end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    pub by: Author,
    pub seq: Seq,
    pub at: i64,
}

/// The beginning of the last thing said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    pub by: Author,
    pub text: Arc<str>,
    pub at: i64,
}

impl Conversation {
    /// A visitor's first message makes a conversation: open, unassigned, two events.
    pub fn start(
        (id, site): (ConversationId, SiteId),
        visitor: Visitor,
        (text, key): (Text, Key),
        at: i64,
    ) -> (Self, Vec<Committed>) {
        let by = Author::Visitor { id: visitor.id, name: visitor.name.clone() };
        let mut conversation = Self {
            id,
            site,
            head: Seq(0),
            visitor_head: VisitorSeq(0),
            owner: None,
            owner_seen: None,
            closing: None,
            started_at: at,
            last_at: at,
            activity_at: at,
            activity_seen_at: at,
            unread: 0,
            snippet: Snippet { by: by.clone(), text: "".into(), at },
            snippet_seen: None,
            visitor,
        };
        let name = conversation.visitor.name.clone();
        let started = Event::Started { visitor: conversation.visitor.id, name };
        let events = vec![started, Event::Posted { text }];
        let committed = conversation.stamp(&by, Some(&key), at, events);
        committed.iter().for_each(|event| conversation.apply(event));
        (conversation, committed)
    }

    /// The one question of access: may this subject know that the conversation exists?
    pub fn admits(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Visitor { site, id } => self.site == *site && self.visitor.id == *id,
            Subject::Agent { site, .. } => self.site == *site,
        }
    }

    /// Judges a command. Changes nothing, so a refusal leaves no trace.
    pub fn decide(&self, by: &Author, command: &Command) -> Result<Verdict, Rejection> {
        match (by, command) {
            (Author::System, _) => Err(Rejection::Forbidden),
            (Author::Visitor { .. }, Command::Post { text, then_close: false }) => {
                self.open()?;
                Ok(Verdict::Commit(vec![Event::Posted { text: text.clone() }]))
            }
            (Author::Visitor { .. }, _) => Err(Rejection::Forbidden),
            (Author::Agent(agent), Command::Close { expected }) => {
                self.decide_close(agent, *expected)
            }
            (Author::Agent(agent), command) => {
                self.open()?;
                self.decide_open(agent, command)
            }
        }
    }

    /// Numbers and dates the events of one verdict. They are true once the journal has them.
    pub fn stamp(
        &self,
        by: &Author,
        key: Option<&Key>,
        now: i64,
        events: Vec<Event>,
    ) -> Vec<Committed> {
        let at = if planted::is_on(Defect::TimeGoesBack) { now } else { now.max(self.last_at) };
        let mut seq = self.head;
        let mut visitor_seq = self.visitor_head;
        let number = |event: Event| {
            seq = seq.next();
            let counts = event.is_for_visitors() || planted::is_on(Defect::VisitorNumberMoved);
            visitor_seq.0 += u64::from(counts);
            let keyed = matches!(event, Event::Posted { .. } | Event::Noted { .. });
            let key = key.filter(|_| keyed).cloned();
            Committed { seq, visitor_seq, at, by: by.clone(), key, event }
        };
        events.into_iter().map(number).collect()
    }

    /// Moves past one committed event. Cannot fail: an event is a fact.
    pub fn apply(&mut self, committed: &Committed) {
        let Committed { seq, visitor_seq, at, by, event, .. } = committed;
        self.head = *seq;
        self.visitor_head = *visitor_seq;
        self.last_at = *at;
        match event {
            Event::Started { .. } => self.started_at = *at,
            Event::Posted { text } => self.said(by, text, *at),
            Event::Noted { text } => self.noted(by, text, *at),
            Event::Claimed => self.claimed(by, *seq, *at),
            Event::Unclaimed => self.owner = None,
            Event::Closed { .. } => {
                self.closing = Some(Closing { by: by.clone(), seq: *seq, at: *at });
                self.activity_at = *at;
                self.activity_seen_at = *at;
            }
        }
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.closing.is_some()
    }

    fn open(&self) -> Result<(), Rejection> {
        let is_over = self.is_closed() && !planted::is_on(Defect::CloseDoesNotFence);
        if is_over { Err(Rejection::Closed) } else { Ok(()) }
    }

    fn decide_open(&self, agent: &Agent, command: &Command) -> Result<Verdict, Rejection> {
        match command {
            Command::Post { text, then_close } => {
                self.owned_by(agent)?;
                let mut events = vec![Event::Posted { text: text.clone() }];
                let closes = *then_close && !planted::is_on(Defect::SendWithoutClose);
                events.extend(closes.then_some(Event::Closed { reason: CloseReason::Agent }));
                Ok(Verdict::Commit(events))
            }
            // Notes are for the hand-over, so everyone may leave one.
            Command::Note { text } => {
                Ok(Verdict::Commit(vec![Event::Noted { text: text.clone() }]))
            }
            Command::Claim => match &self.owner {
                None => Ok(Verdict::Commit(vec![Event::Claimed])),
                // Clients retry; the owner claiming again must look like the first time.
                Some(owner) if owner.agent.id == agent.id => {
                    Ok(Verdict::Already { seq: owner.since, at: owner.since_at })
                }
                Some(owner) => Err(Rejection::AlreadyClaimed { owner: owner.agent.clone() }),
            },
            Command::Unclaim => {
                self.owned_by(agent)?;
                Ok(Verdict::Commit(vec![Event::Unclaimed]))
            }
            Command::Close { expected } => self.decide_close(agent, *expected),
        }
    }

    fn decide_close(&self, agent: &Agent, expected: Option<Seq>) -> Result<Verdict, Rejection> {
        if let Some(closing) = &self.closing {
            return match &closing.by {
                Author::Agent(closer) if closer.id == agent.id => {
                    Ok(Verdict::Already { seq: closing.seq, at: closing.at })
                }
                _ => Err(Rejection::Closed),
            };
        }
        self.owned_by(agent)?;
        if expected.is_some_and(|expected| expected != self.head) {
            return Err(Rejection::Conflict { head: self.head });
        }
        Ok(Verdict::Commit(vec![Event::Closed { reason: CloseReason::Agent }]))
    }

    fn owned_by(&self, agent: &Agent) -> Result<(), Rejection> {
        match &self.owner {
            Some(owner) if owner.agent.id == agent.id => Ok(()),
            owner => Err(Rejection::NotOwner { owner: owner.as_ref().map(|o| o.agent.clone()) }),
        }
    }

    fn said(&mut self, by: &Author, text: &Text, at: i64) {
        self.unread = match by {
            Author::Visitor { .. } => self.unread + 1,
            Author::Agent(_) | Author::System => 0,
        };
        self.activity_at = at;
        self.activity_seen_at = at;
        self.snippet = Snippet::of(by, text, at);
        self.snippet_seen = None;
    }

    fn noted(&mut self, by: &Author, text: &Text, at: i64) {
        self.activity_at = at;
        let before = std::mem::replace(&mut self.snippet, Snippet::of(by, text, at));
        self.snippet_seen.get_or_insert(before);
    }

    fn claimed(&mut self, by: &Author, since: Seq, since_at: i64) {
        if let Author::Agent(agent) = by {
            self.owner = Some(Ownership { agent: agent.clone(), since, since_at });
            self.owner_seen = Some(agent.clone());
        }
    }
}

impl Snippet {
    fn of(by: &Author, text: &Text, at: i64) -> Self {
        Self { by: by.clone(), text: beginning(text), at }
    }
}

fn beginning(text: &Text) -> Arc<str> {
    let whole = text.as_str();
    // No character takes less than a byte: most texts are short, and need not be counted or copied.
    let end = match whole.len() {
        ..=PREVIEW_CHARS_MAX => None,
        _ => whole.char_indices().nth(PREVIEW_CHARS_MAX),
    };
    end.map_or_else(|| text.shared(), |(end, _)| whole[..end].into())
}
