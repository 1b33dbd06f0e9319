//! What one node tells another.

use std::sync::Arc;

use conversation::{Author, Committed, Conversation, Seq};
use protocol::{ConversationId, SiteId};

/// What a node can ask to hear about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// One conversation: while somebody here watches it.
    Conversation(ConversationId),
    /// Every conversation of a site: while an agent of it is here.
    Site(SiteId),
}

/// Something became true, or (typing) is going on right now.
#[derive(Clone, Debug, PartialEq)]
pub enum Hint {
    /// The conversation moved to `state.head` by `events`; apply them if they follow on, else read the
    /// journal.
    Moved { state: Arc<Conversation>, events: Arc<[Committed]> },
    /// Somebody is writing, or stopped.
    Typing { site: SiteId, conversation: ConversationId, by: Author, active: bool },
    /// Hints may have been lost: compare the heads of everything that is listened to.
    Lost,
}

impl Hint {
    /// The topics whose listeners get this hint; both `None` for a node's word to itself.
    pub fn topics(&self) -> [Option<Topic>; 2] {
        match self {
            Hint::Moved { state, .. } => {
                [Some(Topic::Conversation(state.id)), Some(Topic::Site(state.site))]
            }
            Hint::Typing { conversation, .. } => [Some(Topic::Conversation(*conversation)), None],
            Hint::Lost => [None, None],
        }
    }

    /// The head it tells of.
    pub fn head(&self) -> Option<Seq> {
        match self {
            Hint::Moved { state, .. } => Some(state.head),
            _ => None,
        }
    }
}
