//! How an opening, a connection or a request comes to nothing.

use protocol::{Bye, ErrorBody, ErrorCode};

/// Why a connection did not come about.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    /// The server answered with another status than 101.
    #[error("HTTP status {status}")]
    Http { status: u16 },
    /// The address of the target cannot be used.
    #[error("{0} is not an address")]
    Address(String),
    /// No TCP, or a handshake that is none.
    #[error("no connection: {0}")]
    Broken(String),
}

/// How a connection ended: all that was seen of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the connection ended: bye {bye:?}, close code {code:?}, {why}")]
pub struct Ended {
    /// The last frame before the close, if there was one.
    pub bye: Option<Bye>,
    /// The code of the close frame; none when TCP just ended.
    pub code: Option<u16>,
    /// In words.
    pub why: String,
}

/// Why a request has no `ok`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The server said no.
    #[error("refused: {} ({})", .0.code.as_str(), .0.message)]
    Refused(Box<ErrorBody>),
    /// The connection ended before the answer came; it may have been committed.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// No answer within the time of the contract, and some.
    #[error("no answer within {0:?}")]
    Late(std::time::Duration),
    /// An answer that is not what the contract says.
    #[error("an answer that cannot be read: {0}")]
    Malformed(String),
}

impl Failure {
    /// The code of a refusal.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Failure::Refused(error) => Some(error.code),
            Failure::Ended(_) | Failure::Late(_) | Failure::Malformed(_) => None,
        }
    }
}
