//! Sockets: lets people in, finds out who they are, and translates between the wire and the domain.
//!
//! Start with [`serve`], then follow one visitor: `accept.rs` takes the connection, `upgrade.rs` judges
//! its handshake (`origin.rs`), `connection.rs` is its one task from then on. A frame goes through
//! `reading.rs`, `access.rs` (who may use which operation) and `asking.rs` to the hub; what the hub says
//! waits in `outbox.rs`, is encoded once for all by `encoding.rs` and written by `writing.rs`.
//! `translate.rs` is the only place that knows both the wire and the domain. `hello.rs` says who is
//! there, `sign_in.rs` is HTTP beside the sockets.
//!
//! Never here: SQL, Redis, rules about conversations, waiting for another connection.
//! If a client is slow, dead or hostile, its own connection ends; resuming by number makes that safe.

mod accept;
mod access;
mod arrival;
mod asked;
mod asking;
mod connection;
mod credential;
mod cursor;
mod encoding;
mod farewell;
mod gateway;
mod hello;
mod metrics;
mod origin;
mod outbox;
mod page;
mod password;
mod reading;
mod refusal;
mod session;
mod settings;
mod sign_in;
mod sites;
mod socket;
mod spare;
mod throttle;
mod ticker;
mod translate;
mod upgrade;
mod writing;

pub use accept::serve;
pub use credential::{AgentToken, BadToken, Credentials, VisitorToken};
pub use encoding::frame_of;
pub use gateway::{Gateway, routes};
pub use metrics::{CommandLabel, GatewayMetrics, ReasonLabel, RoleLabel};
pub use settings::Settings;
