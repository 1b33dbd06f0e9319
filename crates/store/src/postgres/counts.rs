//! How many conversations each agent owns: sums, and what has changed since they were drawn.

use protocol::{AgentId, SiteId};
use uuid::Uuid;

use super::columns::column;
use super::error::Trouble;
use super::inbox;
use super::pool::Database;
use crate::{InboxQuery, OpenCounts};

const OPEN: &str = "
    SELECT owner, sum(n)::bigint FROM (
        SELECT owner, n FROM counts WHERE site = $1 AND NOT closed
        UNION ALL SELECT owner, n FROM count_changes WHERE site = $1 AND NOT closed
    ) all_of_them GROUP BY owner HAVING sum(n) > 0";

pub(super) async fn open(db: &Database, site: SiteId) -> Result<OpenCounts, Trouble> {
    let rows = db.query(&db.prepare_cached(OPEN).await?, &[&site.0]).await?;
    let mut counts = OpenCounts::default();
    for row in &rows {
        let (owner, n): (Uuid, i64) = (column(row, 0)?, column(row, 1)?);
        match owner {
            owner if owner.is_nil() => counts.unassigned = n.cast_unsigned(),
            owner => drop(counts.owned.insert(AgentId(owner), n.cast_unsigned())),
        }
    }
    Ok(counts)
}

/// How many rows a list has before any search, as an expression of SQL; `$1` is the site, `$2` the owner.
pub(super) fn total(query: &InboxQuery) -> String {
    let closed = inbox::statuses(query).iter().map(|closed| closed.to_string());
    let closed = closed.collect::<Vec<_>>().join(", ");
    if closed.is_empty() {
        return "(0::bigint)".into();
    }
    let owner = if inbox::owner(query).is_some() { "owner = $2" } else { "$2::uuid IS NOT NULL" };
    let which = format!("site = $1 AND closed IN ({closed}) AND {owner}");
    format!(
        "(SELECT coalesce(sum(n), 0)::bigint FROM (
             SELECT n FROM counts WHERE {which} UNION ALL SELECT n FROM count_changes WHERE {which}) c)"
    )
}

/// "Sums": one node sums up at a time.
pub(super) const LOCK: &str = "SELECT pg_try_advisory_xact_lock(x'53756d73'::bigint)";

/// Sums up what has changed. Whoever reads meanwhile sees all of before or all of after.
pub(super) const SUM_UP: &str = "
    WITH gone AS (DELETE FROM count_changes RETURNING site, closed, owner, n),
    summed AS (SELECT site, closed, owner, sum(n) AS n FROM gone GROUP BY site, closed, owner)
    INSERT INTO counts (site, closed, owner, n)
    SELECT site, closed, owner, n FROM summed ORDER BY site, closed, owner
    ON CONFLICT (site, closed, owner) DO UPDATE SET n = counts.n + excluded.n";
