//! The pure rules of one conversation.
//!
//! Start with [`Conversation::decide`], which judges a command and changes nothing, and
//! [`Conversation::apply`], which moves past one committed event and cannot fail. Between the two the
//! journal commits; only what it accepted may move the state. `view.rs` is what each audience may see.
//!
//! Never here: a runtime, a clock, randomness, I/O. Times, ids and names arrive as arguments.

mod audience;
mod command;
mod conversation;
mod event;
mod people;
mod rejection;
mod remember;
mod view;

pub use audience::{Audience, Seq, VisitorSeq};
pub use command::{Command, Verdict};
pub use conversation::{Closing, Conversation, Ownership, Snippet};
pub use event::{CLOSED_TEXT, CloseReason, Committed, Event};
pub use people::{Agent, Author, Subject, Visitor};
pub use rejection::Rejection;
pub use remember::{Deed, KeyScope, Remembered};
pub use view::View;
