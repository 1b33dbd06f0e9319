//! Our own server, as a process that can be killed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;

use crate::process::{Process, Signal, Stream};
use crate::spawner;

const READY: &str = "frontdesk ready on http://";

/// How to start a server.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// The binary; tests of crates/frontdesk have it in `env!("CARGO_BIN_EXE_frontdesk")`.
    pub bin: PathBuf,
    /// Its data folder; without one a temporary folder that goes with the server.
    pub data: Option<PathBuf>,
    /// `--listen`; by default a free port of 127.0.0.1.
    pub listen: Option<String>,
    /// More flags of `serve`.
    pub args: Vec<String>,
    /// Environment of the server and of [`Server::admin`]; nothing called FRONTDESK_* is inherited.
    pub env: Vec<(String, String)>,
}

/// A running (or ended) server. Dropped: killed.
pub struct Server {
    /// `http://ADDRESS`.
    pub base_url: String,
    /// `ws://ADDRESS`.
    pub ws_url: String,
    pub pid: u32,
    process: Process,
    options: ServerOptions,
    data: PathBuf,
    /// The data folder, if it is ours to remove.
    _folder: Option<TempDir>,
}

impl ServerOptions {
    /// The defaults for this binary.
    pub fn of(bin: impl Into<PathBuf>) -> Self {
        Self { bin: bin.into(), ..Self::default() }
    }

    /// With one more flag or value.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// With one more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }
}

impl Server {
    /// Starts a server and waits until it is ready.
    ///
    /// # Panics
    /// With everything it said, if it ends before.
    pub async fn start(options: ServerOptions) -> Self {
        Self::try_start(options).await.unwrap_or_else(|words| panic!("{words}"))
    }

    /// The same, or what it said before it ended.
    pub async fn try_start(options: ServerOptions) -> Result<Self, String> {
        let folder =
            options.data.is_none().then(|| tempfile::tempdir().expect("a temporary folder"));
        let data = match &folder {
            Some(folder) => folder.path().join("data"),
            None => options.data.clone().expect("given, as there is no folder of ours"),
        };
        let listen = options.listen.clone().unwrap_or_else(|| "127.0.0.1:0".into());
        let (process, address) = launch(&options, &data, &listen).await?;
        Ok(Self {
            base_url: format!("http://{address}"),
            ws_url: format!("ws://{address}"),
            pid: process.pid(),
            process,
            options,
            data,
            _folder: folder,
        })
    }

    /// `127.0.0.1:8080`.
    pub fn address(&self) -> &str {
        self.base_url.trim_start_matches("http://")
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Runs an administrative command on the same data and answers its output, trimmed.
    ///
    /// # Panics
    /// With what it said, if it fails.
    pub async fn admin<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let output = self.try_admin(args).await;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{errors}", output.status);
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// The same, whatever its outcome.
    pub async fn try_admin<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let mut command = Command::new(&self.options.bin);
        prepare(&mut command, &self.options);
        command.args(args).arg("--data").arg(&self.data).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        output.expect("waiting does not panic").expect("the binary can be started")
    }

    /// Kills it: nothing is flushed, nobody is told. Returns when it is gone.
    pub async fn kill9(&mut self) -> ExitStatus {
        self.process.signal(Signal::KILL);
        self.process.ended().await
    }

    /// Asks it to stop (SIGTERM) and waits until it is gone.
    pub async fn term(&mut self) -> ExitStatus {
        self.process.signal(Signal::TERM);
        self.process.ended().await
    }

    /// Sends any signal, say `STOP` and `CONT` for a server that hangs for a while.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits until it ends by itself.
    pub async fn ended(&self) -> ExitStatus {
        self.process.ended().await
    }

    /// Starts it again on the same data and the same address, after [`Self::kill9`] if it still runs.
    pub async fn restart(&mut self) {
        self.kill9().await;
        let address = self.address().to_owned();
        let again = launch(&self.options, &self.data, &address).await;
        (self.process, _) = again.unwrap_or_else(|words| panic!("{words}"));
        self.pid = self.process.pid();
    }

    /// What it has printed to standard output.
    pub fn stdout(&self) -> Vec<String> {
        self.process.lines(Stream::Stdout)
    }

    /// What it has said to people: its log.
    pub fn log(&self) -> Vec<String> {
        self.process.lines(Stream::Stderr)
    }

    /// Waits for a line of its log.
    pub async fn log_line(&self, wanted: impl Fn(&str) -> bool) -> String {
        let line = self.process.line(Stream::Stderr, wanted).await;
        line.unwrap_or_else(|words| panic!("{words}"))
    }
}

async fn launch(
    options: &ServerOptions,
    data: &Path,
    listen: &str,
) -> Result<(Process, String), String> {
    let mut command = spawner::mortal(&options.bin, "KILL", None);
    prepare(&mut command, options);
    command.args(["serve", "--listen", listen]).args(&options.args).arg("--data").arg(data);
    let process = Process::start("frontdesk", command, Signal::KILL);
    let line = process.line(Stream::Stdout, |line| line.starts_with(READY)).await?;
    Ok((process, line[READY.len()..].to_owned()))
}

/// The environment: ours without what would configure a server, and what was asked for.
fn prepare(command: &mut Command, options: &ServerOptions) {
    let inherited = std::env::vars_os().map(|variable| variable.0);
    for name in inherited.filter(|name| name.to_string_lossy().starts_with("FRONTDESK_")) {
        command.env_remove(name);
    }
    command.envs(options.env.iter().map(|(name, value)| (name, value)));
}
