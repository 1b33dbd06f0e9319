//! Wishes answered no.

use crate::{Agent, Seq};

/// Why a command is refused. A refusal commits nothing and is not remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The command belongs to agents.
    Forbidden,
    /// Closed, for good.
    Closed,
    /// Only the owner may; this is who that is.
    NotOwner { owner: Option<Agent> },
    /// Another agent was first.
    AlreadyClaimed { owner: Agent },
    /// The log has moved past the number that the command expected.
    Conflict { head: Seq },
}
