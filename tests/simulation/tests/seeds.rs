//! Three hundred worlds, and one of them twice.

use simulation::{live, many};

/// As many as the check has time for; `cargo xtask simulate` lives through more.
const SEEDS: u64 = 300;
const THREADS: usize = 2;

#[test]
fn every_seed_keeps_every_promise() {
    let summary = many(1..SEEDS + 1, THREADS);
    println!("{summary}");
    assert!(summary.failures.is_empty(), "{}", summary.failures.join("\n"));
    let unexercised = summary.unexercised();
    assert!(unexercised.is_empty(), "this run shows nothing about: {unexercised:?}");
}

#[test]
fn a_seed_lived_again_is_the_same_to_the_last_word() {
    for seed in [3, 4, 5, 6, 1001] {
        let ((first, _), (again, _)) = (live(seed), live(seed));
        let different = first.entries.iter().zip(&again.entries).position(|(a, b)| a != b);
        assert_eq!(different, None, "seed {seed}: the first step that differs");
        assert_eq!(first.fingerprint(), again.fingerprint(), "seed {seed}");
        assert_eq!(first, again, "seed {seed}");
    }
}

#[test]
fn other_seeds_are_other_worlds() {
    assert_ne!(live(1).0.fingerprint(), live(2).0.fingerprint());
}
