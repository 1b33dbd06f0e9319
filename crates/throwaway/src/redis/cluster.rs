//! Several servers that share the slots.

use super::{Redis, tls_options};
use crate::process::Stream;
use crate::{Certificates, free_port};

const SLOTS: usize = 16_384;

/// A cluster of masters without replicas. Dropped: gone.
pub struct RedisCluster {
    servers: Vec<Redis>,
}

impl RedisCluster {
    /// Starts `count` servers, and waits until each knows that every slot has its server.
    pub async fn start(count: usize) -> Self {
        Self::start_with(count, Vec::new).await
    }

    /// The same; each also speaks TLS, also with the others.
    pub async fn start_with_tls(count: usize, certificates: &Certificates) -> Self {
        let cluster = ["--tls-cluster", "yes"].map(str::to_owned);
        Self::start_with(count, || [&tls_options(certificates)[..], &cluster].concat()).await
    }

    async fn start_with(count: usize, more: impl Fn() -> Vec<String>) -> Self {
        let mut servers = Vec::new();
        for _ in 0..count {
            servers.push(Redis::start_with(|| [more(), options()].concat()).await);
        }
        for (n, server) in servers.iter().enumerate() {
            let (first, last) = (n * SLOTS / count, (n + 1) * SLOTS / count - 1);
            let slots = format!("CLUSTER ADDSLOTSRANGE {first} {last}");
            assert_eq!(server.command(&slots).await, "+OK");
            // The port that servers talk on is the last of the options.
            let between = servers[0].options.last().expect("a port");
            let port = servers[0].tls_port().unwrap_or(servers[0].port);
            let meet = format!("CLUSTER MEET 127.0.0.1 {port} {between}");
            assert_eq!(server.command(&meet).await, "+OK");
        }
        for server in &servers {
            let is_ok = |line: &str| line.contains("Cluster state changed: ok");
            let told = server.process.line(Stream::Stdout, is_ok).await;
            told.unwrap_or_else(|words| panic!("{words}"));
        }
        Self { servers }
    }

    /// `redis+cluster://127.0.0.1:PORT,…`.
    pub fn url(&self) -> String {
        let servers: Vec<String> =
            self.servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        format!("redis+cluster://{}", servers.join(","))
    }

    /// `rediss+cluster://127.0.0.1:PORT,…`, if it speaks TLS.
    pub fn tls_url(&self) -> String {
        let ports = self.servers.iter().filter_map(Redis::tls_port);
        let servers: Vec<String> = ports.map(|port| format!("127.0.0.1:{port}")).collect();
        format!("rediss+cluster://{}", servers.join(","))
    }

    /// The servers, in the order of their slots.
    pub fn servers(&mut self) -> &mut [Redis] {
        &mut self.servers
    }

    /// Gives the slot of a key or channel to the next server.
    pub async fn move_slot_of(&self, key: &str) {
        let slot = self.servers[0].command(&format!("CLUSTER KEYSLOT {key}")).await;
        let slot: usize = slot.trim_start_matches(':').parse().expect("a slot");
        let owner = self.owner_of(slot).await;
        let next = (owner + 1) % self.servers.len();
        let mut ids = Vec::new();
        for server in &self.servers {
            ids.push(server.text("CLUSTER MYID").await);
        }
        let set = |what: String| format!("CLUSTER SETSLOT {slot} {what}");
        let importing = set(format!("IMPORTING {}", ids[owner]));
        assert_eq!(self.servers[next].command(&importing).await, "+OK");
        let migrating = set(format!("MIGRATING {}", ids[next]));
        assert_eq!(self.servers[owner].command(&migrating).await, "+OK");
        // The new owner first: it tells the others.
        for n in [next, owner] {
            let node = set(format!("NODE {}", ids[next]));
            assert_eq!(self.servers[n].command(&node).await, "+OK");
        }
    }

    async fn owner_of(&self, slot: usize) -> usize {
        for (n, server) in self.servers.iter().enumerate() {
            let mine = server.text("CLUSTER NODES").await;
            let mine =
                mine.lines().find(|line| line.contains("myself")).expect("itself").to_owned();
            let has = |range: &str| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                let numbers = first.parse().ok().zip(last.parse().ok());
                numbers.is_some_and(|(first, last): (usize, usize)| (first..=last).contains(&slot))
            };
            if mine.split_whitespace().skip(8).any(has) {
                return n;
            }
        }
        panic!("nobody has slot {slot}");
    }
}

fn options() -> Vec<String> {
    let between = free_port().to_string();
    let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port"];
    options.iter().map(|option| (*option).to_owned()).chain([between]).collect()
}
