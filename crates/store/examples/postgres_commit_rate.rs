//! How many durable appends a second a database takes, and what each costs.
//!
//! `cargo run --release -p store --example postgres_commit_rate -- [callers] [conversations] [seconds]
//! [per second] [postgres://…]`
//!
//! Without an address it starts a server of its own here, which flushes as one should. Each caller waits for
//! its answer before it appends again, going round its share of the conversations; `per second` paces all
//! callers together (0: as fast as they can). Callers, store and server share the machine.

#![expect(clippy::unwrap_used, reason = "a measurement stops here")]

mod load;

use std::sync::Arc;
use std::time::Instant;

use load::{Load, Totals, processor_seconds, quantile};
use prometheus_client::registry::Registry;
use store::{PostgresStore, Store};
use throwaway::Postgres;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let load = Load::of(&mut arguments);
    let given = arguments.next();
    // Not in /tmp by default: it may be memory.
    let server = match &given {
        Some(_) => None,
        None => Some(Postgres::start_durable(std::path::Path::new(".")).await),
    };
    let url = match (&given, &server) {
        (Some(url), _) => url.clone(),
        (None, Some(server)) => server.fresh_database().await,
        (None, None) => unreachable!("one of both"),
    };
    measure(load, &url).await;
}

async fn measure(load: Load, url: &str) {
    let store = Arc::new(PostgresStore::open(url).await.unwrap());
    let mut registry = Registry::default();
    store.metrics().register(&mut registry);
    let asked: Arc<dyn Store> = store.clone();
    let began = Instant::now();
    let shares = load.begin(&asked).await;
    let rate = load.conversations as f64 / began.elapsed().as_secs_f64();
    println!("{rate:.0} starts/s, 256 side by side");
    let (before, cpu, started) = (Totals::read(&registry), Cpu::read(), Instant::now());
    let took = load.run(&asked, shares).await;
    let (wall, cpu) = (started.elapsed().as_secs_f64(), Cpu::read().since(&cpu));
    let totals = Totals::read(&registry).since(&before);
    let Load { callers, conversations, per_second, .. } = load;
    let (count, each) = (took.len() as f64, 1e6 / took.len() as f64);
    println!("{callers} callers, {conversations} conversations, paced at {per_second}/s:");
    println!(
        "{:.0} appends/s, p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.1} ms",
        count / wall,
        quantile(&took, 0.5),
        quantile(&took, 0.99),
        quantile(&took, 0.999),
        quantile(&took, 1.0),
    );
    println!(
        "{:.1} µs CPU each here, {:.1} µs in all processes called postgres",
        cpu.here * each,
        cpu.servers * each
    );
    println!(
        "{:.0} commits/s of {:.1} appends, {:.2} ms each",
        totals.commits / wall,
        totals.jobs / totals.commits,
        totals.flush / totals.commits * 1000.0,
    );
    println!("waiting for the index: {}", store.metrics().search_pending.get());
    store.close().await;
}

struct Cpu {
    here: f64,
    servers: f64,
}

impl Cpu {
    fn read() -> Self {
        let processes = std::fs::read_dir("/proc").unwrap().map(|process| process.unwrap().path());
        let servers = processes.filter(|process| {
            std::fs::read_to_string(process.join("comm"))
                .is_ok_and(|name| name.trim() == "postgres")
        });
        let servers = servers.map(|process| processor_seconds(&process.join("stat"))).sum();
        Self { here: processor_seconds("/proc/self/stat".as_ref()), servers }
    }

    fn since(&self, before: &Self) -> Self {
        Self { here: self.here - before.here, servers: self.servers - before.servers }
    }
}
