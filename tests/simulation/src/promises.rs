//! What is promised, one file for each promise. Each judges the whole history, and says what breaks it.

mod a_key_has_one_effect;
mod a_visitor_has_one_open_conversation;
mod close_is_a_barrier;
mod everybody_settles;
mod notes_stay_private;
mod nothing_acknowledged_is_lost;
mod one_order_without_gaps;
mod one_owner;
mod resume_misses_nothing;
mod send_and_close_go_together;
mod the_slow_harm_only_themselves;

use protocol::ConversationId;

use crate::evidence::Evidence;

/// One promise of the contract.
pub struct Promise {
    /// Its number there.
    pub number: &'static str,
    pub says: &'static str,
    pub judge: fn(&Evidence<'_>) -> Vec<Fault>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub conversation: Option<ConversationId>,
    pub says: String,
}

/// A promise that was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    pub promise: &'static str,
    pub says: &'static str,
    pub fault: Fault,
}

/// All of them.
pub const PROMISES: &[Promise] = &[
    nothing_acknowledged_is_lost::PROMISE,
    one_order_without_gaps::PROMISE,
    a_key_has_one_effect::PROMISE,
    one_owner::PROMISE,
    close_is_a_barrier::PROMISE,
    send_and_close_go_together::PROMISE,
    notes_stay_private::PROMISE,
    resume_misses_nothing::PROMISE,
    everybody_settles::PROMISE,
    the_slow_harm_only_themselves::PROMISE,
    a_visitor_has_one_open_conversation::PROMISE,
];

/// Every fault, with the promise it breaks.
pub fn broken(evidence: &Evidence<'_>) -> Vec<Broken> {
    let judged = PROMISES.iter().flat_map(|promise| {
        let faults = (promise.judge)(evidence);
        faults.into_iter().map(|fault| Broken {
            promise: promise.number,
            says: promise.says,
            fault,
        })
    });
    judged.collect()
}

impl Fault {
    pub(crate) fn of(conversation: ConversationId, says: impl Into<String>) -> Self {
        Self { conversation: Some(conversation), says: says.into() }
    }
}
