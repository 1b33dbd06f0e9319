//! How much is too much: a token bucket as one number, and one bucket for each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Addresses remembered at once; with more, the ones that are calm are forgotten.
const ADDRESSES_MAX: usize = 65_536;

/// So many a second, so many in one burst.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    micros_each: u64,
    burst_micros: u64,
}

/// A token bucket (GCRA): the time at which it will be full again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    full_at: u64,
}

impl Rate {
    pub fn new(per_second: u32, burst: u32) -> Self {
        let micros_each = 1_000_000 / u64::from(per_second.max(1));
        Self { micros_each, burst_micros: micros_each * u64::from(burst.max(1)) }
    }

    /// So many in a while; all of them at once if need be.
    pub fn within(count: u32, while_: std::time::Duration) -> Self {
        let window = u64::try_from(while_.as_micros()).unwrap_or(u64::MAX / 2);
        Self { micros_each: window / u64::from(count.max(1)), burst_micros: window }
    }
}

impl Bucket {
    /// Takes one, or says after how many milliseconds there is one. `now` is in milliseconds; a clock
    /// that lags only ever grants more.
    pub fn take(&mut self, rate: &Rate, now: u64) -> Result<(), u64> {
        let now = now * 1000;
        let full_at = self.full_at.max(now) + rate.micros_each;
        if full_at > now + rate.burst_micros {
            return Err((full_at - now - rate.burst_micros).div_ceil(1000));
        }
        self.full_at = full_at;
        Ok(())
    }

    /// Whether it has nothing to remember.
    pub fn is_full(&self, now: u64) -> bool {
        self.full_at <= now * 1000
    }
}

/// New and unfinished connections by address. Bounded: forgetting an address only ever helps it.
pub(crate) struct Addresses {
    rate: Rate,
    unfinished_max: u32,
    known: Mutex<HashMap<IpAddr, Address>>,
}

#[derive(Default)]
struct Address {
    connects: Bucket,
    unfinished: u32,
}

impl Addresses {
    pub fn new(rate: Rate, unfinished_max: u32) -> Self {
        Self { rate, unfinished_max, known: Mutex::default() }
    }

    /// Counts a new, unfinished connection; `false` if it is one too many.
    pub fn admit(&self, from: IpAddr, now: u64) -> bool {
        let mut known = self.lock();
        if known.len() >= ADDRESSES_MAX && !known.contains_key(&from) {
            known.retain(|_, address| address.unfinished > 0 || !address.connects.is_full(now));
            if known.len() >= ADDRESSES_MAX {
                return false;
            }
        }
        let address = known.entry(from).or_default();
        if address.unfinished >= self.unfinished_max {
            return false;
        }
        let admitted = address.connects.take(&self.rate, now).is_ok();
        address.unfinished += u32::from(admitted);
        admitted
    }

    /// One of its connections is finished, or gone.
    pub fn finished(&self, from: IpAddr) {
        if let Some(address) = self.lock().get_mut(&from) {
            address.unfinished = address.unfinished.saturating_sub(1);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, Address>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let rate = Rate::new(100, 300);
        let mut bucket = Bucket::default();
        for _ in 0..300 {
            assert_eq!(bucket.take(&rate, 5000), Ok(()));
        }
        assert_eq!(bucket.take(&rate, 5000), Err(10));
        assert_eq!(bucket.take(&rate, 5010), Ok(()));
        assert_eq!(bucket.take(&rate, 5010), Err(10));
        assert!((5011..9000).all(|now| now % 10 != 0 || bucket.take(&rate, now).is_ok()));
    }

    #[test]
    fn one_address_has_its_own_bounds() {
        let addresses = Addresses::new(Rate::new(10, 5), 3);
        let (one, two) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        assert!((0..3).all(|_| addresses.admit(one, 0)));
        assert!(!addresses.admit(one, 0), "unfinished ones are counted");
        assert!(addresses.admit(two, 0));
        addresses.finished(one);
        assert!(addresses.admit(one, 0));
        addresses.finished(one);
        assert!(addresses.admit(one, 0));
        addresses.finished(one);
        assert!(!addresses.admit(one, 0), "the burst is used up");
        assert!(addresses.admit(one, 1000));
    }
}
