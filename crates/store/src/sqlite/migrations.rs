//! The schema, step by step. Applied steps never change; a new one gets the next number.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::OpenError;

/// "Fdsk": a SQLite file of ours, not of somebody else.
const APPLICATION_ID: i32 = 0x4664_736b;

/// All steps; the first one leads to version 1.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_first.sql")];

/// Whether the file may be opened at all. Changes nothing, so that a file that is not ours stays as it is.
pub(super) fn admit(db: &Connection) -> Result<(), OpenError> {
    if is_empty(db)? { Ok(()) } else { check(db) }
}

/// Brings the file to the newest version, in one transaction.
pub(super) fn migrate(db: &mut Connection) -> Result<(), OpenError> {
    if version(db)? == MIGRATIONS.len() {
        return check(db);
    }
    let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let from = version(&step)?;
    if from == 0 {
        begin(&step)?;
    }
    check(&step)?;
    for (number, sql) in (1..).zip(MIGRATIONS).skip(from) {
        step.execute_batch(sql)?;
        step.execute("INSERT INTO migrations VALUES (?1, ?2)", params![number, checksum(sql)])?;
    }
    step.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    step.commit()?;
    Ok(())
}

fn begin(step: &Transaction<'_>) -> Result<(), OpenError> {
    if !is_empty(step)? {
        return Err(OpenError::Foreign);
    }
    step.pragma_update(None, "application_id", APPLICATION_ID)?;
    step.execute_batch(
        "CREATE TABLE migrations (version INTEGER PRIMARY KEY, checksum INTEGER NOT NULL) STRICT",
    )?;
    Ok(())
}

fn is_empty(db: &Connection) -> Result<bool, OpenError> {
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}

/// That the file is ours, not newer than we are, and made by the steps we know.
fn check(db: &Connection) -> Result<(), OpenError> {
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION_ID {
        return Err(OpenError::Foreign);
    }
    let (found, known) = (version(db)?, MIGRATIONS.len());
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    let mut applied = db.prepare("SELECT version, checksum FROM migrations ORDER BY version")?;
    let applied = applied.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (step, expected) in applied.zip(MIGRATIONS) {
        let (version, found): (i64, i64) = step?;
        if found != checksum(expected) {
            return Err(OpenError::Changed { version });
        }
    }
    Ok(())
}

fn version(db: &Connection) -> Result<usize, OpenError> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// FNV-1a: enough to notice an edit.
fn checksum(sql: &str) -> i64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    sql.bytes().fold(0xcbf2_9ce4_8422_2325, mix).cast_signed()
}

#[cfg(test)]
mod tests;
