//! A store that can fall silent, or refuse everything, and recover.

use std::sync::Arc;

use conversation::{Audience, Committed, Conversation, KeyScope, Remembered, Seq};
use protocol::{AgentId, ConversationId, Key, PersonId, SiteId, VisitorId};
use store::{
    AgentRecord, Answer, Append, Appended, BulkRecord, Changed, Directory, Inbox, InboxQuery,
    InboxRows, Journal, Mark, MemoryStore, NewAgent, OpenCounts, Range, SignInCode, Site, Start,
    StartOutcome, StoreError, VisitorRecord,
};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Answers nothing until the mood changes.
    Silent,
    /// Refuses everything.
    Gone,
}

pub struct Moody {
    inner: Arc<MemoryStore>,
    mood: watch::Sender<Mood>,
}

impl Moody {
    pub fn new(inner: Arc<MemoryStore>) -> Arc<Self> {
        Arc::new(Self { inner, mood: watch::Sender::new(Mood::Well) })
    }

    pub fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    async fn mood(&self) -> Result<(), StoreError> {
        let mut moods = self.mood.subscribe();
        match moods.wait_for(|mood| *mood != Mood::Silent).await.map(|mood| *mood) {
            Ok(Mood::Well) => Ok(()),
            _ => Err(StoreError::Unavailable("in a mood".into())),
        }
    }
}

macro_rules! in_a_mood {
    ($store:ident { $(fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty;)* }) => {
        impl $store for Moody {
            $(fn $name(&self $(, $argument: $type)*) -> Answer<'_, $answer> {
                Box::pin(async move {
                    self.mood().await?;
                    self.inner.$name($($argument),*).await
                })
            })*
        }
    };
}

in_a_mood!(Journal {
    fn start(&self, start: Start) -> StartOutcome;
    fn append(&self, append: Append) -> Appended;
    fn find(&self, id: ConversationId) -> Option<Conversation>;
    fn remembered(&self, scope: KeyScope) -> Option<Remembered>;
    fn events(&self, id: ConversationId, audience: Audience, range: Range, limit: usize) -> Vec<Committed>;
    fn heads(&self, ids: Vec<ConversationId>) -> Vec<(ConversationId, Seq)>;
    fn conversations_of(&self, visitor: VisitorId, limit: usize) -> Vec<Conversation>;
    fn remember_bulk(&self, author: PersonId, key: Key, bulk: BulkRecord) -> BulkRecord;
});

in_a_mood!(Inbox {
    fn list(&self, query: InboxQuery) -> InboxRows;
    fn open_counts(&self, site: SiteId) -> OpenCounts;
    fn changed_since(&self, site: SiteId, mark: Option<Mark>) -> Changed;
});

in_a_mood!(Directory {
    fn secret(&self) -> [u8; 32];
    fn sites(&self) -> Vec<Site>;
    fn site(&self, id: SiteId) -> Option<Arc<Site>>;
    fn add_site(&self, site: Site, now: i64) -> ();
    fn add_agent(&self, agent: NewAgent, now: i64) -> AgentRecord;
    fn agent(&self, id: AgentId) -> Option<Arc<AgentRecord>>;
    fn agents_by_email(&self, email: String, site: Option<SiteId>) -> Vec<AgentRecord>;
    fn add_sign_in_code(&self, code: SignInCode) -> ();
    fn take_sign_in_code(&self, digest: [u8; 32], now: i64) -> Option<AgentId>;
    fn visitor(&self, id: VisitorId) -> Option<VisitorRecord>;
    fn put_visitor(&self, visitor: VisitorRecord) -> ();
});
