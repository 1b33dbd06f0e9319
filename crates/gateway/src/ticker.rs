//! One coarse clock and one timer for all connections.
//!
//! A connection leaves word when it wants to be woken (`Outbox::wake_at`); the ticker looks through all
//! of them once a tick and wakes those that are due. So an idle connection has no timer and is never
//! woken for nothing.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use crate::outbox::Outbox;

/// Connections are looked through in so many steps, so that none waits long for the list.
const SHARDS: usize = 16;

/// Milliseconds since the gateway began, as of the last tick.
pub(crate) type Millis = u64;

/// Never.
pub(crate) const NEVER: Millis = u64::MAX;

pub(crate) struct Ticker {
    began: Instant,
    now: AtomicU64,
    shards: [Mutex<Vec<Arc<Outbox>>>; SHARDS],
    next_shard: AtomicUsize,
}

impl Ticker {
    /// Ticks for as long as somebody holds it.
    pub fn start(every: Duration) -> Arc<Self> {
        let ticker = Arc::new(Self {
            began: Instant::now(),
            now: AtomicU64::new(0),
            shards: Default::default(),
            next_shard: AtomicUsize::new(0),
        });
        tokio::spawn(run(Arc::downgrade(&ticker), every));
        ticker
    }

    /// The time as of the last tick.
    pub fn now(&self) -> Millis {
        self.now.load(Relaxed)
    }

    /// The time right now: asked only when it matters that [`Ticker::now`] lags behind.
    pub fn exact(&self) -> Millis {
        self.at(Instant::now())
    }

    /// Another clock's time on this one.
    pub fn at(&self, instant: Instant) -> Millis {
        millis(instant.saturating_duration_since(self.began))
    }

    /// From now on the connection is woken when it is due, until its outbox is closed.
    pub fn add(&self, outbox: Arc<Outbox>) {
        let shard = self.next_shard.fetch_add(1, Relaxed) % SHARDS;
        lock(&self.shards[shard]).push(outbox);
    }

    /// Wakes every connection, whether due or not.
    pub fn wake_all(&self) {
        for shard in &self.shards {
            lock(shard).iter().for_each(|outbox| outbox.wake());
        }
    }

    fn tick(&self, shard: &Mutex<Vec<Arc<Outbox>>>, now: Millis) {
        let mut connections = lock(shard);
        connections.retain(|outbox| outbox.tick(now));
        if connections.capacity() > 64 && connections.len() < connections.capacity() / 4 {
            connections.shrink_to_fit();
        }
    }
}

async fn run(ticker: Weak<Ticker>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let instant = ticks.tick().await;
        let Some(ticker) = ticker.upgrade() else { return };
        let now = ticker.at(instant.max(Instant::now()));
        ticker.now.store(now, Relaxed);
        for shard in &ticker.shards {
            ticker.tick(shard, now);
            tokio::task::yield_now().await;
        }
    }
}

/// As the coarse clock counts.
pub(crate) fn millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

fn lock(shard: &Mutex<Vec<Arc<Outbox>>>) -> MutexGuard<'_, Vec<Arc<Outbox>>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
