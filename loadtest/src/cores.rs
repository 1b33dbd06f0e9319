//! Which core runs what, and how many connections a process may have.

use anyhow::{Context as _, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// One core for the server, another for the generator.
pub struct Cores {
    server: CpuSet,
    generator: CpuSet,
}

impl Cores {
    /// The first core and the last one, if there are two that we may use.
    pub fn apart() -> Result<Option<Self>> {
        let ours = sched_getaffinity(None).context("which cores are ours")?;
        let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&core| ours.is_set(core)).collect();
        let (Some(&first), Some(&last)) = (cores.first(), cores.last()) else { return Ok(None) };
        let only = |core| {
            let mut set = CpuSet::new();
            set.set(core);
            set
        };
        Ok((first != last).then(|| Self { server: only(first), generator: only(last) }))
    }

    /// Processes started from now on run where the server does.
    pub fn for_servers(&self) -> Result<()> {
        sched_setaffinity(None, &self.server).context("pin the server")
    }

    /// This thread runs where the generator does.
    pub fn for_generator(&self) -> Result<()> {
        sched_setaffinity(None, &self.generator).context("pin the generator")
    }
}

/// Raises our limit of open files to what is allowed; children inherit it.
pub fn open_files() -> Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).context("raise the limit of open files")?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}
