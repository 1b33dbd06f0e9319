//! Judges a recorded history of one conversation: could it have happened under the contract?
//!
//! Every answer carries its number, so the order is given and checking is linear. `replay.rs` plays
//! the log through the rules, `commits.rs` finds what was granted, `deeds.rs` holds every answer against it (granted: once, at that number,
//! in an order that real time allows; refused: for a reason that was true at some moment between
//! question and answer; unknown: once or not at all), `streams.rs` holds against it what each client
//! saw. Faults are sentences; an empty list is the verdict "could have happened".

mod commits;
mod deeds;
mod replay;
mod streams;

use protocol::{ErrorCode, EventData, EventFrame, PersonId, Role};

/// All that is known of one conversation.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Every event, as agents see them.
    pub log: Vec<EventFrame>,
    /// Every command sent to it, but for its start. Texts are unique: they tell deeds apart.
    pub deeds: Vec<Deed>,
    /// What each client saw.
    pub streams: Vec<Stream>,
}

/// One command under one key, however often it was sent.
#[derive(Clone, Debug)]
pub struct Deed {
    pub author: PersonId,
    pub role: Role,
    pub ask: Ask,
    /// When it was first sent, by a clock that all clients share and that never stands still.
    pub sent: u64,
    pub outcome: Outcome,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    Say { text: String, then_close: bool },
    Note { text: String },
    Claim,
    Unclaim,
    Close { expected: Option<u64> },
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `seq` and `closed_seq` in the author's numbering.
    Granted {
        seq: u64,
        closed_seq: Option<u64>,
        answered: u64,
    },
    Refused {
        code: ErrorCode,
        answered: u64,
    },
    /// Nobody heard the answer.
    Unknown,
}

/// What one client saw.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Who it is to agents; for visitors their own id.
    pub viewer: PersonId,
    pub role: Role,
    pub events: Vec<EventFrame>,
    /// Whether it had the time to see everything.
    pub whole: bool,
}

/// What is wrong with a history; nothing if it could have happened.
pub fn faults(history: &History) -> Vec<String> {
    let (states, mut faults) = replay::states(&history.log);
    faults.extend(deeds::faults(history, &states));
    faults.extend(streams::faults(history));
    faults
}

/// Whether visitors see this event and count it.
pub fn is_for_visitors(event: &EventFrame) -> bool {
    match &event.data {
        EventData::NotePosted(_) | EventData::ConversationUnclaimed(_) => false,
        EventData::ConversationStarted(_)
        | EventData::MessagePosted(_)
        | EventData::ConversationClaimed(_)
        | EventData::ConversationClosed(_)
        | EventData::Unknown(_) => true,
    }
}
