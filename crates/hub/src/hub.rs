//! The door to everything that moves.

use std::sync::Arc;
use std::time::Duration;

use conversation::{Conversation, Subject, Visitor};
use fanout::Fanout;
use protocol::{BulkAction, ConversationId, Key, SiteId, Text, VisitorId};
use store::{InboxQuery, InboxRows, Store};

use crate::heads::Heads;
use crate::inbox::Feed;
use crate::presence::Presence;
use crate::registry::Registry;
use crate::{Ask, Asker, BulkResult, Clock, HubMetrics, Refusal, Reply, Started, Ticket};

/// Bounds of one hub.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Commands that one conversation may have waiting before it answers `Unavailable`.
    pub mailbox_max: usize,
    /// An actor that nobody listens to retires after this time without work.
    pub idle_after: Duration,
    /// The inbox tells its watchers at most this often.
    pub flush_every: Duration,
    /// With other nodes on the store, heads are compared this often (with jitter).
    pub compare_every: Duration,
    /// Conversations a visitor may start in a minute.
    pub starts_per_minute: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mailbox_max: 2048,
            idle_after: Duration::from_secs(30),
            flush_every: Duration::from_millis(50),
            compare_every: Duration::from_secs(2),
            starts_per_minute: protocol::limits::STARTS_PER_MINUTE,
        }
    }
}

/// Conversations in motion on this node. Cheap to clone; all clones are the same hub.
#[derive(Clone)]
pub struct Hub {
    pub(crate) inner: Arc<Inner>,
}

/// What actors and feeds share.
pub(crate) struct Inner {
    pub store: Arc<dyn Store>,
    pub fanout: Arc<dyn Fanout>,
    /// Whether other nodes may share the store; asked with every command.
    pub has_others: bool,
    pub clock: Arc<dyn Clock>,
    pub settings: Settings,
    pub metrics: HubMetrics,
    pub registry: Registry,
    pub heads: Arc<Heads>,
    pub feed: Feed,
    pub presence: Presence,
}

impl Hub {
    /// A hub over a store; call it inside a tokio runtime. With other nodes on the store it starts the
    /// tasks that take their hints and compare heads.
    pub fn new(
        store: Arc<dyn Store>,
        fanout: Arc<dyn Fanout>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        metrics: HubMetrics,
    ) -> Self {
        let (registry, feed, presence) =
            (Registry::default(), Feed::default(), Presence::default());
        let heads = Arc::default();
        let inner = Arc::new(Inner {
            store,
            has_others: fanout.has_others(),
            fanout,
            clock,
            settings,
            metrics,
            registry,
            heads,
            feed,
            presence,
        });
        if inner.has_others {
            crate::others::follow(&inner);
        }
        Self { inner }
    }

    /// Asks one conversation. Never waits; what one asker asks of one conversation takes effect in the
    /// order asked. The reply comes when it is on disk, or says why not.
    pub fn ask(&self, conversation: ConversationId, asker: &Arc<Asker>, ask: Ask, reply: Reply) {
        self.inner.ask(conversation, asker, ask, reply);
    }

    /// Begins a conversation with its first message. The asker watches it from then on and hears its
    /// events, the first two included. `id` is a fresh one.
    pub async fn start(
        &self,
        id: ConversationId,
        asker: &Arc<Asker>,
        visitor: Visitor,
        said: (Text, Key),
    ) -> Result<Started, Refusal> {
        self.inner.start(id, asker, visitor, said).await
    }

    /// The same command for many conversations, each by the rules for one. A repeated key asks again
    /// what the first one asked. The order of results is that of the first asking.
    pub async fn bulk(
        &self,
        asker: &Arc<Asker>,
        key: Key,
        action: BulkAction,
        conversations: Vec<String>,
    ) -> Result<Vec<BulkResult>, Refusal> {
        self.inner.bulk(asker, key, action, conversations).await
    }

    /// A page of the inbox, with the site's counts for this agent.
    pub async fn list(&self, query: InboxQuery) -> Result<(InboxRows, protocol::Counts), Refusal> {
        self.inner.list(query).await
    }

    /// Starts or stops telling the asker about every change of its site's inbox. Answers the ticket
    /// with the counts; rows and counts follow it.
    pub fn watch_inbox(&self, asker: &Arc<Asker>, on: bool, ticket: Ticket) {
        self.inner.watch_inbox(asker, on, ticket);
    }

    /// The asker's connection is there: counts for presence. Every `join` is matched by a `leave`.
    pub fn join(&self, asker: &Arc<Asker>) {
        self.inner.join(asker);
    }

    /// The asker's connection is gone. `watching` are the conversations it watched.
    pub fn leave(&self, asker: &Arc<Asker>, watching: impl IntoIterator<Item = ConversationId>) {
        for conversation in watching {
            self.ask(conversation, asker, Ask::Leave, Reply::nobody());
        }
        self.inner.leave(asker);
    }

    /// Whether some agent of the site is connected, to this node or another.
    pub fn team_online(&self, site: SiteId) -> bool {
        self.inner.presence.team_online(site)
    }

    /// Whether the visitor has a socket, on this node or another.
    pub fn visitor_online(&self, site: SiteId, visitor: VisitorId) -> bool {
        self.inner.presence.visitor_online(site, visitor)
    }

    /// The visitor's open conversation, if any, else the last one.
    pub async fn current_of(&self, visitor: VisitorId) -> Result<Option<Conversation>, Refusal> {
        Ok(self.inner.store.conversations_of(visitor, 1).await?.into_iter().next())
    }

    /// Conversations that have an actor right now.
    pub fn live_conversations(&self) -> usize {
        self.inner.registry.len()
    }
}

impl Inner {
    /// Whether the visitor of a conversation has a socket.
    pub(crate) fn online(&self, conversation: &Conversation) -> bool {
        self.presence.visitor_online(conversation.site, conversation.visitor.id)
    }

    /// Whether this asker may know of it at all.
    pub(crate) fn admit(conversation: &Conversation, subject: &Subject) -> Result<(), Refusal> {
        if conversation.admits(subject) { Ok(()) } else { Err(Refusal::NotFound) }
    }
}
