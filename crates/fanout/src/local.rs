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

/// One node's end of the network.
pub struct Local {
    network: Arc<Mutex<Network>>,
    node: usize,
}

struct Network {
    weather: Weather,
    random: SmallRng,
    ends: Vec<End>,
    lost: u64,
}

struct End {
    wanted: HashSet<Topic>,
    mailbox: Arc<Mailbox>,
}

impl Local {
    /// Joins `nodes` nodes; the same seed makes the same decisions in the same order.
    pub fn network(nodes: usize, seed: u64, weather: Weather) -> Vec<Local> {
        let random = SmallRng::seed_from_u64(seed);
        let ends = (0..nodes).map(|_| End::new()).collect();
        let network = Arc::new(Mutex::new(Network { weather, random, ends, lost: 0 }));
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

    /// Hints that were lost so far, because the weather said so.
    pub fn lost(&self) -> u64 {
        self.lock().lost
    }

    fn lock(&self) -> MutexGuard<'_, Network> {
        // Nothing panics while it holds the lock, and a hint more or less is allowed anyway.
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fanout for Local {
    fn announce(&self, hint: Hint) {
        let mut network = self.lock();
        for node in 0..network.ends.len() {
            let itself = node == self.node && !planted::is_on(planted::Defect::NodeHearsItself);
            if !itself && network.ends[node].wants(&hint) {
                network.carry(node, &hint);
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
    fn carry(&mut self, node: usize, hint: &Hint) {
        if self.random.random_range(0..100) < self.weather.lost_percent {
            self.lost += 1;
            return;
        }
        let twice = self.random.random_range(0..100) < self.weather.repeated_percent;
        for _ in 0..1 + u32::from(twice) {
            let delay = self.weather.delay_max.mul_f64(self.random.random::<f64>());
            self.ends[node].deliver(hint.clone(), delay);
        }
    }
}

impl End {
    fn new() -> Self {
        Self { wanted: HashSet::new(), mailbox: Arc::new(Mailbox::new()) }
    }

    fn wants(&self, hint: &Hint) -> bool {
        hint.topics().iter().flatten().any(|topic| self.wanted.contains(topic))
    }

    fn deliver(&self, hint: Hint, delay: Duration) {
        if delay.is_zero() {
            self.mailbox.put(hint);
            return;
        }
        let mailbox = self.mailbox.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            mailbox.put(hint);
        });
    }
}
