//! Moving one whole site from one store to another, exactly.
//!
//! Start with [`Transfer`], which every home keeps; [`export`] writes what one of them gives into a file
//! (`export.rs`, `lines.rs` is the format) and [`import`] reads it into another (`import.rs`).
//!
//! Carried is all that outlives a restart: site, agents, visitors, conversations, events, the first answers
//! under keys, bulks, and the secret that signs tokens. Not carried are sign-in codes, which are good for
//! minutes, and what a store makes of the rest (search index, counts).

mod error;
mod export;
mod hex;
mod import;
mod lines;
mod order;

use conversation::{Committed, Conversation, Remembered};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use protocol::{Key, PersonId, SiteId};
use serde::{Deserialize, Serialize};

pub use error::TransferError;
pub use export::export;
pub use import::{Tokens, import};

use crate::digest::Digest;
use crate::{AgentRecord, Answer, BulkRecord, Site, StoreError, VisitorRecord};

/// Where whole sites can be taken out and brought in.
pub trait Transfer: Send + Sync + 'static {
    /// All there is of a site, in the order of [`Part`], as of one moment after the call: every conversation
    /// with the events up to its head and the answers that go with them. `None` if there is no such site.
    /// However much it is, only some of it is in memory.
    fn take_out(&self, site: SiteId) -> Answer<'_, Option<Outgoing>>;

    /// Brings in a site, all or nothing: nobody sees any of it before all of it is there and on disk, and
    /// an error, also one among `parts`, leaves no trace. Only when the answer itself was lost
    /// ([`TransferError::Unknown`]) it may be there. `Conflict` if the site, or any of its people or conversations, is
    /// there already. The secret replaces the store's own as long as that has no site, and is refused
    /// ([`TransferError::OtherSecret`]) if it is another one later; without [`Part::Secret`] it stays.
    fn bring_in(&self, parts: Incoming) -> BoxFuture<'_, Result<(), TransferError>>;
}

/// A site on its way out.
pub struct Outgoing {
    /// How much comes.
    pub counts: Counts,
    /// In groups of any size.
    pub parts: BoxStream<'static, Result<Vec<Part>, StoreError>>,
}

/// A site on its way in, in groups of any size.
pub type Incoming = BoxStream<'static, Result<Vec<Part>, TransferError>>;

/// A piece of a site, in the order they come. The names stand in files: a change makes a new version.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What signs the tokens of its people.
    Secret(#[serde(with = "hex")] [u8; 32]),
    Site {
        site: Site,
        created_at: i64,
    },
    /// In the order they were added.
    Agent {
        agent: AgentRecord,
        created_at: i64,
    },
    /// By id.
    Visitor(VisitorRecord),
    /// In the order they began. Its events and keys follow before the next one.
    Conversation(Box<Conversation>),
    /// The next event of the conversation before.
    Event(Box<Committed>),
    /// The first answer under a key of the conversation before; by digest.
    Key {
        #[serde(with = "hex")]
        digest: Digest,
        answer: Remembered,
    },
    /// The first answer under the key of a start; by digest.
    Start {
        #[serde(with = "hex")]
        digest: Digest,
        answer: Remembered,
    },
    /// By author and key.
    Bulk {
        author: PersonId,
        key: Key,
        bulk: BulkRecord,
    },
}

/// How many there are of each part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub agents: u64,
    pub visitors: u64,
    pub conversations: u64,
    pub events: u64,
    /// Of conversations and of starts.
    pub keys: u64,
    pub bulks: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, part: &Part) {
        match part {
            Part::Secret(_) | Part::Site { .. } => {}
            Part::Agent { .. } => self.agents += 1,
            Part::Visitor(_) => self.visitors += 1,
            Part::Conversation(_) => self.conversations += 1,
            Part::Event(_) => self.events += 1,
            Part::Key { .. } | Part::Start { .. } => self.keys += 1,
            Part::Bulk { .. } => self.bulks += 1,
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { agents, visitors, conversations, events, keys, bulks } = self;
        write!(
            f,
            "{agents} agents, {visitors} visitors, {conversations} conversations with {events} events, \
             {keys} keys, {bulks} bulks"
        )
    }
}
