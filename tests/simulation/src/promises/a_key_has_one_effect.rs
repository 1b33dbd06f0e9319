//! P3: a command has one effect under one key, and its first answer is its answer for ever; what was
//! refused, and what nobody asked for, is not there.

use std::collections::BTreeMap;

use conversation::{Audience, Author, Command, Committed, Deed, Event};
use protocol::{ConversationId, Key, PersonId};

use super::{Fault, Promise};
use crate::evidence::{Attempt, Evidence, Log};
use crate::history::{Answered, Question};

pub const PROMISE: Promise = Promise { number: "P3", says: "a key has one effect", judge: faults };

/// Author, conversation, operation, key. A start is in no conversation yet.
type Scope<'a> = (PersonId, ConversationId, Deed, &'a Key);

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut scopes: BTreeMap<Scope<'_>, Vec<&Attempt<'_>>> = BTreeMap::new();
    for attempt in evidence.commands() {
        if let Some(scope) = scope(attempt) {
            scopes.entry(scope).or_default().push(attempt);
        }
    }
    let mut faults = Vec::new();
    for attempts in scopes.values() {
        faults.extend(one_answer(attempts));
        faults.extend(denied(evidence, attempts));
    }
    for (id, log) in &evidence.logs {
        faults.extend(log.events.iter().skip(1).filter_map(|event| {
            let asked = scopes.iter().any(|(scope, attempts)| {
                scope.0 == person(&event.by) && may_have_made(*id, log, event, attempts)
            });
            let says = || format!("nobody was granted, or may have been granted, {event:?}");
            (!asked).then(|| Fault::of(*id, says()))
        }));
        faults.extend(twice(*id, log));
        faults.extend(more_than_asked(*id, log, &scopes));
    }
    faults
}

fn scope<'a>(attempt: &Attempt<'a>) -> Option<Scope<'a>> {
    let who = attempt.who.person();
    match attempt.question {
        Question::Start { key, .. } => Some((who, ConversationId::NOWHERE, Deed::Start, key)),
        Question::Command { deed, key, .. } => Some((who, attempt.conversation, *deed, key)),
        _ => None,
    }
}

fn person(author: &Author) -> PersonId {
    match author {
        Author::Visitor { id, .. } => (*id).into(),
        Author::Agent(agent) => agent.id.into(),
        Author::System => PersonId::NOWHERE,
    }
}

/// The same answer each time it was granted.
fn one_answer(attempts: &[&Attempt<'_>]) -> Option<Fault> {
    let granted = attempts.iter().filter_map(|attempt| match attempt.answer?.1 {
        answer @ (Answered::Committed { .. } | Answered::Started { .. }) => Some((attempt, answer)),
        _ => None,
    });
    let granted: Vec<_> = granted.collect();
    let (first, answer) = granted.first()?;
    let (_, other) = granted.iter().find(|(_, other)| other != answer)?;
    let says = format!("{:?} was answered {answer:?} and {other:?}", first.question);
    Some(Fault::of(first.conversation, says))
}

/// What is there already when it is asked for again is granted again, whatever has happened since.
fn denied(evidence: &Evidence<'_>, attempts: &[&Attempt<'_>]) -> Option<Fault> {
    let made = attempts.iter().filter_map(|attempt| {
        let log = evidence.logs.get(&attempt.conversation)?;
        match attempt.answer {
            Some((moment, Answered::Committed { .. } | Answered::Started { .. })) => {
                Some(moment.step)
            }
            _ => log.committed(keyed_event(log, attempt)?.seq),
        }
    });
    let made = made.min()?;
    let refused = |attempt: &&&Attempt<'_>| {
        let refusal = attempt.answer.is_some_and(|(_, answer)| {
            matches!(
                answer,
                Answered::Rejected(_)
                    | Answered::Conflict { .. }
                    | Answered::NotFound
                    | Answered::AlreadyOpen(_)
            )
        });
        refusal && attempt.asked.step > made && !is_of_many(attempt)
    };
    let attempt = attempts.iter().find(refused)?;
    let says = format!("{:?} was there, and answered {:?}", attempt.question, attempt.answer);
    Some(Fault::of(attempt.conversation, says))
}

