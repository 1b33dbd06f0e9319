//! The list that agents work from.
//!
//! A page is put together from streams: parts of the list that an index has in order already, such as
//! "open, with a name, by name". Each stream gives its first few rows after the place where the page
//! before ended; the page is the first of them all.

use std::collections::HashMap;
use std::sync::Arc;

use conversation::Conversation;
use protocol::{AgentId, ConversationId, Order, Queue, Sort, StatusFilter};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, named_params, params};

use super::columns::{Number, uuid};
use super::error::Trouble;
use super::search::Numbers;
use super::unsettled::Unsettled;
use super::{conversations, counts, search};
use crate::{InboxQuery, InboxRows, Place, Rank};

/// With at most so many matches, looking each of them up beats going through the list.
const FEW: usize = 1000;

/// A row of the list before its state has been read.
type Found = (Place, Number);

/// States that are newer than their rows. Only what was said makes them so, which moves a row up and down
/// in a list, but never into another list.
type Newer = HashMap<Number, Arc<Conversation>>;

pub(super) fn list(
    db: &Connection,
    unsettled: &Unsettled,
    query: &InboxQuery,
) -> Result<InboxRows, Trouble> {
    // First: what is settled meanwhile is in the snapshot.
    let newer = unsettled.of_site(query.site);
    // Total, places and states are of the same moment.
    let _snapshot = db.unchecked_transaction()?;
    let (mut found, total) = match query.words.is_empty() {
        true => browse(db, query, &newer)?,
        false => search(db, query, &newer)?,
    };
    found.sort_unstable_by(|(a, _), (b, _)| query.compare(a, b));
    let more = found.len() > query.limit;
    found.truncate(query.limit);
    let next = found.last().filter(|_| more).map(|(place, _)| place.clone());
    let states = found.iter().map(|(_, number)| match newer.get(number) {
        Some(state) => Ok((**state).clone()),
        None => conversations::by_number(db, *number),
    });
    Ok(InboxRows { rows: states.collect::<Result<_, _>>()?, next, total })
}

/// The statuses asked for: whether closed.
pub(super) fn statuses(query: &InboxQuery) -> &'static [bool] {
    match query.status {
        StatusFilter::Open => &[false],
        StatusFilter::Closed => &[true],
        StatusFilter::All => &[false, true],
        StatusFilter::Converted => &[],
    }
}

/// Whose conversations are asked for; `None`: everybody's.
pub(super) fn owner(query: &InboxQuery) -> Option<Option<AgentId>> {
    match query.queue {
        Queue::All => None,
        Queue::Mine => Some(Some(query.agent)),
        Queue::Unassigned => Some(None),
    }
}

/// Enough rows for a page, and how many there are over all pages.
fn browse(
    db: &Connection,
    query: &InboxQuery,
    newer: &Newer,
) -> Result<(Vec<Found>, u64), Trouble> {
    Ok((next_rows(db, query, newer, None)?, counts::total(db, query)?))
}

/// The same of those rows that say every word.
fn search(
    db: &Connection,
    query: &InboxQuery,
    newer: &Newer,
) -> Result<(Vec<Found>, u64), Trouble> {
    let matching = search::matching(db, query)?;
    if matching.len() > FEW {
        let rows = next_rows(db, query, newer, Some(&matching))?;
        return Ok((rows, matching.len() as u64));
    }
    let mut found = Vec::with_capacity(matching.len());
    for number in matching.iter() {
        found.push(match newer.get(&number) {
            Some(state) => (query.place_of(state), number),
            None => found_by_number(db, number, query.sort)?,
        });
    }
    if let Some(after) = &query.after {
        found.retain(|(place, _)| query.compare(place, after).is_gt());
    }
    Ok((found, matching.len() as u64))
}

