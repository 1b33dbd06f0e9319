//! How connections are opened: one that writes, some that read.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{OpenError, deadline, flush};

/// How long another process (an administrative command) may hold the file before an answer is an error.
const BUSY: Duration = Duration::from_secs(5);
/// Pages kept by the connection that writes, in KiB; given back when it is quiet.
const WRITER_CACHE_KIB: i64 = 2 * 1024;
/// The same for one that reads. Both small: behind them the operating system keeps the file, once for
/// everybody and only while there is room.
const READER_CACHE_KIB: i64 = 256;
const STATEMENTS_MAX: usize = 128;
/// The write-ahead log is cut back to this size when it starts over.
const WAL_BYTES_KEPT: i64 = 64 * 1024 * 1024;

/// Pages in the log of the search index before it is moved: each time, the disk flushes beside commits.
const INDEX_WAL_PAGES: i64 = 8 * 1024;

/// Where things are.
#[derive(Clone, Debug)]
pub(super) struct Place {
    database: PathBuf,
    search_index: PathBuf,
}

impl Place {
    pub(super) fn in_directory(dir: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(dir)
            .map_err(|source| OpenError::Directory { path: dir.display().to_string(), source })?;
        let (database, search_index) = (dir.join("frontdesk.db"), dir.join("frontdesk-search.db"));
        Ok(Self { database, search_index })
    }

    /// A connection to look at the file as it is, whosever it is.
    pub(super) fn to_look(&self) -> rusqlite::Result<Connection> {
        let db = Connection::open(&self.database)?;
        db.busy_timeout(BUSY)?;
        Ok(db)
    }

    /// A connection that may write. Makes the file if there is none; a commit is on disk when it returns.
    pub(super) fn to_write(&self) -> rusqlite::Result<Connection> {
        let db = Connection::open(&self.database)?;
        prepare(&db, WRITER_CACHE_KIB)?;
        db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        db.pragma_update(None, "synchronous", "full")?;
        // See `checkpoint.rs`.
        db.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
        db.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(()))?;
        Ok(db)
    }

    /// The handle that flushes the database file.
    pub(super) fn to_flush(&self) -> std::io::Result<&'static File> {
        flush::handle(&self.database)
    }

    /// A connection that cannot write; the search index is `search` in it.
    pub(super) fn to_read(&self) -> rusqlite::Result<Connection> {
        let db = self.to_read_log()?;
        db.execute("ATTACH ?1 AS search", [self.search_index.to_string_lossy()])?;
        Ok(db)
    }

    /// A connection that cannot write, without the search index.
    pub(super) fn to_read_log(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(&self.database, flags)?;
        prepare(&db, READER_CACHE_KIB)?;
        deadline::watch(&mut db)?;
        Ok(db)
    }

    /// The connection that builds the search index. What the index loses in a crash it builds again, so
    /// its commits need not wait for the disk.
    pub(super) fn to_index(&self) -> rusqlite::Result<Connection> {
        let index = Connection::open(&self.search_index)?;
        prepare(&index, READER_CACHE_KIB)?;
        index.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        index.pragma_update(None, "synchronous", "normal")?;
        let pages = INDEX_WAL_PAGES;
        index.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))?;
        index.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(()))?;
        Ok(index)
    }

    /// Removes the search index, best effort: what cannot be removed cannot be opened either.
    pub(super) fn remove_search_index(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.search_index.clone().into_os_string();
            path.push(suffix);
            let _ = std::fs::remove_file(path);
        }
    }
}

fn prepare(db: &Connection, cache_kib: i64) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    db.pragma_update(None, "cache_size", -cache_kib)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "temp_store", "memory")?;
    Ok(())
}
