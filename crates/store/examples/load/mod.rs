//! Callers who append messages, each waiting for its answer before it appends again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use conversation::Conversation;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use store::conformance::{append, asking, begin, post, start};
use store::{Appended, Store};

#[derive(Clone, Copy)]
pub struct Load {
    pub callers: usize,
    pub conversations: usize,
    pub seconds: u64,
    /// All callers together; 0: as fast as they can.
    pub per_second: u64,
}

impl Load {
    /// From the command line, in this order.
    pub fn of(arguments: &mut impl Iterator<Item = String>) -> Self {
        let mut next =
            |otherwise: u64| arguments.next().map_or(otherwise, |number| number.parse().unwrap());
        Self {
            callers: next(256) as usize,
            conversations: next(2000) as usize,
            seconds: next(10),
            per_second: next(0),
        }
    }

    /// Begins the conversations: a share for each caller.
    pub async fn begin(self, store: &Arc<dyn Store>) -> Vec<Vec<Conversation>> {
        let mut shares = vec![Vec::new(); self.callers];
        for first in (1..=self.conversations).step_by(256) {
            let some = first..(first + 256).min(self.conversations + 1);
            let begun = some.map(|n| begin(store, start(n as u128, 1000)));
            for state in futures::future::join_all(begun).await {
                let caller = (state.id.0.as_u128() as usize) % self.callers;
                shares[caller].push(state);
            }
        }
        shares
    }

    /// Runs all callers to the end; how long each append took.
    pub async fn run(
        self,
        store: &Arc<dyn Store>,
        shares: Vec<Vec<Conversation>>,
    ) -> Vec<Duration> {
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let callers: Vec<_> = (0..)
            .zip(shares)
            .map(|(n, share)| tokio::spawn(call(store.clone(), share, self, n, until)))
            .collect();
        let mut took = Vec::new();
        for caller in callers {
            took.extend(caller.await.unwrap());
        }
        took.sort_unstable();
        took
    }
}

async fn call(
    store: Arc<dyn Store>,
    mut share: Vec<Conversation>,
    load: Load,
    caller: u64,
    until: Instant,
) -> Vec<Duration> {
    let every = match load.per_second {
        0 => Duration::ZERO,
        rate => Duration::from_secs(load.callers as u64) / rate as u32,
    };
    let mut due = Instant::now() + every.mul_f64(caller as f64 / load.callers as f64);
    let mut took = Vec::new();
    for round in (0..).take_while(|_| Instant::now() < until) {
        if !every.is_zero() {
            tokio::time::sleep_until(due.into()).await;
            due += every;
        }
        let n = round % share.len();
        let state = &mut share[n];
        // As long as keys and messages are.
        let keyed = format!("{caller:08x}-0000-4000-8000-{round:012x}");
        let said = "Hello, my order has not arrived yet, could you have a look? ";
        let next = append(state, &asking(state), &post(said), state.last_at + 1, &keyed);
        let after = next.conversation.clone();
        let asked = Instant::now();
        assert_eq!(store.append(next).await.unwrap(), Appended::Done);
        took.push(asked.elapsed());
        *state = (*after).clone();
    }
    took
}

/// The value below which a share of the sorted times is, in milliseconds.
pub fn quantile(took: &[Duration], q: f64) -> f64 {
    took[((took.len() - 1) as f64 * q) as usize].as_secs_f64() * 1000.0
}

/// What a store has counted so far.
pub struct Totals {
    pub commits: f64,
    pub jobs: f64,
    pub flush: f64,
}

impl Totals {
    pub fn read(registry: &Registry) -> Self {
        let mut text = String::new();
        encode(&mut text, registry).unwrap();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap().parse().unwrap()
        };
        Self {
            commits: value("store_commits_total"),
            jobs: value("store_batch_jobs_sum"),
            flush: value("store_flush_seconds_sum"),
        }
    }

    pub fn since(&self, before: &Self) -> Self {
        Self {
            commits: self.commits - before.commits,
            jobs: self.jobs - before.jobs,
            flush: self.flush - before.flush,
        }
    }
}

/// User and system time so far, in seconds, from such a file under `/proc`.
pub fn processor_seconds(stat: &std::path::Path) -> f64 {
    let stat = std::fs::read_to_string(stat).unwrap_or_default();
    let Some((_, fields)) = stat.rsplit_once(')') else { return 0.0 };
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}
