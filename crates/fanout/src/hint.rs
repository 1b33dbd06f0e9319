//! What one node tells another.

use std::sync::Arc;

use conversation::{Author, Committed, Conversation, Seq};
use protocol::{ConversationId, SiteId};

use crate::Presence;

/// One process among those that share a store; after a restart it is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u64);

/// What a node can ask to hear about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// One conversation: while somebody here watches it.
    Conversation(ConversationId),
    /// Every conversation of a site, and its visitors: while an agent of it is here.
    Site(SiteId),
    /// Whether the team of a site is there: while a visitor of it is here.
    Team(SiteId),
}

/// Something became true, or (typing, presence) is so right now.
#[derive(Clone, Debug, PartialEq)]
pub enum Hint {
    /// The conversation moved to `state.head` by `events`; apply them if they follow on, else read the
    /// journal.
    Moved { state: Arc<Conversation>, events: Arc<[Committed]> },
    /// The same without the content, which was too large or is of a newer kind: read the journal.
    Head { conversation: ConversationId, site: SiteId, head: Seq },
    /// Somebody is writing, or stopped.
    Typing { site: SiteId, conversation: ConversationId, by: Author, active: bool },
    /// Who of a site is at a node.
    Presence(Arc<Presence>),
    /// Asks who of a site is there: one node, or all.
    WhoIsThere { site: SiteId, node: Option<NodeId> },
    /// A node's word to itself: from now on hints of these topics arrive; what became true before may
    /// have been missed.
    Joined(Arc<[Topic]>),
    /// A node's word to itself: hints of any topic may have been missed.
    Lost,
}

impl Hint {
    /// The topics whose listeners get this hint; both `None` for a node's word to itself.
    pub fn topics(&self) -> [Option<Topic>; 2] {
        match self {
            Hint::Moved { state, .. } => {
                [Some(Topic::Conversation(state.id)), Some(Topic::Site(state.site))]
            }
            Hint::Head { conversation, site, .. } => {
                [Some(Topic::Conversation(*conversation)), Some(Topic::Site(*site))]
            }
            Hint::Typing { conversation, .. } => [Some(Topic::Conversation(*conversation)), None],
            Hint::Presence(presence) => presence.topics(),
            Hint::WhoIsThere { site, .. } => [Some(Topic::Site(*site)), Some(Topic::Team(*site))],
            Hint::Joined(_) | Hint::Lost => [None, None],
        }
    }

    /// The head it tells of.
    pub fn head(&self) -> Option<Seq> {
        match self {
            Hint::Moved { state, .. } => Some(state.head),
            Hint::Head { head, .. } => Some(*head),
            _ => None,
        }
    }
}
