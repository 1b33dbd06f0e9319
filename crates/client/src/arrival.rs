//! What comes without being asked for.

use protocol::{Bye, ErrorBody, EventFrame, SignalFrame};
use serde_json::Value;

/// One frame that is not the answer to a request, in the order of arrival.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    Event(Box<EventFrame>),
    Signal(Box<SignalFrame>),
    /// A refusal of a frame without a usable id.
    BadFrame(Box<ErrorBody>),
    Bye(Bye),
    /// A kind of frame newer than this program.
    Unknown(Value),
}

impl Arrival {
    /// The event, if it is one.
    pub fn event(self) -> Option<EventFrame> {
        match self {
            Arrival::Event(event) => Some(*event),
            _ => None,
        }
    }

    /// The signal, if it is one.
    pub fn signal(self) -> Option<SignalFrame> {
        match self {
            Arrival::Signal(signal) => Some(*signal),
            _ => None,
        }
    }
}
