//! The embedded home: one file, one thread that writes, a few that read.
//!
//! Start with [`SqliteStore::open`], then follow an append through `writer.rs` (who commits, and when)
//! into `append.rs` (what is judged and written at once) and `settle.rs` (what is written later; until then
//! it is in `unsettled.rs`). `pages.rs`, `conversations.rs`, `inbox.rs` and `search.rs` read; `migrations/` is
//! the schema.
//!
//! Never here: waiting on a timer before a commit, writing outside the writing thread, a statement made
//! of what a client sent.

mod append;
mod changes;
mod checkpoint;
mod columns;
mod connection;
mod conversations;
mod counts;
mod deadline;
mod directory;
mod error;
mod events;
mod flush;
mod inbox;
mod keys;
mod migrations;
mod pages;
mod readers;
mod search;
mod settle;
mod start;
mod transfer;
mod unsettled;
mod writer;
mod writing;

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use conversation::{Audience, Committed, Conversation, KeyScope, Remembered, Seq};
use protocol::{ConversationId, Key, PersonId, SiteId, VisitorId};
use tokio::sync::{Mutex, mpsc};

pub use error::OpenError;

use crate::{
    Answer, Append, Appended, BulkRecord, Changed, Inbox, InboxQuery, InboxRows, Journal, Mark,
    OpenCounts, Range, Start, StartOutcome, StoreError, StoreMetrics,
};
use connection::Place;
use readers::Readers;
use search::index::Indexer;
use unsettled::Unsettled;
use writer::Writer;

/// How long positions, keys and states of messages wait for more of the same conversation.
const SETTLE_AFTER: Duration = Duration::from_secs(5);

/// Threads that look up what takes no time.
const READERS: usize = 3;

/// Threads that search: they may keep half of the machine busy.
fn searchers() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / 2).clamp(1, 4)
}

/// Held by every thread as long as it runs.
type Running = mpsc::Sender<Infallible>;

/// A store in one file. Dropping it lets its threads finish what is queued and end.
pub struct SqliteStore {
    writer: Writer,
    unsettled: Arc<Unsettled>,
    is_beside: bool,
    readers: Readers,
    searchers: Readers,
    indexer: Indexer,
    metrics: StoreMetrics,
    place: Place,
    running: mpsc::WeakSender<Infallible>,
    ended: Mutex<mpsc::Receiver<Infallible>>,
}

impl SqliteStore {
    /// Opens `frontdesk.db` in `dir`; makes what is missing and brings an older schema up to date. One
    /// store alone may have a file open in this way: see to it.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_as(Some(SETTLE_AFTER), dir)
    }

    /// The same, for tests of what is settled at once or late: positions, keys and states of messages are
    /// written when a message is so old.
    pub fn open_to_settle_after(age: Duration, dir: &Path) -> Result<Self, OpenError> {
        Self::open_as(Some(age), dir)
    }

    /// Opens the same file beside the store that has it, for its directory: sites, agents, codes, secrets.
    /// Conversations are as they were some seconds ago, and cannot be begun or added to (`Unavailable`).
    pub fn open_beside(dir: &Path) -> Result<Self, OpenError> {
        Self::open_as(None, dir)
    }

    fn open_as(settle_after: Option<Duration>, dir: &Path) -> Result<Self, OpenError> {
        let place = Place::in_directory(dir)?;
        migrations::admit(&place.to_look()?)?;
        migrations::migrate(&mut place.to_write()?)?;
        let metrics = StoreMetrics::default();
        let (running, ended) = mpsc::channel(1);
        let unsettled = Arc::new(Unsettled::default());
        let settling = (unsettled.clone(), settle_after);
        // It brings the rows up to the log, which everybody else relies on.
        let writer = Writer::start(place.clone(), settling, metrics.clone(), running.clone())?;
        // Readers look into the index, so it comes first.
        let indexer = Indexer::start(&place, metrics.clone(), running.clone())?;
        let readers = Readers::start(&place, &running, ("store-reader", READERS))?;
        let searchers = Readers::start(&place, &running, ("store-searcher", searchers()))?;
        Ok(Self {
            is_beside: settle_after.is_none(),
            writer,
            unsettled,
            readers,
            searchers,
            indexer,
            metrics,
            place,
            running: running.downgrade(),
            ended: Mutex::new(ended),
        })
    }

    /// What it counts.
    pub fn metrics(&self) -> &StoreMetrics {
        &self.metrics
    }

    /// Brings the search index up to date now instead of when it is quiet. Searches are exact without.
    pub async fn index_now(&self) -> Result<(), StoreError> {
        self.writer.settle().await?;
        self.indexer.now().await.map_err(|_| StoreError::Unavailable("cannot index now".into()))
    }

    /// Finishes what is queued, ends the threads and closes the file. Whoever asks later hears
    /// `Unavailable`.
    pub async fn close(&self) {
        self.writer.stop().await;
        self.readers.stop().await;
        self.searchers.stop().await;
        self.indexer.stop();
        // Nothing is ever sent: this ends when the last thread has.
        self.ended.lock().await.recv().await;
    }
}

