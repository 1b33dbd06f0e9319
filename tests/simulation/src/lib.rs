//! Whole nodes in virtual time, where one seed decides everything: what clients wish, how hints travel,
//! when nodes crash, what the store does not answer. Every promise is judged on the whole history.
//!
//! Start with [`run()`]. `world.rs` is the cluster, `node.rs` one process with its borders (`link.rs` to
//! the store, `radio.rs` to other nodes, `connection.rs` to clients, `clock.rs`), `device.rs` a client,
//! `nemesis.rs` what goes wrong. All of it writes `history.rs`; `evidence.rs` sorts that, and
//! `promises/` has one small file for each promise.
//!
//! Never here: wall-clock time, threads, randomness without the seed, sockets. Gateways are left out: a
//! connection here stands where sockets and gateway stand, and they are tested with real ones.

mod clock;
mod connection;
mod device;
mod dice;
mod evidence;
pub mod history;
mod life;
mod link;
mod many;
mod nemesis;
mod node;
mod people;
mod promises;
mod radio;
mod run;
mod story;
mod tally;
mod wish;
mod world;

pub use evidence::Evidence;
pub use history::History;

pub use many::{Summary, many};
pub use promises::{Broken, Fault, PROMISES, broken};
pub use run::{Outcome, live, run};
pub use story::{report, stories};
pub use tally::Tally;
