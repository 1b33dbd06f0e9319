//! Asking the index for one word.
//!
//! The index knows every three characters in a row (trigrams) of every text, and where they stand: a word
//! of three or more is a phrase of trigrams. A shorter word begins some trigram wherever it occurs,
//! because every indexed text is padded at its end.

use rusqlite::{Connection, Row, params};

use super::index::number_of_document;
use super::numbers::Numbers;
use crate::sqlite::columns::Number;
use crate::sqlite::error::Trouble;

/// How the index can find a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// By a phrase.
    Long,
    /// By all trigrams that begin with it.
    Short,
    /// The index takes some of its characters for others, so what it finds must be looked at again.
    Doubtful,
}

impl Kind {
    pub(super) fn of(word: &str) -> Self {
        // SQLite reads the two that Unicode reserves as U+FFFD.
        if word.contains(['\u{fffd}', '\u{fffe}', '\u{ffff}']) {
            return Self::Doubtful;
        }
        if word.chars().nth(2).is_some() { Self::Long } else { Self::Short }
    }
}

/// What is put at the end of an indexed text; no word contains it.
pub(super) const PADDING: &str = "\n\n";

/// The conversations of which an indexed text contains `word`.
pub(super) fn indexed(db: &Connection, word: &str) -> Result<Numbers, Trouble> {
    let mut last = None;
    let mut saying = Numbers::default();
    let mut take = |row: &Row<'_>| {
        let number: Number = number_of_document(row.get(0)?);
        if last.replace(number) != Some(number) {
            saying.insert(number);
        }
        Ok::<_, Trouble>(())
    };
    if word.contains('\0') {
        // No text contains it, and SQLite would end the word there.
        return Ok(saying);
    }
    if word.chars().nth(2).is_some() {
        let find = "SELECT rowid FROM search.words WHERE words MATCH ?1";
        let phrase = format!("\"{}\"", word.replace('"', "\"\""));
        each(db, find, params![phrase], &mut take)?;
    } else {
        let find = "SELECT doc FROM search.trigrams WHERE term >= ?1 AND term <= ?2";
        let first = word.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
        let last = format!("{first}{0}{0}", char::MAX);
        each(db, find, params![first, last], &mut take)?;
    }
    Ok(saying)
}

fn each(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    take: &mut impl FnMut(&Row<'_>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}
