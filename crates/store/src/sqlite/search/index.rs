//! The index of all texts, and the thread that builds it.
//!
//! It stands in a file of its own, so that building it never holds up a commit; it can be thrown away at
//! any time, and is when it does not fit the database beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::words::PADDING;
use crate::StoreMetrics;
use crate::sqlite::columns::{Number, first};
use crate::sqlite::connection::Place;
use crate::sqlite::error::{OpenError, Trouble};
use crate::sqlite::{Running, events};

/// Changes when the tables below do.
const VERSION: i64 = 2;
const SCHEMA: &str = "
    CREATE VIRTUAL TABLE words USING fts5(
        text, content = '', columnsize = 0, tokenize = 'trigram case_sensitive 1');
    -- Fewer and larger parts are written, and merged less often: a third less work than by default.
    INSERT INTO words (words, rank) VALUES ('hashsize', 4194304);
    INSERT INTO words (words, rank) VALUES ('automerge', 8);
    CREATE VIRTUAL TABLE trigrams USING fts5vocab(words, instance);
    -- The last event that has been indexed, and what it was.
    CREATE TABLE indexed (upto INTEGER NOT NULL, mark TEXT) STRICT;
    INSERT INTO indexed VALUES (0, NULL);
";
const FORGET_TABLES: &str = "
    DROP TABLE IF EXISTS trigrams;
    DROP TABLE IF EXISTS words;
    DROP TABLE IF EXISTS indexed;
";
/// How often the thread looks whether there is something to index.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// With fewer new events than this since the last look, there is time to index.
const QUIET: i64 = 500;
/// Events that may wait however busy it is: looking through them takes about a tenth of a second.
const PENDING_MAX: i64 = 50_000;
/// Events that are indexed in one transaction.
const SLICE: usize = 8192;

/// The door to the indexing thread.
pub(in crate::sqlite) struct Indexer {
    wishes: Sender<Wish>,
    stopping: Arc<AtomicBool>,
}

enum Wish {
    /// Index everything now, and say so.
    Now(oneshot::Sender<()>),
    Stop,
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Indexer {
    /// Opens the index and starts the thread; it ends when it is told to, or when nobody can tell it any
    /// more.
    pub(in crate::sqlite) fn start(
        place: &Place,
        metrics: StoreMetrics,
        running: Running,
    ) -> Result<Self, OpenError> {
        let (log, index) = (place.to_read_log()?, open(place)?);
        let (wishes, asked) = channel();
        let stopping = Arc::new(AtomicBool::new(false));
        let thread = IndexThread { log, index, metrics, newest: 0, stopping: stopping.clone() };
        std::thread::Builder::new().name("store-search".into()).spawn(move || {
            thread.run(&asked);
            drop(running);
        })?;
        Ok(Self { wishes, stopping })
    }

    pub(in crate::sqlite) fn now(&self) -> oneshot::Receiver<()> {
        let (done, answer) = oneshot::channel();
        let _ = self.wishes.send(Wish::Now(done));
        answer
    }

    /// What waits to be indexed stays in the log, and is indexed next time.
    pub(in crate::sqlite) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        // If there is nobody to tell, it has stopped.
        let _ = self.wishes.send(Wish::Stop);
    }
}

/// The conversation that an indexed text is from.
pub(super) fn number_of_document(document: i64) -> Number {
    document >> 24
}

/// Documents of one conversation are neighbours, so that they can be indexed in ascending order slice by
/// slice; the index would have to flush for each one that is not.
fn document(number: Number, seq: u64) -> i64 {
    number << 24 | (seq & 0xff_ffff).cast_signed()
}

fn open(place: &Place) -> Result<Connection, OpenError> {
    match open_as_it_is(place) {
        Err(error) if is_spoiled(&error) => {
            // Nothing is in it that is not in the log.
            tracing::warn!(%error, "the search index cannot be used; building it again");
            place.remove_search_index();
            Ok(open_as_it_is(place)?)
        }
        opened => Ok(opened?),
    }
}

