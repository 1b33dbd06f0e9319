//! One world from its beginning to its judgement.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use conversation::Audience;
use hub::Settings;
use store::{Journal, MemoryStore, Range};
use tokio::time::sleep;

use crate::device::Device;
use crate::dice::Dice;
use crate::evidence::Evidence;
use crate::history::{Answered, Entry, History, Recorder, What};
use crate::nemesis::{Kind, Nemesis};
use crate::node::Shared;
use crate::people;
use crate::promises::{self, Broken};
use crate::tally::Tally;
use crate::world::World;

/// How long things go wrong.
const STORM: Duration = Duration::from_secs(12);
/// From the healing to the judgement: a client may take two seconds to hear that its node is gone and ten
/// to give a silent one up; then five seconds are promised.
const SETTLE: Duration = Duration::from_secs(25);

/// What one seed led to.
pub struct Outcome {
    pub seed: u64,
    pub history: History,
    pub tally: Arc<Tally>,
    pub broken: Vec<Broken>,
}

/// Lives through one seed, and judges it.
pub fn run(seed: u64) -> Outcome {
    let (history, tally) = live(seed);
    let broken = promises::broken(&Evidence::of(&history));
    Outcome { seed, history, tally, broken }
}

/// Lives through one seed. Nothing in it depends on anything but the seed.
#[expect(clippy::expect_used, reason = "without a runtime there is nothing to simulate")]
pub fn live(seed: u64) -> (History, Arc<Tally>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    let tally = Arc::new(Tally::default());
    let history = runtime.block_on(storm(seed, tally.clone()));
    count_commands(&history, &tally);
    (history, tally)
}

async fn storm(seed: u64, tally: Arc<Tally>) -> History {
    let mut dice = Dice::new(seed, "the world");
    let kind = match dice.weighed(&[3, 10, 2]) {
        0 => Kind::Deaf,
        1 => Kind::Stormy,
        _ => Kind::Alone,
    };
    let nodes = if kind == Kind::Alone { 1 } else { 2 + dice.below(2) as usize };
    let idle_after = dice.millis(100..=3000);
    let settings = Settings { idle_after, ..Settings::default() };
    let (store, recorder) = (Arc::new(MemoryStore::new()), Arc::new(Recorder::new()));
    let shared = Shared { seed, store, recorder, tally, settings };
    let world = World::new(Arc::new(shared), nodes);
    populate(&world, &mut dice);
    let mut nemesis = Nemesis::new(world.clone(), kind);
    nemesis.rage(STORM).await;
    world.calm_down();
    nemesis.heal();
    sleep(SETTLE).await;
    world.shared.recorder.write(What::Over);
    finish(&world, kind).await
}

fn populate(world: &Arc<World>, dice: &mut Dice) {
    let mut devices = Vec::new();
    for number in 0..2 + dice.below(2) as usize {
        devices.push(people::visitor(number));
    }
    for number in 0..2 + dice.below(2) as usize {
        devices.push(people::agent(number));
    }
    // The same person again, on another device.
    devices.push(people::visitor(0));
    devices.push(people::agent(0));
    devices.push(people::stranger());
    for (number, who) in devices.into_iter().enumerate() {
        tokio::spawn(Device::new(number, who, world).live());
    }
}

async fn finish(world: &World, kind: Kind) -> History {
    let shared = &world.shared;
    for node in world.every_node() {
        shared.tally.stale.add(node.metrics.stale_appends.get());
        shared.tally.repeated.add(node.metrics.repeated_keys.get());
    }
    let toll = world.toll();
    shared.tally.hints_lost.add(toll.lost);
    shared.tally.hints_repeated.add(toll.repeated);
    shared.tally.hints_overtaken.add(toll.overtaken);
    let mut history = History { entries: shared.recorder.entries(), ..History::default() };
    let committed = history.entries.iter().filter_map(|entry| match &entry.what {
        What::Committed { conversation, .. } => Some(*conversation),
        _ => None,
    });
    for id in committed.collect::<BTreeSet<_>>() {
        let log = shared.store.events(id, Audience::Agents, Range::After(0), usize::MAX);
        history.journal.insert(id, log.await.unwrap_or_default());
        if let Ok(Some(row)) = shared.store.find(id).await {
            history.rows.insert(id, row);
        }
    }
    history.views = world.views();
    if kind == Kind::Deaf {
        shared.tally.tails.add(tails(&history));
    }
    history
}

/// How often the last event of a conversation was told by another node than the one that committed it.
fn tails(history: &History) -> u64 {
    let nodes = history.entries.iter().filter_map(|entry| match &entry.what {
        What::Connected { connection, node, .. } => Some((*connection, *node)),
        _ => None,
    });
    let nodes: BTreeMap<_, _> = nodes.collect();
    let mut last = BTreeMap::new();
    for entry in &history.entries {
        if let What::Committed { by: Some(by), conversation, events } = &entry.what {
            last.insert(*conversation, (*by, events.last().map(|event| event.seq)));
        }
    }
    let is_tail = |entry: &&Entry| match &entry.what {
        What::Told { connection, conversation, event } => {
            last.get(conversation).is_some_and(|(by, seq)| {
                Some(event.seq) == *seq && nodes.get(connection).is_some_and(|node| node != by)
            })
        }
        _ => false,
    };
    history.entries.iter().filter(is_tail).count() as u64
}

fn count_commands(history: &History, tally: &Tally) {
    for entry in &history.entries {
        match &entry.what {
            What::Answered {
                answer: Answered::Committed { .. } | Answered::Started { .. },
                ..
            } => {
                tally.acknowledged.inc();
            }
            What::Answered {
                answer: Answered::Rejected(_) | Answered::Conflict { .. } | Answered::NotFound,
                ..
            } => tally.refused.inc(),
            _ => {}
        }
    }
}
