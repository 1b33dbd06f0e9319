//! P5: nothing follows a close, nobody is told that an open conversation is closed, and a close that
//! expected another head is told what came meanwhile.

use conversation::{Command, Event, Rejection, Seq};
use protocol::ConversationId;

use super::{Fault, Promise};
use crate::evidence::{Attempt, Evidence, Log, Stage};
use crate::history::{Answered, Question};

pub const PROMISE: Promise = Promise { number: "P5", says: "close is a barrier", judge: faults };

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut faults: Vec<Fault> =
        evidence.logs.iter().filter_map(|(id, log)| after_the_end(*id, log)).collect();
    for (attempt, moment, answer) in evidence.answered() {
        let window = evidence.window(attempt, moment);
        let is_true = |stage: &Stage| match (answer, expected(attempt)) {
            (Answered::Rejected(Rejection::Closed), _) => stage.closed,
            (Answered::Conflict { head, .. }, Some(expected)) => {
                stage.head == *head && expected.0 != *head && !stage.closed
            }
            (Answered::Conflict { .. }, None) => false,
            _ => true,
        };
        if !window.is_empty() && !window.iter().any(is_true) {
            let says = format!("{:?} was answered {answer:?}, in {window:?}", attempt.question);
            faults.push(Fault::of(attempt.conversation, says));
        }
        faults.extend(untold(attempt, answer));
    }
    faults
}

fn after_the_end(conversation: ConversationId, log: &Log<'_>) -> Option<Fault> {
    let end = log.events.iter().position(|event| matches!(event.event, Event::Closed { .. }))?;
    let event = log.events.get(end + 1)?;
    Some(Fault::of(conversation, format!("after the close there is {event:?}")))
}

fn expected(attempt: &Attempt<'_>) -> Option<Seq> {
    match attempt.question {
        Question::Command { command: Command::Close { expected }, .. } => *expected,
        _ => None,
    }
}

/// What came meanwhile is told from the first number on.
fn untold(attempt: &Attempt<'_>, answer: &Answered) -> Option<Fault> {
    let (Answered::Conflict { events, head }, Some(expected)) = (answer, expected(attempt)) else {
        return None;
    };
    let numbers = events.iter().map(|event| event.seq.0);
    let all = expected.0 + 1..=*head;
    let first_page = all.take(protocol::limits::PAGE_EVENTS_MAX);
    let same = numbers.clone().take(first_page.clone().count()).eq(first_page);
    let says =
        || format!("expected {}, now {head}, told {:?}", expected.0, numbers.collect::<Vec<_>>());
    (!same && expected.0 < *head).then(|| Fault::of(attempt.conversation, says()))
}
