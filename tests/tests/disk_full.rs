//! No room on the disk: sends are answered, reads go on, and nothing acknowledged is lost.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use client::Connection;
use protocol::{Codec, ConversationId, ErrorCode, EventData, Remedy};
use rusqlite::{Connection as Database, OpenFlags};
use serde_json::json;
use system_tests::life::whole_log;
use system_tests::site::options;
use system_tests::{Expect as _, SOON, Site, key, within};
use throwaway::{Server, ServerOptions};

/// Room for a database and little more.
const SIZE: &str = "size=24m";

/// A small disk of its own, gone with the test.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "tmpfs"])
            .arg(folder.path())
            .output();
        let mount = mount.expect("mount can be started");
        let errors = String::from_utf8_lossy(&mount.stderr);
        assert!(mount.status.success(), "this test mounts a tmpfs and needs to be root: {errors}");
        Self { folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    /// Takes all the room there is.
    fn fill(&self) {
        use std::io::Write as _;
        let mut ballast = std::fs::File::create(self.ballast()).expect("a file");
        for size in [1 << 20, 4096, 512, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A server that is still there would keep it busy; lazily, it goes when that goes.
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

/// A message, as a client keeps it until it is acknowledged.
struct Letter {
    key: String,
    text: String,
}

impl Letter {
    fn new() -> Self {
        Self { key: key(), text: format!("{} {}", key(), "x".repeat(3_500)) }
    }
}

/// Says things until the disk is full; the one that was refused. Those acknowledged are added.
async fn say_until_unavailable(
    visitor: &mut Connection,
    id: ConversationId,
    acknowledged: &mut Vec<String>,
) -> Letter {
    loop {
        let letter = Letter::new();
        match visitor.say(id, &letter.key, &letter.text).await {
            Ok(_) => acknowledged.push(letter.text),
            refused => {
                let error = refused.refused(ErrorCode::Unavailable);
                assert_eq!(error.remedy, Remedy::Retry);
                return letter;
            }
        }
    }
}

/// The same command until it is granted.
async fn say_at_last(visitor: &mut Connection, id: ConversationId, key: &str, text: &str) -> u64 {
    loop {
        match visitor.say(id, key, text).await {
            Ok(sent) => return sent.seq,
            refused => {
                let error = refused.refused(ErrorCode::Unavailable);
                tokio::time::sleep(Duration::from_millis(error.retry_after_ms.min(500))).await;
            }
        }
    }
}

fn check_integrity(data: &Path) {
    let mut checked = 0;
    for entry in std::fs::read_dir(data).expect("the data folder").flatten() {
        let path = entry.path();
        let head = std::fs::read(&path).unwrap_or_default();
        if !head.starts_with(b"SQLite format 3\0") {
            continue;
        }
        let database =
            Database::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("opens");
        let verdict: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a verdict");
        assert_eq!(verdict, "ok", "{}", path.display());
        checked += 1;
    }
    assert!(checked > 0, "no database in {}", data.display());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_no_room_sends_are_unavailable_reads_go_on_and_it_recovers_without_a_restart() {
    let disk = SmallDisk::new();
    let mut server = Server::start(ServerOptions { data: Some(disk.data()), ..options() }).await;
    let site = Site::of(&server).await;
    let account = site.hire("Ann").await;
    let (mut visitor, mut agent, id) = site.talking(Codec::Json).await;
    let known = visitor.say(id, "known", "before all that").await.granted();
    let mut acknowledged = vec!["before all that".to_owned()];
    for round in 0..3 {
        disk.fill();
        let refused = say_until_unavailable(&mut visitor, id, &mut acknowledged).await;

        // Reads, pings and hello go on.
        let log = whole_log(&mut agent, id).await;
        let said = log.len() - 3;
        // Refused as unavailable: not committed, or the same key will say so.
        assert!(
            (acknowledged.len()..=acknowledged.len() + 1).contains(&said),
            "round {round}: {said}"
        );
        assert_eq!(agent.watch(id, 0).await.granted().head as usize, log.len());
        agent.inbox(json!({})).await.granted();
        let mut returned = site.visitor_again(&visitor, Codec::Msgpack).await;
        returned.ping().await.granted();

        // The same frame again, once there is room: done once.
        disk.make_room();
        let Letter { key, text } = refused;
        let seq =
            within(SOON, "the server to recover", say_at_last(&mut visitor, id, &key, &text)).await;
        assert_eq!(visitor.say(id, &key, &text).await.granted().seq, seq);
        assert_eq!(visitor.say(id, "known", "again").await.granted(), known, "an older key");
        acknowledged.push(text);
    }

    let mut reader = site.sign_in(&account, Codec::Json).await;
    check_log(&mut reader, id, &acknowledged).await;
    server.kill9().await;
    check_integrity(&disk.data());
    server.restart().await;
    let mut reader = site.sign_in(&account, Codec::Json).await;
    check_log(&mut reader, id, &acknowledged).await;
    println!("{} acknowledged over 3 full disks, none lost", acknowledged.len());
    assert!(acknowledged.len() >= 4, "a disk that was full from the start proves nothing");
}

/// The log holds what was acknowledged, in order, each once, and nothing else of the visitor's.
async fn check_log(reader: &mut client::Agent, id: ConversationId, acknowledged: &[String]) {
    let log = whole_log(reader, id).await;
    let said = log[3..].iter().map(|event| match &event.data {
        EventData::MessagePosted(posted) => posted.text.to_string(),
        other => panic!("{other:?}"),
    });
    let said: Vec<String> = said.collect();
    assert_eq!(said.len(), acknowledged.len());
    assert!(said.iter().eq(acknowledged), "what was acknowledged, in order");
}
