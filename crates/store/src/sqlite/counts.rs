//! How many conversations each agent owns: kept beside them, so that asking costs as much as there are
//! agents, not conversations.

use conversation::Conversation;
use protocol::{AgentId, SiteId};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::columns::{Number, execute, first};
use super::error::Trouble;
use super::inbox;
use crate::{InboxQuery, OpenCounts};

/// Counts a conversation that has just begun.
pub(super) fn add(db: &Connection, state: &Conversation) -> Result<(), Trouble> {
    let add = "INSERT INTO counts (site, closed, owner, n) VALUES (?1, ?2, ?3, 1)
               ON CONFLICT DO UPDATE SET n = n + 1";
    let owner = owner_column(state.owner.as_ref().map(|owner| owner.agent.id));
    execute(db, add, params![state.site.0.as_bytes(), state.is_closed(), owner])?;
    Ok(())
}

/// Counts a conversation where it belongs now, and no longer where it was; before its row changes.
pub(super) fn move_to(
    db: &Connection,
    number: Number,
    state: &Conversation,
) -> Result<(), Trouble> {
    let leave = "UPDATE counts SET n = n - 1 WHERE (site, closed, owner) =
                 (SELECT site, closed, ifnull(owner, x'') FROM conversations WHERE number = ?1)";
    execute(db, leave, [number])?;
    add(db, state)
}

pub(super) fn open(db: &Connection, site: SiteId) -> Result<OpenCounts, Trouble> {
    let open = "SELECT owner, n FROM counts WHERE site = ?1 AND closed = 0 AND n > 0";
    let mut counts = OpenCounts::default();
    let mut statement = db.prepare_cached(open)?;
    let mut rows = statement.query([site.0.as_bytes()])?;
    while let Some(row) = rows.next()? {
        let n = super::columns::unsigned(row, 1)?;
        match Uuid::from_slice(row.get_ref(0)?.as_blob()?) {
            Ok(owner) => drop(counts.owned.insert(AgentId(owner), n)),
            Err(_) => counts.unassigned = n,
        }
    }
    Ok(counts)
}

/// How many rows a list has, before any search.
pub(super) fn total(db: &Connection, query: &InboxQuery) -> Result<u64, Trouble> {
    let of_all = "SELECT ifnull(sum(n), 0) FROM counts WHERE site = ?1 AND closed = ?2";
    let of_one = "SELECT n FROM counts WHERE site = ?1 AND closed = ?2 AND owner = ?3";
    let (site, mut total) = (query.site.0.as_bytes(), 0);
    for closed in inbox::statuses(query) {
        let n: Option<i64> = match inbox::owner(query) {
            None => first(db, of_all, params![site, closed])?,
            Some(owner) => first(db, of_one, params![site, closed, owner_column(owner)])?,
        };
        total += n.unwrap_or(0).cast_unsigned();
    }
    Ok(total)
}

fn owner_column(owner: Option<AgentId>) -> Vec<u8> {
    owner.map(|owner| owner.0.as_bytes().to_vec()).unwrap_or_default()
}
