//! The whole system from outside: the real binary, real sockets, the contract to the letter.
//!
//! Start with `tests/story.rs`, the product on one page. `tests/refusals` has a test for every
//! sentence of the contract about what is refused and how; `races.rs`, `model`, `kill.rs`, `crowd.rs`
//! and `disk_full.rs` show the promises under stress; `rfc6455` sends frames no client would. Stories, races
//! and model take place on one node and on three ([`Place`]); in `cluster_*.rs` nodes, Redis, PostgreSQL and
//! the networks between them fail, a little in the check and long in `cargo xtask nemesis`. `readme.rs` runs the
//! commands that the README has for a cluster.
//! Here is what they share: [`Site`] (a tenant of its own for each test), what to expect ([`expect`]),
//! sockets without manners ([`socket`], [`http`]), people who write down what they live through
//! ([`life`]) and the [`checker`] of what they wrote; for the nemesis a [`cluster`], those who [`talk`],
//! write [`letters`] or just sit there ([`sitters`]) meanwhile, and [`figures`] beside what is required.
//!
//! Never here: a test that skips itself, or a sleep. Everything waits for a fact, with a deadline; only how
//! long a failure lasts is a time.

pub mod binary;
pub mod checker;
pub mod cluster;
pub mod expect;
pub mod figures;
pub mod http;
pub mod letters;
pub mod life;
pub mod site;
pub mod sitters;
pub mod socket;
pub mod talk;

pub use expect::{Expect, SOON, end_of, event, events, key, signal, within};
pub use site::{Desk, Place, Site, shared_server};

/// Each story twice: on one node with everything in its folder, and on three nodes that share a database.
#[macro_export]
macro_rules! on_one_node_and_on_three {
    ($($story:ident),* $(,)?) => {
        mod on_one_node {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::Place::OneNode).await;
            })*
        }
        mod on_three_nodes {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                super::$story($crate::Place::ThreeNodes).await;
            })*
        }
    };
}
