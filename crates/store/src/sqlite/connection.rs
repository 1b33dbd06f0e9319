//! How connections are opened: one that writes, some that read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::OpenError;

/// How long another process (an administrative command) may hold the file before an answer is an error.
const BUSY: Duration = Duration::from_secs(5);
/// In KiB, for each connection.
const CACHE_KIB: i64 = 16 * 1024;
const STATEMENTS_MAX: usize = 128;
/// The write-ahead log is cut back to this size when it starts over.
const WAL_BYTES_KEPT: i64 = 64 * 1024 * 1024;

/// Where things are.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) database: PathBuf,
}

impl Place {
    pub(super) fn in_directory(dir: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(dir).map_err(|source| OpenError::Directory {
            path: dir.display().to_string(),
            source,
        })?;
        Ok(Self { database: dir.join("frontdesk.db") })
    }

    /// A connection that may write. Makes the file if there is none; a commit is on disk when it returns.
    pub(super) fn to_write(&self) -> rusqlite::Result<Connection> {
        let db = Connection::open(&self.database)?;
        prepare(&db)?;
        db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        db.pragma_update(None, "synchronous", "full")?;
        db.pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(()))?;
        Ok(db)
    }

    /// A connection that cannot write.
    pub(super) fn to_read(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.database, flags)?;
        prepare(&db)?;
        Ok(db)
    }
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "temp_store", "memory")?;
    Ok(())
}
