//! What makes a repeated command have one effect.

use conversation::{KeyScope, Remembered, Seq, VisitorSeq};
use protocol::{ConversationId, Key, PersonId};
use uuid::Uuid;

use super::columns::{column, digest_column, json, unsigned};
use super::error::Trouble;
use super::pool::Database;
use crate::BulkRecord;
use crate::digest::digest;

const OF_CONVERSATION: &str = "
    SELECT k.seq, k.visitor_seq, k.closed_seq, k.at, k.about
    FROM states s JOIN keys k ON k.conversation = s.number WHERE s.id = $1 AND k.digest = $2";
const OF_START: &str = "
    SELECT k.seq, k.visitor_seq, k.closed_seq, k.at, k.about
    FROM keys k WHERE k.conversation = 0 AND k.digest = $2 AND $1::uuid IS NOT NULL";

/// The first answer under a key.
pub(super) async fn remembered(
    db: &Database,
    scope: &KeyScope,
) -> Result<Option<Remembered>, Trouble> {
    let id = scope.conversation;
    let find = if id == ConversationId::NOWHERE { OF_START } else { OF_CONVERSATION };
    let find = db.prepare_cached(find).await?;
    let row = db.query_opt(&find, &[&id.0, &digest_column(digest(scope))]).await?;
    let Some(row) = row else { return Ok(None) };
    let about: Option<Uuid> = column(&row, 4)?;
    Ok(Some(Remembered {
        conversation: about.map_or(id, ConversationId),
        seq: Seq(unsigned(&row, 0)?),
        visitor_seq: VisitorSeq(unsigned(&row, 1)?),
        closed_seq: column::<Option<i64>>(&row, 2)?.map(|seq| Seq(seq.cast_unsigned())),
        at: column(&row, 3)?,
    }))
}

/// Keeps the first record under a key and answers it.
pub(super) async fn remember_bulk(
    db: &Database,
    author: PersonId,
    key: &Key,
    bulk: &BulkRecord,
) -> Result<BulkRecord, Trouble> {
    let insert = "INSERT INTO bulks (author, key, action, conversations) VALUES ($1, $2, $3, $4)
                  ON CONFLICT DO NOTHING";
    let (key, action) = (key.as_str().as_bytes(), serde_json::to_string(&bulk.action)?);
    let conversations = serde_json::to_string(&bulk.conversations)?;
    let insert = db.prepare_cached(insert).await?;
    db.execute(&insert, &[&author.0, &key, &action, &conversations]).await?;
    let find = "SELECT action, conversations FROM bulks WHERE author = $1 AND key = $2";
    let row = db.query_one(&db.prepare_cached(find).await?, &[&author.0, &key]).await?;
    Ok(BulkRecord { action: json(&row, 0)?, conversations: json(&row, 1)? })
}
