//! How many durable appends a second one file takes, and what each costs.
//!
//! `cargo run --release -p store --example commit_rate -- [callers] [conversations] [seconds] [per second]`
//!
//! Each caller waits for its answer before it appends again, going round its share of the conversations;
//! `per second` paces all callers together (0: as fast as they can).

#![expect(clippy::unwrap_used, reason = "a measurement stops here")]

mod load;

use std::sync::Arc;
use std::time::{Duration, Instant};

use load::{Load, Totals, processor_seconds, quantile};
use prometheus_client::registry::Registry;
use store::{SqliteStore, Store};

fn main() {
    let load = Load::of(&mut std::env::args().skip(1));
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
    let asked: Arc<dyn Store> = store.clone();
    let shares = load.begin(&asked).await;
    let (before, cpu, started) = (Totals::read(&registry), Cpu::read(), Instant::now());
    let took = load.run(&asked, shares).await;
    let (wall, cpu) = (started.elapsed().as_secs_f64(), Cpu::read().since(cpu));
    report(load, &took, wall, cpu, &Totals::read(&registry).since(&before));
    println!("waiting for the index: {}", store.metrics().search_pending.get());
    let wal = std::fs::metadata(dir.path().join("frontdesk.db-wal")).unwrap().len();
    let file = std::fs::metadata(dir.path().join("frontdesk.db")).unwrap().len();
    println!("file {} MiB, write-ahead log {} MiB", file >> 20, wal >> 20);
    store.close().await;
}

fn report(load: Load, took: &[Duration], wall: f64, cpu: Cpu, totals: &Totals) {
    let Load { callers, conversations, per_second, .. } = load;
    println!("{callers} callers, {conversations} conversations, paced at {per_second}/s:");
    println!(
        "{:.0} appends/s, {:.1} µs CPU each ({:.1} of the writer), p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.1} ms",
        took.len() as f64 / wall,
        cpu.process / took.len() as f64 * 1e6,
        cpu.writer / took.len() as f64 * 1e6,
        quantile(took, 0.5),
        quantile(took, 0.99),
        quantile(took, 0.999),
        quantile(took, 1.0),
    );
    println!(
        "{:.0} commits/s of {:.1} jobs, {:.2} ms each in COMMIT",
        totals.commits / wall,
        totals.jobs / totals.commits,
        totals.flush / totals.commits * 1000.0,
    );
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
        let writer = writer.map_or(0.0, |task| processor_seconds(&task.join("stat")));
        Self { process: processor_seconds("/proc/self/stat".as_ref()), writer }
    }

    fn since(self, before: Self) -> Self {
        Self { process: self.process - before.process, writer: self.writer - before.writer }
    }
}
