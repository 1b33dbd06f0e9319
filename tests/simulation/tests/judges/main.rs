//! The judges are judged: they believe what happened, and nothing that did not.
//!
//! Each broken history is one that was lived, with one thing changed by hand; the promise that it breaks
//! must say so.

mod changes;
mod logs;
mod people;
mod streams;

use std::sync::OnceLock;

use simulation::history::{Fault, What};
use simulation::{Evidence, History, broken, live};

/// One thing changed by hand; `false` if this history has no place for it.
pub type Change = fn(&mut History) -> bool;

/// Worlds lived once for all tests.
const SEEDS: std::ops::Range<u64> = 1..40;

fn worlds() -> &'static [History] {
    static WORLDS: OnceLock<Vec<History>> = OnceLock::new();
    WORLDS.get_or_init(|| SEEDS.map(|seed| live(seed).0).collect())
}

/// Nothing happened to it but lost hints: nobody has an excuse.
fn is_quiet(history: &History) -> bool {
    history.entries.iter().all(|entry| match &entry.what {
        What::Fault(fault) => match fault {
            Fault::Started(_) | Fault::Hints(_) => true,
            Fault::Store(_, _, well) => *well,
            _ => false,
        },
        _ => true,
    })
}

/// Changed in whichever world has a place for it, the promise `number` is broken.
pub fn breaks(number: &str, change: Change) {
    breaks_in(number, worlds().iter(), change);
}

/// The same in a world where nobody has an excuse.
pub fn breaks_when_quiet(number: &str, change: Change) {
    breaks_in(number, worlds().iter().filter(|history| is_quiet(history)), change);
}

fn breaks_in<'a>(number: &str, worlds: impl Iterator<Item = &'a History>, change: Change) {
    for world in worlds {
        let mut history = world.clone();
        if change(&mut history) {
            let found = broken(&Evidence::of(&history));
            let found: Vec<_> = found.iter().map(|broken| broken.promise).collect();
            assert!(found.contains(&number), "{number} believed it; only {found:?} did not");
            return;
        }
    }
    panic!("no world has a place for this change");
}

#[test]
fn what_happened_is_believed() {
    for (history, seed) in worlds().iter().zip(SEEDS) {
        let broken = broken(&Evidence::of(history));
        assert!(broken.is_empty(), "seed {seed}: {broken:?}");
    }
}
