//! What the operating system says: processor time, memory, and how quiet the machine was.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Processor time of one process so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu {
    pub user: Duration,
    pub system: Duration,
}

impl Cpu {
    /// Of a process.
    pub fn of(pid: u32) -> Result<Self> {
        Self::in_fields(pid, 11)
    }

    /// Of a process with its children: those that are there, and those that it has seen end.
    fn of_family(pid: u32) -> Result<Self> {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let mut all = Self::in_fields(pid, 11)?.and(Self::in_fields(pid, 13)?);
        for child in children.unwrap_or_default().split_whitespace() {
            // It may end at this very moment; then its time is in its parent's account.
            all =
                all.and(child.parse().ok().and_then(|pid| Self::of(pid).ok()).unwrap_or_default());
        }
        Ok(all)
    }

    /// From `/proc/PID/stat`: the field with the user time, counted behind the name, and the next.
    fn in_fields(pid: u32, first: usize) -> Result<Self> {
        let stat = read(format!("/proc/{pid}/stat"))?;
        // The name may hold spaces; fields are counted after its closing bracket.
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |nth: usize| fields.get(nth).and_then(|text| text.parse().ok()).map(ticks);
        let both = ticks(first).zip(ticks(first + 1));
        let (user, system) = both.with_context(|| format!("/proc/{pid}/stat has no times"))?;
        Ok(Self { user, system })
    }

    pub fn total(self) -> Duration {
        self.user + self.system
    }

    fn and(self, other: Self) -> Self {
        Self { user: self.user + other.user, system: self.system + other.system }
    }

    pub fn since(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
        }
    }
}

/// The processes of the server under test; none if it is elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    /// One for each node.
    pub ours: Vec<u32>,
    /// If they are started for the run.
    pub neighbours: Option<Neighbours>,
}

/// What several nodes share.
#[derive(Clone, Copy, Debug)]
pub struct Neighbours {
    /// With a child for each connection.
    pub postgres: u32,
    pub redis: u32,
}

impl Nodes {
    /// Without neighbours.
    pub fn of(ours: Vec<u32>) -> Self {
        Self { ours, neighbours: None }
    }

    /// Processor time of our own so far; none if they are elsewhere.
    fn cpu(&self) -> Result<Cpu> {
        self.ours.iter().try_fold(Cpu::default(), |all, pid| Ok(all.and(Cpu::of(*pid)?)))
    }

    /// The same of the neighbours.
    fn neighbours_cpu(&self) -> Result<Cpu> {
        let Some(Neighbours { postgres, redis }) = self.neighbours else {
            return Ok(Cpu::default());
        };
        Ok(Cpu::of_family(postgres)?.and(Cpu::of_family(redis)?))
    }

    /// Memory of Redis, in bytes.
    pub fn redis_memory(&self) -> Result<Option<u64>> {
        self.neighbours.map(|all| Ok(Memory::of(all.redis)?.rss)).transpose()
    }

    fn threads(&self) -> Result<Threads> {
        let mut all = Threads::new();
        for &pid in &self.ours {
            for (name, spent) in threads(pid)? {
                *all.entry(name).or_default() += spent;
            }
        }
        Ok(all)
    }

    /// Memory of all of them, if they are on this machine.
    pub fn memory(&self) -> Result<Option<Memory>> {
        let mut all = Memory::default();
        for &pid in &self.ours {
            let Memory { rss, anonymous, pss } = Memory::of(pid)?;
            all = Memory {
                rss: all.rss + rss,
                anonymous: all.anonymous + anonymous,
                pss: all.pss + pss,
            };
        }
        Ok((!self.ours.is_empty()).then_some(all))
    }
}

/// Processor time of a process so far, by the names of its threads.
pub type Threads = BTreeMap<String, Duration>;

/// Of the threads that are there now; those that have ended are in nobody's account.
fn threads(pid: u32) -> Result<Threads> {
    let mut times = Threads::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task")).context("threads")? {
        let folder = thread?.path();
        // It may end at this very moment.
        let Ok(name) = fs::read_to_string(folder.join("comm")) else { continue };
        let schedule = fs::read_to_string(folder.join("schedstat")).unwrap_or_default();
        let spent = schedule.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        *times.entry(name.trim().to_owned()).or_default() += Duration::from_nanos(spent);
    }
    Ok(times)
}

/// Memory of one process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    pub rss: u64,
    /// Of it what is no file.
    pub anonymous: u64,
    /// Its share of what it shares with others.
    pub pss: u64,
}

impl Memory {
    /// Of a process, from `/proc/PID/status` and `smaps_rollup`.
    pub fn of(pid: u32) -> Result<Self> {
        let status = read(format!("/proc/{pid}/status"))?;
        let rollup = read(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let rss = field(&status, "VmRSS:").context("VmRSS")?;
        let anonymous = field(&status, "RssAnon:").context("RssAnon")?;
        Ok(Self { rss, anonymous, pss: field(&rollup, "Pss:").unwrap_or(rss) })
    }
}

/// Bytes that the kernel holds in its slabs, sockets of all processes among them.
pub fn slab() -> Result<u64> {
    field(&read("/proc/meminfo")?, "Slab:").context("Slab")
}

/// The load average of the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|one| one.parse().ok()).unwrap_or(f64::NAN)
}

