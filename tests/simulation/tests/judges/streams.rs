//! Histories in which somebody was told too little, too much, or too late.

use conversation::Subject;
use simulation::history::{Answered, Entry, Question, What};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::changes::{append, change_answer, find, people};
use crate::{breaks, breaks_when_quiet};

/// Steps at which one connection was told events of one conversation, at least three.
fn told(history: &simulation::History) -> Option<Vec<usize>> {
    let mut all: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (step, entry) in history.entries.iter().enumerate() {
        match &entry.what {
            What::Told { connection, conversation, .. } => {
                all.entry((*connection, *conversation)).or_default().push(step);
            }
            // A client that watches anew, or no longer, is not what is looked for.
            What::Asked {
                connection,
                conversation,
                question: Question::Watch { .. } | Question::Unwatch,
                ..
            } => {
                all.remove(&(*connection, *conversation));
            }
            _ => {}
        }
        if let Some(found) = all.values().find(|steps| steps.len() == 3) {
            return Some(found.clone());
        }
    }
    None
}

#[test]
fn a_live_event_is_left_out() {
    breaks("P2", |history| {
        let Some(steps) = told(history) else { return false };
        history.entries.remove(steps[1]);
        true
    });
}

#[test]
fn a_live_event_is_told_twice() {
    breaks("P2", |history| {
        let Some(steps) = told(history) else { return false };
        let again = history.entries[steps[1]].clone();
        history.entries.insert(steps[1] + 1, again);
        true
    });
}

#[test]
fn two_live_events_change_places() {
    breaks("P2", |history| {
        let Some(steps) = told(history) else { return false };
        let (first, second) =
            (history.entries[steps[1]].what.clone(), history.entries[steps[2]].what.clone());
        history.entries[steps[1]].what = second;
        history.entries[steps[2]].what = first;
        true
    });
}

#[test]
fn what_one_socket_sends_takes_effect_in_another_order() {
    breaks("P2", |history| {
        let mut asked: BTreeMap<_, (u64, usize, usize)> = BTreeMap::new();
        let steps = history.entries.iter().enumerate();
        let answers: BTreeMap<u64, (u64, usize)> = steps
            .filter_map(|(step, entry)| match &entry.what {
                What::Answered { attempt, answer: Answered::Committed { seq, .. } } => {
                    Some((*attempt, (*seq, step)))
                }
                _ => None,
            })
            .collect();
        let mut keys: BTreeMap<_, u32> = BTreeMap::new();
        for entry in &history.entries {
            if let What::Asked { question: Question::Command { key, .. }, .. } = &entry.what {
                *keys.entry(key.clone()).or_default() += 1;
            }
        }
        let pair = find(history, |step, what| match what {
            What::Asked { attempt, connection, conversation, question } => {
                let Question::Command { command: conversation::Command::Post { .. }, key, .. } =
                    question
                else {
                    return None;
                };
                let (seq, answered) = answers.get(attempt).filter(|_| keys[key] == 1)?;
                let place = (*connection, *conversation);
                let before = asked.insert(place, (*seq, step, *answered));
                // Both questions were open at the same time.
                let (earlier, first, answered) = before?;
                (earlier < *seq && answered > step).then_some((first, step))
            }
            _ => None,
        });
        pair.is_some_and(|(first, second)| {
            history.entries.swap(first, second);
            let at = history.entries[first].at;
            history.entries[first].at = history.entries[second].at;
            history.entries[second].at = at;
            true
        })
    });
}

#[test]
fn a_snapshot_has_a_hole() {
    breaks("P8", |history| {
        change_answer(history, |_, answer| match answer {
            Answered::Watched { events, .. } if events.len() > 2 => {
                events.remove(1);
                true
            }
            _ => false,
        })
    });
}

#[test]
fn a_snapshot_ends_before_its_head() {
    breaks("P8", |history| {
        change_answer(history, |_, answer| match answer {
            Answered::Watched { events, .. } => events.pop().is_some(),
            _ => false,
        })
    });
}

