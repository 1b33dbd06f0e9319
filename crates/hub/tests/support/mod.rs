//! One door for the hub's tests: a node on a memory store, and people with ears.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its own part of the door; it is a test"
)]

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use conversation::{Agent, Author, Command, Committed, Deed, Subject, Visitor};
use fanout::{Alone, Fanout};
use futures::future::BoxFuture;
use hub::{Answer, Ask, Asker, Clock, Ear, Hub, HubMetrics, News, Refusal, Reply, Settings};
use protocol::{AgentId, ConversationId, Key, PersonId, SiteId, Text, VisitorId};
use store::{MemoryStore, Store};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use uuid::Uuid;

pub const SITE: SiteId = SiteId(Uuid::from_u128(7));

/// A clock that goes on by one millisecond each time somebody looks.
#[derive(Default)]
pub struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now_ms(&self) -> i64 {
        1_000_000 + self.0.fetch_add(1, Ordering::Relaxed)
    }
}

pub struct Node {
    pub hub: Hub,
    pub metrics: HubMetrics,
}

impl Node {
    pub fn on(store: Arc<dyn Store>, fanout: Arc<dyn Fanout>, settings: Settings) -> Self {
        let metrics = HubMetrics::default();
        let clock = Arc::new(Ticking::default());
        let hub = Hub::new(store, fanout, clock, settings, metrics.clone());
        Self { hub, metrics }
    }

    pub fn alone() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        Self::on(Arc::new(MemoryStore::new()), Arc::new(Alone), settings)
    }

    pub fn visitor(&self, n: u128) -> Person {
        let id = VisitorId(Uuid::from_u128(n));
        let subject = Subject::Visitor { site: SITE, id };
        Person::new(self.hub.clone(), subject, Author::Visitor { id, name: "Vera".into() })
    }

    pub fn agent(&self, n: u128) -> Person {
        let id = AgentId(Uuid::from_u128(100 + n));
        let alias = PersonId(Uuid::from_u128(1000 + n));
        let subject = Subject::Agent { site: SITE, id };
        let author = Author::Agent(Agent { id, alias, name: format!("Agent {n}").into() });
        Person::new(self.hub.clone(), subject, author)
    }
}

struct Channel(Mutex<UnboundedSender<News>>);

impl Ear for Channel {
    fn tell(&self, news: News) -> bool {
        self.0.lock().unwrap().send(news).is_ok()
    }
}

/// Somebody with a connection.
pub struct Person {
    hub: Hub,
    pub asker: Arc<Asker>,
    pub heard: UnboundedReceiver<News>,
}

static SESSIONS: AtomicU64 = AtomicU64::new(1);
static KEYS: AtomicU64 = AtomicU64::new(1);

pub fn fresh_key() -> Key {
    Key::new(&format!("key-{}", KEYS.fetch_add(1, Ordering::Relaxed))).unwrap()
}

pub fn text(words: &str) -> Text {
    Text::new(words).unwrap()
}

pub fn post(words: &str) -> Command {
    Command::Post { text: text(words), then_close: false }
}

pub const CLOSE: Command = Command::Close { expected: None };

impl Person {
    fn new(hub: Hub, subject: Subject, author: Author) -> Self {
        let (sender, heard) = mpsc::unbounded_channel();
        let session = SESSIONS.fetch_add(1, Ordering::Relaxed);
        let ear = Arc::new(Channel(Mutex::new(sender)));
        let asker = Arc::new(Asker { session, subject, author, ear });
        Self { hub, asker, heard }
    }

    pub async fn start(&self, words: &str) -> ConversationId {
        self.start_with(words, fresh_key()).await
    }

    pub async fn start_with(&self, words: &str, key: Key) -> ConversationId {
        let id = ConversationId(Uuid::now_v7());
        let Subject::Visitor { id: visitor, .. } = self.asker.subject else {
            panic!("visitors start");
        };
        let visitor = Visitor { id: visitor, name: "Vera".into(), email: None };
        let said = (text(words), key);
        self.hub.start(id, &self.asker, visitor, said).await.unwrap().conversation.id
    }

