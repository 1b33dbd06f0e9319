//! Asking the index for one word.
//!
//! The index knows every three characters in a row (trigrams) of every text, and where they stand: a word
//! of three or more is a phrase of trigrams. A shorter word begins some trigram wherever it occurs,
//! because every indexed text is padded at its end.

use rusqlite::{Connection, params};

use super::Numbers;
use super::index::number_of_document;
use crate::sqlite::error::Trouble;

/// What is put at the end of an indexed text; no word contains it.
pub(super) const PADDING: &str = "\n\n";

/// Places where a short word stands before looking into conversations is the faster way: if it stands in
/// so many, it soon turns up in each.
const PLACES_MAX: usize = 200_000;

/// What the index says about a word.
pub(super) enum Indexed {
    Exactly(Numbers),
    /// Some of these do not say it: the index takes some characters for others.
    AtMost(Numbers),
    /// More than these say it: there are too many.
    AtLeast(Numbers),
}

/// The conversations of which an indexed text contains `word`.
pub(super) fn indexed(db: &Connection, word: &str) -> Result<Indexed, Trouble> {
    if word.contains('\0') {
        // No text contains it, and SQLite would end the word there.
        return Ok(Indexed::Exactly(Numbers::default()));
    }
    let found = match word.chars().nth(2).is_some() {
        true => Indexed::Exactly(with_phrase(db, word)?),
        false => with_beginnings(db, word)?,
    };
    match found {
        // SQLite reads the two that Unicode reserves as U+FFFD.
        Indexed::Exactly(found) if word.contains(['\u{fffd}', '\u{fffe}', '\u{ffff}']) => {
            Ok(Indexed::AtMost(found))
        }
        found => Ok(found),
    }
}

/// The texts where the word's trigrams stand in a row.
fn with_phrase(db: &Connection, word: &str) -> Result<Numbers, Trouble> {
    let mut statement = db.prepare_cached("SELECT rowid FROM search.words WHERE words MATCH ?1")?;
    let phrase = format!("\"{}\"", word.replace('"', "\"\""));
    let mut rows = statement.query(params![phrase])?;
    let mut found = Numbers::default();
    while let Some(row) = rows.next()? {
        found.insert(number_of_document(row.get(0)?));
    }
    Ok(found)
}

/// The texts with a trigram that begins with the word.
fn with_beginnings(db: &Connection, word: &str) -> Result<Indexed, Trouble> {
    let places = "SELECT doc FROM search.trigrams WHERE term >= ?1 AND term <= ?2";
    let mut statement = db.prepare_cached(places)?;
    let first = word.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    let last = format!("{first}{0}{0}", char::MAX);
    let mut rows = statement.query(params![first, last])?;
    let mut found = Numbers::default();
    for _ in 0..PLACES_MAX {
        match rows.next()? {
            Some(row) => found.insert(number_of_document(row.get(0)?)),
            None => return Ok(Indexed::Exactly(found)),
        }
    }
    // Only characters that stand for themselves are certain.
    Ok(Indexed::AtLeast(if first.contains('\u{fffd}') { Numbers::default() } else { found }))
}
