//! Which conversations say something.
//!
//! The index (`search/index.rs`) is built beside the commits, in a file of its own, and lags behind; what
//! it does not have yet is looked through one by one. So an answer is always exact, and a commit costs
//! nothing more.

pub(super) mod index;
mod numbers;
mod words;

use protocol::SiteId;
use rusqlite::{Connection, named_params};

use super::columns::first;
use super::error::Trouble;
use super::inbox::{self, Found, found_row};
use super::{conversations, events};
use crate::InboxQuery;
use numbers::Numbers;
use words::Indexed;

/// With at most so many conversations left, looking through them beats the index.
const FEW: usize = 200;

/// All rows of the list that say every word asked for, in any order.
pub(super) fn rows(db: &Connection, query: &InboxQuery) -> Result<Vec<Found>, Trouble> {
    let matching = matching(db, query)?;
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

/// The conversations that say every word; also those of other sites.
fn matching(db: &Connection, query: &InboxQuery) -> Result<Numbers, Trouble> {
    // The index first, then the log: what is in the index is in the log that we see.
    let upto = first(db, "SELECT upto FROM search.indexed", [])?.unwrap_or(0);
    let pending = events::texts_after(db, upto, usize::MAX)?.texts;
    // Long words are rare words.
    let mut words: Vec<&str> = query.words.iter().map(String::as_str).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    let mut left: Option<Numbers> = None;
    for word in words {
        let mut saying = match &left {
            Some(few) if few.len() <= FEW => saying_it(db, few, word)?,
            _ => saying_by_index(db, query.site, left.as_ref(), word)?,
        };
        let of_word = pending.iter().filter(|(_, _, text)| text.contains(word));
        of_word.for_each(|(number, _, _)| saying.insert(*number));
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

/// Those that say `word` as far as the index knows; at least all those `among` them, or of the site.
fn saying_by_index(
    db: &Connection,
    site: SiteId,
    among: Option<&Numbers>,
    word: &str,
) -> Result<Numbers, Trouble> {
    match words::indexed(db, word)? {
        Indexed::Exactly(saying) => Ok(saying),
        Indexed::AtMost(perhaps) => saying_it(db, &perhaps, word),
        Indexed::AtLeast(mut saying) => {
            let all = match among {
                Some(among) => among.clone(),
                None => conversations::of_site(db, site)?.into_iter().collect(),
            };
            saying.add(&saying_it(db, &all.without(&saying), word)?);
            Ok(saying)
        }
    }
}

/// Those of `some` that say `word`, read from the log.
fn saying_it(db: &Connection, some: &Numbers, word: &str) -> Result<Numbers, Trouble> {
    let mut saying = Numbers::default();
    for number in some.iter() {
        if events::says(db, number, word)? {
            saying.insert(number);
        }
    }
    Ok(saying)
}
