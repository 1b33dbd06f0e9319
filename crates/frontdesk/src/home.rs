//! Opens the store that the configuration names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use prometheus_client::registry::Registry;
use store::{OpenError, PostgresStore, SqliteStore, Store};

use crate::config::without_password;
use crate::folder::{self, Serving};

/// Where everything is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// An embedded database in this folder.
    Folder(PathBuf),
    /// A database that many nodes share.
    Postgres(DatabaseUrl),
}

/// An address with a password in it, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub String);

/// The right to serve a home.
pub struct Claimed {
    /// Held, not read: a folder can have one server only.
    _folder: Option<Serving>,
}

/// A store that can be used, and later closed.
pub struct Opened {
    pub store: Arc<dyn Store>,
    pub closer: Closer,
}

/// Ends a store when everything that was asked of it is done.
pub enum Closer {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

impl Home {
    /// Whether other nodes may have the same one open.
    pub fn is_shared(&self) -> bool {
        match self {
            Home::Folder(_) => false,
            Home::Postgres(_) => true,
        }
    }

    /// Claims the place for one server, where it can have only one.
    pub fn claim(&self) -> Result<Claimed> {
        let folder = match self {
            Home::Folder(folder) => Some(folder::lock(folder)?),
            Home::Postgres(_) => None,
        };
        Ok(Claimed { _folder: folder })
    }

    /// Opens it for the server that has claimed it; makes it if it is not there.
    pub async fn open(&self, _claimed: &Claimed) -> Result<Opened> {
        match self {
            Home::Folder(folder) => in_folder(folder, SqliteStore::open),
            Home::Postgres(url) => in_database(PostgresStore::open(&url.0).await),
        }
    }

    /// Opens it beside a server that may be running; makes it if it is not there.
    pub async fn open_beside(&self) -> Result<Opened> {
        match self {
            Home::Folder(folder) => in_folder(folder, SqliteStore::open_beside),
            Home::Postgres(url) => in_database(PostgresStore::open_beside(&url.0).await),
        }
    }
}

fn in_folder(
    folder: &Path,
    open: impl FnOnce(&Path) -> Result<SqliteStore, OpenError>,
) -> Result<Opened> {
    folder::make(folder)?;
    let store = open(folder)
        .with_context(|| format!("--data {}: cannot open the store", folder.display()))?;
    let store = Arc::new(store);
    Ok(Opened { store: store.clone(), closer: Closer::Sqlite(store) })
}

fn in_database(opened: Result<PostgresStore, store::PostgresError>) -> Result<Opened> {
    let store = Arc::new(opened.context("--database-url: cannot open the store")?);
    Ok(Opened { store: store.clone(), closer: Closer::Postgres(store) })
}

impl Closer {
    /// Puts the store's counters where `/metrics` finds them.
    pub fn register(&self, registry: &mut Registry) {
        let metrics = match self {
            Closer::Sqlite(store) => store.metrics(),
            Closer::Postgres(store) => store.metrics(),
        };
        metrics.register(registry);
    }

    /// Finishes what is queued and closes files and connections.
    pub async fn close(self) {
        match self {
            Closer::Sqlite(store) => store.close().await,
            Closer::Postgres(store) => store.close().await,
        }
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Home::Folder(folder) => folder.display().fmt(f),
            Home::Postgres(url) => url.fmt(f),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_password(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
