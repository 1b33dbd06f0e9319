//! Holds every answer against the log.

use std::collections::HashMap;

use conversation::{Command, Conversation, Rejection, Seq, Verdict};
use protocol::{ErrorCode, EventData, EventFrame, Person, PersonId, Text};

use super::{Ask, Deed, History, Outcome, numbered, replay};

pub(super) fn faults(history: &History, states: &[Conversation]) -> Vec<String> {
    let mut faults: Vec<String> =
        history.deeds.iter().filter_map(|deed| placed(history, deed)).collect();
    faults.extend(once(history));
    faults.extend(order(history));
    let refused = history.deeds.iter().filter_map(|deed| unexplained(history, states, deed));
    faults.extend(refused);
    faults
}

/// The event that a granted deed names is there, is its author's and says what was asked.
fn placed(history: &History, deed: &Deed) -> Option<String> {
    let Outcome::Granted { seq, closed_seq, .. } = deed.outcome else { return None };
    let log = &history.log;
    let fits = |seq: u64, ask: &Ask| {
        numbered(log, deed.role, seq)
            .is_some_and(|event| event.by.id == deed.author && says(event, ask))
    };
    if !fits(seq, &deed.ask) {
        return Some(format!("granted at {seq}, and is not there: {deed:?}"));
    }
    let closes = matches!(deed.ask, Ask::Say { then_close: true, .. });
    if closes != closed_seq.is_some() {
        return Some(format!("closed_seq does not go with {deed:?}"));
    }
    let close = Ask::Close { expected: None };
    match closed_seq {
        Some(closed) if closed != seq + 1 || !fits(closed, &close) => {
            Some(format!("the close is not right after its message: {deed:?}"))
        }
        _ => None,
    }
}

fn says(event: &EventFrame, ask: &Ask) -> bool {
    match (&event.data, ask) {
        (EventData::MessagePosted(posted), Ask::Say { text, .. }) => *posted.text == **text,
        (EventData::NotePosted(noted), Ask::Note { text }) => *noted.text == **text,
        (EventData::ConversationClaimed(_), Ask::Claim) => true,
        (EventData::ConversationUnclaimed(_), Ask::Unclaim) => true,
        (EventData::ConversationClosed(_), Ask::Close { .. }) => true,
        _ => false,
    }
}

/// Nothing is there twice, nothing that was refused, and nothing that nobody asked for.
fn once(history: &History) -> Vec<String> {
    let mut faults = Vec::new();
    let mut texts: HashMap<&str, u64> = HashMap::new();
    for event in history.log.iter().skip(2) {
        let by = event.by.id;
        let asked = |deed: &&Deed| deed.author == by && could_have(history, deed, event);
        if !history.deeds.iter().any(|deed| asked(&deed)) {
            faults.push(format!("event {} is there and nobody asked for it: {event:?}", event.seq));
        }
        let text = match &event.data {
            EventData::MessagePosted(posted) => &posted.text,
            EventData::NotePosted(noted) => &noted.text,
            _ => continue,
        };
        let count = texts.entry(text).or_default();
        *count += 1;
        if *count == 2 {
            faults.push(format!("{text:?} is there twice"));
        }
    }
    faults.extend(unclaims(history));
    faults
}

/// Whether this deed may be what put the event there.
fn could_have(history: &History, deed: &Deed, event: &EventFrame) -> bool {
    let sends_and_closes = matches!(deed.ask, Ask::Say { then_close: true, .. });
    let closes = sends_and_closes && matches!(event.data, EventData::ConversationClosed(_));
    match deed.outcome {
        Outcome::Refused { .. } => false,
        Outcome::Unknown => closes || says(event, &deed.ask),
        Outcome::Granted { seq, closed_seq, .. } => {
            let named =
                |seq| numbered(&history.log, deed.role, seq).is_some_and(|e| e.seq == event.seq);
            if closes {
                closed_seq.is_some_and(named)
            } else {
                named(seq) && says(event, &deed.ask)
            }
        }
    }
}

