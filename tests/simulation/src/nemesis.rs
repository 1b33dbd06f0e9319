//! What is done to the world while it is in use, and how it heals.

use std::sync::Arc;
use std::time::Duration;

use fanout::Weather;
use tokio::time::{Instant, sleep};

use crate::dice::Dice;
use crate::history::{Fault, What};
use crate::link::Reach;
use crate::node::Node;
use crate::world::World;

/// The kind of trouble a world is in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but lost hints, all of them: what is late then is late because of us.
    Deaf,
    /// Everything at once.
    Stormy,
    /// One node, nobody to tell.
    Alone,
}

pub struct Nemesis {
    world: Arc<World>,
    dice: Dice,
    kind: Kind,
}

/// Every hint is lost.
pub const DEAF: Weather =
    Weather { lost_percent: 100, repeated_percent: 0, delay_max: Duration::ZERO };

impl Nemesis {
    pub fn new(world: Arc<World>, kind: Kind) -> Self {
        let dice = Dice::new(world.shared.seed, "nemesis");
        Self { world, dice, kind }
    }

    /// Does its worst for so long.
    pub async fn rage(&mut self, storm: Duration) {
        if self.kind == Kind::Deaf {
            self.world.set_hints(DEAF);
            return sleep(storm).await;
        }
        let until = Instant::now() + storm;
        while Instant::now() < until {
            sleep(self.dice.millis(100..=900)).await;
            match self.dice.weighed(&[3, 3, 5, 7, 3]) {
                0 => self.crash(),
                1 => self.pause(),
                2 => self.change_the_weather(),
                3 => self.cut_off(),
                _ => self.turn_a_clock(),
            }
        }
    }

    /// Everything works again; hints may still be lost, all of them.
    pub fn heal(&mut self) {
        for slot in 0..self.world.machines() {
            let Some(node) = self.world.node(slot) else { continue };
            node.life.resume();
            reach(&self.world, &node, Reach::default(), true);
            self.world.restart(slot);
        }
        let weather = match self.dice.below(3) {
            0 => DEAF,
            1 => Weather::default(),
            _ => Weather {
                lost_percent: 50,
                repeated_percent: 50,
                delay_max: Duration::from_secs(1),
            },
        };
        self.world.set_hints(weather);
        self.world.shared.recorder.write(What::Healed);
    }

    fn some_node(&mut self) -> Option<Arc<Node>> {
        self.world.any_node(&mut self.dice)
    }

    fn crash(&mut self) {
        let Some(node) = self.some_node() else { return };
        node.crash();
        self.world.fault(Fault::Crashed(node.id));
        self.world.shared.tally.crashes.inc();
        let (world, down) = (self.world.clone(), self.dice.millis(50..=3000));
        tokio::spawn(async move {
            sleep(down).await;
            world.restart(node.id.slot);
        });
    }

    fn pause(&mut self) {
        let Some(node) = self.some_node() else { return };
        node.life.pause();
        self.world.fault(Fault::Paused(node.id));
        self.world.shared.tally.pauses.inc();
        let (world, still) = (self.world.clone(), self.dice.millis(100..=4000));
        tokio::spawn(async move {
            sleep(still).await;
            world.fault(Fault::Resumed(node.id));
            node.life.resume();
        });
    }

    fn change_the_weather(&mut self) {
        let percent = |dice: &mut Dice| dice.below(80) as u32;
        let weather = match self.dice.below(4) {
            0 => Weather::default(),
            1 => DEAF,
            2 => Weather { lost_percent: percent(&mut self.dice), ..Weather::default() },
            _ => Weather {
                lost_percent: percent(&mut self.dice),
                repeated_percent: percent(&mut self.dice),
                delay_max: self.dice.millis(1..=4000),
            },
        };
        self.world.set_hints(weather);
    }

    /// One node reaches the store badly for a while.
    fn cut_off(&mut self) {
        let Some(node) = self.some_node() else { return };
        let fine = Reach::default();
        let worse = match self.dice.below(5) {
            0 => Reach { slow_ms: 400, ..fine },
            1 => Reach { refused_percent: 25, ..fine },
            2 => Reach { ambiguous_percent: 40, slow_ms: 40, ..fine },
            // Only others may have done what is not known to have happened: a node by itself knows.
            3 if self.kind != Kind::Alone => Reach { late_percent: 40, slow_ms: 100, ..fine },
            _ => Reach { refused_percent: 100, ..fine },
        };
        reach(&self.world, &node, worse, false);
        let (world, bad) = (self.world.clone(), self.dice.millis(200..=3000));
        tokio::spawn(async move {
            sleep(bad).await;
            reach(&world, &node, fine, true);
        });
    }

    fn turn_a_clock(&mut self) {
        let Some(node) = self.some_node() else { return };
        let off = match self.dice.below(4) {
            0 => 0,
            1 => self.dice.between(-10_000..=10_000),
            2 => -3_600_000,
            _ => 365 * 24 * 3_600_000,
        };
        node.clock.set(off);
        self.world.fault(Fault::Clock(node.id, off));
        self.world.shared.tally.clock_jumps.inc();
    }
}

fn reach(world: &World, node: &Node, reach: Reach, well: bool) {
    node.link.set(reach);
    world.fault(Fault::Store(node.id, format!("{reach:?}"), well));
}
