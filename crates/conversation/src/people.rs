//! Who takes part, and who may.

use std::sync::Arc;

use protocol::{AgentId, PersonId, SiteId, VisitorId};
use serde::{Deserialize, Serialize};

/// The person asking. The name is empty until it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    pub id: VisitorId,
    pub name: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Arc<str>>,
}

/// The person answering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    pub id: AgentId,
    /// What visitors get to see instead of the id: opaque, the same everywhere.
    pub alias: PersonId,
    pub name: Arc<str>,
}

/// Who caused an event. An agent's e-mail is not here, so it cannot leak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    Visitor { id: VisitorId, name: Arc<str> },
    Agent(Agent),
    System,
}

/// Who is asking, as far as access goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    Visitor { site: SiteId, id: VisitorId },
    Agent { site: SiteId, id: AgentId },
}

impl Author {
    /// Whether `subject` is the same person: what decides who gets to see a `key` again.
    pub fn is(&self, subject: &Subject) -> bool {
        match (self, subject) {
            (Author::Visitor { id, .. }, Subject::Visitor { id: asking, .. }) => id == asking,
            (Author::Agent(agent), Subject::Agent { id: asking, .. }) => agent.id == *asking,
            _ => false,
        }
    }
}

impl Subject {
    /// The tenant this subject belongs to.
    pub fn site(&self) -> SiteId {
        match self {
            Subject::Visitor { site, .. } | Subject::Agent { site, .. } => *site,
        }
    }

    /// The one id of this person, whatever the role.
    pub fn person(&self) -> PersonId {
        match self {
            Subject::Visitor { id, .. } => (*id).into(),
            Subject::Agent { id, .. } => (*id).into(),
        }
    }

    /// Which events this subject may see.
    pub fn audience(&self) -> crate::Audience {
        match self {
            Subject::Visitor { .. } => crate::Audience::Visitor,
            Subject::Agent { .. } => crate::Audience::Agents,
        }
    }
}
