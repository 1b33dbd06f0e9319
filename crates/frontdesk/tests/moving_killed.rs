//! An import that is killed in the middle leaves nothing behind, and can be repeated.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

mod common;

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{command, run, stderr, stdout, text};
use rusqlite::Connection;
use store::conformance::{SITE, begin, start};
use store::{PostgresStore, SqliteStore, Store, export};
use throwaway::Postgres;

const CONVERSATIONS: u128 = 20;
const DATABASE: &str = "FRONTDESK_DATABASE_URL";

/// A site in a file.
async fn a_file(folder: &Path) -> String {
    let store = Arc::new(SqliteStore::open(&folder.join("origin")).unwrap());
    let stored: Arc<dyn Store> = store.clone();
    let site = store::Site { id: SITE, name: "Shop".into(), domains: vec!["a.example".into()] };
    stored.add_site(site, 1).await.unwrap();
    for n in 1..=CONVERSATIONS {
        begin(&stored, start(n, 1000)).await;
    }
    let file = folder.join("file");
    export(&*store, SITE, std::fs::File::create(&file).unwrap()).await.unwrap();
    text(&file)
}

/// An import under way; ended with the test, whatever becomes of it.
struct Importing(Child);

impl Importing {
    fn start(file: &str, data: &str, env: &[(&str, &str)]) -> Self {
        let mut command = command(env);
        command.args(["import", "--from", file, "--data", data]).stdin(Stdio::null());
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Killed (SIGKILL), and not ended before.
    fn kill(&mut self) {
        assert_eq!(self.0.try_wait().unwrap(), None, "it is in the middle");
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Importing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The site comes in now, and is what it was.
fn imports_now(file: &str, data: &str, env: &[(&str, &str)]) {
    let imported = run(&["import", "--from", file, "--data", data], env);
    assert!(imported.status.success(), "{}", stderr(&imported));
    let (site, back) = (SITE.to_string(), format!("{file}.back"));
    assert_eq!(stdout(&imported).trim_end(), site);
    let exported = run(&["export", "--site", &site, "--to", &back, "--data", data], env);
    assert!(exported.status.success(), "{}", stderr(&exported));
    assert!(std::fs::read(file).unwrap() == std::fs::read(back).unwrap(), "the same file");
}

/// The last conversation takes so long to write that it is found in the middle.
const SLOW_FOLDER: &str = "
    CREATE TRIGGER slow BEFORE INSERT ON conversations
    WHEN (SELECT count(*) FROM conversations) = 19 BEGIN
        SELECT count(*) FROM (WITH RECURSIVE n(x) AS
            (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000) SELECT x FROM n);
    END";

#[tokio::test]
async fn in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (a_file(folder.path()).await, folder.path().join("data"));
    SqliteStore::open(&data).unwrap().close().await;
    let db = Connection::open(data.join("frontdesk.db")).unwrap();
    db.execute_batch(SLOW_FOLDER).unwrap();
    let before = rows_in_folder(&db);
    let mut importing = Importing::start(&file, &text(&data), &[]);
    // Nobody else is there, and nothing else takes so long.
    db.busy_timeout(Duration::from_secs(1)).unwrap();
    while db.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {}
    importing.kill();
    assert_eq!(rows_in_folder(&db), before);
    db.execute_batch("DROP TRIGGER slow").unwrap();
    drop(db);
    imports_now(&file, &text(&data), &[]);
}

fn rows_in_folder(db: &Connection) -> Vec<(String, i64)> {
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let mut tables = db.prepare(tables).unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let counted = tables.map(|table| {
        let table = table.unwrap();
        let count = format!("SELECT count(*) FROM \"{table}\"");
        let count = db.query_row(&count, [], |row| row.get(0)).unwrap();
        (table, count)
    });
    counted.collect()
}

const SLOW_DATABASE: &str = "
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(600); RETURN NULL; END $$;
    CREATE TRIGGER slow AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION slow()";
const OURS: &str = "
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'frontdesk'";

#[tokio::test]
async fn in_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = a_file(folder.path()).await;
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    let name = url.rsplit('/').next().unwrap();
    PostgresStore::open_beside(&url).await.unwrap().close().await;
    server.sql(name, SLOW_DATABASE).await;
    let before = rows_in_database(&server, name).await;
    let unused = text(&folder.path().join("unused"));
    let env = [(DATABASE, url.as_str())];
    let mut importing = Importing::start(&file, &unused, &env);
    let asleep = format!("{OURS} AND wait_event = 'PgSleep'");
    while server.sql(name, &asleep).await != "1" {}
    importing.kill();
    // Asleep, the server does not notice.
    let wake = OURS.replace("count(*)", "pg_cancel_backend(pid)");
    server.sql(name, &format!("{wake} AND wait_event = 'PgSleep'")).await;
    while server.sql(name, OURS).await != "0" {}
    assert_eq!(rows_in_database(&server, name).await, before);
    server.sql(name, "DROP TRIGGER slow ON events").await;
    imports_now(&file, &unused, &env);
}

async fn rows_in_database(server: &Postgres, name: &str) -> String {
    let count = "
        SELECT relname, (xpath('/row/n/text()',
            query_to_xml('SELECT count(*) AS n FROM ' || relname, false, true, '')))[1]
        FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1";
    server.sql(name, count).await
}