/// The first rows of every stream, if need be only of those `among` a set; and all of the newer states, for
/// their places are not where the streams have them.
fn next_rows(
    db: &Connection,
    query: &InboxQuery,
    newer: &Newer,
    among: Option<&Numbers>,
) -> Result<Vec<Found>, Trouble> {
    let is_among = |number: Number| among.is_none_or(|among| among.contains(number));
    let in_list = newer.iter().filter(|(number, state)| lists(query, state) && is_among(**number));
    let mut found: Vec<Found> =
        in_list.map(|(number, state)| (query.place_of(state), *number)).collect();
    if let Some(after) = &query.after {
        found.retain(|(place, _)| query.compare(place, after).is_gt());
    }
    let in_its_place = |number| !newer.contains_key(&number) && is_among(number);
    for &closed in statuses(query) {
        for &part in Part::of(query.sort) {
            found.extend(Stream { query, closed, part }.next_rows(db, in_its_place)?);
        }
    }
    Ok(found)
}

/// Whether a conversation of the site is in the list, before any search.
fn lists(query: &InboxQuery, state: &Conversation) -> bool {
    let has_owner = |wanted| state.owner.as_ref().map(|owner| owner.agent.id) == wanted;
    statuses(query).contains(&state.is_closed()) && owner(query).is_none_or(has_owner)
}

/// The numbers of all rows of the list.
pub(super) fn numbers(db: &Connection, query: &InboxQuery) -> Result<Numbers, Trouble> {
    let (index, whose) = match query.queue {
        Queue::All => ("conversations_by_status", "?3 IS NULL"),
        Queue::Mine | Queue::Unassigned => ("conversations_of_owner", "owner IS ?3"),
    };
    let sql = format!(
        "SELECT number FROM conversations INDEXED BY {index}
         WHERE site = ?1 AND closed = ?2 AND {whose}"
    );
    let owner = owner(query).flatten().map(|owner| *owner.0.as_bytes());
    let (mut statement, mut found) = (db.prepare_cached(&sql)?, Numbers::default());
    for closed in statuses(query) {
        let mut rows = statement.query(params![query.site.0.as_bytes(), closed, owner])?;
        while let Some(row) = rows.next()? {
            found.insert(row.get(0)?);
        }
    }
    Ok(found)
}

fn found_by_number(db: &Connection, number: Number, sort: Sort) -> Result<Found, Trouble> {
    let rank = rank_column(sort);
    let find = format!("SELECT number, id, {rank} FROM conversations WHERE number = ?1");
    db.prepare_cached(&find)?.query_one([number], |row| found_row(row, sort)).map_err(Trouble::from)
}

/// Which rows of one status.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Those that have something to be sorted by.
    Ranked,
    /// Those that have nothing, by id.
    Unranked,
    /// All, by id: they rank alike.
    Alike,
}

impl Part {
    fn of(sort: Sort) -> &'static [Self] {
        match sort {
            Sort::Activity | Sort::Started => &[Self::Ranked],
            Sort::Visitor | Sort::Assignee => &[Self::Ranked, Self::Unranked],
            Sort::Status => &[Self::Alike],
        }
    }
}

/// Rows that an index has in the order of the list.
struct Stream<'a> {
    query: &'a InboxQuery,
    closed: bool,
    part: Part,
}

/// Where a stream goes on after the page before.
enum From<'a> {
    Start,
    /// After this id, among those that rank alike.
    Id(ConversationId),
    Place(&'a Place),
    /// It is used up.
    End,
}

