//! Trip wires: cut a connection at an exact byte.

use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::Way;

/// Bytes of what was forwarded that a link remembers, so that a pattern may span two reads.
const TAIL_MAX: usize = 1024;

/// What all links pass their bytes by: counts them and holds at most one trip wire.
#[derive(Default)]
pub(super) struct Wire {
    trip: Mutex<Option<Trip>>,
    forwarded: [AtomicU64; 2],
}

pub(super) struct Trip {
    way: Way,
    what: What,
    tell: Option<oneshot::Sender<()>>,
}

enum What {
    Bytes(usize),
    Pattern(Vec<u8>),
    /// The pattern passes, and what comes back after it does not.
    Question(Vec<u8>),
}

/// Resolves once the wire was tripped and its connection cut. Dropping it leaves the wire set.
pub struct Tripped(oneshot::Receiver<()>);

/// The last bytes that one direction of one link forwarded.
#[derive(Default)]
pub(super) struct Tail(Vec<u8>);

impl Trip {
    pub fn after_bytes(way: Way, count: usize) -> Self {
        assert!(count > 0, "a connection can be cut after its first byte at the earliest");
        Self { way, what: What::Bytes(count), tell: None }
    }

    pub fn after_pattern(way: Way, pattern: &[u8]) -> Self {
        Self { way, what: What::Pattern(checked(pattern)), tell: None }
    }

    pub fn before_the_answer_to(pattern: &[u8]) -> Self {
        Self { way: Way::ToServer, what: What::Question(checked(pattern)), tell: None }
    }

    /// Whether the link is cut only when the server has answered.
    pub fn awaits_an_answer(&self) -> bool {
        matches!(self.what, What::Question(_))
    }
}

fn checked(pattern: &[u8]) -> Vec<u8> {
    assert!((1..=TAIL_MAX).contains(&pattern.len()), "a pattern has 1 to {TAIL_MAX} bytes");
    pattern.to_vec()
}

impl Wire {
    pub fn set(&self, mut trip: Trip) -> Tripped {
        let (tell, told) = oneshot::channel();
        trip.tell = Some(tell);
        *self.trip.lock().expect("nobody panics with the lock") = Some(trip);
        Tripped(told)
    }

    /// How many bytes of `chunk` may still go; the trip, if that is where the link is to be cut, or where
    /// it is asked what it is to be cut before the answer to.
    pub fn pass(&self, way: Way, tail: &mut Tail, chunk: &[u8]) -> (usize, Option<Trip>) {
        let mut slot = self.trip.lock().expect("nobody panics with the lock");
        let end = match slot.as_mut().filter(|trip| trip.way == way).map(|trip| &mut trip.what) {
            None => None,
            Some(What::Pattern(pattern)) => tail.end_of(pattern, chunk),
            Some(What::Question(pattern)) => tail.end_of(pattern, chunk).map(|_| chunk.len()),
            Some(What::Bytes(left)) if *left <= chunk.len() => Some(*left),
            Some(What::Bytes(left)) => {
                *left -= chunk.len();
                None
            }
        };
        let allowed = end.unwrap_or(chunk.len());
        tail.push(&chunk[..allowed]);
        self.forwarded[way as usize].fetch_add(allowed as u64, Ordering::Relaxed);
        (allowed, end.and_then(|_| slot.take()))
    }

    pub fn forwarded(&self, way: Way) -> u64 {
        self.forwarded[way as usize].load(Ordering::Relaxed)
    }
}

impl Trip {
    /// Says that it happened; whoever set it may no longer care.
    pub fn tell(self) {
        if let Some(tell) = self.tell {
            let _ = tell.send(());
        }
    }
}

impl Tail {
    /// Where in `chunk` the pattern is complete, if it is: 3 = after its third byte.
    fn end_of(&self, pattern: &[u8], chunk: &[u8]) -> Option<usize> {
        let overlap = &self.0[self.0.len().saturating_sub(pattern.len() - 1)..];
        let joined = [overlap, chunk].concat();
        let start = joined.windows(pattern.len()).position(|window| window == pattern)?;
        Some(start + pattern.len() - overlap.len())
    }

    fn push(&mut self, chunk: &[u8]) {
        self.0.extend_from_slice(&chunk[chunk.len().saturating_sub(TAIL_MAX)..]);
        let surplus = self.0.len().saturating_sub(TAIL_MAX);
        self.0.drain(..surplus);
    }
}

impl Future for Tripped {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // A wire that was replaced never trips.
        match Pin::new(&mut self.0).poll(context) {
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(_)) => {
                panic!("this trip wire was replaced by another before it tripped")
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_found_across_two_chunks() {
        let (wire, mut tail) = (Wire::default(), Tail::default());
        let _told = wire.set(Trip::after_pattern(Way::ToServer, b"COMMIT"));
        assert_eq!(wire.pass(Way::ToServer, &mut tail, b"BEGIN;COM").0, 9);
        let (allowed, trip) = wire.pass(Way::ToServer, &mut tail, b"MIT;SELECT");
        assert_eq!((allowed, trip.is_some()), (3, true));
    }

    #[test]
    fn bytes_are_counted_over_chunks() {
        let (wire, mut tail) = (Wire::default(), Tail::default());
        let _told = wire.set(Trip::after_bytes(Way::ToClient, 5));
        assert!(wire.pass(Way::ToServer, &mut tail, b"the other way").1.is_none());
        assert!(wire.pass(Way::ToClient, &mut tail, b"abc").1.is_none());
        let (allowed, trip) = wire.pass(Way::ToClient, &mut tail, b"defg");
        assert_eq!((allowed, trip.is_some()), (2, true));
    }
}
