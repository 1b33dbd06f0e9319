//! More quiet people than one process may have files open: other processes of this program hold them.
//!
//! A holder brings its people in, says so, hears that nothing happens, and goes when its standard input
//! ends. If a promise breaks it says the story and is gone before it is asked to go.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::arguments::Common;
use crate::cores::open_files;
use crate::crowd::{Crowd, LINES_PER_ADDRESS};
use crate::host::Host;
use crate::people::{Pairs, Plan};
use crate::quiet::Quiet;

/// The hidden subcommand.
const SUBCOMMAND: &str = "hold";
const READY: &str = "ready";

#[derive(Debug, Args)]
pub struct Options {
    /// Visitors
    #[arg(long)]
    connections: usize,
    /// The first of the addresses it connects from
    #[arg(long)]
    first_address: usize,
}

/// Another process that holds people; dropped, they are gone.
pub struct Holder {
    child: Child,
}

impl Holder {
    /// Brings `count` people in, in processes of at most `each`; the `before` processes are there already.
    pub fn bring(host: &Host, count: usize, each: usize, before: usize) -> Result<Vec<Self>> {
        let sizes = (0..count.div_ceil(each)).map(|nth| each.min(count - nth * each));
        sizes.enumerate().map(|(nth, size)| Self::start(host, size, each, before + nth)).collect()
    }

    fn start(host: &Host, count: usize, each: usize, nth: usize) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe().context("our own program")?);
        let first_address = nth * each.div_ceil(LINES_PER_ADDRESS);
        command.args([SUBCOMMAND, "--connections", &count.to_string()]);
        command.args(["--first-address", &first_address.to_string()]);
        command.args(["--site", &host.site, "--domain", host.domain()]);
        command.args(["--agent-token", host.agent_token(0)]);
        command.args([
            "--codec",
            if host.codec == protocol::Codec::Json { "json" } else { "msgpack" },
        ]);
        host.ws_urls.iter().for_each(|url| _ = command.args(["--url", url]));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("stdout is piped")?;
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(line.trim() == READY, "a process of ours could not bring {count} people in");
        Ok(Self { child })
    }

    /// Fails if it has gone: it has said why.
    pub fn is_there(&mut self) -> Result<()> {
        let gone = self.child.try_wait()?;
        ensure!(gone.is_none(), "a process of ours, and its people, are gone: {gone:?}");
        Ok(())
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Its standard input ends; it may have ended by itself.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The other process.
pub fn run(options: &Options, common: &Common) -> Result<()> {
    open_files()?;
    let host = Host::ready(common, 1)?;
    let mut crowd = Crowd::from_address(options.first_address)?;
    let plan =
        Plan { count: options.connections, agents: false, one_more: true, visitor_watches: true };
    let groups = vec![Pairs::gather(&mut crowd, &host, plan)?];
    let mut quiet = Quiet { groups, codec: host.codec };
    println!("{READY}");
    let goes = std::sync::Arc::new(AtomicBool::new(false));
    let noticed = goes.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        noticed.store(true, Ordering::Relaxed);
    });
    while !goes.load(Ordering::Relaxed) {
        crowd.listen(Instant::now() + Duration::from_millis(200), &mut quiet)?;
    }
    Ok(())
}
