//! The number that a run prints is all that another process needs to live through the same.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

use std::process::Command;

use simulation::{Broken, Fault, live, report};

/// Nothing but lost hints, everything at once, and one node by itself are among these worlds.
const SEEDS: std::ops::Range<u64> = 1..9;

/// What another process prints about this seed.
fn story(seed: u64) -> String {
    let mut simulate = Command::new(env!("CARGO_BIN_EXE_simulate"));
    let output = simulate.args(["--story", "--seed", &seed.to_string()]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn another_process_tells_the_same_story_byte_for_byte() {
    for seed in SEEDS {
        let (first, again) = (story(seed), story(seed));
        let last = first.lines().last().unwrap_or_default();
        assert!(last.starts_with(&format!("seed {seed}: ")), "it ends with {last:?}");
        assert!(first.contains("posted"), "seed {seed} tells nothing");
        let different = first.lines().zip(again.lines()).find(|(first, again)| first != again);
        assert_eq!(different, None, "seed {seed}: the first line that differs");
        assert!(first == again, "seed {seed}: one story is longer");
    }
}

#[test]
fn a_report_says_how_to_see_it_again() {
    let history = live(3).0;
    let conversation = history.journal.keys().next().copied();
    let fault = Fault { conversation, says: "two of them".into() };
    let told = report(3, &history, &Broken { promise: "P4", says: "one owner", fault });
    assert!(told.starts_with("seed 3 breaks P4, one owner:\n  two of them\n"), "{told}");
    assert!(told.contains("posted"), "its conversation is not told: {told}");
    assert!(told.ends_with("again: cargo xtask simulate --seed 3\n"), "{told}");
}
