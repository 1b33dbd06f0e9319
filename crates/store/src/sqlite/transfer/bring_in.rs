//! A site on its way in: one transaction, however large it is.

use std::collections::HashSet;
use std::sync::Arc;

use conversation::{Conversation, Remembered};
use protocol::{ConversationId, Key, PersonId};
use rusqlite::Connection;

use crate::sqlite::columns::{Number, execute, first};
use crate::sqlite::connection::Place;
use crate::sqlite::error::Trouble;
use crate::sqlite::keys::{self, Digest};
use crate::sqlite::unsettled::Unsettled;
use crate::sqlite::{counts, directory, events, settle, start};
use crate::{AgentRecord, BulkRecord, Part, StoreError, TransferError, VisitorRecord};

/// Pages kept while it lasts, in KiB: conversations come in another order than their indexes have.
const CACHE_KIB: i64 = 64 * 1024;

/// Dropped, it leaves no trace.
pub(super) struct Arriving {
    db: Connection,
    unsettled: Arc<Unsettled>,
    /// The conversation whose events are coming in.
    current: (Number, ConversationId),
}

impl Arriving {
    pub(super) fn begin(place: &Place, unsettled: &Arc<Unsettled>) -> Result<Self, TransferError> {
        let begin = || -> Result<Connection, Trouble> {
            let db = place.to_write()?;
            db.pragma_update(None, "cache_size", -CACHE_KIB)?;
            db.execute_batch("BEGIN IMMEDIATE")?;
            Ok(db)
        };
        let (db, unsettled) = (begin()?, unsettled.clone());
        Ok(Self { db, unsettled, current: (keys::NOWHERE, ConversationId::NOWHERE) })
    }

    pub(super) fn put(&mut self, part: &Part) -> Result<(), TransferError> {
        let (db, (number, id)) = (&self.db, self.current);
        match part {
            Part::Secret(secret) => put_secret(db, secret),
            Part::Site { site, created_at } => Ok(directory::add_site(db, site, *created_at)??),
            Part::Agent { agent, created_at } => put_agent(db, agent, *created_at),
            Part::Visitor(visitor) => put_visitor(db, visitor),
            Part::Conversation(state) => self.put_conversation(state),
            Part::Event(event) => Ok(events::insert(db, number, std::slice::from_ref(event))?),
            Part::Key { digest, answer } => put_key(db, (number, id), digest, answer),
            Part::Start { digest, answer } => {
                put_key(db, (keys::NOWHERE, ConversationId::NOWHERE), digest, answer)
            }
            Part::Bulk { author, key, bulk } => put_bulk(db, *author, key, bulk),
        }
    }

    fn put_conversation(&mut self, state: &Conversation) -> Result<(), TransferError> {
        let id = state.id;
        let there = "SELECT 1 FROM conversations WHERE id = ?1";
        if first::<i64>(&self.db, there, [id.0.as_bytes()])?.is_some() {
            return Err(is_there("conversation", id));
        }
        counts::add(&self.db, state)?;
        self.current = (start::insert(&self.db, state)?, id);
        Ok(())
    }

    /// When it returns, all of it is on disk.
    pub(super) fn commit(self) -> Result<(), TransferError> {
        // Nobody else can commit meanwhile, so what is not settled stands still.
        settle::move_mark_before(&self.db, self.unsettled.first_row(&HashSet::new()))?;
        let committed = self.db.execute_batch("COMMIT");
        committed.map_err(|error| TransferError::Unknown(error.to_string()))?;
        // The log is as long as the site is large. What cannot be moved now is moved later.
        let _ = self.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        Ok(())
    }
}

fn put_secret(db: &Connection, secret: &[u8; 32]) -> Result<(), TransferError> {
    let own: Option<[u8; 32]> = first(db, "SELECT secret FROM secrets WHERE name = 'tokens'", [])?;
    let has_sites = first::<i64>(db, "SELECT 1 FROM sites", [])?.is_some();
    match own {
        Some(own) if own == *secret => return Ok(()),
        Some(_) if has_sites => return Err(TransferError::OtherSecret),
        _ => {}
    }
    let put = "INSERT OR REPLACE INTO secrets (name, secret) VALUES ('tokens', ?1)";
    execute(db, put, [secret])?;
    Ok(())
}

fn put_agent(db: &Connection, agent: &AgentRecord, at: i64) -> Result<(), TransferError> {
    directory::add_agent(db, agent, at)??;
    Ok(())
}

fn put_visitor(db: &Connection, visitor: &VisitorRecord) -> Result<(), TransferError> {
    if directory::visitor(db, visitor.id)?.is_some() {
        return Err(is_there("visitor", visitor.id));
    }
    Ok(directory::put_visitor(db, visitor)?)
}

fn put_key(
    db: &Connection,
    (number, of): (Number, ConversationId),
    digest: &Digest,
    answer: &Remembered,
) -> Result<(), TransferError> {
    match keys::insert(db, number, digest, (of, answer))? {
        true => Ok(()),
        false => Err(is_there("key of conversation", answer.conversation)),
    }
}

fn put_bulk(
    db: &Connection,
    author: PersonId,
    key: &Key,
    bulk: &BulkRecord,
) -> Result<(), TransferError> {
    match keys::remember_bulk(db, author, key, bulk)? == *bulk {
        true => Ok(()),
        false => Err(is_there("bulk of agent", author)),
    }
}

fn is_there(what: &str, id: impl std::fmt::Display) -> TransferError {
    StoreError::is_there(what, id).into()
}

impl From<Trouble> for TransferError {
    fn from(trouble: Trouble) -> Self {
        Self::Store((&trouble).into())
    }
}
