//! Flushing the database file beside SQLite.
//!
//! SQLite flushes it only in the checkpoint that reaches the end of the log, which is the writer's, and
//! the writer would wait for all that was moved before. A flush of ours takes that work off it, and
//! changes nothing about what is safe.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Handles by device and inode. They are never closed: to close any handle of a file drops all locks that
/// the process has on it, SQLite's among them.
static HANDLES: Mutex<Option<HashMap<(u64, u64), &'static File>>> = Mutex::new(None);

/// The handle for flushing the file at `path`, the same for everybody in this process.
pub(super) fn handle(path: &Path) -> io::Result<&'static File> {
    // Asking for the inode opens nothing.
    let inode = std::fs::metadata(path).map(|file| (file.dev(), file.ino()))?;
    let mut handles = HANDLES.lock().unwrap_or_else(PoisonError::into_inner);
    let handles = handles.get_or_insert_default();
    if let Some(file) = handles.get(&inode) {
        return Ok(file);
    }
    let file: &'static File = Box::leak(Box::new(File::open(path)?));
    handles.insert(inode, file);
    Ok(file)
}
