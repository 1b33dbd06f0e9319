//! How much is done, and what came of it beside what is required.
//!
//! The check does a little of everything; `NEMESIS=long` (`cargo xtask nemesis`) does as much as promises
//! are judged by. `NEMESIS_SEED` throws other dice.

use std::fmt::Display;
use std::time::Duration;

/// The first in the check, the second in the long run.
pub fn either<T>(short: T, long: T) -> T {
    match std::env::var("NEMESIS").as_deref() {
        Err(_) => short,
        Ok("long") => long,
        Ok(other) => panic!("NEMESIS={other} is not \"long\""),
    }
}

/// What the dice are thrown with; printed, so that a run can be had again.
pub fn seed() -> u64 {
    let seed = std::env::var("NEMESIS_SEED").map_or(1, |seed| {
        seed.parse().unwrap_or_else(|_| panic!("NEMESIS_SEED={seed} is not a number"))
    });
    println!("NEMESIS_SEED={seed}");
    seed
}

/// Figures of one run, each with what is required of it.
pub struct Figures {
    of: String,
    lines: Vec<String>,
    broken: Vec<String>,
}

impl Figures {
    pub fn of(what: impl Display) -> Self {
        Self { of: what.to_string(), lines: Vec::new(), broken: Vec::new() }
    }

    /// A figure that nothing is required of.
    #[must_use]
    pub fn told(mut self, name: &str, observed: impl Display) -> Self {
        self.lines.push(format!("{name:<44} {observed:>12}"));
        self
    }

    #[must_use]
    pub fn at_most(self, name: &str, observed: u64, required: u64) -> Self {
        self.judged(name, observed, format!("at most {required}"), observed <= required)
    }

    #[must_use]
    pub fn at_least(self, name: &str, observed: u64, required: u64) -> Self {
        self.judged(name, observed, format!("at least {required}"), observed >= required)
    }

    #[must_use]
    pub fn none(self, name: &str, observed: u64) -> Self {
        self.judged(name, observed, "none".into(), observed == 0)
    }

    #[must_use]
    pub fn within(self, name: &str, observed: Duration, required: Duration) -> Self {
        let shown = format!("{:.1} ms", observed.as_secs_f64() * 1000.0);
        let bound = format!("at most {} ms", required.as_millis());
        self.judged(name, shown, bound, observed <= required)
    }

    fn judged(mut self, name: &str, observed: impl Display, required: String, holds: bool) -> Self {
        let line = format!("{name:<44} {observed:>12}   {required}");
        if !holds {
            self.broken.push(line.clone());
        }
        self.lines.push(line);
        self
    }

    /// Prints everything.
    ///
    /// # Panics
    /// If something is not as required.
    #[track_caller]
    pub fn settle(self) {
        println!("{}: observed, and required\n  {}", self.of, self.lines.join("\n  "));
        assert!(self.broken.is_empty(), "{}:\n{}", self.of, self.broken.join("\n"));
    }
}

/// The time that all but one in a hundred stay below; none of nothing.
pub fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let rank = (times.len() * 99).div_ceil(100).saturating_sub(1);
    times.get(rank).copied().unwrap_or_default()
}
