//! What changed of a site, by the transactions that wrote the rows. To be replaced by an index.

use conversation::Seq;
use protocol::{ConversationId, SiteId};

use super::columns::{column, unsigned};
use super::error::Trouble;
use super::pool::Database;
use crate::{Changed, Mark};

pub(super) async fn since(
    db: &Database,
    site: SiteId,
    mark: Option<Mark>,
) -> Result<Changed, Trouble> {
    let end = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    let end: i64 = column(&db.query_one(&db.prepare_cached(end).await?, &[]).await?, 0)?;
    let Some(Mark(since)) = mark else { return Ok(Changed { heads: vec![], mark: Mark(end) }) };
    let changed = "SELECT id, head FROM states WHERE site = $1 AND xmin::text::bigint >= $2";
    let rows = db.query(&db.prepare_cached(changed).await?, &[&site.0, &since]).await?;
    let head = |row| Ok((ConversationId(column(row, 0)?), Seq(unsigned(row, 1)?)));
    let heads = rows.iter().map(head).collect::<Result<_, Trouble>>()?;
    Ok(Changed { heads, mark: Mark(end) })
}
