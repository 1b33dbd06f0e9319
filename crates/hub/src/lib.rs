//! Conversations in motion: finds or starts the actor of one, and tells everybody what it commits.
//!
//! Start with [`Hub::ask`], then follow one command: `registry.rs` maps the id to a live actor,
//! `actor.rs` judges, appends to the journal and only then moves and tells, `listeners.rs` is who is
//! told. `inbox.rs` is the list that agents work from, `presence.rs` who is there. `others.rs` takes what
//! other nodes tell; `heads.rs` and `rows.rs` find what they could not.
//!
//! Never here: sockets, wire frames, HTTP, SQL, Redis, the wall clock. They arrive as traits
//! ([`Ear`], [`Clock`], `Store`, `Fanout`) and arguments.
//! If a node dies, nothing is lost: a conversation is rebuilt from the store on next use.

mod actor;
mod answer;
mod ask;
mod bulk;
mod clock;
mod heads;
mod hub;
mod inbox;
mod listeners;
mod metrics;
mod others;
mod presence;
mod registry;
mod rows;
mod start;
mod told;

pub use answer::{Answer, BulkResult, Page, Refusal, Snapshot, Started};
pub use ask::{Ask, Asker, Ear, News, Reply, SessionId, Ticket};
pub use clock::{Clock, SystemClock};
pub use hub::{Hub, Settings};
pub use metrics::HubMetrics;
pub use told::{Encodings, Row, Told};
