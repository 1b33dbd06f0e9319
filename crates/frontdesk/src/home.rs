//! Opens the store that the configuration names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use prometheus_client::registry::Registry;
use store::{OpenError, SqliteStore, Store};

use crate::folder::{self, Serving};

/// Where everything is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// An embedded database in this folder.
    Folder(PathBuf),
}

/// A store that can be used, and later closed.
pub struct Opened {
    pub store: Arc<dyn Store>,
    pub closer: Closer,
}

/// Ends a store when everything that was asked of it is done.
pub struct Closer(Arc<SqliteStore>);

impl Home {
    /// Whether other nodes may have the same one open.
    pub fn is_shared(&self) -> bool {
        match self {
            Home::Folder(_) => false,
        }
    }

    /// Claims the place for one server, where it can have only one.
    pub fn claim(&self) -> Result<Serving> {
        match self {
            Home::Folder(folder) => folder::lock(folder),
        }
    }

    /// Opens it for the server that has claimed it; makes it if it is not there.
    pub fn open(&self, _claimed: &Serving) -> Result<Opened> {
        self.open_by(SqliteStore::open)
    }

    /// Opens it beside a server that may be running; makes it if it is not there.
    pub fn open_beside(&self) -> Result<Opened> {
        self.open_by(SqliteStore::open_beside)
    }

    fn open_by(&self, open: impl Fn(&Path) -> Result<SqliteStore, OpenError>) -> Result<Opened> {
        match self {
            Home::Folder(folder) => {
                folder::make(folder)?;
                let store = open(folder).with_context(|| {
                    format!("--data {}: cannot open the store", folder.display())
                })?;
                let store = Arc::new(store);
                Ok(Opened { store: store.clone(), closer: Closer(store) })
            }
        }
    }
}

impl Closer {
    /// Puts the store's counters where `/metrics` finds them.
    pub fn register(&self, registry: &mut Registry) {
        self.0.metrics().register(registry);
    }

    /// Finishes what is queued and closes the files.
    pub async fn close(self) {
        self.0.close().await;
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Home::Folder(folder) => folder.display().fmt(f),
        }
    }
}
