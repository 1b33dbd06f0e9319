//! The home that many nodes share: a PostgreSQL database.
//!
//! Start with [`PostgresStore::open`], then follow an append through `writer.rs` (which lane takes it) and
//! `lane.rs` (who commits, and when) into `append.rs` and `append.sql` (what is judged and written). A start
//! is `start.rs`. What became of a commit whose answer was lost is found out in `settle.rs`. `pages.rs`,
//! `conversations.rs`, `inbox.rs` and `search.rs` read, through `pool.rs`; `keeper.rs` does what can be done
//! later; `migrations/` is the schema.
//!
//! Never here: a lease or an owner of anything, an answer before its commit, a statement made of what a
//! client sent. If the server is away, whoever asks hears `Unavailable` in a bounded time, and the store
//! goes on by itself when it is back.

mod append;
mod changes;
mod columns;
mod conversations;
mod counts;
mod deadline;
mod directory;
mod error;
mod inbox;
mod job;
mod keeper;
mod keys;
mod lane;
mod migrations;
mod pages;
mod place;
mod pool;
mod search;
mod session;
mod settle;
mod start;
mod tls;
mod transfer;
mod writer;

use std::sync::Arc;

use conversation::{Audience, Committed, Conversation, KeyScope, Remembered, Seq};
use futures::FutureExt as _;
use protocol::{ConversationId, Key, PersonId, SiteId, VisitorId};

pub use error::PostgresError;

use crate::{
    Answer, Append, Appended, BulkRecord, Changed, Inbox, InboxQuery, InboxRows, Journal, Mark,
    OpenCounts, Range, Start, StartOutcome, StoreError, StoreMetrics,
};
use keeper::Keeper;
use place::Place;
use pool::Pool;
use writer::Writer;

/// Connections that write side by side: while one waits for the flush, the others gather.
const LANES: usize = 4;
/// Connections that look up what takes no time.
const READERS: usize = 8;
/// Connections that search.
const SEARCHERS: usize = 3;

/// A store in a database. Dropping it lets what is queued finish, in the background.
pub struct PostgresStore {
    writer: Writer,
    pool: Pool,
    searchers: Pool,
    keeper: Option<Keeper>,
    place: Place,
    metrics: StoreMetrics,
}

impl PostgresStore {
    /// Whether an address can be used at all; asks nobody.
    pub fn admits(url: &str) -> Result<(), PostgresError> {
        Place::parse(url).map(drop)
    }

    /// Opens the database at `url` (`postgres://USER:PASSWORD@HOST:PORT/DATABASE`); makes what is missing
    /// and brings an older schema up to date. Any number of stores may do so at once.
    pub async fn open(url: &str) -> Result<Self, PostgresError> {
        Self::open_as(url, LANES, true).await
    }

    /// The same, for a command that soon ends: it leaves to servers what can be done later.
    pub async fn open_beside(url: &str) -> Result<Self, PostgresError> {
        Self::open_as(url, 1, false).await
    }

    async fn open_as(url: &str, lanes: usize, keeps: bool) -> Result<Self, PostgresError> {
        let place = Place::parse(url)?;
        let (mut client, carrier) = place.connect_first().await?;
        admit(&client).await?;
        migrations::migrate(&mut client).await?;
        drop((client, carrier));
        let metrics = StoreMetrics::default();
        Ok(Self {
            writer: Writer::start(&place, lanes, &metrics),
            pool: Pool::of(&place, READERS)?,
            searchers: Pool::of(&place, SEARCHERS)?,
            keeper: keeps.then(|| Keeper::start(place.clone(), metrics.clone())),
            place,
            metrics,
        })
    }

    /// What it counts.
    pub fn metrics(&self) -> &StoreMetrics {
        &self.metrics
    }

    /// Brings the search index up to date now instead of when it is quiet. Searches are exact without.
    pub async fn index_now(&self) -> Result<(), StoreError> {
        match &self.keeper {
            Some(keeper) => keeper.index_now().await,
            None => Err(StoreError::Unavailable("this store leaves indexing to others".into())),
        }
    }