impl Stream<'_> {
    /// The next rows of those that are `wanted`.
    fn next_rows(
        &self,
        db: &Connection,
        wanted: impl Fn(Number) -> bool,
    ) -> Result<Vec<Found>, Trouble> {
        let from = self.from();
        if matches!(from, From::End) {
            return Ok(Vec::new());
        }
        let (rank, id) = match &from {
            From::Start | From::End => (Value::Null, [0; 16]),
            From::Id(id) => (Value::Null, *id.0.as_bytes()),
            From::Place(place) => (rank_value(&place.rank), *place.id.0.as_bytes()),
        };
        let owner = owner(self.query).flatten().map(|owner| *owner.0.as_bytes());
        let mut statement = db.prepare_cached(&self.sql(&from))?;
        let bound: &[(&str, &dyn rusqlite::ToSql)] = named_params! {
            ":site": self.query.site.0.as_bytes(), ":closed": self.closed, ":owner": owner,
            ":rank": rank, ":id": id,
        };
        for (name, value) in bound {
            if let Some(index) = statement.parameter_index(name)? {
                statement.raw_bind_parameter(index, value)?;
            }
        }
        let (mut rows, mut found) = (statement.raw_query(), Vec::new());
        // One row more than a page tells whether there is another page.
        while found.len() <= self.query.limit
            && let Some(row) = rows.next()?
        {
            if wanted(row.get(0)?) {
                found.push(found_row(row, self.query.sort)?);
            }
        }
        Ok(found)
    }

    fn from(&self) -> From<'_> {
        let Some(after) = &self.query.after else { return From::Start };
        match (self.part, &after.rank) {
            (Part::Ranked, Rank::Text(None)) => From::End,
            (Part::Ranked, _) => From::Place(after),
            (Part::Unranked, Rank::Text(None)) => From::Id(after.id),
            (Part::Unranked, _) => From::Start,
            (Part::Alike, rank) => {
                let here = Place { rank: status_rank(self.closed), id: after.id };
                let there = Place { rank: rank.clone(), id: after.id };
                match self.query.compare(&here, &there) {
                    std::cmp::Ordering::Less => From::End,
                    std::cmp::Ordering::Equal => From::Id(after.id),
                    std::cmp::Ordering::Greater => From::Start,
                }
            }
        }
    }

    fn sql(&self, from: &From<'_>) -> String {
        let rank = rank_column(self.query.sort);
        let (index, whose) = match self.query.queue {
            Queue::All => (sort_index(self.query.sort), ""),
            Queue::Mine | Queue::Unassigned => ("conversations_of_owner", "AND owner IS :owner"),
        };
        let (beyond, way) = match self.query.order {
            Order::Asc => (">", "ASC"),
            Order::Desc => ("<", "DESC"),
        };
        let which = match self.part {
            Part::Ranked => format!("AND {rank} IS NOT NULL"),
            Part::Unranked => format!("AND {rank} IS NULL"),
            Part::Alike => String::new(),
        };
        let after = match from {
            From::Start | From::End => String::new(),
            From::Id(_) => "AND id > :id".into(),
            From::Place(_) => {
                format!("AND {rank} {beyond}= :rank AND ({rank} {beyond} :rank OR id > :id)")
            }
        };
        let order = match self.part {
            Part::Ranked => format!("{rank} {way}, id"),
            Part::Unranked | Part::Alike => "id".into(),
        };
        format!(
            "SELECT number, id, {rank} FROM conversations INDEXED BY {index}
             WHERE site = :site AND closed = :closed {whose} {which} {after}
             ORDER BY {order}"
        )
    }
}

/// Reads number, id and the column that `sort` ranks by.
fn found_row(row: &Row<'_>, sort: Sort) -> rusqlite::Result<Found> {
    let rank = match sort {
        Sort::Activity | Sort::Started => Rank::Number(row.get(2)?),
        Sort::Visitor | Sort::Assignee => Rank::Text(row.get(2)?),
        Sort::Status => status_rank(row.get(2)?),
    };
    Ok((Place { rank, id: ConversationId(uuid(row, 1)?) }, row.get(0)?))
}

fn rank_column(sort: Sort) -> &'static str {
    match sort {
        Sort::Activity => "activity_at",
        Sort::Started => "started_at",
        Sort::Visitor => "visitor_name",
        Sort::Assignee => "owner_name",
        Sort::Status => "closed",
    }
}

fn sort_index(sort: Sort) -> &'static str {
    match sort {
        Sort::Activity => "conversations_by_activity",
        Sort::Started => "conversations_by_start",
        Sort::Visitor => "conversations_by_visitor_name",
        Sort::Assignee => "conversations_by_owner_name",
        Sort::Status => "conversations_by_status",
    }
}

/// As in [`Rank::of`].
fn status_rank(closed: bool) -> Rank {
    Rank::Number(if closed { 2 } else { 0 })
}

fn rank_value(rank: &Rank) -> Value {
    match rank {
        Rank::Number(number) => Value::Integer(*number),
        Rank::Text(text) => text.clone().map_or(Value::Null, Value::Text),
    }
}
