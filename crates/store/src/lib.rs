//! What is true: the journal of every conversation, the inbox index and the directory of people.
//!
//! Start with [`Journal::append`]: its head check is what makes a claim exclusive, and events, key,
//! and inbox row change in its one transaction. `sqlite/` is the embedded home, `postgres/` the one that
//! many nodes share, `memory.rs` the one for simulation; `conformance.rs` lists each promise once and every home must keep them all.
//!
//! Never here: sockets, wire frames, rules about who may do what, the wall clock (times are arguments).
//! If an answer is an error, nothing is known: look the key up before trying again.

#[cfg(feature = "conformance")]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test stops here")]
pub mod conformance;
mod digest;
mod directory;
mod inbox;
mod journal;
mod memory;
mod metrics;
mod numbers;
mod postgres;
mod sqlite;

pub use directory::{AgentRecord, AgentRole, Directory, NewAgent, SignInCode, Site, VisitorRecord};
pub use inbox::{Changed, Inbox, InboxQuery, InboxRows, Mark, OpenCounts, Place, Rank};
pub use journal::{Append, Appended, BulkRecord, Journal, Range, Start, StartOutcome};

pub use memory::MemoryStore;
pub use metrics::StoreMetrics;
pub use postgres::{PostgresError, PostgresStore};
pub use sqlite::{OpenError, SqliteStore};

use futures::future::BoxFuture;
use protocol::{AgentId, SiteId};

/// Everything a node needs of its store.
pub trait Store: Journal + Inbox + Directory {}

impl<T: Journal + Inbox + Directory> Store for T {}

/// The answer of every store call: a future that owns nothing of the caller's.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or cannot write (disk full, stopped). What was asked may or may not
    /// have happened.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// A page of the inbox was not found in the time given for it.
    #[error("there was no answer in time")]
    TooSlow,
    /// The request contradicts what is there (a second agent with the same e-mail on a site).
    #[error("{0}")]
    Conflict(String),
}

impl StoreError {
    fn site_is_there(site: SiteId) -> Self {
        Self::Conflict(format!("there is a site {site} already"))
    }

    fn no_such_site(site: SiteId) -> Self {
        Self::Conflict(format!("there is no site {site}"))
    }

    fn agent_is_there(agent: AgentId) -> Self {
        Self::Conflict(format!("there is an agent {agent} already"))
    }

    fn email_taken(email: &str) -> Self {
        Self::Conflict(format!("the site has an agent with the e-mail {email} already"))
    }
}
