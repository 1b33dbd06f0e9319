//! Latencies and what is said of several rounds.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Times, kept so that every percentile can be told to three digits.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        // The bounds are constants, so this cannot fail; growing covers what lies beyond.
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("valid bounds");
        histogram.auto(true);
        Self(histogram)
    }
}

impl Latencies {
    pub fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        // It grows to hold what is recorded; what not even that holds counts as the longest it can.
        if self.0.record(nanos).is_err() {
            self.0.saturating_record(nanos);
        }
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that `percent` of all did not exceed, in µs.
    pub fn us(&self, percent: f64) -> f64 {
        self.0.value_at_percentile(percent) as f64 / 1e3
    }

    /// The longest, in µs.
    pub fn max_us(&self) -> f64 {
        self.0.max() as f64 / 1e3
    }

    /// The share that took longer than `bound`, in per cent.
    pub fn percent_above(&self, bound: Duration) -> f64 {
        let below = self.0.count_between(0, u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX));
        100.0 * (self.0.len() - below) as f64 / self.0.len().max(1) as f64
    }
}

/// The middle of several rounds; with an even number, the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The least and the most.
pub fn spread(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_all_that_was_recorded() {
        let mut latencies = Latencies::default();
        (1..=1000).for_each(|us| latencies.record(Duration::from_micros(us)));
        for (percent, expected) in [(50.0, 500.0), (99.0, 990.0), (99.9, 999.0)] {
            let told = latencies.us(percent);
            assert!((told / expected - 1.0).abs() < 0.002, "{percent} % is {told}, not {expected}");
        }
        assert!((latencies.max_us() - 1000.0).abs() < 1.0);
        assert_eq!(latencies.count(), 1000);
    }

    #[test]
    fn what_is_above_a_bound_is_counted() {
        let mut latencies = Latencies::default();
        (0..98).for_each(|_| latencies.record(Duration::from_micros(10)));
        (0..2).for_each(|_| latencies.record(Duration::from_millis(5)));
        assert!((latencies.percent_above(Duration::from_millis(1)) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_time_beyond_all_bounds_is_kept() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::from_secs(600));
        assert!(latencies.max_us() > 5.9e8);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
        assert_eq!(spread(&[3.0, 1.0, 2.0]), (1.0, 3.0));
    }
}
