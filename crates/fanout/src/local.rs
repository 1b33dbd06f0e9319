//! Nodes inside one process, joined as unreliably as a seed says: for tests and simulation.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::mpsc;

use crate::mailbox::Mailbox;
use crate::{Fanout, Hint, NodeId, Reach, Topic};

/// How badly hints travel. The default is perfect weather.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Of a hundred hints, how many are lost.
    pub lost_percent: u32,
    /// Of a hundred hints, how many come twice.
    pub repeated_percent: u32,
    /// The longest delay; each hint has its own, so that they overtake each other.
    pub delay_max: Duration,
}

/// What the weather has done to hints so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toll {
    pub lost: u64,
    pub repeated: u64,
    /// Hints that arrived after one that was sent to the same node later.
    pub overtaken: u64,
}

/// One node's end of the network.
pub struct Local {
    network: Arc<Mutex<Network>>,
    node: usize,
}

struct Network {
    weather: Weather,
    random: SmallRng,
    ends: Vec<End>,
    /// Hints carried so far: each has its number.
    carried: u64,
    toll: Toll,
}

struct End {
    wanted: HashSet<Topic>,
    mailbox: Arc<Mailbox>,
    /// The highest number that has arrived.
    latest: u64,
}

impl Local {
    /// Joins `nodes` nodes; the same seed makes the same decisions in the same order.
    pub fn network(nodes: usize, seed: u64, weather: Weather) -> Vec<Local> {
        let random = SmallRng::seed_from_u64(seed);
        let ends = (0..nodes).map(|_| End::new()).collect();
        let network = Arc::new(Mutex::new(Network {
            weather,
            random,
            ends,
            carried: 0,
            toll: Toll::default(),
        }));
        (0..nodes).map(|node| Local { network: network.clone(), node }).collect()
    }

    /// Changes the weather for all nodes.
    pub fn set_weather(&self, weather: Weather) {
        self.lock().weather = weather;
    }

    /// One more node joins the same network.
    pub fn join(&self) -> Local {
        let mut network = self.lock();
        network.ends.push(End::new());
        Local { network: self.network.clone(), node: network.ends.len() - 1 }
    }

    /// What the weather has done so far.
    pub fn toll(&self) -> Toll {
        self.lock().toll
    }

    fn lock(&self) -> MutexGuard<'_, Network> {
        lock(&self.network)
    }
}

fn lock(network: &Mutex<Network>) -> MutexGuard<'_, Network> {
    // Nothing panics while it holds the lock, and a hint more or less is allowed anyway.
    network.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fanout for Local {
    fn announce(&self, hint: Hint) {
        let mut network = self.lock();
        for node in 0..network.ends.len() {
            let itself = node == self.node && !planted::is_on(planted::Defect::NodeHearsItself);
            if !itself && network.ends[node].wants(&hint) {
                network.carry(&self.network, node, &hint);
            }
        }
    }

    fn listen(&self, topic: Topic) {
        let end = &mut self.lock().ends[self.node];
        if end.wanted.insert(topic) {
            end.mailbox.put(Hint::Joined([topic].into()));
        }
    }

    fn forget(&self, topic: Topic) {
        self.lock().ends[self.node].wanted.remove(&topic);
    }

    fn hints(&self) -> mpsc::Receiver<Hint> {
        self.lock().ends[self.node].mailbox.take_receiver()
    }

    fn node(&self) -> NodeId {
        NodeId(self.node as u64)
    }

    fn reach(&self) -> Reach {
        Reach::AtOnce
    }
}

impl Network {
    fn carry(&mut self, network: &Arc<Mutex<Network>>, node: usize, hint: &Hint) {
        if self.random.random_range(0..100) < self.weather.lost_percent {
            self.toll.lost += 1;
            return;
        }
        let twice = self.random.random_range(0..100) < self.weather.repeated_percent;
        self.toll.repeated += u64::from(twice);
        self.carried += 1;
        for _ in 0..1 + u32::from(twice) {
            let delay = self.weather.delay_max.mul_f64(self.random.random::<f64>());
            let (number, hint) = (self.carried, hint.clone());
            if delay.is_zero() {
                self.deliver(node, number, hint);
                continue;
            }
            let network = network.clone();
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                lock(&network).deliver(node, number, hint);
            });
        }
    }

    fn deliver(&mut self, node: usize, number: u64, hint: Hint) {
        let end = &mut self.ends[node];
        self.toll.overtaken += u64::from(number < end.latest);
        end.latest = end.latest.max(number);
        end.mailbox.put(hint);
    }
}

impl End {
    fn new() -> Self {
        Self { wanted: HashSet::new(), mailbox: Arc::new(Mailbox::new()), latest: 0 }
    }

    fn wants(&self, hint: &Hint) -> bool {
        hint.topics().iter().flatten().any(|topic| self.wanted.contains(topic))
    }
}