#[test]
fn somebody_is_told_to_start_afresh_for_nothing() {
    breaks("P8", |history| {
        let resumed: Vec<u64> = history
            .entries
            .iter()
            .filter_map(|entry| match &entry.what {
                What::Asked { attempt, question: Question::Watch { after: 1.. }, .. } => {
                    Some(*attempt)
                }
                _ => None,
            })
            .collect();
        change_answer(history, |attempt, answer| match answer {
            Answered::Watched { reset, .. } if resumed.contains(&attempt) && !*reset => {
                *reset = true;
                true
            }
            _ => false,
        })
    });
}

#[test]
fn a_page_has_a_hole() {
    breaks("P8", |history| {
        change_answer(history, |_, answer| match answer {
            Answered::Page { events, .. } if events.len() > 2 => {
                events.remove(1);
                true
            }
            _ => false,
        })
    });
}

#[test]
fn live_events_do_not_follow_on_the_snapshot() {
    breaks("P8", |history| {
        let Some(steps) = told(history) else { return false };
        history.entries.remove(steps[0]);
        true
    });
}

#[test]
fn an_event_is_told_before_the_snapshot() {
    breaks("P8", |history| {
        let people = people(history);
        let found = find(history, |step, what| match what {
            What::Told { connection, conversation, event } => {
                let agent = matches!(people.get(connection), Some(Subject::Agent { .. }));
                let told = What::Told {
                    connection: *connection,
                    conversation: *conversation,
                    event: event.clone(),
                };
                agent.then_some((step, *connection, told))
            }
            _ => None,
        });
        let Some((_, connection, told)) = found else { return false };
        let connected = find(history, |step, what| match what {
            What::Connected { connection: other, .. } if *other == connection => Some(step),
            _ => None,
        });
        connected.is_some_and(|step| {
            let mut entry = history.entries[step].clone();
            entry.what = told;
            history.entries.insert(step + 1, entry);
            true
        })
    });
}

/// Where somebody was answered that it watches no longer what it had begun: the step, its connection, and
/// what it had been told first.
fn given_up(history: &simulation::History) -> Option<(usize, u64, What)> {
    let (mut first, mut asked) = (BTreeMap::new(), BTreeMap::new());
    find(history, |step, what| {
        match what {
            What::Told { connection, conversation, event } if event.seq.0 == 1 => {
                first.insert((*connection, *conversation), what.clone());
            }
            What::Asked { attempt, connection, conversation, question: Question::Unwatch } => {
                if let Some(told) = first.get(&(*connection, *conversation)) {
                    asked.insert(*attempt, (*connection, told.clone()));
                }
            }
            // Whatever is told from here on may be what it has begun just now; or nobody hears it.
            What::Asked { connection, question: Question::Start { .. }, .. }
            | What::Overflowed { connection }
            | What::Ended { connection } => {
                first.retain(|(other, _), _| other != connection);
                asked.retain(|_, (other, _)| other != connection);
            }
            What::Answered { attempt, .. } => {
                return asked.remove(attempt).map(|(connection, told)| (step, connection, told));
            }
            _ => {}
        }
        None
    })
}

#[test]
fn a_beginning_is_told_again_after_it_was_given_up() {
    breaks("P8", |history| {
        let Some((step, connection, told)) = given_up(history) else { return false };
        let at = history.entries[step].at;
        // With this it ends: nothing that comes later shows that it was too much.
        let added = [told, What::Ended { connection }].map(|what| Entry { at, what });
        history.entries.splice(step + 1..step + 1, added);
        true
    });
}

