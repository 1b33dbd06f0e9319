//! Real neighbours for one test: servers that vanish with it, and a network that fails on demand.
//!
//! [`Redis`] (also as a cluster and under a sentinel), [`Postgres`] and [`Server`] (our own binary) are child processes
//! on free ports with folders of their own; [`Certificates`] let them speak TLS; [`FaultProxy`] stands between two
//! parties and cuts, stalls and delays; [`Shell`] runs commands as they stand in a document. `process.rs` is what they
//! share: output that can be waited for, signals, and the promise that no child outlives its test, whether it ends,
//! panics or is killed (`spawner.rs`).
//!
//! Never here: anything of ours, and no sleeping: everything waits for a fact.
//! Whatever cannot be had (no `redis-server` installed, no ready line) is a panic that says why, with
//! the child's last words.

mod certificates;
mod port;
mod postgres;
mod process;
mod proxy;
mod redis;
mod server;
mod shell;
mod spawner;

pub use certificates::Certificates;
pub use port::free_port;
pub use postgres::Postgres;
pub use process::Signal;
pub use proxy::{FaultProxy, Tripped, Way};
pub use redis::{Redis, RedisCluster, RedisSentinel};
pub use server::{Server, ServerOptions};
pub use shell::Shell;
