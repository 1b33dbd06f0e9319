//! A disk that fills up, and has room again. Needs to be root: it mounts a small file system.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;

use conversation::{Audience, Conversation};
use store::conformance::*;
use store::{Appended, Journal as _, Range, SqliteStore, Store, StoreError};
use tempfile::TempDir;

/// A file system of 8 MiB, gone when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Process::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(dir.path())
            .status()
            .expect("`mount` runs");
        assert!(mounted.success(), "cannot mount a tmpfs on {:?}: run this as root", dir.path());
        Self(dir)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no room at all.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("ballast");
        let mut ballast = File::create(&path).unwrap();
        while ballast.write_all(&[0; 4096]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Process::new("umount").arg("--lazy").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

/// Appends until the store cannot, not even a little; the conversation as of the last `Done`.
async fn append_until_full(store: &SqliteStore, mut state: Conversation) -> Conversation {
    for text in ["long ".repeat(500), "long".to_owned()] {
        let mut refused_in_a_row = 0;
        while refused_in_a_row < 3 {
            assert!(state.head.0 < 50_000, "the disk never filled up");
            let keyed = format!("full {} {refused_in_a_row}", state.head.0);
            let next = append(&state, &asking(&state), &post(&text), 2000, &keyed);
            let after = next.conversation.clone();
            match store.append(next).await {
                Ok(Appended::Done) => {
                    state = (*after).clone();
                    refused_in_a_row = 0;
                }
                Err(StoreError::Unavailable(_)) => refused_in_a_row += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    state
}

async fn check_reads(store: &Arc<SqliteStore>, state: &Conversation) {
    assert_eq!(store.find(state.id).await.unwrap().as_ref(), Some(state));
    let last = store.events(state.id, Audience::Agents, Range::Before(u64::MAX), 5).await.unwrap();
    assert_eq!(last.last().unwrap().seq, state.head);
    let store: Arc<dyn Store> = store.clone();
    assert_eq!(search(&store, "hello").await, [1]);
    assert_eq!(search(&store, "long").await, [1]);
}

fn check_integrity(dir: &Path) {
    let db = rusqlite::Connection::open(dir.join("frontdesk.db")).unwrap();
    let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

#[tokio::test]
async fn a_full_disk_costs_writes_only_and_only_until_there_is_room() {
    let disk = SmallDisk::mount();
    let store = Arc::new(SqliteStore::open(disk.path()).unwrap());
    let as_store: Arc<dyn Store> = store.clone();
    let mut state = begin(&as_store, start(1, 1000)).await;
    let vera = asking(&state);
    act(&as_store, &mut state, &vera, post("long ago")).await;
    for round in 0..3 {
        let ballast = disk.fill();
        state = append_until_full(&store, state).await;
        check_reads(&store, &state).await;
        // Whatever is tried is done or not done; a checkpoint may have made a little room meanwhile.
        for n in 0..20 {
            let keyed = format!("tried {round} {n}");
            let next = append(&state, &asking(&state), &post("tried"), 2000, &keyed);
            let after = next.conversation.clone();
            match store.append(next).await {
                Ok(Appended::Done) => state = (*after).clone(),
                Err(StoreError::Unavailable(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        check_reads(&store, &state).await;
        check_integrity(disk.path());

        std::fs::remove_file(ballast).unwrap();
        let vera = asking(&state);
        act(&as_store, &mut state, &vera, post("there is room again")).await;
        check_reads(&store, &state).await;
        check_integrity(disk.path());
    }
    store.close().await;
    drop(store);
    let store = Arc::new(SqliteStore::open(disk.path()).unwrap());
    check_reads(&store, &state).await;
    store.close().await;
}
