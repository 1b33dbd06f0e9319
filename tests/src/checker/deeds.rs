//! Holds every answer against the log.

use std::collections::HashMap;

use conversation::{Command, Conversation, Rejection, Seq, Verdict};
use protocol::{ErrorCode, EventData, EventFrame, Person, PersonId, Text};

use super::commits::{Commits, always_commits};
use super::{Ask, Deed, History, Outcome, replay};

pub(super) fn faults(history: &History, states: &[Conversation]) -> Vec<String> {
    let commits = Commits::of(history);
    let mut faults: Vec<String> =
        history.deeds.iter().filter_map(|deed| placed(&commits, deed)).collect();
    faults.extend(once(history, &commits));
    faults.extend(order(history, &commits));
    let refused = history.deeds.iter().filter_map(|deed| unexplained(&commits, states, deed));
    faults.extend(refused);
    faults
}

/// The event that a granted deed names is there, is its author's and says what was asked.
fn placed(commits: &Commits<'_>, deed: &Deed) -> Option<String> {
    let Outcome::Granted { seq, closed_seq, .. } = deed.outcome else { return None };
    let fits = |seq: u64, ask: &Ask| {
        commits
            .event(deed.role, seq)
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
fn once(history: &History, commits: &Commits<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut texts: HashMap<&str, u64> = HashMap::new();
    let asked = Asked::of(history, commits);
    for event in history.log.iter().skip(2) {
        if !asked.for_event(event) {
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

/// Deeds that may have put an event there: those granted by the number of what they name, and those of which
/// nobody knows.
struct Asked<'a> {
    granted: HashMap<u64, Vec<&'a Deed>>,
    closing: HashMap<u64, Vec<&'a Deed>>,
    unknown: Vec<&'a Deed>,
}

impl<'a> Asked<'a> {
    fn of(history: &'a History, commits: &Commits<'_>) -> Self {
        let mut asked =
            Self { granted: HashMap::new(), closing: HashMap::new(), unknown: Vec::new() };
        for deed in &history.deeds {
            let (seq, closed_seq) = match deed.outcome {
                Outcome::Granted { seq, closed_seq, .. } => (seq, closed_seq),
                Outcome::Unknown => {
                    asked.unknown.push(deed);
                    continue;
                }
                Outcome::Refused { .. } => continue,
            };
            let named = |seq| Some(commits.event(deed.role, seq)?.seq);
            if let Some(seq) = named(seq) {
                asked.granted.entry(seq).or_default().push(deed);
            }
            if let Some(seq) = closed_seq.and_then(named) {
                asked.closing.entry(seq).or_default().push(deed);
            }
        }
        asked
    }

    fn for_event(&self, event: &EventFrame) -> bool {
        let is_close = matches!(event.data, EventData::ConversationClosed(_));
        let closes =
            |deed: &Deed| is_close && matches!(deed.ask, Ask::Say { then_close: true, .. });
        let granted = self.granted.get(&event.seq).into_iter().flatten();
        let granted = granted.filter(|deed| says(event, &deed.ask));
        let closing = self.closing.get(&event.seq).into_iter().flatten();
        let closing = closing.filter(|deed| closes(deed));
        let unknown = self.unknown.iter().filter(|deed| closes(deed) || says(event, &deed.ask));
        granted.chain(closing).chain(unknown).any(|deed| deed.author == event.by.id)
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
fn order(history: &History, commits: &Commits<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let later = history.deeds.iter().filter(|deed| always_commits(&deed.ask));
    for later in later.filter_map(|deed| commits.by(deed)) {
        let earlier = commits.highest_before(later.deed.sent);
        if let Some(earlier) = earlier.filter(|earlier| earlier.seq > later.seq) {
            faults.push(format!(
                "event {} was asked for after {} was answered: {:?} {:?}",
                later.seq, earlier.seq, later.deed, earlier.deed
            ));
        }
    }
    faults
}

/// A refusal must have been true at some moment between its question and its answer.
fn unexplained(commits: &Commits<'_>, states: &[Conversation], deed: &Deed) -> Option<String> {
    let Outcome::Refused { code, answered } = deed.outcome else { return None };
    let first = commits.highest_before(deed.sent).map_or(2, |commit| commit.seq);
    let not_yet = commits.lowest_asked_after(answered);
    let last = not_yet.map_or(commits.head(), |seq| seq - 1);
    let moments =
        states.iter().enumerate().filter(|(seq, _)| (first..=last).contains(&(*seq as u64)));
    let mut verdicts = moments.map(|(_, state)| judged(state, deed));
    if verdicts.any(|verdict| verdict == Some(code)) {
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
