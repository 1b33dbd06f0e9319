//! Questions that are given up when their time is over.

use std::cell::Cell;
use std::time::Instant;

use rusqlite::{Connection, ErrorCode};

use super::error::Trouble;

/// Steps of SQLite between two looks at the clock: some microseconds.
const STEPS: i32 = 1000;

thread_local! {
    /// When the question that this thread looks into is given up.
    static UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Makes `db` give up what [`by`] bounds. Statements that are run again and again count as one.
pub(super) fn watch(db: &mut Connection) -> rusqlite::Result<()> {
    db.progress_handler(STEPS, Some(|| UNTIL.get().is_some_and(|until| until <= Instant::now())))
}

/// What `look` finds, if it finds it by `until`. Only for connections that are watched.
pub(super) fn by<T>(
    db: &Connection,
    until: Option<Instant>,
    look: impl FnOnce(&Connection) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let Some(until) = until else { return look(db) };
    if until <= Instant::now() {
        return Err(Trouble::TooSlow);
    }
    UNTIL.set(Some(until));
    let _bounded = Bounded;
    look(db).map_err(|trouble| match trouble {
        Trouble::Sqlite(error) if is_interrupted(&error) => Trouble::TooSlow,
        trouble => trouble,
    })
}

/// The bound ends with the question, even if that panics: the next one has a time of its own.
struct Bounded;

impl Drop for Bounded {
    fn drop(&mut self) {
        UNTIL.set(None);
    }
}

fn is_interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::columns::first;
    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";

    fn watched() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        watch(&mut db).unwrap();
        db
    }

    fn soon() -> Option<Instant> {
        Some(Instant::now() + Duration::from_millis(50))
    }

    fn one(db: &Connection) -> Result<Option<i64>, Trouble> {
        first(db, "SELECT 1", [])
    }

    #[test]
    fn one_statement_that_does_not_end_is_given_up_and_the_next_question_is_answered() {
        let db = watched();
        let given_up = by(&db, soon(), |db| first::<i64>(db, ENDLESS, []));
        assert!(matches!(given_up, Err(Trouble::TooSlow)), "{given_up:?}");
        assert_eq!(by(&db, soon(), one).unwrap(), Some(1));
        assert_eq!(one(&db).unwrap(), Some(1));
    }

    #[test]
    fn many_short_statements_are_given_up_as_one_long() {
        let db = watched();
        let given_up = by(&db, soon(), |db| (0..100_000_000).try_for_each(|_| one(db).map(drop)));
        assert!(matches!(given_up, Err(Trouble::TooSlow)), "{given_up:?}");
    }

    #[test]
    fn what_comes_too_late_is_not_even_looked_for() {
        let db = watched();
        let given_up = by(&db, Some(Instant::now()), one);
        assert!(matches!(given_up, Err(Trouble::TooSlow)), "{given_up:?}");
    }
}
