//! Which conversations say something.
//!
//! The index (`search/index.rs`) is built beside the commits and lags behind; texts that it does not have
//! yet are looked through one by one. Both are seen in one snapshot, so an answer is always exact, and a
//! commit costs one short row more.

pub(super) mod block;
pub(super) mod index;
pub(super) mod terms;

use protocol::{Queue, StatusFilter};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::columns::column;
use super::error::Trouble;
use super::inbox;
use super::pool::Database;
use crate::numbers::{Number, Numbers};
use crate::{InboxQuery, InboxRows};
use terms::{Kind, Wanted};

/// With at most so many matches, looking each of them up beats going through the list.
const FEW: usize = 10_000;

/// The conversations of a site that say every word.
pub(super) enum Matching {
    Few(Vec<Number>),
    /// As bytes of bits, and how many there are.
    Many(Vec<u8>, u64),
}

const BY_TERM: &str = "
    SELECT p.block, p.members FROM terms t JOIN postings p ON p.term = t.number
    WHERE t.site = $1 AND t.kind = 0 AND t.digest = $2";
const BY_PART: &str = "
    SELECT p.block, p.members FROM terms t JOIN postings p ON p.term = t.number
    WHERE t.grams @> $4 AND t.site = $1 AND t.kind = $3 AND position($2 IN t.term) > 0";
const UNINDEXED: &str = "
    SELECT conversation FROM unindexed WHERE site = $1 AND position($2 IN text) > 0";

/// One page of those rows of the list that say every word. In a transaction that sees one snapshot.
pub(super) async fn list(db: &Database, query: &InboxQuery) -> Result<InboxRows, Trouble> {
    let matching = matching(db, query).await?;
    let total = total(db, query, &matching).await?;
    inbox::list(db, query, Some((&matching, total))).await
}

/// How the server finds the rows of such a page, once it is known what matches.
pub(super) async fn explain(db: &Database, query: &InboxQuery) -> Result<Vec<String>, Trouble> {
    if query.words.is_empty() {
        return inbox::explain(db, query, None).await;
    }
    let matching = matching(db, query).await?;
    inbox::explain(db, query, Some(&matching)).await
}

async fn matching(db: &Database, query: &InboxQuery) -> Result<Matching, Trouble> {
    let each = query.words.iter().map(|word| saying(db, query, word));
    let mut all = futures::future::try_join_all(each).await?.into_iter();
    let first = all.next().unwrap_or_default();
    let both = all.fold(first, |both, one| both.and(&one));
    let count = both.len();
    Ok(match count <= FEW {
        true => Matching::Few(both.iter().collect()),
        false => Matching::Many(both.to_bytes(), count as u64),
    })
}

/// The conversations of the site that say `word`.
async fn saying(db: &Database, query: &InboxQuery, word: &str) -> Result<Numbers, Trouble> {
    let (site, wanted) = (query.site.0, Wanted::of(query.site, word));
    let (bytes, kind) = (word.as_bytes(), wanted.kind as i16);
    let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> =
        vec![(&site, Type::UUID), (&bytes, Type::BYTEA)];
    let unindexed = parameters.clone();
    let sql = match wanted.kind {
        Kind::Short => BY_TERM,
        Kind::Piece | Kind::Whole => {
            parameters.extend::<[(&(dyn ToSql + Sync), Type); 2]>([
                (&kind, Type::INT2),
                (&wanted.grams, Type::INT8_ARRAY),
            ]);
            BY_PART
        }
    };
    let (indexed, others) = futures::try_join!(
        db.query_typed(sql, &parameters),
        db.query_typed(UNINDEXED, &unindexed),
    )?;
    let mut numbers = Numbers::default();
    for row in &indexed {
        block::add_to(&mut numbers, column(row, 0)?, column(row, 1)?);
    }
    for row in &others {
        numbers.insert(column(row, 0)?);
    }
    Ok(numbers)
}

/// How many of the matches are in the list.
async fn total(db: &Database, query: &InboxQuery, matching: &Matching) -> Result<u64, Trouble> {
    let all = matching.len();
    match (query.queue, query.status) {
        _ if all == 0 || inbox::statuses(query).is_empty() => Ok(0),
        (Queue::All, StatusFilter::All) => Ok(all),
        // Most are closed: the others are counted sooner.
        (Queue::All, StatusFilter::Closed) => {
            let open = InboxQuery { status: StatusFilter::Open, ..query.clone() };
            Ok(all - count(db, &open, matching).await?)
        }
        _ => count(db, query, matching).await,
    }
}

async fn count(db: &Database, query: &InboxQuery, matching: &Matching) -> Result<u64, Trouble> {
    let mut count = 0;
    for closed in inbox::statuses(query) {
        let whose = inbox::whose(query);
        let from = matching.table("conversations");
        let said = matching.condition("$3");
        let sql = format!(
            "SELECT count(*) FROM {from} WHERE site = $1 AND closed = {closed} {whose} {said}
             AND ($2::uuid IS NOT NULL AND $3::bytea IS NOT NULL AND $4::bigint[] IS NOT NULL)"
        );
        let owner = inbox::owner_parameter(query);
        let (bits, numbers) = (matching.bits(), matching.numbers());
        let parameters: [(&(dyn ToSql + Sync), Type); 4] = [
            (&query.site.0, Type::UUID),
            (&owner, Type::UUID),
            (&bits, Type::BYTEA),
            (&numbers, Type::INT8_ARRAY),
        ];
        let rows: Vec<Row> = db.query_typed(&sql.replace("$8", "$4"), &parameters).await?;
        count += rows.first().map_or(Ok(0), |row| column::<i64>(row, 0))?.cast_unsigned();
    }
    Ok(count)
}

impl Matching {
    fn len(&self) -> u64 {
        match self {
            Self::Few(numbers) => numbers.len() as u64,
            Self::Many(_, count) => *count,
        }
    }

    pub(super) fn bits(&self) -> &[u8] {
        match self {
            Self::Few(_) => &[],
            Self::Many(bits, _) => bits,
        }
    }

    pub(super) fn numbers(&self) -> &[Number] {
        match self {
            Self::Few(numbers) => numbers,
            Self::Many(..) => &[],
        }
    }

    /// What to select from: a few rows that are looked up first, or the table in the order of an index.
    pub(super) fn table(&self, table: &str) -> String {
        match self {
            Self::Few(_) => {
                "(SELECT n.*, s.activity_at, s.activity_slot FROM conversations n JOIN states s ON s.id = n.id
                              WHERE n.number = ANY($8) OFFSET 0) c"
                    .into()
            }
            Self::Many(..) => format!("{table} c"),
        }
    }

    /// What a row must fulfil beyond that; `bits` is the parameter with the bits.
    pub(super) fn condition(&self, bits: &str) -> String {
        match self {
            Self::Few(_) => String::new(),
            Self::Many(bytes, _) => {
                let end = bytes.len() * 8;
                format!(
                    "AND CASE WHEN c.number < {end} THEN get_bit({bits}, c.number) = 1 ELSE false END"
                )
            }
        }
    }
}
