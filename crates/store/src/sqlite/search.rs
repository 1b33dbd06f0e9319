//! Which conversations say something.
//!
//! The index (`search/index.rs`) is built beside the commits, in a file of its own, and lags behind; what
//! it does not have yet is looked through one by one. So an answer is always exact, and a commit costs
//! nothing more.

pub(super) mod index;
mod words;

use rusqlite::Connection;

use super::columns::first;
use super::error::Trouble;
use super::{counts, events, inbox};
use crate::InboxQuery;
pub(super) use crate::numbers::Numbers;
use words::Indexed;

/// With at most so many conversations left, looking through them beats the index.
const FEW: usize = 200;
/// With at most so many rows in the list, it is worth while to know them before any word is looked up.
const SHORT_LIST: u64 = 10_000;

/// The rows of the list that say every word.
pub(super) fn matching(db: &Connection, query: &InboxQuery) -> Result<Numbers, Trouble> {
    // The index first, then the log: what is in the index is in the log that we see.
    let upto = first(db, "SELECT upto FROM search.indexed", [])?.unwrap_or(0);
    let pending = events::texts_after(db, upto, i64::MAX, usize::MAX)?.texts;
    // Long words are rare words.
    let mut words: Vec<&str> = query.words.iter().map(String::as_str).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    let short = counts::total(db, query)? <= SHORT_LIST;
    let mut left = if short { Some(inbox::numbers(db, query)?) } else { None };
    for word in words {
        let mut saying = match &left {
            Some(few) if few.len() <= FEW => saying_it(db, few, word)?,
            _ => saying_by_index(db, query, left.as_ref(), word)?,
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
    let left = left.unwrap_or_default();
    if short { Ok(left) } else { Ok(left.and(&inbox::numbers(db, query)?)) }
}

/// Those that say `word` as far as the index knows; at least all those `among` them, or in the list.
fn saying_by_index(
    db: &Connection,
    query: &InboxQuery,
    among: Option<&Numbers>,
    word: &str,
) -> Result<Numbers, Trouble> {
    match words::indexed(db, word)? {
        Indexed::Exactly(saying) => Ok(saying),
        Indexed::AtMost(perhaps) => saying_it(db, &perhaps, word),
        Indexed::AtLeast(mut saying) => {
            let all = match among {
                Some(among) => among.clone(),
                None => inbox::numbers(db, query)?,
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
