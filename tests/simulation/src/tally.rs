//! What a run exercised. A run that exercised nothing has shown nothing.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! tally {
    ($($(#[$doc:meta])* $name:ident: $words:literal,)*) => {
        /// Counts of one run or of many.
        #[derive(Debug, Default)]
        pub struct Tally {
            $($(#[$doc])* pub $name: Count,)*
        }

        impl Tally {
            /// Every count with its name.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$(($words, self.$name.get()),)*]
            }
        }

        impl AddAssign<&Tally> for Tally {
            fn add_assign(&mut self, other: &Tally) {
                $(self.$name.add(other.$name.get());)*
            }
        }
    };
}

tally! {
    events: "events committed",
    acknowledged: "commands acknowledged",
    refused: "commands refused",
    repeated: "keys used again",
    resent: "commands resent after no answer",
    resumed: "resumes that had missed something",
    crashes: "nodes crashed",
    pauses: "nodes paused",
    clock_jumps: "clock jumps",
    hints_lost: "hints lost",
    hints_repeated: "hints that came twice",
    hints_overtaken: "hints overtaken by later ones",
    /// In worlds without any hint.
    tails: "last events that came without a hint",
    store_errors: "store calls that failed",
    /// It happened, and the answer was an error.
    ambiguous: "ambiguous commits",
    /// The answer was an error, and it happened afterwards.
    late: "commits after their error",
    stale: "stale appends",
    overflows: "clients too slow",
    rows: "inbox rows told",
}

impl Tally {
    /// What was never exercised.
    pub fn missing(&self) -> Vec<&'static str> {
        self.all().into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
    }
}

/// A number that grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn inc(&self) {
        self.add(1);
    }

    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
