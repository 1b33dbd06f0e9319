//! Sends at moments that were fixed before, whatever the server does, and says when it could not.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::crowd::{Crowd, Ear};
use crate::stats::Latencies;

/// A send that is later than this is late.
const LATE: Duration = Duration::from_millis(1);
/// With more of them, in per cent, the generator was the bottleneck and the round is void.
const LATE_PERCENT_MAX: f64 = 1.0;

/// Who sends on time.
pub trait Player: Ear {
    /// Sends the `nth`, which was meant for `intended`.
    fn play(&mut self, crowd: &mut Crowd, nth: u64, intended: Instant) -> Result<()>;
}

/// How well the moments were kept.
#[derive(Debug, Default)]
pub struct Punctuality {
    lateness: Latencies,
}

/// Asks the kernel to wake this thread on time, not up to 50 µs later.
pub fn wake_exactly() {
    // Refused: wake-ups are a little later, for the server and the floor alike.
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
}

/// Plays `per_second` for `lasting`, beginning with number `first`; answers the next number.
pub fn play(
    crowd: &mut Crowd,
    player: &mut dyn Player,
    (per_second, lasting): (f64, Duration),
    first: u64,
    punctuality: &mut Punctuality,
) -> Result<u64> {
    let began = Instant::now();
    let count = (per_second * lasting.as_secs_f64()) as u64;
    for nth in 0..count {
        let intended = began + Duration::from_secs_f64(nth as f64 / per_second);
        let mut now = Instant::now();
        while now < intended {
            crowd.hear_batch(intended - now, as_ear(player))?;
            now = Instant::now();
        }
        punctuality.lateness.record(now - intended);
        player.play(crowd, first + nth, intended)?;
        // Behind: hear what has come all the same, or nothing would be heard until caught up.
        if nth % 64 == 0 {
            crowd.hear_batch(Duration::ZERO, as_ear(player))?;
        }
    }
    Ok(first + count)
}

impl Punctuality {
    /// Why the round is void, if it is.
    pub fn verdict(&self) -> Option<String> {
        let late = self.lateness.percent_above(LATE);
        (late > LATE_PERCENT_MAX).then(|| {
            format!("the generator sent {late:.1} % more than {LATE:?} late: it, or the machine under it, was the bottleneck")
        })
    }

    /// How late the latest per cent was, in µs.
    pub fn p99_us(&self) -> f64 {
        self.lateness.us(99.0)
    }
}

fn as_ear(player: &mut dyn Player) -> &mut dyn Ear {
    player
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generator_that_is_late_voids_the_round_and_one_that_is_not_does_not() {
        let mut punctuality = Punctuality::default();
        (0..990).for_each(|_| punctuality.lateness.record(Duration::from_micros(40)));
        (0..9).for_each(|_| punctuality.lateness.record(Duration::from_millis(3)));
        assert_eq!(punctuality.verdict(), None);
        (0..9).for_each(|_| punctuality.lateness.record(Duration::from_millis(3)));
        assert!(punctuality.verdict().is_some_and(|why| why.contains("late")));
    }
}
