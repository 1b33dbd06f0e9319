//! Pages of one conversation's events, in either numbering.

use conversation::{Audience, Committed, Seq, VisitorSeq};
use protocol::ConversationId;
use protocol::limits::PAGE_BYTES_MAX;
use tokio_postgres::Row;

use super::columns::{column, json, unsigned};
use super::error::Trouble;
use super::pool::Database;
use crate::Range;

/// `$3`: as visitors count. A visitor's number n stands at n if nothing is hidden, and at most as many places
/// later as events are hidden: so reading begins there, and skips what is not asked for.
const FORWARDS: &str = "
    SELECT seq, visitor_seq, at, author, key, event FROM (
        SELECT e.*, sum(octet_length(e.event)) OVER (ORDER BY e.seq) - octet_length(e.event)
               AS bytes_before
        FROM events e
        WHERE e.conversation = (SELECT number FROM states WHERE id = $1) AND e.seq > $2
          AND (NOT $3 OR (NOT e.hidden AND e.visitor_seq > $2))
        ORDER BY e.seq LIMIT $4
    ) page WHERE bytes_before < $5";
const BACKWARDS: &str = "
    SELECT seq, visitor_seq, at, author, key, event FROM (
        SELECT e.*, sum(octet_length(e.event)) OVER (ORDER BY e.seq DESC) - octet_length(e.event)
               AS bytes_before
        FROM events e
        WHERE e.conversation = (SELECT number FROM states WHERE id = $1)
          AND e.seq < (SELECT CASE WHEN NOT $3 OR $2 > head THEN $2 ELSE $2 + head - visitor_head END
                       FROM states WHERE id = $1)
          AND (NOT $3 OR (NOT e.hidden AND e.visitor_seq < $2))
        ORDER BY e.seq DESC LIMIT $4
    ) page WHERE bytes_before < $5";

/// The events of a conversation that `audience` may see in `range`, ascending, up to a page.
pub(super) async fn page(
    db: &Database,
    id: ConversationId,
    audience: Audience,
    range: Range,
    limit: usize,
) -> Result<Vec<Committed>, Trouble> {
    let (sql, bound) = match range {
        Range::After(after) => (FORWARDS, after),
        Range::Before(before) => (BACKWARDS, before),
    };
    let bound = i64::try_from(bound).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let bytes = i64::try_from(PAGE_BYTES_MAX).unwrap_or(i64::MAX);
    let sql = db.prepare_cached(sql).await?;
    let for_visitors = audience == Audience::Visitor;
    let rows = db.query(&sql, &[&id.0, &bound, &for_visitors, &limit, &bytes]).await?;
    let mut page = rows.iter().map(committed).collect::<Result<Vec<_>, _>>()?;
    page.sort_unstable_by_key(|event| event.seq);
    Ok(page)
}

fn committed(row: &Row) -> Result<Committed, Trouble> {
    let key: Option<&str> = column(row, 4)?;
    Ok(Committed {
        seq: Seq(unsigned(row, 0)?),
        visitor_seq: VisitorSeq(unsigned(row, 1)?),
        at: column(row, 2)?,
        by: json(row, 3)?,
        key: key.map(serde_json::from_str).transpose()?,
        event: json(row, 5)?,
    })
}