/// The words in the log that stand under the key of this attempt.
fn keyed_event<'a>(log: &Log<'a>, attempt: &Attempt<'_>) -> Option<&'a Committed> {
    let key = attempt.question.key();
    let events = log.events.iter();
    { events }.find(|event| {
        event.key.as_ref() == key && makes(attempt.question, event) && event.by.is(&attempt.who)
    })
}

/// A part of a bulk: what was refused then is judged anew.
fn is_of_many(attempt: &Attempt<'_>) -> bool {
    matches!(attempt.question, Question::Command { deed: Deed::Bulk, .. })
}

/// Whether these attempts (of one key) are why the event is there: granted as this one, or never known.
fn may_have_made(
    conversation: ConversationId,
    log: &Log<'_>,
    event: &Committed,
    attempts: &[&Attempt<'_>],
) -> bool {
    attempts.iter().any(|attempt| {
        let here = match attempt.question {
            Question::Start { key, .. } => event.key.as_ref() == Some(key) && event.seq.0 == 2,
            _ => attempt.conversation == conversation && makes(attempt.question, event),
        };
        here && match attempt.answer.map(|(_, answer)| answer) {
            None | Some(Answered::Later { .. }) => true,
            Some(Answered::Started { conversation: started, .. }) => *started == conversation,
            Some(Answered::Committed { seq, closed_seq, .. }) => {
                names(log, attempt.who.audience(), *seq, event)
                    || closed_seq.is_some_and(|seq| names(log, attempt.who.audience(), seq, event))
            }
            Some(_) => false,
        }
    })
}

fn names(log: &Log<'_>, audience: Audience, number: u64, event: &Committed) -> bool {
    log.numbered(audience, number).is_some_and(|named| named.seq == event.seq)
}

fn makes(question: &Question, event: &Committed) -> bool {
    let Question::Command { command, key, .. } = question else { return false };
    let keyed = event.key.as_ref() == Some(key);
    match (&event.event, command) {
        (Event::Posted { text }, Command::Post { text: asked, .. })
        | (Event::Noted { text }, Command::Note { text: asked }) => keyed && text == asked,
        (Event::Claimed, Command::Claim) | (Event::Unclaimed, Command::Unclaim) => true,
        (Event::Closed { .. }, Command::Close { .. }) => true,
        (Event::Closed { .. }, Command::Post { then_close, .. }) => *then_close,
        _ => false,
    }
}

/// Words under one key by one author are there once.
fn twice(conversation: ConversationId, log: &Log<'_>) -> Option<Fault> {
    let mut seen = BTreeMap::new();
    for event in log.events {
        let is_note = matches!(event.event, Event::Noted { .. });
        let Some(key) = &event.key else { continue };
        if let Some(before) = seen.insert((person(&event.by), is_note, key), event.seq) {
            let says = format!("{} and {} are the same command", before.0, event.seq.0);
            return Some(Fault::of(conversation, says));
        }
    }
    None
}

/// What has no key in the log is counted: never more of it than keys.
fn more_than_asked(
    conversation: ConversationId,
    log: &Log<'_>,
    scopes: &BTreeMap<Scope<'_>, Vec<&Attempt<'_>>>,
) -> Option<Fault> {
    for (kind, command) in [(Event::Claimed, Command::Claim), (Event::Unclaimed, Command::Unclaim)]
    {
        let mut there: BTreeMap<PersonId, usize> = BTreeMap::new();
        for event in log.events.iter().filter(|event| event.event == kind) {
            *there.entry(person(&event.by)).or_default() += 1;
        }
        for (who, there) in there {
            let asks = |scope: &Scope<'_>, attempts: &[&Attempt<'_>]| {
                let same = |question: &Question| matches!(question, Question::Command { command: asked, .. } if *asked == command);
                (scope.0, scope.1) == (who, conversation)
                    && attempts.iter().any(|attempt| same(attempt.question))
            };
            let asked = scopes.iter().filter(|(scope, attempts)| asks(scope, attempts)).count();
            if there > asked {
                let says = format!("{there} times {kind:?} by {who}, who asked for {asked}");
                return Some(Fault::of(conversation, says));
            }
        }
    }
    None
}
