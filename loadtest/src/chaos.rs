//! The server is killed (`kill -9`) and started again on the same folder and port, again and again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use throwaway::Server;

/// Kills until it is stopped.
pub struct Chaos {
    kills: Arc<AtomicU64>,
    stop: Sender<()>,
    thread: JoinHandle<Result<Server>>,
}

impl Chaos {
    /// Kills for the first time after `every`.
    pub fn start(server: Server, every: Duration) -> Result<Self> {
        let (stop, stopped) = channel();
        let kills = Arc::new(AtomicU64::new(0));
        let counted = kills.clone();
        let work = move || kill_until(server, every, &counted, || stopped.recv_timeout(every));
        let thread = std::thread::Builder::new().name("chaos".into()).spawn(work)?;
        Ok(Self { kills, stop, thread })
    }

    pub fn kills(&self) -> u64 {
        self.kills.load(Ordering::Relaxed)
    }

    /// Stops; the server is running again.
    pub fn stop(self) -> Result<Server> {
        // If it has ended by itself, its end says why.
        let _ = self.stop.send(());
        self.thread
            .join()
            .map_err(|_| anyhow!("A PROMISE IS BROKEN: the server did not start again"))?
    }
}

fn kill_until(
    mut server: Server,
    every: Duration,
    kills: &AtomicU64,
    wait: impl Fn() -> Result<(), RecvTimeoutError>,
) -> Result<Server> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.with_context(|| format!("kill every {every:?}"))?;
    while wait() == Err(RecvTimeoutError::Timeout) {
        if !Path::new(&format!("/proc/{}", server.pid)).exists() {
            let log = server.log();
            let last = log[log.len().saturating_sub(20)..].join("\n");
            bail!(
                "A PROMISE IS BROKEN: the server ended before it was killed; it said last\n{last}"
            );
        }
        runtime.block_on(server.restart());
        kills.fetch_add(1, Ordering::Relaxed);
    }
    Ok(server)
}