#[test]
fn the_last_event_of_a_conversation_never_arrives() {
    breaks_when_quiet("P9", |history| {
        let ended: Vec<u64> = history
            .entries
            .iter()
            .filter_map(|entry| match &entry.what {
                What::Ended { connection } | What::Overflowed { connection } => Some(*connection),
                _ => None,
            })
            .collect();
        let last = history.entries.iter().rposition(|entry| match &entry.what {
            What::Told { connection, conversation, event } => {
                let whole = history.journal[conversation].len() as u64;
                !ended.contains(connection) && event.seq.0 == whole
            }
            _ => false,
        });
        last.is_some_and(|step| {
            history.entries.remove(step);
            true
        })
    });
}

#[test]
fn an_event_arrives_after_six_seconds() {
    breaks_when_quiet("P9", |history| {
        let Some(steps) = told(history) else { return false };
        // Everything else from there on is late as well: order stays what it was.
        let from = steps[2];
        for entry in &mut history.entries[from..] {
            entry.at += Duration::from_secs(6);
        }
        true
    });
}

#[test]
fn a_client_ends_without_the_last_event() {
    breaks("P9", |history| {
        history.views.first_mut().is_some_and(|view| {
            view.upto -= 1;
            true
        })
    });
}

#[test]
fn a_command_is_not_settled_long_after_the_healing() {
    breaks("P9", |history| {
        let asked = find(history, |_, what| match what {
            What::Asked { connection, conversation, question, .. } if question.key().is_some() => {
                Some((*connection, *conversation, question.clone()))
            }
            _ => None,
        });
        let Some((connection, conversation, question)) = asked else { return false };
        let attempt = u64::MAX;
        append(history, What::Asked { attempt, connection, conversation, question });
        let answer = Answered::Later { retry_after_ms: 500, rate_limited: false };
        append(history, What::Answered { attempt, answer });
        true
    });
}

#[test]
fn a_watcher_of_the_inbox_keeps_an_old_row() {
    breaks_when_quiet("P9", |history| {
        let old: Vec<usize> = history
            .entries
            .iter()
            .enumerate()
            .filter_map(|(step, entry)| matches!(entry.what, What::Row { .. }).then_some(step))
            .collect();
        for step in &old {
            if let What::Row { row, .. } = &mut history.entries[*step].what {
                row.unread += 1;
            }
        }
        !old.is_empty()
    });
}

#[test]
fn a_watcher_of_the_inbox_is_told_the_last_row_and_none_before() {
    breaks_when_quiet("P9", |history| {
        let all = history.entries.len();
        let mut seen = BTreeSet::new();
        let mut kept: Vec<Entry> = std::mem::take(&mut history.entries);
        kept.reverse();
        kept.retain(|entry| match &entry.what {
            What::Row { connection, row } => seen.insert((*connection, row.id)),
            _ => true,
        });
        kept.reverse();
        history.entries = kept;
        history.entries.len() < all
    });
}

#[test]
fn somebody_who_does_not_listen_is_told_again_and_again() {
    breaks("P10", |history| {
        let found = find(history, |_, what| match what {
            What::Told { connection, conversation, .. } => Some((*connection, *conversation)),
            _ => None,
        });
        let Some((connection, conversation)) = found else { return false };
        for _ in 0..100 {
            append(history, What::ToldInVain { connection, conversation });
        }
        true
    });
}

#[test]
fn a_question_is_never_answered() {
    breaks_when_quiet("P10", |history| {
        let ended: Vec<u64> = history
            .entries
            .iter()
            .filter_map(|entry| match &entry.what {
                What::Ended { connection } | What::Overflowed { connection } => Some(*connection),
                _ => None,
            })
            .collect();
        let asked = find(history, |_, what| match what {
            What::Asked { attempt, connection, .. } if !ended.contains(connection) => {
                Some(*attempt)
            }
            _ => None,
        });
        let Some(asked) = asked else { return false };
        let answered = find(history, |step, what| match what {
            What::Answered { attempt, .. } if *attempt == asked => Some(step),
            _ => None,
        });
        answered.is_some_and(|step| {
            history.entries.remove(step);
            true
        })
    });
}
