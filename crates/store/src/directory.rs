//! Sites, people, and the secret that signs their tokens.

use std::sync::Arc;

use conversation::{Agent, Conversation};
use protocol::{AgentId, PersonId, SiteId, VisitorId};
use serde::{Deserialize, Serialize};

use crate::Answer;

/// Who there is. Changes made by another process on the same store are seen by the next call.
pub trait Directory: Send + Sync + 'static {
    /// The 32 random bytes that sign tokens: made once, the same for everybody on this store.
    fn secret(&self) -> Answer<'_, [u8; 32]>;

    /// All sites, oldest first.
    fn sites(&self) -> Answer<'_, Vec<Site>>;

    fn site(&self, id: SiteId) -> Answer<'_, Option<Arc<Site>>>;

    /// Adds a site; domains are hosts in lower case. `Conflict` if its id is there.
    fn add_site(&self, site: Site, now: i64) -> Answer<'_, ()>;

    /// `Conflict` if the site has an agent with this e-mail (compared in lower case), or is not there.
    fn add_agent(&self, agent: NewAgent, now: i64) -> Answer<'_, AgentRecord>;

    fn agent(&self, id: AgentId) -> Answer<'_, Option<Arc<AgentRecord>>>;

    /// Agents with this e-mail (compared in lower case), of one site or of all.
    fn agents_by_email(&self, email: String, site: Option<SiteId>) -> Answer<'_, Vec<AgentRecord>>;

    /// Remembers a one-time sign-in code by its digest.
    fn add_sign_in_code(&self, code: SignInCode) -> Answer<'_, ()>;

    /// Takes the code away: of any number of callers one gets the agent, and only until it expires.
    fn take_sign_in_code(&self, digest: [u8; 32], now: i64) -> Answer<'_, Option<AgentId>>;

    fn visitor(&self, id: VisitorId) -> Answer<'_, Option<VisitorRecord>>;

    /// Adds or replaces what is known of a visitor.
    fn put_visitor(&self, visitor: VisitorRecord) -> Answer<'_, ()>;
}

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    pub id: SiteId,
    pub name: String,
    /// Exact hosts, in lower case, that may embed the widget.
    pub domains: Vec<String>,
}

/// What an agent may do with settings; over conversations all have the same rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentRole {
    Admin,
    Manager,
    Rep,
}

/// An agent to add.
#[derive(Clone)]
pub struct NewAgent {
    pub id: AgentId,
    pub alias: PersonId,
    pub site: SiteId,
    pub email: String,
    pub name: String,
    pub role: AgentRole,
    /// In PHC form; `None`: cannot sign in with a password.
    pub password_hash: Option<String>,
}

/// An agent as remembered.
#[derive(Clone, Serialize, Deserialize)]
pub struct AgentRecord {
    pub agent: Agent,
    pub site: SiteId,
    /// In lower case.
    pub email: String,
    pub role: AgentRole,
    pub password_hash: Option<String>,
}

/// A code that signs its agent in once, until it expires.
#[derive(Clone)]
pub struct SignInCode {
    /// SHA-256 of the code.
    pub digest: [u8; 32],
    pub agent: AgentId,
    pub expires_at: i64,
}

/// What is known of a visitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitorRecord {
    pub id: VisitorId,
    pub site: SiteId,
    pub name: String,
    pub email: Option<String>,
    pub first_seen_at: i64,
}

impl VisitorRecord {
    /// What a start knows of its visitor.
    pub(crate) fn at_start(conversation: &Conversation) -> Self {
        let Conversation { visitor, site, started_at, .. } = conversation;
        Self {
            id: visitor.id,
            site: *site,
            name: (*visitor.name).to_owned(),
            email: visitor.email.as_deref().map(str::to_owned),
            first_seen_at: *started_at,
        }
    }
}

impl AgentRole {
    /// The name on the command line and in databases.
    pub fn as_str(self) -> &'static str {
        match self {
            AgentRole::Admin => "admin",
            AgentRole::Manager => "manager",
            AgentRole::Rep => "rep",
        }
    }

    /// The role called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Admin, Self::Manager, Self::Rep].into_iter().find(|role| role.as_str() == name)
    }
}
