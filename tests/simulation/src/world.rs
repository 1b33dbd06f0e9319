//! The cluster, who uses it, and what everybody may know of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use conversation::Subject;
use fanout::{Local, Toll, Weather};
use protocol::{ConversationId, SiteId, VisitorId};

use crate::clock::WallClock;
use crate::dice::Dice;
use crate::history::{Fault, NodeId, View, What};
use crate::node::{Node, Shared};

/// A conversation that exists.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub id: ConversationId,
    pub site: SiteId,
    pub visitor: VisitorId,
}

/// One machine: its clock outlives its processes.
struct Slot {
    clock: Arc<WallClock>,
    node: Arc<Node>,
}

/// One simulated world.
pub struct World {
    pub shared: Arc<Shared>,
    slots: Mutex<Vec<Slot>>,
    /// Every node there ever was, for its counts.
    started: Mutex<Vec<Arc<Node>>>,
    /// An end of the network that nobody uses, from which others join; `None` with a single node.
    network: Option<Local>,
    board: Mutex<Vec<Known>>,
    views: Mutex<BTreeMap<(usize, ConversationId), View>>,
    calm: AtomicBool,
    attempts: AtomicU64,
    connections: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// A cluster of `nodes` nodes that run.
    pub fn new(shared: Arc<Shared>, nodes: usize) -> Arc<Self> {
        let network = (nodes > 1)
            .then(|| Local::network(1, shared.seed, Weather::default()).into_iter().next())
            .flatten();
        let world = Self {
            shared,
            slots: Mutex::default(),
            started: Mutex::default(),
            network,
            board: Mutex::default(),
            views: Mutex::default(),
            calm: AtomicBool::new(false),
            attempts: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        };
        for slot in 0..nodes {
            let clock = Arc::new(WallClock::new(0));
            let node = world.process(NodeId { slot, start: 1 }, clock.clone());
            lock(&world.slots).push(Slot { clock, node });
        }
        Arc::new(world)
    }

    fn process(&self, id: NodeId, clock: Arc<WallClock>) -> Arc<Node> {
        let end = self.network.as_ref().map(Local::join);
        let node = Arc::new(Node::start(id, &self.shared, end, clock));
        self.fault(Fault::Started(id));
        lock(&self.started).push(node.clone());
        node
    }

    pub fn fault(&self, fault: Fault) {
        self.shared.recorder.write(What::Fault(fault));
    }

    /// How many machines there are.
    pub fn machines(&self) -> usize {
        lock(&self.slots).len()
    }

    /// The process in this slot, which may be dead.
    pub fn node(&self, slot: usize) -> Option<Arc<Node>> {
        lock(&self.slots).get(slot).map(|slot| slot.node.clone())
    }

    /// Every process there ever was.
    pub fn every_node(&self) -> Vec<Arc<Node>> {
        lock(&self.started).clone()
    }

    /// The same machine begins anew, if its process is dead.
    pub fn restart(&self, slot: usize) {
        let Some((clock, before)) =
            lock(&self.slots).get(slot).map(|slot| (slot.clock.clone(), slot.node.clone()))
        else {
            return;
        };
        if before.life.is_dead() {
            let id = NodeId { slot, start: before.id.start + 1 };
            let node = self.process(id, clock);
            if let Some(slot) = lock(&self.slots).get_mut(slot) {
                slot.node = node;
            }
        }
    }

    /// Changes how hints travel, everywhere.
    pub fn set_hints(&self, weather: Weather) {
        if let Some(network) = &self.network {
            network.set_weather(weather);
            self.fault(Fault::Hints(format!("{weather:?}")));
        }
    }

    /// What became of hints so far.
    pub fn toll(&self) -> Toll {
        self.network.as_ref().map_or_else(Toll::default, Local::toll)
    }

    /// Some node that is not dead.
    pub fn any_node(&self, dice: &mut Dice) -> Option<Arc<Node>> {
        let alive: Vec<Arc<Node>> =
            (0..self.machines()).filter_map(|slot| self.node(slot)).collect();
        let alive: Vec<_> = alive.into_iter().filter(|node| !node.life.is_dead()).collect();
        dice.pick(&alive).cloned()
    }

    /// Everybody learns that a conversation exists.
    pub fn announce(&self, known: Known) {
        let mut board = lock(&self.board);
        if board.iter().all(|other| other.id != known.id) {
            board.push(known);
        }
    }

    /// Every conversation, oldest first.
    pub fn board(&self) -> Vec<Known> {
        lock(&self.board).clone()
    }

    /// A client says how far it has got.
    pub fn view(&self, device: usize, who: Subject, conversation: ConversationId, upto: u64) {
        let view = View { device, who, conversation, upto };
        lock(&self.views).insert((device, conversation), view);
    }

    /// How far all have got.
    pub fn views(&self) -> Vec<View> {
        lock(&self.views).values().cloned().collect()
    }

    /// From now on nobody wishes anything new, or leaves.
    pub fn calm_down(&self) {
        self.calm.store(true, Relaxed);
    }

    pub fn is_calm(&self) -> bool {
        self.calm.load(Relaxed)
    }

    pub fn next_attempt(&self) -> u64 {
        self.attempts.fetch_add(1, Relaxed) + 1
    }

    pub fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Relaxed) + 1
    }
}
