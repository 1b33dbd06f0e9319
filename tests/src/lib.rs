//! The whole system from outside: the real binary, real sockets, the contract to the letter.
//!
//! Start with `tests/story.rs`, the product on one page. `tests/refusals` has a test for every
//! sentence of the contract about what is refused and how; `races.rs`, `model`, `kill.rs`, `crowd.rs`
//! and `disk_full.rs` show the promises under stress; `rfc6455` sends frames no client would.
//! Here is what they share: [`Site`] (a tenant of its own for each test), what to expect ([`expect`]),
//! sockets without manners ([`socket`], [`http`]), people who write down what they live through
//! ([`life`]) and the [`checker`] of what they wrote.
//!
//! Never here: a test that skips itself, or a sleep. Everything waits for a fact, with a deadline.

pub mod binary;
pub mod checker;
pub mod expect;
pub mod http;
pub mod life;
pub mod site;
pub mod socket;

pub use expect::{Expect, SOON, end_of, event, events, key, signal, within};
pub use site::{Desk, Site, shared_server};
