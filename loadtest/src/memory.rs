//! Memory over time: does it grow when the load does not?
//!
//! The beginning is left out (caches fill). Of the rest, the middle of the last fifth is compared with
//! the middle of the first: single samples say little, since memory comes and goes with the load.

use std::time::Duration;

use crate::stats::median;

/// What is left out at the beginning, at most; of a shorter run a quarter.
const SETTLES_WITHIN: Duration = Duration::from_secs(300);
/// With fewer samples nothing is said.
const SAMPLES_MIN: usize = 50;
/// Growth that is tolerated: this share of what there was, and this much besides, for caches that fill
/// late and pages that the allocator keeps.
const TOLERATED_SHARE: f64 = 0.05;
const TOLERATED_BYTES: f64 = 4.0 * 1024.0 * 1024.0;

/// Samples of one process.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    samples: Vec<(Duration, f64)>,
}

/// What has come of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// Bytes in the middle of the first fifth, once settled.
    pub first: f64,
    /// Bytes in the middle of the last fifth.
    pub last: f64,
}

impl Memory {
    /// So many bytes at that time.
    pub fn sample(&mut self, at: Duration, bytes: u64) {
        self.samples.push((at, bytes as f64));
    }

    /// All samples, in seconds and bytes.
    pub fn samples(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.samples.iter().map(|(at, bytes)| (at.as_secs_f64(), *bytes))
    }

    /// From when on it is judged.
    pub fn settled_after(&self) -> Duration {
        let whole = self.samples.last().map_or(Duration::ZERO, |(at, _)| *at);
        SETTLES_WITHIN.min(whole / 4)
    }

    /// How it grew, if there is enough to tell.
    pub fn growth(&self) -> Option<Growth> {
        let from = self.settled_after();
        let judged: Vec<f64> =
            self.samples.iter().filter(|(at, _)| *at >= from).map(|(_, bytes)| *bytes).collect();
        if judged.len() < SAMPLES_MIN {
            return None;
        }
        let fifth = judged.len() / 5;
        let (first, last) = (&judged[..fifth], &judged[judged.len() - fifth..]);
        Some(Growth { first: median(first), last: median(last) })
    }
}

impl Growth {
    /// Why it is too much, if it is.
    pub fn verdict(&self) -> Option<String> {
        let tolerated = self.first * TOLERATED_SHARE + TOLERATED_BYTES;
        let grown = self.last - self.first;
        let mib = |bytes: f64| bytes / 1_048_576.0;
        (grown > tolerated).then(|| {
            format!(
                "memory grows: from {:.1} to {:.1} MiB under the same load; {:.1} MiB more are tolerated",
                mib(self.first),
                mib(self.last),
                mib(tolerated)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: f64 = 1_048_576.0;

    fn memory(seconds: u64, bytes: impl Fn(u64) -> f64) -> Memory {
        let mut memory = Memory::default();
        (0..seconds).for_each(|at| memory.sample(Duration::from_secs(at), bytes(at) as u64));
        memory
    }

    fn verdict(memory: &Memory) -> Option<String> {
        memory.growth().expect("enough samples").verdict()
    }

    #[test]
    fn what_fills_at_the_beginning_is_no_growth() {
        let filling = memory(1200, |at| (20.0 + 60.0 * (at as f64 / 240.0).min(1.0)) * MIB);
        assert_eq!(verdict(&filling), None);
    }

    #[test]
    fn what_comes_and_goes_is_no_growth() {
        let waves = memory(1200, |at| (80.0 + 20.0 * (at as f64 / 7.0).sin()) * MIB);
        assert_eq!(verdict(&waves), None);
    }

    #[test]
    fn a_steady_leak_is_growth() {
        let leak = memory(1200, |at| (80.0 + at as f64 / 60.0) * MIB);
        assert!(verdict(&leak).is_some_and(|words| words.contains("memory grows")));
    }

    #[test]
    fn of_a_short_run_a_quarter_is_left_out_and_of_a_very_short_one_nothing_is_said() {
        let short = memory(120, |at| if at < 30 { 10.0 } else { 80.0 * MIB });
        assert_eq!((short.settled_after().as_secs(), verdict(&short)), (29, None));
        assert_eq!(memory(40, |_| MIB).growth(), None);
    }
}
