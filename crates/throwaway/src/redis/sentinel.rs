//! A watchman over a server and its replicas.

use tempfile::TempDir;

use super::{ATTEMPTS, Redis};
use crate::process::{Process, Signal, Stream};
use crate::{free_port, spawner};

/// A sentinel that fails over soon after its master is gone. Dropped: gone.
pub struct RedisSentinel {
    process: Process,
    port: u16,
    _folder: TempDir,
}

impl RedisSentinel {
    /// Starts one that knows `master` as `name`.
    pub async fn over(master: &Redis, name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut last_words = String::new();
        for _ in 0..ATTEMPTS {
            let port = free_port();
            let process = launch(port, master.port, name, &folder);
            let watches = |line: &str| line.contains("+monitor");
            match process.line(Stream::Stdout, watches).await {
                Ok(_) => return Self { process, port, _folder: folder },
                Err(words) => last_words = words,
            }
        }
        panic!("{last_words}");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until it has seen a replica, so that it can fail over.
    pub async fn until_it_knows_a_replica(&self) {
        self.until_it_says("+slave slave").await;
    }

    /// Waits until it has made a replica the master.
    pub async fn until_it_has_failed_over(&self) {
        self.until_it_says("+switch-master").await;
    }

    async fn until_it_says(&self, words: &str) {
        let said = self.process.line(Stream::Stdout, |line| line.contains(words)).await;
        said.unwrap_or_else(|words| panic!("{words}"));
    }
}

fn launch(port: u16, master: u16, name: &str, folder: &TempDir) -> Process {
    let config = folder.path().join("sentinel.conf");
    let text = format!(
        "port {port}\nbind 127.0.0.1\ndir {}\n\
         sentinel monitor {name} 127.0.0.1 {master} 1\n\
         sentinel down-after-milliseconds {name} 500\n\
         sentinel failover-timeout {name} 3000\n",
        folder.path().display()
    );
    std::fs::write(&config, text).expect("a temporary folder can be written to");
    let program = spawner::find("redis-server").expect("redis-server is installed and on the PATH");
    let mut command = spawner::mortal(&program, "KILL", None);
    command.arg(config).arg("--sentinel");
    Process::start("redis-sentinel", command, Signal::KILL)
}