    /// How the server finds the rows of a page, line by line: for measurements.
    pub fn explain(&self, query: InboxQuery) -> Answer<'_, Vec<String>> {
        let query = Arc::new(query);
        self.searchers.ask(move |db| {
            let query = query.clone();
            async move { search::explain(db, &query).await }.boxed()
        })
    }

    /// Finishes what is queued and closes the connections. Whoever asks later hears `Unavailable`.
    pub async fn close(&self) {
        self.writer.stop().await;
        if let Some(keeper) = &self.keeper {
            keeper.stop();
        }
        self.pool.close();
        self.searchers.close();
    }
}

/// Whether the server is one that we know how to use.
async fn admit(client: &tokio_postgres::Client) -> Result<(), PostgresError> {
    const OLDEST: i32 = 140_000;
    let about = "SELECT current_setting('server_version_num')::integer,
                        current_setting('server_version'), current_setting('server_encoding'),
                        current_setting('fsync')";
    let about = client.query_one(about, &[]).await?;
    if about.get::<_, i32>(0) < OLDEST {
        return Err(PostgresError::TooOld(about.get(1)));
    }
    if about.get::<_, &str>(2) != "UTF8" {
        return Err(PostgresError::Encoding(about.get(2)));
    }
    if about.get::<_, &str>(3) != "on" {
        tracing::warn!("the database has fsync off: a power cut may take back what was answered");
    }
    Ok(())
}

impl Journal for PostgresStore {
    fn start(&self, start: Start) -> Answer<'_, StartOutcome> {
        self.writer.begin(start)
    }

    fn append(&self, append: Append) -> Answer<'_, Appended> {
        self.writer.append(append)
    }

    fn find(&self, id: ConversationId) -> Answer<'_, Option<Conversation>> {
        self.pool.ask(move |db| conversations::find(db, id).boxed())
    }

    fn remembered(&self, scope: KeyScope) -> Answer<'_, Option<Remembered>> {
        let scope = Arc::new(scope);
        self.pool.ask(move |db| {
            let scope = scope.clone();
            async move { keys::remembered(db, &scope).await }.boxed()
        })
    }

    fn events(
        &self,
        id: ConversationId,
        audience: Audience,
        range: Range,
        limit: usize,
    ) -> Answer<'_, Vec<Committed>> {
        self.pool.ask(move |db| pages::page(db, id, audience, range, limit).boxed())
    }

    fn heads(&self, ids: Vec<ConversationId>) -> Answer<'_, Vec<(ConversationId, Seq)>> {
        let ids = Arc::new(ids);
        self.pool.ask(move |db| {
            let ids = ids.clone();
            async move { conversations::heads(db, &ids).await }.boxed()
        })
    }

    fn conversations_of(&self, visitor: VisitorId, limit: usize) -> Answer<'_, Vec<Conversation>> {
        self.pool.ask(move |db| conversations::of_visitor(db, visitor, limit).boxed())
    }

    fn remember_bulk(
        &self,
        author: PersonId,
        key: Key,
        bulk: BulkRecord,
    ) -> Answer<'_, BulkRecord> {
        let asked = Arc::new((key, bulk));
        self.pool.ask(move |db| {
            let asked = asked.clone();
            async move { keys::remember_bulk(db, author, &asked.0, &asked.1).await }.boxed()
        })
    }
}

impl Inbox for PostgresStore {
    fn list(&self, query: InboxQuery) -> Answer<'_, InboxRows> {
        // A search may take long, and nothing else waits for it.
        let pool = if query.words.is_empty() { &self.pool } else { &self.searchers };
        Box::pin(deadline::list(pool, query))
    }

    fn open_counts(&self, site: SiteId) -> Answer<'_, OpenCounts> {
        self.pool.ask(move |db| counts::open(db, site).boxed())
    }

    fn changed_since(&self, site: SiteId, mark: Option<Mark>) -> Answer<'_, Changed> {
        self.pool.ask(move |db| changes::since(db, site, mark).boxed())
    }
}
