//! What makes a repeated command have one effect.

use conversation::{Author, Committed, Deed, Event, KeyScope, Remembered, Seq, VisitorSeq};
use protocol::{ConversationId, Key, PersonId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{Number, execute, json, unsigned};
use super::conversations::number_of;
use super::error::Trouble;
use super::unsettled::Unsettled;
use crate::BulkRecord;
pub(super) use crate::digest::{Digest, digest};

/// Where the keys of starts are: no conversation has this number.
pub(super) const NOWHERE: Number = 0;

/// The first answer under a key, for the readers.
pub(super) fn remembered(
    db: &Connection,
    unsettled: &Unsettled,
    scope: &KeyScope,
) -> Result<Option<Remembered>, Trouble> {
    let (id, digest) = (scope.conversation, digest(scope));
    if let Some((_, Some(first))) = unsettled.look(id, &digest) {
        return Ok(Some(first));
    }
    let number = if id == ConversationId::NOWHERE { Some(NOWHERE) } else { number_of(db, id)? };
    match number {
        Some(number) => find(db, number, &digest, id),
        None => Ok(None),
    }
}

/// The first answer under a key of `conversation`.
pub(super) fn find(
    db: &Connection,
    number: Number,
    digest: &Digest,
    conversation: ConversationId,
) -> Result<Option<Remembered>, Trouble> {
    let find = "SELECT seq, visitor_seq, closed_seq, at, about FROM keys
                WHERE conversation = ?1 AND digest = ?2";
    let read = |row: &Row<'_>| {
        let about: Option<[u8; 16]> = row.get(4)?;
        let about = about.map(|id| ConversationId(uuid::Uuid::from_bytes(id)));
        let closed_seq: Option<i64> = row.get(2)?;
        Ok(Remembered {
            conversation: about.unwrap_or(conversation),
            seq: Seq(unsigned(row, 0)?),
            visitor_seq: VisitorSeq(unsigned(row, 1)?),
            closed_seq: closed_seq.map(|seq| Seq(seq.cast_unsigned())),
            at: row.get(3)?,
        })
    };
    Ok(db.prepare_cached(find)?.query_row(params![number, digest], read).optional()?)
}

/// The first answer under a key that is known to be used.
pub(super) fn used(
    db: &Connection,
    number: Number,
    digest: &Digest,
    conversation: ConversationId,
) -> Result<Remembered, Trouble> {
    let found = find(db, number, digest, conversation)?;
    found.ok_or(Trouble::Sqlite(rusqlite::Error::QueryReturnedNoRows))
}

/// Remembers an answer under a key of `conversation`; `false` if the key has been used.
pub(super) fn insert(
    db: &Connection,
    number: Number,
    digest: &Digest,
    (conversation, remembered): (ConversationId, &Remembered),
) -> Result<bool, Trouble> {
    let insert = "INSERT INTO keys
        (conversation, digest, seq, visitor_seq, closed_seq, at, about)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
    let elsewhere = remembered.conversation != conversation;
    let inserted = execute(
        db,
        insert,
        params![
            number,
            digest,
            remembered.seq.0.cast_signed(),
            remembered.visitor_seq.0.cast_signed(),
            remembered.closed_seq.map(|seq| seq.0.cast_signed()),
            remembered.at,
            elsewhere.then_some(*remembered.conversation.0.as_bytes()),
        ],
    )?;
    Ok(inserted == 1)
}

/// Takes back what was inserted in this transaction.
pub(super) fn forget(db: &Connection, number: Number, digest: &Digest) -> Result<(), Trouble> {
    let delete = "DELETE FROM keys WHERE conversation = ?1 AND digest = ?2";
    execute(db, delete, params![number, digest]).map(drop)
}

/// Keeps the first record under a key and answers it.
pub(super) fn remember_bulk(
    db: &Connection,
    author: PersonId,
    key: &Key,
    bulk: &BulkRecord,
) -> Result<BulkRecord, Trouble> {
    let insert = "INSERT INTO bulks (author, key, action, conversations) VALUES (?1, ?2, ?3, ?4)
                  ON CONFLICT DO NOTHING";
    let action = serde_json::to_string(&bulk.action)?;
    let conversations = serde_json::to_string(&bulk.conversations)?;
    execute(db, insert, params![author.0.as_bytes(), key.as_str(), action, conversations])?;
    let find = "SELECT action, conversations FROM bulks WHERE author = ?1 AND key = ?2";
    let mut find = db.prepare_cached(find)?;
    let mut rows = find.query(params![author.0.as_bytes(), key.as_str()])?;
    match rows.next()? {
        Some(row) => Ok(BulkRecord { action: json(row, 0)?, conversations: json(row, 1)? }),
        None => Ok(bulk.clone()),
    }
}

/// The digest of the key that a message or note came with.
pub(super) fn digest_of(conversation: ConversationId, event: &Committed) -> Option<Digest> {
    let author = match &event.by {
        Author::Visitor { id, .. } => (*id).into(),
        Author::Agent(agent) => agent.id.into(),
        Author::System => return None,
    };
    let deed = match event.event {
        Event::Posted { .. } => Deed::Send,
        Event::Noted { .. } => Deed::Note,
        _ => return None,
    };
    let key = event.key.clone()?;
    Some(digest(&KeyScope { author, conversation, deed, key }))
}
