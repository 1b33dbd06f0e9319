//! What a client wants done, until it knows what became of it.

use conversation::{Command, Deed};
use protocol::{BulkAction, ConversationId, Key, Text};
use tokio::time::Instant;

/// One command under one key, however often it is sent.
#[derive(Clone, Debug)]
pub struct Wish {
    pub key: Key,
    pub want: Want,
    /// When it is to be sent (again), while no answer is awaited.
    pub due: Instant,
    /// Answers that are awaited.
    pub awaited: usize,
    /// Some answer said "later".
    pub again: bool,
    pub sent: u32,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub enum Want {
    Start { id: ConversationId, text: Text },
    Do { conversation: ConversationId, deed: Deed, command: Command },
    Bulk { action: BulkAction, conversations: Vec<ConversationId> },
}

impl Wish {
    pub fn new(key: Key, want: Want) -> Self {
        Self { key, want, due: Instant::now(), awaited: 0, again: false, sent: 0 }
    }

    pub fn is_due(&self, now: Instant) -> bool {
        self.awaited == 0 && self.due <= now
    }
}

/// The command that a bulk is, for each of its conversations.
pub fn command_of(action: BulkAction) -> Command {
    match action {
        BulkAction::Claim => Command::Claim,
        BulkAction::Unclaim => Command::Unclaim,
        BulkAction::Close => Command::Close { expected: None },
    }
}

/// The operation that a command's key belongs to.
pub fn deed_of(command: &Command) -> Deed {
    match command {
        Command::Post { .. } => Deed::Send,
        Command::Note { .. } => Deed::Note,
        Command::Claim => Deed::Claim,
        Command::Unclaim => Deed::Unclaim,
        Command::Close { .. } => Deed::Close,
    }
}