/// Whoever has the file numbers its events; nobody else may.
fn beside<T: Send + 'static>() -> Answer<'static, T> {
    let refused = StoreError::Unavailable("another store has this file".into());
    Box::pin(std::future::ready(Err(refused)))
}

impl Journal for SqliteStore {
    fn start(&self, start: Start) -> Answer<'_, StartOutcome> {
        if self.is_beside {
            return beside();
        }
        self.writer.write(move |db| start::start(db, &start))
    }

    fn append(&self, append: Append) -> Answer<'_, Appended> {
        if self.is_beside {
            return beside();
        }
        let metrics = self.metrics.clone();
        self.writer.write(move |db| {
            let appended = append::append(db, &append)?;
            metrics.appends.get_or_create(&(&appended).into()).inc();
            Ok(appended)
        })
    }

    fn find(&self, id: ConversationId) -> Answer<'_, Option<Conversation>> {
        let unsettled = self.unsettled.clone();
        self.readers.read(move |db| conversations::find(db, &unsettled, id))
    }

    fn remembered(&self, scope: KeyScope) -> Answer<'_, Option<Remembered>> {
        let unsettled = self.unsettled.clone();
        self.readers.read(move |db| keys::remembered(db, &unsettled, &scope))
    }

    fn events(
        &self,
        id: ConversationId,
        audience: Audience,
        range: Range,
        limit: usize,
    ) -> Answer<'_, Vec<Committed>> {
        let unsettled = self.unsettled.clone();
        self.readers.read(move |db| pages::page(db, &unsettled, id, audience, range, limit))
    }

    fn heads(&self, ids: Vec<ConversationId>) -> Answer<'_, Vec<(ConversationId, Seq)>> {
        let unsettled = self.unsettled.clone();
        self.readers.read(move |db| conversations::heads(db, &unsettled, &ids))
    }

    fn conversations_of(&self, visitor: VisitorId, limit: usize) -> Answer<'_, Vec<Conversation>> {
        let unsettled = self.unsettled.clone();
        self.readers.read(move |db| conversations::of_visitor(db, &unsettled, visitor, limit))
    }

    fn remember_bulk(
        &self,
        author: PersonId,
        key: Key,
        bulk: BulkRecord,
    ) -> Answer<'_, BulkRecord> {
        self.writer.write(move |db| keys::remember_bulk(db, author, &key, &bulk))
    }
}

impl Inbox for SqliteStore {
    fn list(&self, query: InboxQuery) -> Answer<'_, InboxRows> {
        // A search may take long, and nothing else waits for it.
        let until = query.until;
        let readers = if query.words.is_empty() { &self.readers } else { &self.searchers };
        let unsettled = self.unsettled.clone();
        let list = move |db: &rusqlite::Connection| inbox::list(db, &unsettled, &query);
        readers.read(move |db| deadline::by(db, until, list))
    }

    fn open_counts(&self, site: SiteId) -> Answer<'_, OpenCounts> {
        self.readers.read(move |db| counts::open(db, site))
    }

    fn changed_since(&self, site: SiteId, mark: Option<Mark>) -> Answer<'_, Changed> {
        self.readers.read(move |db| changes::since(db, site, mark))
    }
}
