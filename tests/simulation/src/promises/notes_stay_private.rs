//! P7: notes reach no visitor, and nothing reaches whom it does not concern.

use conversation::{Audience, Committed, Rejection, Subject};
use protocol::ConversationId;

use super::{Fault, Promise};
use crate::evidence::{Evidence, Log};
use crate::history::{Answered, Question, What};

pub const PROMISE: Promise = Promise { number: "P7", says: "notes stay private", judge: faults };

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for entry in &evidence.history.entries {
        if let What::Told { connection, conversation, event } = &entry.what
            && let Some(line) = evidence.lines.get(connection)
        {
            let event = std::slice::from_ref(event);
            faults.extend(leak(evidence, &line.who, *conversation, event));
        }
    }
    for (attempt, moment, answer) in evidence.answered() {
        let who = &attempt.who;
        match answer {
            Answered::Watched { events, head, .. } | Answered::Page { events, head, .. } => {
                faults.extend(leak(evidence, who, attempt.conversation, events));
                let log = evidence.logs.get(&attempt.conversation);
                let most =
                    log.map_or(0, |log| log.head_for(who.audience(), log.head_at(moment.step)));
                if *head > most {
                    let says = format!("{who:?} was told the head {head} of {most}");
                    faults.push(Fault::of(attempt.conversation, says));
                }
            }
            Answered::NotFound | Answered::Later { .. } | Answered::AlreadyOpen(_) => {}
            Answered::Rejected(Rejection::Forbidden)
                if evidence.may_know(who, attempt.conversation) => {}
            _ if matches!(attempt.question, Question::WatchInbox) => {}
            _ if evidence.may_know(who, attempt.conversation) => {}
            _ => {
                let says =
                    format!("{who:?} asked {:?} and was answered {answer:?}", attempt.question);
                faults.push(Fault::of(attempt.conversation, says));
            }
        }
    }
    faults.extend(hidden(evidence));
    faults
}

/// Something that this person may not see.
fn leak(
    evidence: &Evidence<'_>,
    who: &Subject,
    conversation: ConversationId,
    events: &[Committed],
) -> Option<Fault> {
    let foreign = !evidence.may_know(who, conversation) && !events.is_empty();
    let secret = |event: &&Committed| {
        who.audience() == Audience::Visitor && !crate::evidence::is_for_visitors(&event.event)
    };
    let seen = events.iter().find(secret).or_else(|| events.first().filter(|_| foreign))?;
    Some(Fault::of(conversation, format!("{who:?} saw {seen:?}")))
}

/// Whoever may know of a conversation is not told that there is none.
fn hidden(evidence: &Evidence<'_>) -> Vec<Fault> {
    let denied = evidence.answered().filter_map(|(attempt, _, answer)| {
        let log: &Log<'_> = evidence.logs.get(&attempt.conversation)?;
        let there = log.head_at(attempt.asked.step) > 0 && log.admits(&attempt.who);
        let says = || format!("{:?} was told there is no such conversation", attempt.who);
        (there && *answer == Answered::NotFound).then(|| Fault::of(attempt.conversation, says()))
    });
    denied.collect()
}
