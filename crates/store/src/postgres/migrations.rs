//! The schema, step by step. Applied steps never change; a new one gets the next number. Several nodes may
//! start at once: one of them makes the steps, the others wait and find them made.

use tokio_postgres::{Client, Transaction};

use super::PostgresError;
use super::error::words;

/// All steps; the first one leads to version 1.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_first.sql")];

/// "Fdsk": whoever holds this lock makes the schema.
const LOCK: i64 = 0x4664_736b;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS frontdesk_migrations (
    version    integer     PRIMARY KEY,
    checksum   bigint      NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)";

/// Brings the database to the newest version, in one transaction.
pub(super) async fn migrate(client: &mut Client) -> Result<(), PostgresError> {
    let step = client.transaction().await?;
    // Another node may have to make an index meanwhile.
    step.batch_execute("SET LOCAL statement_timeout = 0").await?;
    step.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let there = step.query_one("SELECT to_regclass('frontdesk_migrations') IS NOT NULL", &[]);
    if !there.await?.get::<_, bool>(0) {
        step.batch_execute(TABLE).await.map_err(|error| refused(0, &error))?;
    }
    let applied = check(&step).await?;
    for (version, sql) in (1..).zip(MIGRATIONS).skip(applied) {
        step.batch_execute(sql).await.map_err(|error| refused(version, &error))?;
        let note = "INSERT INTO frontdesk_migrations (version, checksum) VALUES ($1, $2)";
        step.execute(note, &[&version, &checksum(sql)]).await?;
    }
    Ok(step.commit().await?)
}

/// That the database is not newer than we are, and made by the steps we know; how many there are.
async fn check(step: &Transaction<'_>) -> Result<usize, PostgresError> {
    let applied = "SELECT version, checksum FROM frontdesk_migrations ORDER BY version";
    let applied = step.query(applied, &[]).await?;
    let known = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
    let found = applied.last().map_or(0, |row| row.get::<_, i32>(0));
    if found > known {
        return Err(PostgresError::Newer { found, known });
    }
    for (row, expected) in applied.iter().zip(MIGRATIONS) {
        if row.get::<_, i64>(1) != checksum(expected) {
            return Err(PostgresError::Changed { version: row.get(0) });
        }
    }
    Ok(applied.len())
}

fn refused(version: i32, error: &tokio_postgres::Error) -> PostgresError {
    use tokio_postgres::error::SqlState;
    let remedy = match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            "give the user a database of its own, or GRANT CREATE ON SCHEMA public"
        }
        Some(code) if *code == SqlState::DUPLICATE_TABLE => {
            "the database holds tables of another program: give Frontdesk one of its own"
        }
        _ => "nothing was changed",
    };
    PostgresError::Migration { version, reason: words(error), remedy }
}

/// FNV-1a: enough to notice an edit.
fn checksum(sql: &str) -> i64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    sql.bytes().fold(0xcbf2_9ce4_8422_2325, mix).cast_signed()
}
