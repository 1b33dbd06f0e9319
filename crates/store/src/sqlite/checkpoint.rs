//! Moves what is committed from the write-ahead log into the file, beside the commits.
//!
//! SQLite would do it within a commit, and everybody in that batch would wait for thousands of pages and a
//! second flush. Here a thread moves them while the writer goes on; only the last few are moved by the
//! writer, between two batches, so that the log can start over from its beginning.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use super::Running;
use super::connection::Place;
use super::error::OpenError;
use crate::StoreMetrics;

/// Frames of 4 KiB in the log before the thread begins to move them: 32 MiB. The longer the log, the more
/// often a page is in it, and the less there is to move for each commit.
const FRAMES_BEFORE_MOVING: u32 = 8 * 1024;
/// With so many the writer waits for readers that still need the log, so that it ends somewhere: 56 MiB.
const FRAMES_MAX: u32 = 14 * 1024;
/// The thread goes on until no more than this are left for the writer.
const FRAMES_LEFT: i32 = 64;
/// While much is written, frames come in as fast as they are moved.
const ROUNDS_MAX: usize = 8;

/// The writer's side.
pub(super) struct Checkpoints {
    wishes: SyncSender<()>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// In the log after the last commit.
    frames: AtomicU32,
    /// The thread has been asked, and the writer has not finished yet.
    under_way: AtomicBool,
    /// The thread has done its part.
    nearly_done: AtomicBool,
}

impl Checkpoints {
    /// Starts the thread; it ends when the writer does.
    pub(super) fn start(
        place: &Place,
        metrics: StoreMetrics,
        running: Running,
    ) -> Result<Self, OpenError> {
        let (wishes, asked) = sync_channel(1);
        let shared = Arc::new(Shared::default());
        let mover =
            Mover { db: place.to_write()?, file: place.to_flush()?, shared: shared.clone() };
        std::thread::Builder::new().name("store-checkpoint".into()).spawn(move || {
            mover.move_when_asked(&asked, &metrics);
            drop((mover, running));
        })?;
        Ok(Self { wishes, shared })
    }

    /// Counts the frames that `db` commits, and leaves moving them to us.
    pub(super) fn watch(&self, db: &mut Connection) -> rusqlite::Result<()> {
        let shared = self.shared.clone();
        db.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, frames: i32| {
            shared.frames.store(frames.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        }))
    }

    /// Asks for a checkpoint if the log is long.
    pub(super) fn after_commit(&self) {
        if self.shared.frames.load(Ordering::Relaxed) >= FRAMES_BEFORE_MOVING {
            self.ask();
        }
    }

    /// Asks for a checkpoint: on a full disk it may make room in the log.
    pub(super) fn ask(&self) {
        if !self.shared.under_way.swap(true, Ordering::Relaxed) {
            // A full queue is as good; without the thread there is nothing to be done.
            let _ = self.wishes.try_send(());
        }
    }

    /// Moves the last frames, if the thread has moved the others. Between two transactions.
    pub(super) fn finish(&self, db: &Connection) -> rusqlite::Result<()> {
        if !self.shared.nearly_done.swap(false, Ordering::Acquire) {
            return Ok(());
        }
        self.shared.under_way.store(false, Ordering::Relaxed);
        let long = self.shared.frames.load(Ordering::Relaxed) >= FRAMES_MAX;
        let mode = if long { CheckpointMode::RESTART } else { CheckpointMode::PASSIVE };
        checkpoint(db, mode).map(drop)
    }
}

/// The thread's side.
struct Mover {
    db: Connection,
    file: &'static File,
    shared: Arc<Shared>,
}

impl Mover {
    fn move_when_asked(&self, asked: &Receiver<()>, metrics: &StoreMetrics) {
        while asked.recv().is_ok() {
            if let Err(error) = self.move_most() {
                // The log grows until it works again; commits go on as long as there is room.
                tracing::warn!(%error, "cannot move the write-ahead log into the file");
                metrics.errors.inc();
            }
            self.shared.nearly_done.store(true, Ordering::Release);
        }
    }

    /// Each round leaves what came in while it ran, and so the next one is shorter.
    fn move_most(&self) -> Result<(), OpenError> {
        for _ in 0..ROUNDS_MAX {
            let left = checkpoint(&self.db, CheckpointMode::PASSIVE)?;
            self.file.sync_data()?;
            if left <= FRAMES_LEFT {
                break;
            }
        }
        Ok(())
    }
}

/// How many frames are left in the log. Another process at the same is no error.
fn checkpoint(db: &Connection, mode: CheckpointMode) -> rusqlite::Result<i32> {
    match db.wal_checkpoint_v2(None::<&str>, mode) {
        Ok((in_log, moved)) => Ok(in_log - moved),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => Ok(0),
        Err(error) => Err(error),
    }
}
