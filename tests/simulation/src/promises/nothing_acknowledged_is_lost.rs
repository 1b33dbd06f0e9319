//! P1: an `ok` means that its events are in the journal, and nobody is shown what is not there yet.

use conversation::{Command, Committed, Event, Seq};
use protocol::ConversationId;

use super::{Fault, Promise};
use crate::evidence::{Attempt, Evidence, Log, Moment};
use crate::history::{Answered, Question, What};

pub const PROMISE: Promise =
    Promise { number: "P1", says: "nothing acknowledged is lost", judge: faults };

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let answers = evidence.answered().filter_map(|(attempt, moment, answer)| {
        let named = match answer {
            Answered::Committed { seq, at, closed_seq } => (*seq, *at, *closed_seq),
            Answered::Started { seq, at, .. } => (*seq, *at, None),
            _ => return None,
        };
        let says = acknowledged(evidence, attempt, moment, named).err()?;
        let asked = &attempt.question;
        Some(Fault::of(attempt.conversation, format!("{says}: {asked:?} was answered {answer:?}")))
    });
    answers.chain(shown_too_early(evidence)).collect()
}

fn acknowledged(
    evidence: &Evidence<'_>,
    attempt: &Attempt<'_>,
    moment: Moment,
    (seq, at, closed_seq): (u64, i64, Option<u64>),
) -> Result<(), String> {
    let log = evidence.logs.get(&attempt.conversation).ok_or("there is no such conversation")?;
    let event = log.numbered(attempt.audience(), seq).ok_or("the event is not in the journal")?;
    is_committed(log, event.seq, moment)?;
    if !event.by.is(&attempt.who) {
        return Err("the event is somebody else's".into());
    }
    if event.at != at || !is_what_was_asked(event, attempt.question) {
        return Err(format!("the event is another one: {event:?}"));
    }
    match closed_seq {
        None => Ok(()),
        Some(closed) => {
            let close = log.numbered(attempt.audience(), closed).ok_or("the close is not there")?;
            let is_close = matches!(close.event, Event::Closed { .. });
            if is_close { is_committed(log, close.seq, moment) } else { Err("no close".into()) }
        }
    }
}

fn is_committed(log: &Log<'_>, seq: Seq, by: Moment) -> Result<(), String> {
    match log.committed(seq) {
        Some(committed) if committed < by.step => Ok(()),
        Some(_) => Err("it was answered before it was in the journal".into()),
        None => Err("nobody saw it committed".into()),
    }
}

fn is_what_was_asked(event: &Committed, question: &Question) -> bool {
    let command = match question {
        Question::Start { text, .. } => {
            return matches!(&event.event, Event::Posted { text: said } if said == text);
        }
        Question::Command { command, .. } => command,
        _ => return false,
    };
    match (command, &event.event) {
        (Command::Post { text, .. }, Event::Posted { text: said })
        | (Command::Note { text }, Event::Noted { text: said }) => text == said,
        (Command::Claim, Event::Claimed)
        | (Command::Unclaim, Event::Unclaimed)
        | (Command::Close { .. }, Event::Closed { .. }) => true,
        _ => false,
    }
}

fn shown_too_early(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (step, entry) in evidence.history.entries.iter().enumerate() {
        let now = Moment { step, at: entry.at };
        match &entry.what {
            What::Told { conversation, event, .. } => {
                faults.extend(shown(evidence, now, *conversation, std::slice::from_ref(event)));
            }
            What::Answered { attempt, answer } => {
                let events = match answer {
                    Answered::Watched { events, .. }
                    | Answered::Page { events, .. }
                    | Answered::Conflict { events, .. } => events,
                    _ => continue,
                };
                if let Some(attempt) = evidence.attempts.get(attempt) {
                    faults.extend(shown(evidence, now, attempt.conversation, events));
                }
            }
            _ => {}
        }
    }
    faults
}

fn shown(
    evidence: &Evidence<'_>,
    now: Moment,
    conversation: ConversationId,
    events: &[Committed],
) -> Option<Fault> {
    let log = evidence.logs.get(&conversation);
    let wrong = |event: &&Committed| {
        let index = usize::try_from(event.seq.0).ok().and_then(|seq| seq.checked_sub(1));
        let same = log.is_some_and(|log| index.and_then(|n| log.events.get(n)) == Some(*event));
        !same || log.is_none_or(|log| is_committed(log, event.seq, now).is_err())
    };
    let event = events.iter().find(wrong)?;
    Some(Fault::of(
        conversation,
        format!("shown at step {} and not in the journal then: {event:?}", now.step),
    ))
}
