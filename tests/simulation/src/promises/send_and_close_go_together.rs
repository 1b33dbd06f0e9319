//! P6: "Send and close" commits both or neither, and nothing comes between.

use conversation::{Command, Committed, Event};

use super::{Fault, Promise};
use crate::evidence::{Attempt, Evidence, Log};
use crate::history::{Answered, Question, What};

pub const PROMISE: Promise =
    Promise { number: "P6", says: "send and close go together", judge: faults };

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for attempt in evidence.commands().filter(|attempt| is_send_and_close(attempt.question)) {
        let Some(log) = evidence.logs.get(&attempt.conversation) else { continue };
        faults.extend(alone(attempt, log));
        if let Some((_, Answered::Committed { seq, closed_seq, .. })) = attempt.answer
            && *closed_seq != Some(*seq + 1)
        {
            let says = format!("answered {seq} with the close at {closed_seq:?}");
            faults.push(Fault::of(attempt.conversation, says));
        }
    }
    faults.extend(evidence.history.entries.iter().filter_map(|entry| match &entry.what {
        What::Committed { conversation, events, .. } => {
            let says = "its two events were not committed in one step";
            is_torn(evidence, events).then(|| Fault::of(*conversation, says))
        }
        _ => None,
    }));
    faults
}

fn is_send_and_close(question: &Question) -> bool {
    matches!(question, Question::Command { command: Command::Post { then_close: true, .. }, .. })
}

/// The message is there, and what follows it is not its close.
fn alone(attempt: &Attempt<'_>, log: &Log<'_>) -> Option<Fault> {
    let index = log.events.iter().position(|event| is_message_of(attempt, event))?;
    let next = log.events.get(index + 1);
    let together = next.is_some_and(|next| {
        matches!(next.event, Event::Closed { .. }) && next.by == log.events[index].by
    });
    let says = || format!("{:?} is followed by {next:?}", log.events[index]);
    (!together).then(|| Fault::of(attempt.conversation, says()))
}

fn is_message_of(attempt: &Attempt<'_>, event: &Committed) -> bool {
    event.by.is(&attempt.who)
        && event.key.as_ref() == attempt.question.key()
        && matches!(event.event, Event::Posted { .. })
}

fn is_torn(evidence: &Evidence<'_>, events: &[Committed]) -> bool {
    let [only] = events else { return false };
    let asked = evidence.commands().filter(|attempt| is_send_and_close(attempt.question));
    { asked }.any(|attempt| is_message_of(attempt, only))
}
