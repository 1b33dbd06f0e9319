//! A network that fails on demand: stands between two parties of a TCP connection.

mod pump;
mod trip;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use pump::Link;
pub use trip::Tripped;
use trip::{Trip, Wire};

/// A direction of travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    ToServer,
    ToClient,
}

/// Forwards connections to a server and does to them what it is told. Dropped: all are cut.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    server: Mutex<SocketAddr>,
    rules: watch::Sender<Rules>,
    wire: Arc<Wire>,
    state: watch::Sender<State>,
}

/// What is done to the bytes; one value per [`Way`]. Counters tell of a moment: what was forwarded
/// under a lower one ends when it rises.
#[derive(Clone, Debug, Default)]
struct Rules {
    refusing: bool,
    cuts: u64,
    finishes: [u64; 2],
    forgotten: u64,
    stalled: [bool; 2],
    delay: [Duration; 2],
}

/// What the proxy is doing right now.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    listening: bool,
    connections: usize,
    accepted: u64,
}

impl FaultProxy {
    /// A proxy on a free port of 127.0.0.1 in front of `server`; it changes nothing until told.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            server: Mutex::new(server),
            rules: watch::Sender::default(),
            wire: Arc::default(),
            state: watch::Sender::new(State { listening: true, ..State::default() }),
        });
        let task = tokio::spawn(accept(listener, shared.clone()));
        Self { address, shared, task }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// New connections go to another server, say after a restart on another port.
    pub fn retarget(&self, server: SocketAddr) {
        *self.shared.server.lock().expect("nobody panics with the lock") = server;
    }

    /// Resets every connection now, both sides; bytes on their way are lost.
    pub fn cut(&self) {
        self.shared.rules.send_modify(|rules| rules.cuts += 1);
    }

    /// Ends one direction of every connection as its sender would (FIN); the other goes on.
    pub fn half_close(&self, way: Way) {
        self.shared.rules.send_modify(|rules| rules.finishes[way as usize] += 1);
    }

    /// Forwards nothing any more, on connections old and new, without closing any: a cable pulled.
    pub fn stall(&self) {
        self.shared.rules.send_modify(|rules| rules.stalled = [true; 2]);
    }

    /// The same in one direction only.
    pub fn silence(&self, way: Way) {
        self.shared.rules.send_modify(|rules| rules.stalled[way as usize] = true);
    }

    /// Forwards nothing any more on the connections there are, and tells nobody; later ones go on. What a
    /// router does that has forgotten them.
    pub fn forget(&self) {
        self.shared.rules.send_modify(|rules| rules.forgotten += 1);
    }

    /// Ends [`Self::stall`] and [`Self::silence`]; what was held back arrives now.
    pub fn resume(&self) {
        self.shared.rules.send_modify(|rules| rules.stalled = [false; 2]);
    }

    /// What is read from now on arrives so much later; order is kept.
    pub fn delay(&self, way: Way, by: Duration) {
        self.shared.rules.send_modify(|rules| rules.delay[way as usize] = by);
    }

    /// Refuses new connections (nobody listens on the port); those there are go on.
    pub async fn refuse_new(&self) {
        self.shared.rules.send_modify(|rules| rules.refusing = true);
        self.until(|state| !state.listening).await;
    }

    /// Takes new connections again.
    pub async fn admit_new(&self) {
        self.shared.rules.send_modify(|rules| rules.refusing = false);
        self.until(|state| state.listening).await;
    }

    /// The connection that forwards the `count`-th byte of this direction from now on is cut right
    /// after it.
    pub fn cut_after_bytes(&self, way: Way, count: usize) -> Tripped {
        self.shared.wire.set(Trip::after_bytes(way, count))
    }

    /// The connection that forwards the last byte of `pattern` in this direction is cut right after it,
    /// so `cut_after(ToServer, b"COMMIT")` lets the question through and loses the answer. The client
    /// sees a reset, the server an end. Replaces what was set before.
    pub fn cut_after(&self, way: Way, pattern: &[u8]) -> Tripped {
        self.shared.wire.set(Trip::after_pattern(way, pattern))
    }

    /// The connection that forwards `pattern` to the server is cut when the server answers, before anything
    /// of the answer is forwarded: what was asked has happened, and the client cannot know. The client
    /// sees a reset, the server an end. Replaces what was set before.
    pub fn lose_the_answer_to(&self, pattern: &[u8]) -> Tripped {
        self.shared.wire.set(Trip::before_the_answer_to(pattern))
    }

    /// Connections open right now.
    pub fn connections(&self) -> usize {
        self.shared.state.borrow().connections
    }

    /// Connections ever taken.
    pub fn accepted(&self) -> u64 {
        self.shared.state.borrow().accepted
    }

    /// Waits until the number of open connections is `count`.
    pub async fn until_connections(&self, count: usize) {
        self.until(|state| state.connections == count).await;
    }

    /// Bytes forwarded in this direction, over all connections.
    pub fn forwarded(&self, way: Way) -> u64 {
        self.shared.wire.forwarded(way)
    }

    async fn until(&self, fact: impl Fn(&State) -> bool) {
        let mut state = self.shared.state.subscribe();
        state.wait_for(fact).await.expect("the proxy holds the sender");
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        // The links live in the task's set and end with it.
        self.task.abort();
    }
}

/// Takes connections until the proxy is dropped; while refusing, nobody listens.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let address = listener.local_addr().expect("a bound listener has an address");
    let mut listener = Some(listener);
    let mut rules = shared.rules.subscribe();
    let mut links = JoinSet::new();
    loop {
        let refusing = rules.borrow_and_update().refusing;
        if refusing {
            listener = None;
        } else if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.expect("the port is still ours"));
        }
        shared.state.send_modify(|state| state.listening = !refusing);
        tokio::select! {
            _ = rules.changed() => {}
            Some(_) = links.join_next() => {}
            Some(client) = next_client(listener.as_ref()) => {
                links.spawn(link(client, shared.clone()));
            }
        }
    }
}

async fn next_client(listener: Option<&TcpListener>) -> Option<TcpStream> {
    Some(listener?.accept().await.ok()?.0)
}

async fn link(client: TcpStream, shared: Arc<Shared>) {
    let _counted = Counted::new(&shared.state);
    let rules = shared.rules.subscribe();
    // Before the server has it: what is ordered from then on is meant for this connection, too.
    let began = rules.borrow().clone();
    let server = *shared.server.lock().expect("nobody panics with the lock");
    // A server that refuses looks to the client like a connection that ends at once.
    if let Ok(server) = TcpStream::connect(server).await {
        Link { client, server, began, rules, wire: shared.wire.clone() }.carry().await;
    }
}

/// One connection, counted for as long as it is there.
struct Counted<'a>(&'a watch::Sender<State>);

impl<'a> Counted<'a> {
    fn new(state: &'a watch::Sender<State>) -> Self {
        state.send_modify(|state| {
            state.connections += 1;
            state.accepted += 1;
        });
        Self(state)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|state| state.connections -= 1);
    }
}