/// Processor time of the whole machine.
#[derive(Clone, Copy, Debug, Default)]
struct Machine {
    busy: Duration,
    steal: Duration,
    all: Duration,
}

impl Machine {
    fn now() -> Result<Self> {
        let stat = read("/proc/stat")?;
        let line = stat.lines().next().unwrap_or_default();
        let times: Vec<Duration> = line
            .split_whitespace()
            .skip(1)
            .take(8)
            .filter_map(|text| text.parse().ok())
            .map(ticks)
            .collect();
        let [user, nice, system, idle, wait, irq, soft, steal] = times[..] else {
            anyhow::bail!("/proc/stat has no times");
        };
        let busy = user + nice + system + irq + soft;
        Ok(Self { busy, steal, all: busy + idle + wait + steal })
    }
}

/// Measures from its start to its end.
pub struct Gauge {
    nodes: Nodes,
    began: Instant,
    server: Cpu,
    threads: Threads,
    neighbours: Cpu,
    generator: Cpu,
    machine: Machine,
}

/// What a gauge has measured.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub took: Duration,
    /// Zero if the server is not on this machine.
    pub server: Cpu,
    /// The same by the names of its threads.
    pub threads: Threads,
    /// Of PostgreSQL and Redis, where they are started for the run.
    pub neighbours: Cpu,
    pub generator: Cpu,
    /// Per cent of the machine that none of these used.
    pub others: f64,
    pub steal: f64,
    pub load: f64,
}

impl Gauge {
    /// Begins to measure a server, if it is here, and the generator.
    pub fn start(nodes: &Nodes) -> Result<Self> {
        Ok(Self {
            nodes: nodes.clone(),
            began: Instant::now(),
            server: nodes.cpu()?,
            threads: nodes.threads()?,
            neighbours: nodes.neighbours_cpu()?,
            generator: Cpu::of(std::process::id())?,
            machine: Machine::now()?,
        })
    }

    /// What it has been since then.
    pub fn read(&self) -> Result<Reading> {
        let server = self.nodes.cpu()?.since(self.server);
        let mut threads = self.nodes.threads()?;
        for (name, spent) in &mut threads {
            *spent = spent.saturating_sub(self.threads.get(name).copied().unwrap_or_default());
        }
        let neighbours = self.nodes.neighbours_cpu()?.since(self.neighbours);
        let generator = Cpu::of(std::process::id())?.since(self.generator);
        let machine = Machine::now()?;
        let share = |part: Duration| {
            100.0 * part.as_secs_f64() / (machine.all - self.machine.all).as_secs_f64().max(1e-9)
        };
        let ours = server.total() + neighbours.total() + generator.total();
        Ok(Reading {
            took: self.began.elapsed(),
            server,
            threads,
            neighbours,
            generator,
            others: share((machine.busy - self.machine.busy).saturating_sub(ours)),
            steal: share(machine.steal.saturating_sub(self.machine.steal)),
            load: load(),
        })
    }
}

impl Reading {
    /// The server's processor time for each of `count`, in µs.
    pub fn server_us_each(&self, count: u64) -> f64 {
        self.server.total().as_secs_f64() * 1e6 / count.max(1) as f64
    }
}

/// The median time of one `fdatasync` after a small append on the disk of `folder`.
pub fn flush_time(folder: &std::path::Path) -> Result<Duration> {
    use std::io::Write as _;
    let mut file = tempfile::tempfile_in(folder).context("a file to flush")?;
    let mut times = Vec::with_capacity(200);
    for _ in 0..200 {
        file.write_all(&[7; 4096])?;
        let began = Instant::now();
        file.sync_data()?;
        times.push(began.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}

fn ticks(count: u64) -> Duration {
    Duration::from_secs_f64(count as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// `Name:   123 kB` in bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kb| kb * 1024)
}

fn read(path: impl Into<PathBuf>) -> Result<String> {
    let path = path.into();
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_process_has_used_time_and_memory() {
        let gauge = Gauge::start(&Nodes::of(vec![std::process::id()])).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut reading = gauge.read().unwrap();
        while reading.server.total() < Duration::from_millis(30) {
            assert!(Instant::now() < deadline, "nothing was used: {reading:?}");
            reading = gauge.read().unwrap();
        }
        let of_threads: Duration = reading.threads.values().sum();
        assert!(of_threads > Duration::ZERO, "{reading:?}");
        let memory = Memory::of(std::process::id()).unwrap();
        assert!(memory.rss > 100_000 && memory.anonymous <= memory.rss, "{memory:?}");
        assert!(slab().unwrap() > 0);
    }

    #[test]
    fn what_a_child_used_is_in_the_account_of_its_family() {
        let us = std::process::id();
        let before = Cpu::of_family(us).unwrap().since(Cpu::of(us).unwrap());
        let busy = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        assert!(std::process::Command::new("sh").args(["-c", busy]).status().unwrap().success());
        let after = Cpu::of_family(us).unwrap().since(Cpu::of(us).unwrap());
        assert!(after.since(before).total() >= Duration::from_millis(30), "{before:?}, {after:?}");
    }
}
