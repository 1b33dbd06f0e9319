//! Conversations as of their last append.

use conversation::{Conversation, Seq};
use protocol::{ConversationId, VisitorId};
use uuid::Uuid;

use super::columns::{column, json, unsigned};
use super::error::Trouble;
use super::pool::Database;

pub(super) async fn find(
    db: &Database,
    id: ConversationId,
) -> Result<Option<Conversation>, Trouble> {
    let find = db.prepare_cached("SELECT state FROM states WHERE id = $1").await?;
    let row = db.query_opt(&find, &[&id.0]).await?;
    row.map(|row| json(&row, 0)).transpose()
}

pub(super) async fn heads(
    db: &Database,
    ids: &[ConversationId],
) -> Result<Vec<(ConversationId, Seq)>, Trouble> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let heads = "SELECT id, head FROM states WHERE id = ANY($1)";
    let rows = db.query(&db.prepare_cached(heads).await?, &[&ids]).await?;
    rows.iter().map(|row| Ok((ConversationId(column(row, 0)?), Seq(unsigned(row, 1)?)))).collect()
}

/// The open one first, then the latest.
pub(super) async fn of_visitor(
    db: &Database,
    visitor: VisitorId,
    limit: usize,
) -> Result<Vec<Conversation>, Trouble> {
    let find = "SELECT s.state FROM conversations c JOIN states s ON s.id = c.id
                WHERE c.visitor = $1 ORDER BY c.closed, c.started_at DESC, c.number DESC LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = db.query(&db.prepare_cached(find).await?, &[&visitor.0, &limit]).await?;
    rows.iter().map(|row| json(row, 0)).collect()
}
