//! A redis-server of one's own.

mod cluster;
mod sentinel;

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

pub use cluster::RedisCluster;
pub use sentinel::RedisSentinel;

use crate::process::{Process, Signal, Stream};
use crate::spawner;
use crate::{Certificates, free_port};

/// Other programs may take a port between finding and using it.
const ATTEMPTS: usize = 5;
/// The option with the port.
const TLS_PORT: &str = "--tls-port";

/// A redis-server on a free port that keeps nothing on disk. Dropped: gone.
pub struct Redis {
    process: Process,
    folder: TempDir,
    port: u16,
    options: Vec<String>,
}

impl Redis {
    /// Starts one and waits until it takes connections.
    pub async fn start() -> Self {
        Self::start_with(Vec::new).await
    }

    /// The same, which also speaks TLS, on a port of its own.
    pub async fn start_with_tls(certificates: &Certificates) -> Self {
        Self::start_with(|| tls_options(certificates)).await
    }

    /// The same with more options; they are made anew for each attempt, so they may name free ports.
    async fn start_with(options: impl Fn() -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut last_words = String::new();
        for _ in 0..ATTEMPTS {
            let (port, options) = (free_port(), options());
            match launch(port, folder.path(), &options).await {
                Ok(process) => return Self { process, folder, port, options },
                Err(words) => last_words = words,
            }
        }
        panic!("{last_words}");
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it speaks TLS, if it does.
    pub fn tls_port(&self) -> Option<u16> {
        let mut options = self.options.iter().skip_while(|option| *option != TLS_PORT);
        options.nth(1)?.parse().ok()
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
        let launched = launch(self.port, self.folder.path(), &self.options).await;
        self.process = launched.unwrap_or_else(|words| panic!("{words}"));
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
        let mut reply = self.ask(line).await;
        let mut first = String::new();
        reply.read_line(&mut first).await.expect("redis-server answers");
        first.trim_end().to_owned()
    }

    /// Sends one inline command whose reply is a text, and answers the text.
    pub async fn text(&self, line: &str) -> String {
        let mut reply = self.ask(line).await;
        let mut first = String::new();
        reply.read_line(&mut first).await.expect("redis-server answers");
        let length = first.trim_end().strip_prefix('$').and_then(|length| length.parse().ok());
        let mut text = vec![0; length.unwrap_or_else(|| panic!("{line} is answered {first}"))];
        reply.read_exact(&mut text).await.expect("redis-server answers to the end");
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Sends one inline command whose reply is a list of texts, and answers the texts.
    pub async fn list(&self, line: &str) -> Vec<String> {
        let mut reply = self.ask(line).await.lines();
        let mut next = async || {
            let line = reply.next_line().await.expect("redis-server answers to the end");
            line.expect("a line before the end")
        };
        let count = next().await;
        let count = count.strip_prefix('*').and_then(|count| count.parse().ok());
        let mut texts = Vec::new();
        for _ in 0..count.unwrap_or_else(|| panic!("{line} is not answered with a list")) {
            // Its length, and the text.
            next().await;
            texts.push(next().await);
        }
        texts
    }

    async fn ask(&self, line: &str) -> BufReader<TcpStream> {
        let address = ("127.0.0.1", self.port);
        let mut stream = TcpStream::connect(address).await.expect("redis-server takes connections");
        stream.write_all(format!("{line}\r\n").as_bytes()).await.expect("redis-server reads");
        BufReader::new(stream)
    }
}

fn tls_options(certificates: &Certificates) -> Vec<String> {
    let path = |path: PathBuf| path.display().to_string();
    let (certificate, key) = (path(certificates.certificate()), path(certificates.key()));
    let authority = path(certificates.authority());
    let port = free_port().to_string();
    let files = ["--tls-cert-file", &certificate, "--tls-key-file", &key];
    let trust = ["--tls-ca-cert-file", &authority, "--tls-auth-clients", "no"];
    let all = [&[TLS_PORT, &port], &files[..], &trust].concat();
    all.into_iter().map(str::to_owned).collect()
}

async fn launch(port: u16, folder: &Path, options: &[String]) -> Result<Process, String> {
    let program = spawner::find("redis-server").expect("redis-server is installed and on the PATH");
    let mut command: Command = spawner::mortal(&program, "KILL", None);
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    command.args(["--save", "", "--appendonly", "no"]).arg("--dir").arg(folder);
    command.args(options);
    let process = Process::start("redis-server", command, Signal::KILL);
    process.line(Stream::Stdout, |line| line.contains("Ready to accept connections")).await?;
    Ok(process)
}
