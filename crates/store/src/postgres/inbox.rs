//! The list that agents work from.
//!
//! A page is put together from streams: parts of the list that an index has in order already, such as
//! "open, with a name, by name". Each stream gives its first few rows after the place where the page
//! before ended; the page is the first of them all. All of it is one statement, so rows, states and total
//! are of the same moment.

use conversation::Conversation;
use protocol::{AgentId, ConversationId, Order, Queue, Sort, StatusFilter};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::columns::{Number, column, json, text_or_none};
use super::counts;
use super::error::Trouble;
use super::pool::Database;
use super::search::Matching;
use crate::{InboxQuery, InboxRows, Place, Rank};

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

/// The same, as a condition of SQL; `$2` is [`owner_parameter`].
pub(super) fn whose(query: &InboxQuery) -> &'static str {
    match query.queue {
        Queue::All => "",
        Queue::Mine => "AND owner = $2",
        Queue::Unassigned => "AND owner IS NULL",
    }
}

/// Nobody is zero, as in the counts.
pub(super) fn owner_parameter(query: &InboxQuery) -> Uuid {
    owner(query).flatten().map_or(Uuid::nil(), |agent| agent.0)
}

/// The rows of a list; if need be only those that match a search, whose total is known.
pub(super) async fn list(
    db: &Database,
    query: &InboxQuery,
    matching: Option<(&Matching, u64)>,
) -> Result<InboxRows, Trouble> {
    let statement = Statement::of(query, matching.map(|(matching, _)| matching));
    let rows = db.query_typed(&statement.sql, &statement.parameters()).await?;
    let mut total = matching.map_or(0, |(_, total)| total);
    let mut found: Vec<(Place, &Row)> = Vec::with_capacity(rows.len());
    for row in &rows {
        match column::<Option<Uuid>>(row, 0)? {
            Some(id) => found.push((place(row, ConversationId(id), query.sort)?, row)),
            None => total = column::<i64>(row, 1)?.cast_unsigned(),
        }
    }
    found.sort_unstable_by(|(a, _), (b, _)| query.compare(a, b));
    let more = found.len() > query.limit;
    found.truncate(query.limit);
    let next = found.last().filter(|_| more).map(|(place, _)| place.clone());
    let rows: Result<Vec<Conversation>, _> = found.iter().map(|(_, row)| json(row, 3)).collect();
    Ok(InboxRows { rows: rows?, next, total })
}

/// How the server finds the rows, line by line.
pub(super) async fn explain(
    db: &Database,
    query: &InboxQuery,
    matching: Option<&Matching>,
) -> Result<Vec<String>, Trouble> {
    let statement = Statement::of(query, matching);
    let sql = format!("EXPLAIN (ANALYZE, BUFFERS) {}", statement.sql);
    let lines = db.query_typed(&sql, &statement.parameters()).await?;
    lines.iter().map(|line| column(line, 0)).collect()
}

fn place(row: &Row, id: ConversationId, sort: Sort) -> Result<Place, Trouble> {
    let rank = match sort {
        Sort::Activity | Sort::Started | Sort::Status => Rank::Number(column(row, 1)?),
        Sort::Visitor | Sort::Assignee => Rank::Text(text_or_none(row, 2)?),
    };
    Ok(Place { rank, id })
}

/// SQL made of our own words; all that came from outside is a parameter.
pub(super) struct Statement<'a> {
    pub(super) sql: String,
    site: Uuid,
    owner: Uuid,
    limit: i64,
    rank_number: i64,
    rank_text: Vec<u8>,
    after: Uuid,
    bits: &'a [u8],
    numbers: &'a [Number],
}

impl<'a> Statement<'a> {
    pub(super) fn of(query: &InboxQuery, matching: Option<&'a Matching>) -> Self {
        let mut parts: Vec<String> = Vec::new();
        if matching.is_none() {
            let total = counts::total(query);
            parts.push(format!("SELECT NULL::uuid, {total}, NULL::bytea, NULL::text"));
        }
        for &closed in statuses(query) {
            for &part in Part::of(query.sort) {
                parts.extend(Stream { query, closed, part }.sql(matching));
            }
        }
        if parts.is_empty() {
            parts.push("SELECT NULL::uuid, 0::bigint, NULL::bytea, NULL::text".into());
        }
        // Every parameter is mentioned once, whatever the streams need.
        let all = "WITH given AS (SELECT $1::uuid, $2::uuid, $3::bigint, $4::bigint, $5::bytea,
                                         $6::uuid, $7::bytea, $8::bigint[])";
        let (rank_number, rank_text) = match query.after.as_ref().map(|after| &after.rank) {
            Some(Rank::Number(number)) => (*number, Vec::new()),
            Some(Rank::Text(Some(text))) => (0, text.clone().into_bytes()),
            Some(Rank::Text(None)) | None => (0, Vec::new()),
        };
        Self {
            sql: format!("{all} {}", parts.join(" UNION ALL ")),
            site: query.site.0,
            owner: owner_parameter(query),
            // One row more than a page tells whether there is another page.
            limit: i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1),
            rank_number,
            rank_text,
            after: query.after.as_ref().map_or(Uuid::nil(), |after| after.id.0),
            bits: matching.map_or(&[], Matching::bits),
            numbers: matching.map_or(&[], Matching::numbers),
        }
    }

    pub(super) fn parameters(&self) -> [(&(dyn ToSql + Sync), Type); 8] {
        [
            (&self.site, Type::UUID),
            (&self.owner, Type::UUID),
            (&self.limit, Type::INT8),
            (&self.rank_number, Type::INT8),
            (&self.rank_text, Type::BYTEA),
            (&self.after, Type::UUID),
            (&self.bits, Type::BYTEA),
            (&self.numbers, Type::INT8_ARRAY),
        ]
    }
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
enum From {
    Start,
    /// After this id, among those that rank alike.
    Id,
    Place,
    /// It is used up.
    End,
}

