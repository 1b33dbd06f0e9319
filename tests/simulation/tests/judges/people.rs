//! Histories in which somebody learns what is none of its business.

use conversation::{Event, Subject};
use simulation::history::{Answered, Question, What};

use crate::breaks;
use crate::changes::{append, change_answer, find, people};

#[test]
fn a_visitor_is_told_a_note() {
    breaks("P7", |history| {
        let people = people(history);
        let visitor = find(history, |_, what| match what {
            What::Told { connection, conversation, .. } => {
                let visitor = matches!(people.get(connection), Some(Subject::Visitor { .. }));
                let log = &history.journal[conversation];
                let note = log.iter().find(|event| matches!(event.event, Event::Noted { .. }))?;
                visitor.then(|| (*connection, *conversation, note.clone()))
            }
            _ => None,
        });
        visitor.is_some_and(|(connection, conversation, event)| {
            append(history, What::Told { connection, conversation, event });
            true
        })
    });
}

/// Attempts of visitors, or of the stranger.
fn attempts(history: &simulation::History, visitors: bool) -> Vec<u64> {
    let people = people(history);
    let asked = history.entries.iter().filter_map(|entry| match &entry.what {
        What::Asked { attempt, connection, question, .. } => {
            let visitor = matches!(people.get(connection), Some(Subject::Visitor { .. }));
            let keyed = !matches!(question, Question::WatchInbox);
            (visitor == visitors && keyed).then_some(*attempt)
        }
        _ => None,
    });
    asked.collect()
}

#[test]
fn a_visitor_can_count_the_notes() {
    breaks("P7", |history| {
        let visitors = attempts(history, true);
        change_answer(history, |attempt, answer| match answer {
            Answered::Watched { head, .. } if visitors.contains(&attempt) && *head > 0 => {
                *head += 50;
                true
            }
            _ => false,
        })
    });
}

#[test]
fn a_stranger_is_answered() {
    breaks("P7", |history| {
        let others = attempts(history, false);
        change_answer(history, |attempt, answer| {
            let denied = others.contains(&attempt) && *answer == Answered::NotFound;
            if denied {
                *answer = Answered::Done;
            }
            denied
        })
    });
}

#[test]
fn somebody_is_told_that_its_own_conversation_is_not_there() {
    breaks("P7", |history| {
        let visitors = attempts(history, true);
        change_answer(history, |attempt, answer| {
            let watched = visitors.contains(&attempt) && matches!(answer, Answered::Watched { .. });
            if watched {
                *answer = Answered::NotFound;
            }
            watched
        })
    });
}
