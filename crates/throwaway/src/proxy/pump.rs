//! One connection: two directions, each moved by its own loop.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::trip::{Tail, Trip, Wire};
use super::{Rules, Way};

const READ_BYTES: usize = 16 * 1024;
/// Chunks that one direction holds back while they are delayed; beyond it the sender waits.
const DELAYED_MAX: usize = 1024;

/// A client and its server.
pub(super) struct Link {
    pub client: TcpStream,
    pub server: TcpStream,
    /// The rules when it began.
    pub began: Rules,
    pub rules: watch::Receiver<Rules>,
    pub wire: Arc<Wire>,
}

/// Why a connection is not carried on.
enum Cut {
    Ordered,
    Tripped(Trip),
    /// One side reset it; so will we, to the other.
    Broken,
}

impl From<io::Error> for Cut {
    fn from(_: io::Error) -> Self {
        Cut::Broken
    }
}

impl Link {
    /// Carries both directions to their ends.
    pub async fn carry(mut self) {
        // As little of our own delay as can be.
        let _ = (self.client.set_nodelay(true), self.server.set_nodelay(true));
        let cuts = self.began.cuts;
        let asked = Mutex::default();
        let mut rules = self.rules.clone();
        let (from_client, to_client) = self.client.split();
        let (from_server, to_server) = self.server.split();
        let pump = |way| Pump {
            way,
            finishes: self.began.finishes[way as usize],
            forgotten: self.began.forgotten,
            rules: self.rules.clone(),
            wire: self.wire.clone(),
            tail: Tail::default(),
            asked: &asked,
            delayed: VecDeque::new(),
        };
        let up = pump(Way::ToServer).run(from_client, to_server);
        let down = pump(Way::ToClient).run(from_server, to_client);
        let end = tokio::select! {
            biased;
            _ = rules.wait_for(|rules| rules.cuts != cuts) => Err(Cut::Ordered),
            both = async { tokio::try_join!(up, down) } => both,
        };
        self.end(end.err());
    }

    /// Closes both sides, with a reset where that is what should be seen.
    fn end(self, cut: Option<Cut>) {
        let (reset_client, reset_server) = match cut {
            None => (false, false),
            Some(Cut::Ordered | Cut::Broken) => (true, true),
            // A reset could overtake what the server was still to read.
            Some(Cut::Tripped(_)) => (true, false),
        };
        for (stream, reset) in [(self.client, reset_client), (self.server, reset_server)] {
            if reset {
                // One that is closed already cannot be reset, and need not be.
                let _ = stream.set_zero_linger();
            }
        }
        if let Some(Cut::Tripped(trip)) = cut {
            trip.tell();
        }
    }
}

/// One direction.
struct Pump<'a> {
    way: Way,
    /// How often this direction had been ended when the connection began.
    finishes: u64,
    /// The same of connections that were forgotten.
    forgotten: u64,
    rules: watch::Receiver<Rules>,
    wire: Arc<Wire>,
    tail: Tail,
    /// Set by one direction: the other one is to be cut before it forwards anything more.
    asked: &'a Mutex<Option<Trip>>,
    /// What was read and when it is to arrive.
    delayed: VecDeque<(Instant, Vec<u8>)>,
}

impl Pump<'_> {
    /// Moves bytes until the sender ends; then ends the receiver.
    async fn run(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Cut> {
        let way = self.way as usize;
        let mut buffer = vec![0; READ_BYTES];
        let mut more = true;
        loop {
            let rules = self.rules.borrow_and_update().clone();
            if rules.finishes[way] != self.finishes || (!more && self.delayed.is_empty()) {
                return Ok(to.shutdown().await?);
            }
            let moving = !rules.stalled[way] && rules.forgotten == self.forgotten;
            let due = self.delayed.front().map(|next| next.0).filter(|_| moving);
            let reading = more && moving && self.delayed.len() < DELAYED_MAX;
            tokio::select! {
                biased;
                changed = self.rules.changed() => if changed.is_err() { return Err(Cut::Ordered) },
                () = at(due) => {
                    let chunk = self.delayed.pop_front().expect("something is due").1;
                    self.forward(&chunk, &mut to).await?;
                }
                count = from.read(&mut buffer), if reading => {
                    let chunk = &buffer[..count?];
                    more = !chunk.is_empty();
                    let delay = rules.delay[way];
                    if delay.is_zero() && self.delayed.is_empty() {
                        self.forward(chunk, &mut to).await?;
                    } else if more {
                        self.delayed.push_back((Instant::now() + delay, chunk.to_vec()));
                    }
                }
            }
        }
    }

    async fn forward(&mut self, chunk: &[u8], to: &mut WriteHalf<'_>) -> Result<(), Cut> {
        if let Some(trip) = self.answer_to_lose() {
            return Err(Cut::Tripped(trip));
        }
        let (allowed, mut trip) = self.wire.pass(self.way, &mut self.tail, chunk);
        if trip.as_ref().is_some_and(Trip::awaits_an_answer) {
            // Before the server has the question.
            *self.asked.lock().expect("nobody panics with the lock") = trip.take();
        }
        to.write_all(&chunk[..allowed]).await?;
        trip.map_or(Ok(()), |trip| Err(Cut::Tripped(trip)))
    }

    fn answer_to_lose(&self) -> Option<Trip> {
        let mut asked = self.asked.lock().expect("nobody panics with the lock");
        asked.take_if(|_| self.way == Way::ToClient)
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