impl Stream<'_> {
    fn from(&self) -> From {
        let Some(after) = &self.query.after else { return From::Start };
        match (self.part, &after.rank) {
            (Part::Ranked, Rank::Text(None)) => From::End,
            (Part::Ranked, _) => From::Place,
            (Part::Unranked, Rank::Text(None)) => From::Id,
            (Part::Unranked, _) => From::Start,
            (Part::Alike, rank) => {
                let here = Place { rank: status_rank(self.closed), id: after.id };
                let there = Place { rank: rank.clone(), id: after.id };
                match self.query.compare(&here, &there) {
                    std::cmp::Ordering::Less => From::End,
                    std::cmp::Ordering::Equal => From::Id,
                    std::cmp::Ordering::Greater => From::Start,
                }
            }
        }
    }

    /// What has the next rows: the rest of those that rank alike, and those beyond, each in an index's order.
    fn sql(&self, matching: Option<&Matching>) -> Vec<String> {
        let columns = Columns::of(self);
        let Columns { rank, bound, slot, .. } = columns;
        let (beyond, way) = match self.query.order {
            Order::Asc => (">", "ASC"),
            Order::Desc => ("<", "DESC"),
        };
        let order = match self.part {
            Part::Ranked if slot => format!("activity_slot {way}, {rank} {way}, id"),
            Part::Ranked => format!("{rank} {way}, id"),
            Part::Unranked | Part::Alike => "id".into(),
        };
        let select = |after: &str, order: &str| self.select(&columns, matching, after, order);
        match self.from() {
            From::End => vec![],
            From::Start => vec![select("", &order)],
            From::Id => vec![select("AND id > $6", "id")],
            From::Place => {
                let slot = |sign| match slot {
                    true => format!("AND activity_slot {sign} $4 >> 16"),
                    false => String::new(),
                };
                let (here, there) = (slot("="), slot(&format!("{beyond}=")));
                vec![
                    select(&format!("{here} AND {rank} = {bound} AND id > $6"), "id"),
                    select(&format!("{there} AND {rank} {beyond} {bound}"), &order),
                ]
            }
        }
    }

    fn select(
        &self,
        columns: &Columns,
        matching: Option<&Matching>,
        after: &str,
        order: &str,
    ) -> String {
        let Columns { table, rank, number, text, .. } = columns;
        let whose = whose(self.query);
        let which = match self.part {
            Part::Ranked => format!("AND {rank} IS NOT NULL"),
            Part::Unranked => format!("AND {rank} IS NULL"),
            Part::Alike => String::new(),
        };
        let from = matching.map_or(format!("{table} c"), |matching| matching.table(table));
        let said = matching.map_or(String::new(), |matching| matching.condition("$7"));
        let closed = self.closed;
        format!(
            "SELECT p.id, p.number, p.text, s.state FROM (
                 SELECT id, {number} AS number, {text} AS text FROM {from}
                 WHERE site = $1 AND closed = {closed} {whose} {which} {after} {said}
                 ORDER BY {order} LIMIT $3) p
             JOIN states s ON s.id = p.id"
        )
    }
}

/// What a stream is sorted by.
struct Columns {
    table: &'static str,
    rank: &'static str,
    /// The rank, if it is a number, and if it is a text.
    number: &'static str,
    text: &'static str,
    /// The parameter that it is compared with.
    bound: &'static str,
    /// The index has it only roughly.
    slot: bool,
}

impl Columns {
    fn of(stream: &Stream<'_>) -> Self {
        let (table, rank) = match stream.query.sort {
            Sort::Activity => ("states", "activity_at"),
            Sort::Started => ("conversations", "started_at"),
            Sort::Visitor => ("conversations", "visitor_name"),
            Sort::Assignee => ("conversations", "owner_name"),
            Sort::Status => {
                ("conversations", if stream.closed { "2::bigint" } else { "0::bigint" })
            }
        };
        let slot = stream.query.sort == Sort::Activity;
        match stream.query.sort {
            Sort::Visitor | Sort::Assignee => {
                Self { table, rank, number: "NULL::bigint", text: rank, bound: "$5", slot }
            }
            Sort::Activity | Sort::Started | Sort::Status => {
                Self { table, rank, number: rank, text: "NULL::bytea", bound: "$4", slot }
            }
        }
    }
}

/// As in [`Rank::of`].
fn status_rank(closed: bool) -> Rank {
    Rank::Number(if closed { 2 } else { 0 })
}
