//! Several nodes of ours on a PostgreSQL that flushes what it commits, joined through a redis-server: all
//! of them for one run.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use throwaway::{Postgres, Redis, Server, ServerOptions};
use tokio::runtime::Runtime;

use crate::arguments::Common;
use crate::meter::{Neighbours, Nodes};

const READY_WITHIN: Duration = Duration::from_secs(20);
/// Between two looks at a node that is not there yet: it has no other way to be asked.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// All of it. Dropped: gone.
pub struct Cluster {
    pub nodes: Vec<Server>,
    postgres: Postgres,
    redis: Redis,
}

impl Cluster {
    /// Starts so many nodes, and waits until each hears the others.
    pub fn start(bin: &Path, count: usize, common: &Common, runtime: &Runtime) -> Result<Self> {
        ensure!(count >= 1, "no node: nobody would be there");
        let (postgres, database, redis) = runtime.block_on(async {
            let postgres = Postgres::start_durable(&std::env::temp_dir()).await;
            let database = postgres.fresh_database().await;
            (postgres, database, Redis::start().await)
        });
        let mut cluster = Self { nodes: Vec::new(), postgres, redis };
        for nth in 1..=count {
            let options =
                ServerOptions { args: common.server_arg.clone(), ..ServerOptions::of(bin) };
            let options = options.env("FRONTDESK_DATABASE_URL", &database);
            let options = options.env("FRONTDESK_REDIS_URL", cluster.redis.url());
            let options = options.env("FRONTDESK_NODE", format!("n{nth}"));
            let started = runtime.block_on(Server::try_start(options));
            cluster.nodes.push(started.map_err(|words| anyhow!("node {nth}: {words}"))?);
        }
        cluster.nodes.iter().try_for_each(until_it_hears)?;
        Ok(cluster)
    }

    /// Its processes.
    pub fn processes(&self) -> Nodes {
        Nodes {
            ours: self.nodes.iter().map(|node| node.pid).collect(),
            neighbours: Some(Neighbours { postgres: self.postgres.pid(), redis: self.redis.pid() }),
        }
    }
}

fn until_it_hears(node: &Server) -> Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        let answer = readiness(node.address())?;
        if answer.contains("heard at once") {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "a node does not hear the others: {answer}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

fn readiness(address: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(READY_WITHIN))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
