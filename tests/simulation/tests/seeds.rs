//! Three hundred worlds, and one of them twice.

use simulation::{live, many, run};

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

/// Worlds in which a judge once condemned what is right: a start that is told after the answer to an unwatch
/// sent before it, or once the store is there again; and rows that another node changed before the watch of
/// the inbox was answered.
#[test]
fn what_was_once_misjudged_is_believed() {
    for seed in [5265, 5942, 6861, 15311] {
        let broken = run(seed).broken;
        assert!(broken.is_empty(), "seed {seed}: {broken:?}");
    }
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
