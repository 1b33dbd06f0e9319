//! The data folder: made for its owner's eyes only, and served by one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

const LOCK: &str = "serve.lock";

/// Held for as long as this process serves the folder; the operating system lets go of it even if the
/// process is killed.
#[derive(Debug)]
pub struct Serving {
    _lock: File,
}

/// Makes the folder if it is not there.
pub fn make(folder: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("--data {}: cannot make the folder", folder.display()))
}

/// Makes sure that nobody else serves this folder. Administrative commands need no lock.
pub fn lock(folder: &Path) -> Result<Serving> {
    make(folder)?;
    let path = folder.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("--data: cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Serving { _lock: file }),
        Err(TryLockError::WouldBlock) => bail!(
            "--data {}: another frontdesk serves this folder; stop it, or choose another folder",
            folder.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("--data: cannot lock {}", path.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_is_served_by_one_and_seen_by_its_owner_only() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("deep/data");
        let first = lock(&folder).unwrap();
        assert!(lock(&folder).unwrap_err().to_string().contains("another frontdesk"));
        drop(first);
        lock(&folder).unwrap();
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
