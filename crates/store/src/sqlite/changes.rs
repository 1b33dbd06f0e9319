//! What changed of a site. One thread writes, so the log is in the order of commits and its end is a mark.

use conversation::Seq;
use protocol::{ConversationId, SiteId};
use rusqlite::{Connection, params};

use super::columns::{all, first, uuid};
use super::error::Trouble;
use crate::{Changed, Mark};

pub(super) fn since(db: &Connection, site: SiteId, mark: Option<Mark>) -> Result<Changed, Trouble> {
    // The end of the log and what is before it are of the same moment.
    let _snapshot = db.unchecked_transaction()?;
    let end = first(db, "SELECT ifnull(max(id), 0) FROM events", [])?;
    let end = Mark(end.unwrap_or_default());
    let Mark(since) = mark.unwrap_or(end);
    // From the log to the conversations: the other way would read the whole log for each.
    let changed = "SELECT c.id, max(e.seq)
                   FROM events e CROSS JOIN conversations c ON c.number = e.conversation
                   WHERE e.id > ?1 AND c.site = ?2
                   GROUP BY c.id";
    let heads = all(db, changed, params![since, site.0.as_bytes()], |row| {
        let head: i64 = row.get(1)?;
        Ok((ConversationId(uuid(row, 0)?), Seq(head.cast_unsigned())))
    })?;
    Ok(Changed { heads, mark: end })
}