    pub async fn ask(&self, conversation: ConversationId, ask: Ask) -> Result<Answer, Refusal> {
        let (reply, answer) = Reply::waiting();
        self.hub.ask(conversation, &self.asker, ask, reply);
        answer.await.expect("a reply always answers")
    }

    pub async fn does(&self, id: ConversationId, command: Command) -> Result<u64, Refusal> {
        self.does_with(id, command, fresh_key()).await
    }

    pub async fn does_with(
        &self,
        id: ConversationId,
        command: Command,
        key: Key,
    ) -> Result<u64, Refusal> {
        let deed = deed_of(&command);
        match self.ask(id, Ask::Command { command, deed, key }).await? {
            Answer::Committed { seq, .. } => Ok(seq),
            other => panic!("a command is answered with a number, not {other:?}"),
        }
    }

    pub async fn watch(&self, id: ConversationId, after: u64) -> hub::Snapshot {
        match self.ask(id, Ask::Watch { after }).await.unwrap() {
            Answer::Watched(snapshot) => *snapshot,
            other => panic!("a watch is answered with a snapshot, not {other:?}"),
        }
    }

    /// The next event, whatever else is heard before it.
    pub async fn next_event(&mut self) -> Committed {
        let next = async {
            loop {
                match self.heard.recv().await.expect("the node lives") {
                    News::Event(told) => return told.committed.clone(),
                    _ => continue,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), next).await.expect("an event within 20 s")
    }

    /// The numbers of all events told by now.
    pub fn numbers_so_far(&mut self) -> Vec<u64> {
        let mut numbers = Vec::new();
        while let Ok(news) = self.heard.try_recv() {
            if let News::Event(told) = news {
                numbers.extend(told.committed.number_for(self.asker.subject.audience()));
            }
        }
        numbers
    }

    /// The numbers of the next `count` events, in the person's own numbering.
    pub async fn next_numbers(&mut self, count: usize) -> Vec<u64> {
        let audience = self.asker.subject.audience();
        let mut numbers = Vec::new();
        while numbers.len() < count {
            numbers.push(self.next_event().await.number_for(audience).expect("may see it"));
        }
        numbers
    }

    /// The first of the news that `pick` wants.
    pub async fn hears<T>(&mut self, mut pick: impl FnMut(News) -> Option<T>) -> T {
        let next = async {
            loop {
                if let Some(found) = pick(self.heard.recv().await.expect("the node lives")) {
                    return found;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), next).await.expect("the news within 20 s")
    }
}

fn deed_of(command: &Command) -> Deed {
    match command {
        Command::Post { .. } => Deed::Send,
        Command::Note { .. } => Deed::Note,
        Command::Claim => Deed::Claim,
        Command::Unclaim => Deed::Unclaim,
        Command::Close { .. } => Deed::Close,
    }
}

/// A store that does as told: fails, panics, or takes long.
pub struct Moody {
    inner: MemoryStore,
    pub mood: Mutex<Mood>,
    meanwhile: Mutex<Option<BoxFuture<'static, ()>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Fine,
    /// The next append panics.
    Panics,
    /// Nothing can be reached.
    Gone,
    /// The next append happens, and its answer is lost.
    Unknown,
    /// The next page of events is not found.
    NoPage,
    /// Heads take a while.
    Slow,
}

impl Moody {
    pub fn new() -> Arc<Self> {
        let (inner, mood) = (MemoryStore::new(), Mutex::new(Mood::Fine));
        Arc::new(Self { inner, mood, meanwhile: Mutex::new(None) })
    }

    /// This happens just before the next page of events is read, the next counts, or the next changes.
    pub fn meanwhile(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::pin(happens));
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    async fn let_it_happen(&self) {
        let happens = self.meanwhile.lock().unwrap().take();
        if let Some(happens) = happens {
            happens.await;
        }
    }

    fn check(&self) -> Result<(), store::StoreError> {
        match *self.mood.lock().unwrap() {
            Mood::Gone => Err(store::StoreError::Unavailable("gone".into())),
            _ => Ok(()),
        }
    }

    fn take(&self, mood: Mood) -> bool {
        let mut now = self.mood.lock().unwrap();
        let is = *now == mood;
        if is {
            *now = Mood::Fine;
        }
        is
    }
}

macro_rules! passed_on {
    ($(fn $name:ident(&self $(, $arg:ident: $type:ty)*) -> $answer:ty;)*) => {
        $(fn $name(&self $(, $arg: $type)*) -> store::Answer<'_, $answer> {
            match self.check() {
                Ok(()) => self.inner.$name($($arg),*),
                Err(error) => Box::pin(async move { Err(error) }),
            }
        })*
    };
}

impl store::Journal for Moody {
    fn heads(
        &self,
        ids: Vec<ConversationId>,
    ) -> store::Answer<'_, Vec<(ConversationId, conversation::Seq)>> {
        Box::pin(async move {
            self.check()?;
            if *self.mood.lock().unwrap() == Mood::Slow {
                tokio::time::sleep(Duration::from_millis(5)).await; // sleep-ok: as told
            }
            self.inner.heads(ids).await
        })
    }

