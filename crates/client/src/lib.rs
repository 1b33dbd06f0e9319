//! A client of the wire contract, for tests and load: small enough for thousands in one process.
//!
//! Start with [`Connection`]: one socket, no task of its own. It asks, matches answers by id and keeps
//! events and signals in the order they came. [`Visitor`] and [`Agent`] are connections that have said
//! `hello`. [`Session`] outlives connections: it comes back, resumes from the last number it saw and
//! sends again under the same key, and writes down every promise the server breaks on the way.
//! `raw.rs` builds frames byte by byte, for those who want them wrong.
//!
//! Never here: anything of the server's. What the contract allows to be lost is not waited for, and
//! what it forbids is an error with words, never a panic.

mod arrival;
mod connection;
mod failure;
mod operations;
mod people;
pub mod raw;
mod session;
mod target;

pub use arrival::Arrival;
pub use connection::Connection;
pub use failure::{Ended, Failure, OpenError};
pub use people::{Agent, Visitor};
pub use session::{Log, Session, Vanish};
pub use target::Target;
