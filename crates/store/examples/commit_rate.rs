//! How many durable appends a second one file takes, and what each costs.
//!
//! `cargo run --release -p store --example commit_rate -- [callers] [conversations] [seconds] [per second]`
//!
//! Each caller waits for its answer before it appends again, going round its share of the conversations;
//! `per second` paces all callers together (0: as fast as they can).

#![expect(clippy::unwrap_used, reason = "a measurement stops here")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use conversation::Conversation;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use store::conformance::{append, asking, begin, post, start};
use store::{Appended, SqliteStore, Store};

#[derive(Clone, Copy)]
struct Load {
    callers: usize,
    conversations: usize,
    seconds: u64,
    per_second: u64,
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().unwrap());
    let mut next = |otherwise: u64| arguments.next().unwrap_or(otherwise);
    let load = Load {
        callers: next(256) as usize,
        conversations: next(2000) as usize,
        seconds: next(10),
        per_second: next(0),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(measure(load));
}

async fn measure(load: Load) {
    // Not in /tmp by default: it may be memory.
    let dir = tempfile::tempdir_in(".").unwrap();
    let store = Arc::new(SqliteStore::open(dir.path()).unwrap());
    let mut registry = Registry::default();
    store.metrics().register(&mut registry);
    let shares = begin_all(&store, load).await;
    let (before, cpu) = (Totals::read(&registry), Cpu::read());
    let started = Instant::now();
    let until = started + Duration::from_secs(load.seconds);
    let callers: Vec<_> = (0..)
        .zip(shares)
        .map(|(n, share)| tokio::spawn(call(store.clone(), share, load, n, until)))
        .collect();
    let mut took = Vec::new();
    for caller in callers {
        took.extend(caller.await.unwrap());
    }
    let (wall, cpu) = (started.elapsed().as_secs_f64(), Cpu::read().since(cpu));
    report(load, &mut took, wall, cpu, &Totals::read(&registry).since(&before));
    println!("waiting for the index: {}", store.metrics().search_pending.get());
    let wal = std::fs::metadata(dir.path().join("frontdesk.db-wal")).unwrap().len();
    let file = std::fs::metadata(dir.path().join("frontdesk.db")).unwrap().len();
    println!("file {} MiB, write-ahead log {} MiB", file >> 20, wal >> 20);
    store.close().await;
}

async fn begin_all(store: &Arc<SqliteStore>, load: Load) -> Vec<Vec<Conversation>> {
    let store: Arc<dyn Store> = store.clone();
    let mut shares = vec![Vec::new(); load.callers];
    for first in (1..=load.conversations).step_by(256) {
        let some = first..(first + 256).min(load.conversations + 1);
        let begun = some.map(|n| begin(&store, start(n as u128, 1000)));
        for state in futures::future::join_all(begun).await {
            let caller = (state.id.0.as_u128() as usize) % load.callers;
            shares[caller].push(state);
        }
    }
    shares
}

async fn call(
    store: Arc<SqliteStore>,
    mut share: Vec<Conversation>,
    load: Load,
    caller: u64,
    until: Instant,
) -> Vec<Duration> {
    let store: Arc<dyn Store> = store;
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

fn report(load: Load, took: &mut [Duration], wall: f64, cpu: Cpu, totals: &Totals) {
    took.sort_unstable();
    let quantile = |q: f64| took[((took.len() - 1) as f64 * q) as usize].as_secs_f64() * 1000.0;
    let Load { callers, conversations, per_second, .. } = load;
    println!("{callers} callers, {conversations} conversations, paced at {per_second}/s:");
    println!(
        "{:.0} appends/s, {:.1} µs CPU each ({:.1} of the writer), p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.1} ms",
        took.len() as f64 / wall,
        cpu.process / took.len() as f64 * 1e6,
        cpu.writer / took.len() as f64 * 1e6,
        quantile(0.5),
        quantile(0.99),
        quantile(0.999),
        quantile(1.0),
    );
    println!(
        "{:.0} commits/s of {:.1} jobs, {:.2} ms each in COMMIT",
        totals.commits / wall,
        totals.jobs / totals.commits,
        totals.flush / totals.commits * 1000.0,
    );
}

struct Totals {
    commits: f64,
    jobs: f64,
    flush: f64,
}

impl Totals {
    fn read(registry: &Registry) -> Self {
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

    fn since(&self, before: &Self) -> Self {
        Self {
            commits: self.commits - before.commits,
            jobs: self.jobs - before.jobs,
            flush: self.flush - before.flush,
        }
    }
}

/// User and system time so far: of the whole process, and of the writing thread.
#[derive(Clone, Copy)]
struct Cpu {
    process: f64,
    writer: f64,
}

impl Cpu {
    fn read() -> Self {
        let mut tasks =
            std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
        let writer = tasks.find(|task| {
            std::fs::read_to_string(task.join("comm"))
                .is_ok_and(|name| name.trim() == "store-writer")
        });
        let writer = writer.map_or(0.0, |task| seconds(&task.join("stat")));
        Self { process: seconds("/proc/self/stat".as_ref()), writer }
    }

    fn since(self, before: Self) -> Self {
        Self { process: self.process - before.process, writer: self.writer - before.writer }
    }
}

fn seconds(stat: &std::path::Path) -> f64 {
    let stat = std::fs::read_to_string(stat).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}
