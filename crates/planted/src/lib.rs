//! Known defects, each of which somebody has really made somewhere: planted to prove that the tests
//! would find them.
//!
//! Start with [`is_on`]: it stands at the one place where the defect would be. Built without the feature
//! `planted-bugs`, as always but for `cargo xtask planted`, it is the constant `false`, and what it guards
//! is not compiled. Built with it, the environment says which one is on, at most one.
//!
//! Never here: anything that a server needs.

macro_rules! defects {
    ($($(#[$doc:meta])* $defect:ident = $name:literal,)*) => {
        /// A mistake that could be made.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Defect {
            $($(#[$doc])* $defect,)*
        }

        impl Defect {
            /// All of them.
            pub const ALL: &[Defect] = &[$(Defect::$defect,)*];

            /// Its name in the environment and in reports.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Defect::$defect => $name,)*
                }
            }
        }
    };
}

defects! {
    /// A command is answered `ok` without waiting for the journal.
    AckBeforeCommit = "ack-before-commit",
    /// Other nodes are told before the journal has it.
    PublishBeforeCommit = "publish-before-commit",
    /// An append counts although another one came first.
    NoHeadCheck = "no-head-check",
    /// A watcher of the inbox does not hear what changed while it was read where things stand.
    ReadThenSubscribe = "read-then-subscribe",
    /// What a listener has been told is not remembered before it is told the next thing.
    CursorNotMoved = "cursor-not-moved",
    /// Notes count in the visitors' numbering.
    VisitorNumberMoved = "visitor-number-moved",
    /// Keys are looked for in what is not settled yet, and never in the database.
    DedupeInMemory = "dedupe-in-memory",
    /// Keys do not reach the journal.
    KeyForgotten = "key-forgotten",
    /// A refusal is given without looking whether the key was used.
    KeyAfterFence = "key-after-fence",
    /// A refusal is given from what this node remembers, which may be old.
    ClaimFromCache = "claim-from-cache",
    /// A commit whose answer was lost is reported as done.
    UnknownIsOk = "unknown-is-ok",
    /// A commit whose answer was lost is reported as refused for good.
    UnknownIsRefused = "unknown-is-refused",
    /// A resume begins one event too late.
    ResumeOffByOne = "resume-off-by-one",
    /// A snapshot has what another node committed beyond its head.
    SnapshotBeyondHead = "snapshot-beyond-head",
    /// A connection that owes too much goes on, without what it missed.
    SlowReaderSkipped = "slow-reader-skipped",
    /// A socket outlives its token.
    ExpiryIgnored = "expiry-ignored",
    /// Pages of history are given to whoever asks.
    AccessNotChecked = "access-not-checked",
    /// Notes are told to visitors.
    NoteLeaks = "note-leaks",
    /// A closed conversation takes messages.
    CloseDoesNotFence = "close-does-not-fence",
    /// "Send and close" sends.
    SendWithoutClose = "send-without-close",
    /// Heads are never compared: the last hint can be lost for good.
    LostHintNotRepaired = "lost-hint-not-repaired",
    /// A visitor may have any number of open conversations.
    TwoOpenConversations = "two-open-conversations",
    /// A node hears its own hints.
    NodeHearsItself = "node-hears-itself",
    /// The wall clock decides when something happened, even if it went back.
    TimeGoesBack = "time-goes-back",
}

/// The environment variable that names the defect that is on.
pub const VARIABLE: &str = "PLANTED_BUG";

/// Whether this defect is on: never, without the feature.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub const fn is_on(_: Defect) -> bool {
    false
}

/// Whether this defect is on.
///
/// # Panics
/// If the environment names a defect that is not planted: a run would show nothing.
#[cfg(feature = "planted-bugs")]
pub fn is_on(defect: Defect) -> bool {
    use std::sync::OnceLock;
    static ON: OnceLock<Option<Defect>> = OnceLock::new();
    let named = || {
        let name = std::env::var(VARIABLE).ok().filter(|name| !name.is_empty())?;
        let found = Defect::ALL.iter().copied().find(|defect| defect.name() == name);
        assert!(found.is_some(), "{VARIABLE}={name}, and no such defect is planted");
        found
    };
    *ON.get_or_init(named) == Some(defect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_defects_have_one_name() {
        let mut names: Vec<_> = Defect::ALL.iter().map(|defect| defect.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Defect::ALL.len());
    }

    #[cfg(not(feature = "planted-bugs"))]
    #[test]
    fn without_the_feature_nothing_is_on() {
        const { assert!(!is_on(Defect::AckBeforeCommit)) };
        assert!(Defect::ALL.iter().all(|defect| !is_on(*defect)));
    }
}
