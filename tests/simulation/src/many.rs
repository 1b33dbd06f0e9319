//! Many seeds, side by side.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::run::run;
use crate::story::report;
use crate::tally::Tally;

/// What many seeds led to.
#[derive(Debug)]
pub struct Summary {
    pub seeds: u64,
    pub took: Duration,
    pub tally: Tally,
    /// The first failures found, each with its story.
    pub failures: Vec<String>,
}

/// Failures that are told before the rest is left out.
const FAILURES_MAX: usize = 3;

/// Lives through all these seeds, on so many threads; stops early once there are failures enough. Each
/// seed is its own world: what one does cannot matter to another.
pub fn many(seeds: Range<u64>, threads: usize) -> Summary {
    let began = Instant::now();
    let (next, lived, stop) =
        (AtomicU64::new(seeds.start), AtomicU64::new(0), AtomicBool::new(false));
    let found = Mutex::new((Tally::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = run(seed);
                    lived.fetch_add(1, Relaxed);
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    found.0 += &outcome.tally;
                    if let Some(broken) = outcome.broken.first() {
                        found.1.push(report(seed, &outcome.history, broken));
                        stop.store(found.1.len() >= FAILURES_MAX, Relaxed);
                    }
                }
            });
        }
    });
    let (tally, failures) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    Summary { seeds: lived.into_inner(), took: began.elapsed(), tally, failures }
}

impl Summary {
    /// What is wrong with the run itself; empty if it is worth something.
    pub fn unexercised(&self) -> Vec<&'static str> {
        self.tally.missing()
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.took.as_secs_f64();
        let rate = self.seeds as f64 / seconds.max(0.001);
        writeln!(f, "{:>10} seeds in {seconds:.1} s ({rate:.0} seeds/s)", self.seeds)?;
        for (name, count) in self.tally.all() {
            writeln!(f, "{count:>10} {name}")?;
        }
        Ok(())
    }
}
