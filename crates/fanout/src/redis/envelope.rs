//! What travels: who says it, when and under which number, and then the hint itself.
//!
//! Nodes of different versions may be joined while they are replaced one by one. So the front has a fixed
//! form, which tells whether one can read on; in the hint every field has its name; and the content of a
//! conversation stands apart, so that a node that cannot read it still learns how far it went.

use std::sync::Arc;

use conversation::{Author, Committed, Conversation, Seq};
use protocol::{ConversationId, SiteId, VisitorId};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Hint, NodeId, Presence, Visitors};

const VERSION: u8 = 1;
/// The version, the node, the number and the time.
const FRONT_BYTES: usize = 1 + 8 + 8 + 8;
/// More of a conversation's content is not sent along: the journal has it.
const CONTENT_BYTES_MAX: usize = 16 * 1024;

/// The front of every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Front {
    pub node: NodeId,
    /// Goes up with every hint of that node: the same number is the same hint.
    pub number: u64,
    /// Microseconds since 1970, by that node's clock.
    pub announced_at_us: i64,
}

/// A hint as it travels. New fields need a default; whoever does not know a variant ignores it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Body<'a> {
    Moved {
        conversation: ConversationId,
        site: SiteId,
        head: Seq,
        /// A [`Content`], or nothing if it is too large.
        #[serde(borrow, default, serialize_with = "as_bytes")]
        content: Option<&'a [u8]>,
    },
    Typing {
        site: SiteId,
        conversation: ConversationId,
        by: Author,
        active: bool,
    },
    Presence {
        node: u64,
        site: SiteId,
        team: bool,
        visitors: There,
    },
    WhoIsThere {
        site: SiteId,
        node: Option<u64>,
    },
}

#[derive(Serialize)]
struct Content<'a> {
    state: &'a Conversation,
    events: &'a [Committed],
}

#[derive(Deserialize)]
struct OwnedContent {
    state: Conversation,
    events: Vec<Committed>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum There {
    Sum { count: u64, sum: u64 },
    Changed { came: Vec<VisitorId>, went: Vec<VisitorId> },
    Exactly { part: u32, parts: u32, here: Vec<VisitorId> },
}

impl Front {
    /// Reads the front; `None` if it is no message of this version.
    pub fn read(message: &[u8]) -> Option<(Self, &[u8])> {
        let (front, body) = message.split_first_chunk::<FRONT_BYTES>()?;
        let number = |from: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&front[from..from + 8]);
            u64::from_le_bytes(bytes)
        };
        let (node, announced_at_us) = (NodeId(number(1)), number(17).cast_signed());
        let read = Self { node, number: number(9), announced_at_us };
        (front[0] == VERSION).then_some((read, body))
    }

    fn write(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(1024);
        message.push(VERSION);
        message.extend_from_slice(&self.node.0.to_le_bytes());
        message.extend_from_slice(&self.number.to_le_bytes());
        message.extend_from_slice(&self.announced_at_us.to_le_bytes());
        message
    }

    /// The whole message; `None` for a hint that does not travel.
    pub fn seal(&self, hint: &Hint) -> Option<Vec<u8>> {
        let mut message = self.write();
        let content = content_of(hint);
        let body = Body::of(hint, content.as_deref())?;
        // Writing plain data to memory cannot fail.
        rmp_serde::encode::write_named(&mut message, &body).ok()?;
        Some(message)
    }
}

/// The hint of a message's body; `None` if it is of an unknown form.
pub(super) fn open(body: &[u8]) -> Option<Hint> {
    Some(match rmp_serde::from_slice::<Body<'_>>(body).ok()? {
        Body::Moved { conversation, site, head, content } => {
            let content = content.and_then(|content| rmp_serde::from_slice(content).ok());
            match content {
                Some(OwnedContent { state, events }) => {
                    Hint::Moved { state: Arc::new(state), events: events.into() }
                }
                None => Hint::Head { conversation, site, head },
            }
        }
        Body::Typing { site, conversation, by, active } => {
            Hint::Typing { site, conversation, by, active }
        }
        Body::Presence { node, site, team, visitors } => {
            let (node, visitors) = (NodeId(node), visitors.into());
            Hint::Presence(Arc::new(Presence { node, site, team, visitors }))
        }
        Body::WhoIsThere { site, node } => Hint::WhoIsThere { site, node: node.map(NodeId) },
    })
}

fn content_of(hint: &Hint) -> Option<Vec<u8>> {
    let Hint::Moved { state, events } = hint else { return None };
    let content = rmp_serde::to_vec_named(&Content { state, events }).ok()?;
    (content.len() <= CONTENT_BYTES_MAX).then_some(content)
}

impl<'a> Body<'a> {
    fn of(hint: &Hint, content: Option<&'a [u8]>) -> Option<Self> {
        Some(match hint {
            Hint::Moved { state, .. } => {
                let (conversation, site, head) = (state.id, state.site, state.head);
                Self::Moved { conversation, site, head, content }
            }
            Hint::Head { conversation, site, head } => {
                let (conversation, site, head) = (*conversation, *site, *head);
                Self::Moved { conversation, site, head, content: None }
            }
            Hint::Typing { site, conversation, by, active } => Self::Typing {
                site: *site,
                conversation: *conversation,
                by: by.clone(),
                active: *active,
            },
            Hint::Presence(presence) => Self::Presence {
                node: presence.node.0,
                site: presence.site,
                team: presence.team,
                visitors: presence.visitors.clone().into(),
            },
            Hint::WhoIsThere { site, node } => {
                Self::WhoIsThere { site: *site, node: node.map(|node| node.0) }
            }
            Hint::Joined(_) | Hint::Lost => return None,
        })
    }
}

/// As one run of bytes; what serde makes of a slice by itself is a list of numbers.
fn as_bytes<S: Serializer>(bytes: &Option<&[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    match bytes {
        Some(bytes) => serializer.serialize_bytes(bytes),
        None => serializer.serialize_none(),
    }
}

impl From<Visitors> for There {
    fn from(visitors: Visitors) -> Self {
        match visitors {
            Visitors::Sum { count, sum } => Self::Sum { count, sum },
            Visitors::Changed { came, went } => Self::Changed { came, went },
            Visitors::Exactly { part, parts, here } => Self::Exactly { part, parts, here },
        }
    }
}

impl From<There> for Visitors {
    fn from(there: There) -> Self {
        match there {
            There::Sum { count, sum } => Self::Sum { count, sum },
            There::Changed { came, went } => Self::Changed { came, went },
            There::Exactly { part, parts, here } => Self::Exactly { part, parts, here },
        }
    }
}

#[cfg(test)]
mod tests;