    fn append(&self, append: store::Append) -> store::Answer<'_, store::Appended> {
        Box::pin(async move {
            self.check()?;
            assert!(!self.take(Mood::Panics), "as told");
            let unknown = self.take(Mood::Unknown);
            let answer = self.inner.append(append).await;
            if unknown { Err(store::StoreError::Unavailable("lost".into())) } else { answer }
        })
    }

    fn events(
        &self,
        id: ConversationId,
        audience: conversation::Audience,
        range: store::Range,
        limit: usize,
    ) -> store::Answer<'_, Vec<Committed>> {
        Box::pin(async move {
            self.check()?;
            if self.take(Mood::NoPage) {
                return Err(store::StoreError::Unavailable("no page".into()));
            }
            self.let_it_happen().await;
            self.inner.events(id, audience, range, limit).await
        })
    }

    passed_on! {
        fn start(&self, start: store::Start) -> store::StartOutcome;
        fn find(&self, id: ConversationId) -> Option<conversation::Conversation>;
        fn remembered(&self, scope: conversation::KeyScope) -> Option<conversation::Remembered>;
        fn conversations_of(&self, visitor: VisitorId, limit: usize) -> Vec<conversation::Conversation>;
        fn remember_bulk(&self, author: PersonId, key: Key, bulk: store::BulkRecord) -> store::BulkRecord;
    }
}

impl store::Inbox for Moody {
    fn open_counts(&self, site: SiteId) -> store::Answer<'_, store::OpenCounts> {
        Box::pin(async move {
            self.check()?;
            self.let_it_happen().await;
            self.inner.open_counts(site).await
        })
    }

    fn changed_since(
        &self,
        site: SiteId,
        mark: Option<store::Mark>,
    ) -> store::Answer<'_, store::Changed> {
        Box::pin(async move {
            self.check()?;
            self.let_it_happen().await;
            self.inner.changed_since(site, mark).await
        })
    }

    passed_on! {
        fn list(&self, query: store::InboxQuery) -> store::InboxRows;
    }
}

impl store::Directory for Moody {
    passed_on! {
        fn secret(&self) -> [u8; 32];
        fn sites(&self) -> Vec<store::Site>;
        fn site(&self, id: SiteId) -> Option<Arc<store::Site>>;
        fn add_site(&self, site: store::Site, now: i64) -> ();
        fn add_agent(&self, agent: store::NewAgent, now: i64) -> store::AgentRecord;
        fn agent(&self, id: AgentId) -> Option<Arc<store::AgentRecord>>;
        fn agents_by_email(&self, email: String, site: Option<SiteId>) -> Vec<store::AgentRecord>;
        fn add_sign_in_code(&self, code: store::SignInCode) -> ();
        fn take_sign_in_code(&self, digest: [u8; 32], now: i64) -> Option<AgentId>;
        fn visitor(&self, id: VisitorId) -> Option<store::VisitorRecord>;
        fn put_visitor(&self, visitor: store::VisitorRecord) -> ();
    }
}
