//! One process: a hub with its borders, from its start to its crash.

use std::sync::Arc;

use fanout::{Alone, Fanout, Local};
use hub::{Hub, HubMetrics, Settings};
use store::MemoryStore;

use crate::clock::WallClock;
use crate::dice::Dice;
use crate::history::{NodeId, Recorder};
use crate::life::Life;
use crate::link::Link;
use crate::radio::Radio;
use crate::tally::Tally;

/// A node as its clients and its faults reach it.
pub struct Node {
    pub id: NodeId,
    pub hub: Hub,
    pub life: Arc<Life>,
    pub link: Arc<Link>,
    pub clock: Arc<WallClock>,
    pub radio: Option<Arc<Radio>>,
    pub metrics: HubMetrics,
}

/// What all nodes of a world share.
pub struct Shared {
    pub seed: u64,
    pub store: Arc<MemoryStore>,
    pub recorder: Arc<Recorder>,
    pub tally: Arc<Tally>,
    pub settings: Settings,
}

impl Node {
    /// Starts one; without an `end` of the network it is the only one.
    pub fn start(id: NodeId, shared: &Shared, end: Option<Local>, clock: Arc<WallClock>) -> Self {
        let life = Arc::new(Life::default());
        let dice = Dice::new(shared.seed, &format!("store of {id}"));
        let (store, recorder, tally) =
            (shared.store.clone(), shared.recorder.clone(), shared.tally.clone());
        let link = Arc::new(Link::new(id, store, life.clone(), recorder, tally, dice));
        let radio = end.map(|end| Arc::new(Radio::new(end, life.clone())));
        let fanout: Arc<dyn Fanout> = match &radio {
            Some(radio) => radio.clone(),
            None => Arc::new(Alone),
        };
        let metrics = HubMetrics::default();
        let hub = Hub::new(link.clone(), fanout, clock.clone(), shared.settings, metrics.clone());
        Self { id, hub, life, link, clock, radio, metrics }
    }

    /// It is gone at once, with everything that was in its memory.
    pub fn crash(&self) {
        self.life.end();
        if let Some(radio) = &self.radio {
            radio.switch_off();
        }
    }
}
