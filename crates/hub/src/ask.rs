//! Who asks, what is asked, and where the answer goes.

use std::sync::Arc;

use conversation::{Author, Command, Deed, Subject};
use protocol::{ConversationId, Counts, Key};
use tokio::sync::oneshot;

use crate::{Answer, Refusal, Row, Told};

/// One connection, for as long as this process lives.
pub type SessionId = u64;

/// A question's number within its connection.
pub type Ticket = u32;

/// One authenticated connection: what it may do is decided by its subject, what it hears goes to its
/// ear.
pub struct Asker {
    pub session: SessionId,
    pub subject: Subject,
    /// The same person, as events name it.
    pub author: Author,
    pub ear: Arc<dyn Ear>,
}

/// The receiving end of a connection. Never waits: an ear that cannot keep up ends its connection.
pub trait Ear: Send + Sync + 'static {
    /// Takes the news; `false` once nobody listens any more.
    fn tell(&self, news: News) -> bool;
}

/// Everything a connection can be told.
#[derive(Clone, Debug)]
pub enum News {
    /// The answer to one of its own questions.
    Answer {
        ticket: Ticket,
        answer: Result<Answer, Refusal>,
    },
    /// Something was committed in a conversation it watches.
    Event(Arc<Told>),
    /// Somebody is writing, or stopped.
    Typing {
        conversation: ConversationId,
        by: Author,
        active: bool,
    },
    /// The team came (or went).
    Presence {
        online: bool,
    },
    /// A row of the inbox as it is now.
    Row(Arc<Row>),
    Counts(Counts),
}

/// What can be asked of one conversation.
#[derive(Debug)]
pub enum Ask {
    /// A keyed command; its first answer is its answer for ever.
    Command {
        command: Command,
        deed: Deed,
        key: Key,
    },
    /// A snapshot after this number, then every event.
    Watch {
        after: u64,
    },
    Unwatch,
    /// The connection is gone: the same without an answer that means anything.
    Leave,
    /// A page of events.
    History {
        range: store::Range,
        limit: usize,
    },
    Typing {
        active: bool,
    },
}

/// Where an answer goes. Dropped without one, it answers `Unavailable`: no question stays open because
/// somebody forgot it or panicked.
pub struct Reply(Option<Destination>);

enum Destination {
    Ear(Arc<Asker>, Ticket),
    Waiting(oneshot::Sender<Result<Answer, Refusal>>),
    Nobody,
}

impl Reply {
    /// To the asker's own ear, in order with everything else it hears.
    pub fn to(asker: &Arc<Asker>, ticket: Ticket) -> Self {
        Self(Some(Destination::Ear(asker.clone(), ticket)))
    }

    /// To somebody who waits for it.
    pub fn waiting() -> (Self, oneshot::Receiver<Result<Answer, Refusal>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Some(Destination::Waiting(sender))), receiver)
    }

    /// Nobody needs to know.
    pub fn nobody() -> Self {
        Self(Some(Destination::Nobody))
    }

    /// Sends the answer.
    pub fn send(mut self, answer: Result<Answer, Refusal>) {
        self.deliver(answer);
    }

    fn deliver(&mut self, answer: Result<Answer, Refusal>) {
        match self.0.take() {
            Some(Destination::Ear(asker, ticket)) => {
                asker.ear.tell(News::Answer { ticket, answer });
            }
            // Whoever asked may have hung up; what was committed stands.
            Some(Destination::Waiting(sender)) => drop(sender.send(answer)),
            Some(Destination::Nobody) | None => {}
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.deliver(Err(Refusal::UNAVAILABLE));
    }
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asker({}, {:?})", self.session, self.subject)
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}
