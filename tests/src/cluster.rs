//! Several nodes of ours on one PostgreSQL, joined through a redis-server: all of them processes that can be
//! killed, and networks between them that can fail.
//!
//! A cluster has the machine for itself: a test that asks for one waits until the others of its program
//! have let go of theirs, so that what one breaks disturbs nobody else's figures.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::Value;
use throwaway::{FaultProxy, Postgres, Redis, Server, Signal};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::sleep;

use crate::site::{self, Desk};
use crate::{Site, http, within};

/// What a node may take to be ready, and to find the others.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// Between two looks at a node that is not there yet: it has no other way to be asked.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// What a cluster is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub nodes: usize,
    pub redis: bool,
    /// Each node has a network of its own to Redis that can fail.
    pub faulty_to_redis: bool,
    /// Each node has a network of its own to PostgreSQL that can fail.
    pub faulty_to_postgres: bool,
}

/// Nodes and what they share. Dropped: all are gone.
pub struct Cluster {
    pub nodes: Vec<Node>,
    pub postgres: Postgres,
    redis: Option<Redis>,
    parts: Parts,
    database: String,
    _alone: MutexGuard<'static, ()>,
}

/// One of ours.
pub struct Node {
    pub server: Server,
    /// On its way to Redis, if that may fail.
    pub to_redis: Option<FaultProxy>,
    /// On its way to PostgreSQL, if that may fail.
    pub to_postgres: Option<FaultProxy>,
}

impl Parts {
    /// Nodes on networks that do not fail, with Redis.
    pub fn of(nodes: usize) -> Self {
        Self { nodes, redis: true, faulty_to_redis: false, faulty_to_postgres: false }
    }
}

impl Cluster {
    /// So many nodes, ready, who hear each other.
    pub async fn of(nodes: usize) -> Self {
        Self::start(Parts::of(nodes)).await
    }

    /// The same with other parts.
    pub async fn start(parts: Parts) -> Self {
        let alone = ONE_AT_A_TIME.lock().await;
        let postgres = Postgres::start().await;
        let database = postgres.fresh_database().await;
        let redis = if parts.redis { Some(Redis::start().await) } else { None };
        let nodes = Vec::new();
        let mut cluster = Self { nodes, postgres, redis, parts, database, _alone: alone };
        for _ in 0..parts.nodes {
            cluster.add().await;
        }
        cluster.until_all_hear().await;
        cluster
    }

    /// Three nodes for tests that break nothing, while at least one of them uses them.
    pub async fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let started = Arc::new(Self::of(3).await);
        *shared = Arc::downgrade(&started);
        started
    }

    /// One more node; its number.
    pub async fn add(&mut self) -> usize {
        let number = self.nodes.len();
        let to_postgres = proxy(self.parts.faulty_to_postgres, self.postgres.port()).await;
        let redis_port = self.redis.as_ref().map_or(0, Redis::port);
        let to_redis = proxy(self.parts.faulty_to_redis, redis_port).await;
        let mut options = site::options().arg("--node").arg(format!("n{number}"));
        options = options.arg("--database-url").arg(self.database_by(to_postgres.as_ref()));
        if self.redis.is_some() {
            let port = to_redis.as_ref().map_or(redis_port, |proxy| proxy.address().port());
            options = options.arg("--redis-url").arg(format!("redis://127.0.0.1:{port}"));
        }
        let server = Server::start(options).await;
        self.nodes.push(Node { server, to_redis, to_postgres });
        self.nodes[number].until_ready().await;
        number
    }

    fn database_by(&self, proxy: Option<&FaultProxy>) -> String {
        let Some(proxy) = proxy else { return self.database.clone() };
        let port = |port| format!(":{port}/");
        self.database.replace(&port(self.postgres.port()), &port(proxy.address().port()))
    }

    /// A new site on all nodes.
    pub async fn site(&self) -> Site {
        let nodes: Vec<&Server> = self.nodes.iter().map(|node| &node.server).collect();
        Site::on(Desk::of_database(&self.database), &nodes).await
    }

    /// The redis-server.
    ///
    /// # Panics
    /// If the cluster is made without one.
    pub fn redis(&mut self) -> &mut Redis {
        self.redis.as_mut().expect("a cluster with Redis")
    }

    /// Kills a node: nothing is flushed, nobody is told.
    pub async fn kill(&mut self, number: usize) {
        self.nodes[number].server.kill9().await;
    }

    /// Starts a node again that is gone, on the same address, and waits until it is ready.
    pub async fn start_again(&mut self, number: usize) {
        self.nodes[number].server.restart().await;
        self.nodes[number].until_ready().await;
    }

    /// Waits until every node is ready and, where there is Redis, hears the others at once.
    pub async fn until_all_hear(&self) {
        let others = if self.parts.redis { "heard at once" } else { "no Redis: heard within 5 s" };
        for node in &self.nodes {
            node.until(|parts| parts["other_nodes"] == others, others).await;
        }
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} nodes on {}", self.nodes.len(), self.database)
    }
}

impl Node {
    /// Waits until it is ready.
    pub async fn until_ready(&self) {
        self.until(|_| true, "it to be ready").await;
    }

    /// Waits until it is not ready because PostgreSQL does not answer, and says so.
    pub async fn until_without_store(&self) {
        let look = async {
            loop {
                let (status, parts) = self.readiness().await;
                if status == 503 && parts["store"] == "unreachable" {
                    return;
                }
                sleep(LOOK_AGAIN).await;
            }
        };
        within(READY_WITHIN, "it to notice that PostgreSQL is gone", look).await;
    }

    /// Waits until it is ready and says so of its parts.
    pub async fn until(&self, fact: impl Fn(&Value) -> bool, what: &str) {
        let look = async {
            loop {
                let (status, parts) = self.readiness().await;
                if status == 200 && fact(&parts) {
                    return;
                }
                sleep(LOOK_AGAIN).await;
            }
        };
        within(READY_WITHIN, what, look).await;
    }

    /// What `/readyz` answers: its status and its parts; 0 from a node that is gone.
    pub async fn readiness(&self) -> (u16, Value) {
        let Some(response) = http::try_get(self.server.address(), "/readyz").await else {
            return (0, Value::Null);
        };
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        (response.status, body["parts"].clone())
    }

    /// A number that it shows in `/metrics`, over all labels.
    pub async fn metric(&self, name: &str) -> f64 {
        let response = http::get(self.server.address(), "/metrics").await;
        let text = String::from_utf8_lossy(&response.body);
        let is_it =
            |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']));
        let values = text.lines().filter(is_it).filter_map(|line| line.rsplit(' ').next());
        let values: Vec<f64> = values.filter_map(|value| value.parse().ok()).collect();
        assert!(!values.is_empty(), "no {name} in:\n{text}");
        values.iter().sum()
    }

    /// Stops it in its tracks: connections stay, nothing is answered.
    pub fn pause(&self) {
        self.server.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.server.signal(Signal::CONT);
    }
}

async fn proxy(wanted: bool, port: u16) -> Option<FaultProxy> {
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if wanted { Some(FaultProxy::before(server).await) } else { None }
}
