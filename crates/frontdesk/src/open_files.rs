//! The limit of open files: every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Fewer than this, and a busy day may not fit.
const COMFORTABLE: u64 = 10_000;

/// Raises this process's limit as far as it may, and says how far that was.
pub fn raise() {
    let before = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: before.maximum, ..before });
    let limit = getrlimit(Resource::Nofile).current;
    match (raised, limit) {
        (Err(error), _) => tracing::warn!(?limit, %error, "cannot raise the limit of open files"),
        (Ok(()), Some(limit)) if limit < COMFORTABLE => tracing::warn!(
            limit,
            "few files may be open at once, and each connection is one: raise the hard limit (ulimit -Hn, LimitNOFILE=)"
        ),
        (Ok(()), limit) => tracing::info!(limit, "open files"),
    }
}
