//! Gives memory back to the operating system after a burst.
//!
//! glibc keeps what was freed in the middle of its heaps, so when it has become quiet they are trimmed. It also
//! begins a heap for nearly every thread, each with room of its own: so there are few. What either is worth, and what
//! it is not, stands in `loadtest/RESULTS.md`.

use std::ffi::c_int;
use std::thread::available_parallelism;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How often it is looked whether it is quiet.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// With less processor time than this between two looks, it is: a tenth of a core.
const QUIET: Duration = Duration::from_millis(500);
/// With less processor time than this since the last time, there is nothing to gain.
const WORTH_IT: Duration = Duration::from_millis(200);

/// Heaps for each core: as many as there are threads that work at the same time.
const HEAPS_PER_CORE: usize = 2;

/// To be called while there is one thread: a heap that has begun stays.
pub fn keep_heaps_few() {
    let heaps = available_parallelism().map_or(1, usize::from) * HEAPS_PER_CORE;
    limit_heaps(c_int::try_from(heaps).unwrap_or(c_int::MAX));
}

/// Looks after the memory of this process for as long as it runs.
pub async fn give_back_when_quiet() {
    let mut rest = Rest::default();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if rest.is_due(processor_time()) {
            // Some milliseconds, in which others may wait for the heap.
            let _ = tokio::task::spawn_blocking(trim).await;
        }
    }
}

/// Tells when a burst is over, by the processor time used so far.
#[derive(Default)]
struct Rest {
    seen: Duration,
    trimmed: Duration,
}

impl Rest {
    fn is_due(&mut self, used: Duration) -> bool {
        let is_quiet = used.saturating_sub(self.seen) < QUIET;
        self.seen = used;
        let is_due = is_quiet && used.saturating_sub(self.trimmed) >= WORTH_IT;
        if is_due {
            self.trimmed = used;
        }
        is_due
    }
}

fn processor_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "malloc_trim asks nothing of its caller, and nobody has wrapped it")]
fn trim() {
    // SAFETY: any thread may call it at any time; it only returns pages that hold no allocation.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "mallopt takes two numbers, and nobody has wrapped it")]
fn limit_heaps(heaps: c_int) {
    // SAFETY: it takes numbers only, and before any other thread is started nobody allocates meanwhile.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, heaps) };
}

/// Other allocators give back by themselves.
#[cfg(not(target_env = "gnu"))]
fn trim() {}

#[cfg(not(target_env = "gnu"))]
fn limit_heaps(_: c_int) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_once_after_each_burst_and_never_during_one() {
        let mut rest = Rest::default();
        let used_ms = [3000, 9000, 9100, 9150, 9200, 9250, 9300, 9350, 13_000, 13_010];
        let due = used_ms.map(|ms| rest.is_due(Duration::from_millis(ms)));
        let [no, yes] = [false, true];
        let expected = [no, no, yes, no, no, no, yes, no, no, yes];
        assert_eq!(due, expected);
    }
}
