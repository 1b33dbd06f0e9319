//! A redis-server of one's own.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::free_port;
use crate::process::{Process, Signal, Stream};
use crate::spawner;

/// Other programs may take a port between finding and using it.
const ATTEMPTS: usize = 5;

/// A redis-server on a free port that keeps nothing on disk. Dropped: gone.
pub struct Redis {
    process: Process,
    folder: TempDir,
    port: u16,
}

impl Redis {
    /// Starts one and waits until it takes connections.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut last_words = String::new();
        for _ in 0..ATTEMPTS {
            let port = free_port();
            match launch(port, folder.path()).await {
                Ok(process) => return Self { process, folder, port },
                Err(words) => last_words = words,
            }
        }
        panic!("{last_words}");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it: everybody connected is cut off, new connections are refused.
    pub async fn kill(&mut self) {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
    }

    /// Kills it if need be and starts it again, empty, on the same port.
    pub async fn restart(&mut self) {
        self.kill().await;
        self.process =
            launch(self.port, self.folder.path()).await.unwrap_or_else(|words| panic!("{words}"));
    }

    /// Stops it in its tracks: connections stay, nothing is answered.
    pub fn pause(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }

    /// Forgets all keys.
    pub async fn flush(&self) {
        assert_eq!(self.command("FLUSHALL").await, "+OK");
    }

    /// Sends one inline command and answers the first line of the reply, as it stands on the wire:
    /// `redis.command("CLIENT KILL TYPE pubsub")` answers `:2`.
    pub async fn command(&self, line: &str) -> String {
        let address = ("127.0.0.1", self.port);
        let mut stream = TcpStream::connect(address).await.expect("redis-server takes connections");
        stream.write_all(format!("{line}\r\n").as_bytes()).await.expect("redis-server reads");
        let mut reply = String::new();
        BufReader::new(stream).read_line(&mut reply).await.expect("redis-server answers");
        reply.trim_end().to_owned()
    }
}

async fn launch(port: u16, folder: &Path) -> Result<Process, String> {
    let program = spawner::find("redis-server").expect("redis-server is installed and on the PATH");
    let mut command: Command = spawner::mortal(&program, "KILL", None);
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    command.args(["--save", "", "--appendonly", "no"]).arg("--dir").arg(folder);
    let process = Process::start("redis-server", command, Signal::KILL);
    process.line(Stream::Stdout, |line| line.contains("Ready to accept connections")).await?;
    Ok(process)
}
