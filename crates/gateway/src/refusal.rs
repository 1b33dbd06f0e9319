//! Refusals on the wire. Exhaustive on purpose: a new refusal does not compile until it has a code.

use conversation::{Rejection, Subject};
use hub::Refusal;
use protocol::{ConversationId, Detail, ErrorBody, ErrorCode, EventFrame};

use crate::page::{self, Keep, PAGE_WIRE_BYTES_MAX};
use crate::translate;

/// A refusal as `subject` gets to read it. `conversation` is what the question was about.
pub(crate) fn body(
    refusal: &Refusal,
    conversation: ConversationId,
    subject: &Subject,
) -> ErrorBody {
    match refusal {
        Refusal::NotFound => ErrorBody::new(ErrorCode::NotFound, "There is no such conversation."),
        Refusal::Rejected(rejection) => rejected(rejection, subject),
        Refusal::Conflict { head, events } => {
            let mut budget = PAGE_WIRE_BYTES_MAX;
            let (events, _) = page::events(conversation, events, subject, Keep::First, &mut budget);
            conflict(head.0, events)
        }
        Refusal::AlreadyOpen(open) => {
            let detail = Detail { conversation: Some(*open), ..Detail::default() };
            ErrorBody::new(ErrorCode::ConversationOpen, "A conversation is open already.")
                .with_detail(detail)
        }
        Refusal::RateLimited { retry_after_ms } => rate_limited(*retry_after_ms),
        Refusal::Unavailable { retry_after_ms } => unavailable(*retry_after_ms),
        Refusal::TooSlow => too_slow(),
    }
}

fn rejected(rejection: &Rejection, subject: &Subject) -> ErrorBody {
    let named = |owner: &conversation::Agent| translate::agent(owner, subject.audience());
    match rejection {
        Rejection::Forbidden => forbidden(),
        Rejection::Closed => {
            ErrorBody::new(ErrorCode::ConversationClosed, "This conversation has been closed.")
        }
        Rejection::NotOwner { owner } => {
            let message = match owner {
                Some(owner) => format!("{} owns this conversation.", owner.name),
                None => "Claim this conversation first.".to_owned(),
            };
            let detail = Detail { owner: Some(owner.as_ref().map(named)), ..Detail::default() };
            ErrorBody::new(ErrorCode::NotOwner, message).with_detail(detail)
        }
        Rejection::AlreadyClaimed { owner } => {
            let message = format!("{} has claimed this conversation.", owner.name);
            let detail = Detail { owner: Some(Some(named(owner))), ..Detail::default() };
            ErrorBody::new(ErrorCode::AlreadyClaimed, message).with_detail(detail)
        }
        Rejection::Conflict { head } => conflict(head.0, Vec::new()),
    }
}

fn conflict(head: u64, events: Vec<EventFrame>) -> ErrorBody {
    let detail = Detail { head: Some(head), events: Some(events), ..Detail::default() };
    ErrorBody::new(ErrorCode::Conflict, "Something came in between.").with_detail(detail)
}

pub(crate) fn forbidden() -> ErrorBody {
    ErrorBody::new(ErrorCode::Forbidden, "This operation is not yours.")
}

pub(crate) fn bad_request(message: impl Into<std::sync::Arc<str>>) -> ErrorBody {
    ErrorBody::new(ErrorCode::BadRequest, message)
}

pub(crate) fn unauthorized() -> ErrorBody {
    ErrorBody::new(ErrorCode::Unauthorized, "Say hello with a good token first.")
}

pub(crate) fn rate_limited(retry_after_ms: u64) -> ErrorBody {
    ErrorBody::new(ErrorCode::RateLimited, "Too fast.").retry_after_ms(retry_after_ms.max(1))
}

/// Whoever asks for the same again will wait as long.
pub(crate) fn too_slow() -> ErrorBody {
    let message = "The search took too long. Longer words are found faster.";
    ErrorBody::new(ErrorCode::Unavailable, message).retry_after_ms(5000)
}

pub(crate) fn unavailable(retry_after_ms: u64) -> ErrorBody {
    ErrorBody::new(ErrorCode::Unavailable, "The server cannot say right now.")
        .retry_after_ms(retry_after_ms.max(1))
}
