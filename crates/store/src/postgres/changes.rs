//! What changed of a site. Commits have no order that a reader could keep its place in, but transactions
//! have numbers: a mark is the lowest one that was still under way, and whatever was written by it or a later
//! one may be new to whoever has the mark.

use conversation::Seq;
use protocol::{ConversationId, SiteId};
use uuid::Uuid;

use super::columns::{column, unsigned};
use super::error::Trouble;
use super::pool::Database;
use crate::{Changed, Mark};

const NOW: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

/// One statement, so that mark and conversations are of the same moment.
const SINCE: &str = "
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, changed.id, changed.head
    FROM (SELECT 1) always LEFT JOIN (
        SELECT c.id, max(e.seq) AS head
        FROM events e JOIN conversations c ON c.number = e.conversation
        WHERE e.xact >= $1 AND c.site = $2 GROUP BY c.id
    ) changed ON true";

pub(super) async fn since(
    db: &Database,
    site: SiteId,
    mark: Option<Mark>,
) -> Result<Changed, Trouble> {
    let Some(Mark(since)) = mark else {
        let row = db.query_one(&db.prepare_cached(NOW).await?, &[]).await?;
        return Ok(Changed { heads: Vec::new(), mark: Mark(column(&row, 0)?) });
    };
    let rows = db.query(&db.prepare_cached(SINCE).await?, &[&since, &site.0]).await?;
    let mut changed = Changed { heads: Vec::new(), mark: Mark(since) };
    for row in &rows {
        changed.mark = Mark(column(row, 0)?);
        if let Some(id) = column::<Option<Uuid>>(row, 1)? {
            changed.heads.push((ConversationId(id), Seq(unsigned(row, 2)?)));
        }
    }
    Ok(changed)
}
