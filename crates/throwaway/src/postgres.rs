//! A PostgreSQL cluster of one's own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::process::{Process, Signal, Stream};
use crate::spawner;
use crate::{Certificates, free_port};

/// Other programs may take a port between finding and using it.
const ATTEMPTS: usize = 5;
/// The cluster's superuser, and the account that runs it when we are root.
const USER: &str = "postgres";

/// A cluster in a temporary folder. It trusts everybody on 127.0.0.1 and does not flush to disk: it
/// survives [`Postgres::crash`], not a power cut. Dropped: stopped and gone.
pub struct Postgres {
    process: Process,
    /// Dropped after the process.
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    flushes: Flushes,
    databases: AtomicU64,
}

/// What the server shows, and the key to it, where it may read them.
const CERTIFICATE: &str = "server.pem";
const KEY: &str = "server.key";

/// Whether what is committed survives a power cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flushes {
    Always,
    Never,
}

impl Postgres {
    /// Makes a cluster (about two seconds) and waits until it takes connections.
    pub async fn start() -> Self {
        Self::start_as(Flushes::Never, &std::env::temp_dir(), None).await
    }

    /// The same, and it speaks TLS with whoever wants to.
    pub async fn start_with_tls(certificates: &Certificates) -> Self {
        Self::start_as(Flushes::Never, &std::env::temp_dir(), Some(certificates)).await
    }

    /// The same in a folder below `place`, flushing what is committed as a server in earnest does: for
    /// measurements.
    pub async fn start_durable(place: &Path) -> Self {
        Self::start_as(Flushes::Always, place, None).await
    }

    async fn start_as(flushes: Flushes, place: &Path, tls: Option<&Certificates>) -> Self {
        let programs = programs();
        let folder = make_cluster(&programs, place).await;
        if let Some(certificates) = tls {
            give(&certificates.certificate(), &folder.path().join(CERTIFICATE));
            give(&certificates.key(), &folder.path().join(KEY));
        }
        let mut last_words = String::new();
        for _ in 0..ATTEMPTS {
            let port = free_port();
            match launch(&programs, folder.path(), port, flushes).await {
                Ok(process) => {
                    let databases = AtomicU64::new(0);
                    return Self { process, folder, programs, port, flushes, databases };
                }
                Err(words) => last_words = words,
            }
        }
        panic!("{last_words}");
    }

    /// The cluster that the tests of this process share while at least one of them holds it.
    pub async fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let started = Arc::new(Self::start().await);
        *shared = Arc::downgrade(&started);
        started
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database; answers `postgres://postgres@127.0.0.1:PORT/NAME`.
    pub async fn fresh_database(&self) -> String {
        let name = format!("fresh_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql(USER, &format!("CREATE DATABASE {name}")).await;
        format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs SQL in a database and answers what it says: a row a line, columns separated by `|`.
    pub async fn sql(&self, database: &str, sql: &str) -> String {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]);
        command.args(["-p", &self.port.to_string(), "-U", USER, "-d", database, "-c", sql]);
        run("psql", command).await
    }

    /// Stops it at once: connections are cut, new ones refused, what was committed stays.
    pub async fn crash(&mut self) {
        self.process.signal(Signal::QUIT);
        self.process.ended().await;
    }

    /// Stops it as an administrator does: connections are ended and what is under way is given up, but
    /// everything is put in order ("fast").
    pub async fn stop(&mut self) {
        self.process.signal(Signal::INT);
        self.process.ended().await;
    }

    /// Stops it if need be and starts it again on the same port with what was committed.
    pub async fn restart(&mut self) {
        self.crash().await;
        let again = launch(&self.programs, self.folder.path(), self.port, self.flushes).await;
        self.process = again.unwrap_or_else(|words| panic!("{words}"));
    }
}

/// The newest installed server's programs; Debian keeps them off the PATH.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter(|version| version.path().join("bin/initdb").is_file())
        .max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or(0));
    let on_path = || Some(spawner::find("initdb")?.parent()?.to_owned());
    newest
        .map(|version| version.path().join("bin"))
        .or_else(on_path)
        .expect("PostgreSQL is installed (initdb in /usr/lib/postgresql/*/bin or on the PATH)")
}

/// PostgreSQL refuses to run as root, so root becomes its account.
fn other_user() -> Option<&'static str> {
    rustix::process::geteuid().is_root().then_some(USER)
}

async fn make_cluster(programs: &Path, place: &Path) -> TempDir {
    let place = place.canonicalize().expect("a folder");
    let folder = tempfile::Builder::new().prefix("postgres-").tempdir_in(place);
    let folder = folder.expect("a temporary folder");
    make_its_own(folder.path());
    let mut command = spawner::mortal(&programs.join("initdb"), "KILL", other_user());
    command.arg("-D").arg(folder.path().join("data")).args(["-U", USER, "--auth=trust"]);
    command.args(["--no-sync", "--encoding=UTF8", "--locale=C"]).current_dir("/");
    run("initdb", command).await;
    folder
}

/// A copy of a file that the server may read and nobody else.
fn give(file: &Path, to: &Path) {
    std::fs::copy(file, to).expect("room for a copy");
    std::fs::set_permissions(to, Permissions::from_mode(0o600)).expect("it is ours");
    make_its_own(to);
}

fn make_its_own(path: &Path) {
    if other_user().is_some() {
        let (uid, gid) = account().expect("the account `postgres` exists");
        std::os::unix::fs::chown(path, Some(uid), Some(gid)).expect("root may chown");
    }
}

/// User and group number of [`USER`].
fn account() -> Option<(u32, u32)> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = accounts.lines().find(|line| line.split(':').next() == Some(USER))?;
    let mut numbers = line.split(':').skip(2).map_while(|field| field.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

async fn launch(
    programs: &Path,
    folder: &Path,
    port: u16,
    flushes: Flushes,
) -> Result<Process, String> {
    let mut command = spawner::mortal(&programs.join("postgres"), "QUIT", other_user());
    command.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]).current_dir("/");
    let settings =
        ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"];
    let unsafe_settings = ["fsync=off", "full_page_writes=off"];
    // As an administrator would say for a machine that is not the smallest.
    let earnest_settings = ["shared_buffers=1GB", "max_wal_size=4GB"];
    let more = if flushes == Flushes::Always { earnest_settings } else { unsafe_settings };
    command.args(settings.iter().chain(&more).flat_map(|setting| ["-c", setting]));
    if folder.join(KEY).exists() {
        let place = |name: &str| folder.join(name).display().to_string();
        command.args(["-c", "ssl=on", "-c", &format!("ssl_cert_file={}", place(CERTIFICATE))]);
        command.args(["-c", &format!("ssl_key_file={}", place(KEY))]);
    }
    // An immediate stop takes its children and its shared memory along, as a kill would not.
    let process = Process::start("postgres", command, Signal::QUIT);
    let ready = "database system is ready to accept connections";
    process.line(Stream::Stderr, |line| line.contains(ready)).await?;
    Ok(process)
}

/// Runs a program to its end and answers what it printed.
async fn run(name: &'static str, mut command: Command) -> String {
    command.stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.expect("waiting does not panic");
    let output = output.unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}\n{errors}", output.status);
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