/// Giving back has no text to be told apart by: it is counted.
fn unclaims(history: &History) -> Vec<String> {
    let mut faults = Vec::new();
    let mut answered: HashMap<u64, u64> = HashMap::new();
    for deed in history.deeds.iter().filter(|deed| deed.ask == Ask::Unclaim) {
        if let Outcome::Granted { seq, .. } = deed.outcome {
            *answered.entry(seq).or_default() += 1;
        }
    }
    for (seq, count) in answered {
        if count > 1 {
            faults.push(format!("{count} unclaims were granted as event {seq}"));
        }
    }
    faults
}

/// What was answered before something else was sent stands before it in the log.
fn order(history: &History) -> Vec<String> {
    let commits = || history.deeds.iter().filter_map(|deed| Some((deed, commit(history, deed)?)));
    let mut faults = Vec::new();
    for (later, (later_seq, _)) in commits().filter(|(deed, _)| always_commits(&deed.ask)) {
        for (earlier, (earlier_seq, answered)) in commits() {
            if answered < later.sent && earlier_seq > later_seq {
                faults.push(format!(
                    "event {later_seq} was asked for after {earlier_seq} was answered: \
                     {later:?} {earlier:?}"
                ));
            }
        }
    }
    faults
}

/// A claim or a close may be granted for what is so already.
fn always_commits(ask: &Ask) -> bool {
    !matches!(ask, Ask::Claim | Ask::Close { .. })
}

/// The number, as agents count, of what a granted deed names, and when it was answered.
fn commit(history: &History, deed: &Deed) -> Option<(u64, u64)> {
    let Outcome::Granted { seq, answered, .. } = deed.outcome else { return None };
    Some((numbered(&history.log, deed.role, seq)?.seq, answered))
}

/// A refusal must have been true at some moment between its question and its answer.
fn unexplained(history: &History, states: &[Conversation], deed: &Deed) -> Option<String> {
    let Outcome::Refused { code, answered } = deed.outcome else { return None };
    let commits =
        || history.deeds.iter().filter_map(|other| Some((other, commit(history, other)?)));
    let known = commits().filter(|(_, (_, earlier))| *earlier < deed.sent);
    let first = known.map(|(_, (seq, _))| seq).max().unwrap_or(2);
    let not_yet =
        commits().filter(|(other, _)| other.sent > answered && always_commits(&other.ask));
    let last = not_yet.map(|(_, (seq, _))| seq - 1).min().unwrap_or(history.log.len() as u64);
    let moments =
        states.iter().enumerate().filter(|(seq, _)| (first..=last).contains(&(*seq as u64)));
    let verdicts: Vec<_> = moments.map(|(_, state)| judged(state, deed)).collect();
    if verdicts.contains(&Some(code)) {
        return None;
    }
    Some(format!("{deed:?} is not explained by any state from {first} to {last}"))
}

fn judged(state: &Conversation, deed: &Deed) -> Option<ErrorCode> {
    let by = replay::author(deed.role, &person(deed.author));
    let verdict: Result<Verdict, Rejection> = state.decide(&by, &command(&deed.ask)?);
    match verdict.err()? {
        Rejection::Forbidden => Some(ErrorCode::Forbidden),
        Rejection::Closed => Some(ErrorCode::ConversationClosed),
        Rejection::NotOwner { .. } => Some(ErrorCode::NotOwner),
        Rejection::AlreadyClaimed { .. } => Some(ErrorCode::AlreadyClaimed),
        Rejection::Conflict { .. } => Some(ErrorCode::Conflict),
    }
}

fn person(id: PersonId) -> Person {
    Person { id, name: "".into() }
}

fn command(ask: &Ask) -> Option<Command> {
    Some(match ask {
        Ask::Say { text, then_close } => {
            Command::Post { text: Text::new(text).ok()?, then_close: *then_close }
        }
        Ask::Note { text } => Command::Note { text: Text::new(text).ok()? },
        Ask::Claim => Command::Claim,
        Ask::Unclaim => Command::Unclaim,
        Ask::Close { expected } => Command::Close { expected: expected.map(Seq) },
    })
}
