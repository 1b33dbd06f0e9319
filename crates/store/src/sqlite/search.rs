//! Which conversations say something.
//!
//! The index (`search/index.rs`) is built beside the commits, in a file of its own, and lags behind; what
//! it does not have yet is looked through one by one. So an answer is always exact, and a commit costs
//! nothing more.

pub(super) mod index;
mod numbers;
mod words;

use rusqlite::{Connection, named_params};

use super::columns::{Number, first};
use super::error::Trouble;
use super::inbox::{self, Found};
use super::{events, inbox::found_row};
use crate::InboxQuery;
use numbers::Numbers;
use words::Kind;

/// With at most so many conversations left, looking through them beats the index of short words.
const FEW: usize = 200;

/// All rows of the list that say every word asked for, in any order.
pub(super) fn rows(db: &Connection, query: &InboxQuery) -> Result<Vec<Found>, Trouble> {
    let matching = matching(db, &query.words)?;
    let statuses = inbox::statuses(query);
    let owner = inbox::owner(query);
    let sql = format!(
        "SELECT number, id, {rank} FROM conversations
         WHERE number = :number AND site = :site AND closed BETWEEN :from AND :to
         AND (:anybodys OR owner IS :owner)",
        rank = inbox::rank_column(query.sort),
    );
    let (Some(from), Some(to)) = (statuses.first(), statuses.last()) else { return Ok(Vec::new()) };
    let mut statement = db.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for number in matching.iter() {
        let mut rows = statement.query(named_params! {
            ":number": number, ":site": query.site.0.as_bytes(), ":from": from, ":to": to,
            ":anybodys": owner.is_none(), ":owner": owner.flatten().map(|owner| *owner.0.as_bytes()),
        })?;
        if let Some(row) = rows.next()? {
            found.push(found_row(row, query.sort)?);
        }
    }
    Ok(found)
}

/// The conversations that say every word.
fn matching(db: &Connection, words: &[String]) -> Result<Numbers, Trouble> {
    // The index first, then the log: what is in the index is in the log that we see.
    let upto = first(db, "SELECT upto FROM search.indexed", [])?.unwrap_or(0);
    let pending = events::texts_after(db, upto, usize::MAX)?.texts;
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    let mut left: Option<Numbers> = None;
    for word in words {
        let saying = match (Kind::of(word), &left) {
            (Kind::Short | Kind::Doubtful, Some(few)) if few.len() <= FEW => {
                saying_it(db, few, word)?
            }
            (Kind::Doubtful, _) => saying_it(db, &words::indexed(db, word)?, word)?,
            _ => words::indexed(db, word)?,
        };
        let saying = with_pending(saying, &pending, word);
        let both = match left {
            Some(left) => left.and(&saying),
            None => saying,
        };
        if both.is_empty() {
            return Ok(both);
        }
        left = Some(both);
    }
    Ok(left.unwrap_or_default())
}

fn with_pending(mut saying: Numbers, pending: &[(Number, u64, String)], word: &str) -> Numbers {
    for (number, _, text) in pending {
        if text.contains(word) {
            saying.insert(*number);
        }
    }
    saying
}

/// Those of `few` that say `word`, read from the log.
fn saying_it(db: &Connection, few: &Numbers, word: &str) -> Result<Numbers, Trouble> {
    let mut saying = Numbers::default();
    for number in few.iter() {
        if events::texts_of(db, number)?.iter().any(|text| text.contains(word)) {
            saying.insert(number);
        }
    }
    Ok(saying)
}