fn is_spoiled(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

fn open_as_it_is(place: &Place) -> rusqlite::Result<Connection> {
    let mut index = place.to_index()?;
    if version(&index)? != VERSION {
        let tables = index.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        if version(&tables)? != VERSION {
            tables.execute_batch(FORGET_TABLES)?;
            tables.execute_batch(SCHEMA)?;
            tables.pragma_update(None, "user_version", VERSION)?;
        }
        tables.commit()?;
    }
    Ok(index)
}

fn version(index: &Connection) -> rusqlite::Result<i64> {
    index.pragma_query_value(None, "user_version", |row| row.get(0))
}

struct IndexThread {
    log: Connection,
    index: Connection,
    metrics: StoreMetrics,
    /// The newest event there was at the last look, settled or not.
    newest: i64,
    stopping: Arc<AtomicBool>,
}

impl IndexThread {
    fn run(mut self, wishes: &Receiver<Wish>) {
        let mut fits = self.start_over_if_another();
        loop {
            let wish = wishes.recv_timeout(LOOK_EVERY);
            if fits.is_err() {
                fits = self.start_over_if_another();
            }
            let done = match (&wish, &fits) {
                (Ok(Wish::Stop) | Err(RecvTimeoutError::Disconnected), _) => return,
                (_, Err(_)) => Ok(()),
                (Ok(Wish::Now(_)), _) => self.index_all(),
                (Err(RecvTimeoutError::Timeout), _) => self.look(),
            };
            if let Err(error) = done.as_ref().and(fits.as_ref()) {
                // Searches go on, they look through more and more one by one.
                tracing::warn!(%error, "cannot build the search index");
                self.metrics.errors.inc();
            }
            if let (Ok(Wish::Now(asked)), Ok(())) = (wish, done) {
                let _ = asked.send(());
            }
        }
    }

    /// Indexes when it is quiet, and when too much waits.
    fn look(&mut self) -> Result<(), Trouble> {
        let last = self.last_event()?;
        let pending = last - self.upto()?;
        self.metrics.search_pending.set(pending);
        let is_quiet = self.is_quiet()?;
        if pending > 0 && (is_quiet || pending > PENDING_MAX) { self.index_all() } else { Ok(()) }
    }

    /// Whether little has been said since the last look. The log tells: what is settled moves on by leaps,
    /// and stands still between them however busy it is.
    fn is_quiet(&mut self) -> Result<bool, Trouble> {
        let newest = first(&self.log, "SELECT coalesce(max(id), 0) FROM events", [])?.unwrap_or(0);
        let new = newest - std::mem::replace(&mut self.newest, newest);
        Ok(new < QUIET)
    }

    fn index_all(&mut self) -> Result<(), Trouble> {
        while !self.stopping.load(Ordering::Relaxed) && self.index_slice()? {}
        self.metrics.search_pending.set(self.last_event()? - self.upto()?);
        Ok(())
    }

    /// Whether there was anything to index.
    fn index_slice(&mut self) -> Result<bool, Trouble> {
        let last = self.last_event()?;
        let slice = self.index.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let upto: i64 = first(&slice, "SELECT upto FROM indexed", [])?.unwrap_or(0);
        let found = events::texts_after(&self.log, upto, last, SLICE)?;
        if found.last <= upto {
            return Ok(false);
        }
        let mut texts = found.texts;
        texts.sort_unstable_by_key(|(number, seq, _)| (*number, *seq));
        {
            let mut insert =
                slice.prepare_cached("INSERT INTO words (rowid, text) VALUES (?1, ?2)")?;
            for (number, seq, text) in &texts {
                insert.execute(params![document(*number, *seq), format!("{text}{PADDING}")])?;
            }
        }
        let mark = mark(&self.log, found.last)?;
        slice.execute("UPDATE indexed SET upto = ?1, mark = ?2", params![found.last, mark])?;
        slice.commit()?;
        Ok(true)
    }

    /// Forgets an index of another database, or of one that has been put back to an earlier state.
    fn start_over_if_another(&mut self) -> Result<(), Trouble> {
        if fits(&self.index, &self.log)? {
            return Ok(());
        }
        let forget = self.index.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !fits(&forget, &self.log)? {
            tracing::warn!("the search index is of another database; building it again");
            forget.execute("INSERT INTO words (words) VALUES ('delete-all')", [])?;
            forget.execute("UPDATE indexed SET upto = 0, mark = NULL", [])?;
        }
        Ok(forget.commit()?)
    }

    /// The last one that is settled: searches look for others in the log, not in positions.
    fn last_event(&self) -> Result<i64, Trouble> {
        Ok(first(&self.log, "SELECT upto FROM settled", [])?.unwrap_or(0))
    }

    fn upto(&self) -> Result<i64, Trouble> {
        Ok(first(&self.index, "SELECT upto FROM indexed", [])?.unwrap_or(0))
    }
}

/// Whether the last event indexed is the one that the log has in its place.
fn fits(index: &Connection, log: &Connection) -> Result<bool, Trouble> {
    let indexed = "SELECT upto, mark FROM indexed";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (upto, found): (i64, Option<String>) = index.query_row(indexed, [], read)?;
    Ok(mark(log, upto)? == found)
}

/// What tells an event from one with the same number in another database.
fn mark(log: &Connection, event: i64) -> Result<Option<String>, Trouble> {
    let find = "SELECT lower(hex(c.id)) || ' ' || e.seq || ' ' || e.at
                FROM events e JOIN conversations c ON c.number = e.conversation WHERE e.id = ?1";
    Ok(log.prepare_cached(find)?.query_row([event], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log with so many events, none of them settled, and a thread that looks after it.
    fn thread_beside(dir: &std::path::Path) -> (Connection, IndexThread) {
        let place = Place::in_directory(dir).unwrap();
        let mut db = place.to_write().unwrap();
        crate::sqlite::migrations::migrate(&mut db).unwrap();
        let thread = IndexThread {
            log: place.to_read_log().unwrap(),
            index: open(&place).unwrap(),
            metrics: StoreMetrics::default(),
            newest: 0,
            stopping: Arc::default(),
        };
        (db, thread)
    }

    fn say(db: &Connection, events: i64) {
        let say = "INSERT INTO events (conversation, seq, visitor_seq, hidden, at, author, event)
                   VALUES (1, 1, 1, 0, 1, 'null', '\"claimed\"')";
        db.execute_batch("BEGIN").unwrap();
        for _ in 0..events {
            db.execute(say, []).unwrap();
        }
        db.execute_batch("COMMIT").unwrap();
    }

    #[test]
    fn an_empty_log_is_quiet() {
        let dir = tempfile::tempdir().unwrap();
        let (_db, mut thread) = thread_beside(dir.path());
        thread.look().unwrap();
        assert!(thread.is_quiet().unwrap());
    }

    #[test]
    fn it_is_busy_while_much_is_said_though_nothing_is_settled() {
        let dir = tempfile::tempdir().unwrap();
        let (db, mut thread) = thread_beside(dir.path());
        for _ in 0..3 {
            say(&db, QUIET);
            assert!(!thread.is_quiet().unwrap());
        }
        say(&db, QUIET - 1);
        assert!(thread.is_quiet().unwrap());
    }
}
