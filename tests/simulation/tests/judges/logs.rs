//! Histories whose log, or whose answers about it, cannot be.

use conversation::{Author, Command, Committed, Deed, Event, Rejection, Seq};
use protocol::{ConversationId, Text};
use simulation::history::{Answered, What};

use crate::changes::{
    change_answer, change_event, committed, find, granted, granted_at_once, move_entry,
};
use crate::{breaks, breaks_when_quiet};

fn is_words(_: Deed, command: &Command) -> bool {
    matches!(command, Command::Post { .. } | Command::Note { .. })
}

fn other(text: &str) -> Text {
    Text::new(text).expect("a text")
}

#[test]
fn an_acknowledged_event_is_not_there() {
    breaks("P1", |history| {
        let Some(last) = granted(history, is_words).pop() else { return false };
        let log = history.journal.get_mut(&last.conversation).expect("its log");
        log.truncate(usize::try_from(last.seq).expect("a short log") - 1);
        true
    });
}

#[test]
fn a_command_is_acknowledged_before_it_is_committed() {
    breaks("P1", |history| {
        let found = granted(history, is_words).into_iter().find_map(|granted| {
            let at = committed(history, granted.conversation, granted.seq)?;
            (at > granted.asked && at < granted.step).then_some((granted.step, at))
        });
        found.is_some_and(|(from, to)| {
            move_entry(history, from, to);
            true
        })
    });
}

#[test]
fn an_event_is_shown_before_it_is_committed() {
    breaks("P1", |history| {
        let found = find(history, |step, what| match what {
            What::Told { conversation, event, .. } => {
                Some((step, committed(history, *conversation, event.seq.0)?))
            }
            _ => None,
        });
        found.is_some_and(|(from, to)| {
            move_entry(history, from, to);
            true
        })
    });
}

#[test]
fn the_event_says_something_else() {
    breaks("P1", |history| {
        change_event(history, |event| match &mut event.event {
            Event::Posted { text } if event.seq.0 > 2 => {
                *text = other("never said");
                true
            }
            _ => false,
        })
    });
}

#[test]
fn the_answer_names_another_event() {
    breaks("P1", |history| {
        change_answer(history, |_, answer| match answer {
            Answered::Committed { seq, .. } if *seq > 3 => {
                *seq -= 1;
                true
            }
            _ => false,
        })
    });
}

#[test]
fn a_number_is_left_out() {
    breaks("P2", |history| {
        change_event(history, |event| {
            let late = event.seq.0 == 5;
            event.seq = Seq(event.seq.0 + u64::from(late));
            late
        })
    });
}

#[test]
fn a_note_has_a_number_for_visitors() {
    breaks("P2", |history| {
        change_event(history, |event| {
            let note = matches!(event.event, Event::Noted { .. });
            event.visitor_seq.0 += u64::from(note);
            note
        })
    });
}

#[test]
fn time_goes_back_within_a_conversation() {
    breaks("P2", |history| {
        change_event(history, |event| {
            let late = event.seq.0 == 4;
            event.at -= 400 * 24 * 3_600_000 * i64::from(late);
            late
        })
    });
}

#[test]
fn two_commits_stand_on_one_number() {
    breaks("P2", |history| {
        let twice = find(history, |step, what| match what {
            What::Committed { events, .. } if events[0].seq.0 > 2 => Some(step),
            _ => None,
        });
        twice.is_some_and(|step| {
            let again = history.entries[step].clone();
            history.entries.insert(step + 1, again);
            true
        })
    });
}

#[test]
fn a_key_is_answered_differently_the_second_time() {
    breaks("P3", |history| {
        let all = granted(history, is_words);
        let repeated = all.iter().enumerate().find_map(|(index, first)| {
            let same = |other: &&crate::changes::Granted| {
                (other.conversation, other.seq) == (first.conversation, first.seq)
            };
            all[index + 1..].iter().find(same).map(|again| again.attempt)
        });
        repeated.is_some_and(|again| {
            change_answer(history, |attempt, answer| match answer {
                Answered::Committed { at, .. } if attempt == again => {
                    *at += 1;
                    true
                }
                _ => false,
            })
        })
    });
}

#[test]
fn a_command_took_effect_twice() {
    breaks("P3", |history| {
        let Some(log) = history.journal.values_mut().find(|log| log.len() > 4) else {
            return false;
        };
        let Some(said) = log.iter().find(|event| event.key.is_some()).cloned() else {
            return false;
        };
        let last = log.last().expect("four at least").clone();
        let (seq, visitor_seq) = (last.seq.next(), last.visitor_seq);
        log.push(Committed { seq, visitor_seq, at: last.at, ..said });
        true
    });
}

#[test]
fn an_event_is_there_that_nobody_asked_for() {
    breaks("P3", |history| {
        let note = |_, command: &Command| matches!(command, Command::Note { .. });
        let Some(step) = granted_at_once(history, note).map(|granted| granted.asked) else {
            return false;
        };
        history.entries.remove(step);
        true
    });
}

#[test]
fn a_refused_command_took_effect_all_the_same() {
    breaks("P3", |history| {
        let note = |_, command: &Command| matches!(command, Command::Note { .. });
        let Some(first) = granted_at_once(history, note).map(|granted| granted.attempt) else {
            return false;
        };
        change_answer(history, |attempt, answer| {
            let it = attempt == first;
            if it {
                *answer = Answered::Rejected(Rejection::Closed);
            }
            it
        })
    });
}

#[test]
fn a_command_that_took_effect_is_refused_when_it_is_sent_again() {
    breaks("P3", |history| {
        let all = granted(history, is_words);
        let again = all.iter().enumerate().find_map(|(index, first)| {
            let later = |other: &&crate::changes::Granted| {
                (other.conversation, other.seq) == (first.conversation, first.seq)
                    && other.asked > first.step
            };
            all[index + 1..].iter().find(later).map(|again| again.attempt)
        });
        again.is_some_and(|again| {
            change_answer(history, |attempt, answer| {
                let it = attempt == again;
                if it {
                    *answer = Answered::Rejected(Rejection::Closed);
                }
                it
            })
        })
    });
}

/// Somebody else of the same world.
fn another_agent(history: &simulation::History, not: &Author) -> Option<Author> {
    let all = history.journal.values().flatten().map(|event| &event.by);
    { all }.find(|by| matches!(by, Author::Agent(_)) && *by != not).cloned()
}

#[test]
fn a_second_agent_owns_it() {
    breaks("P4", |history| {
        let claims = history.journal.values().flatten();
        let Some(first) =
            { claims }.find(|event| event.event == Event::Claimed).map(|event| event.by.clone())
        else {
            return false;
        };
        let Some(second) = another_agent(history, &first) else { return false };
        let log = history.journal.values_mut().find(|log| {
            log.last().is_some_and(|last| !matches!(last.event, Event::Closed { .. }))
                && log
                    .iter()
                    .rev()
                    .find(|e| matches!(e.event, Event::Claimed | Event::Unclaimed))
                    .is_some_and(|e| e.event == Event::Claimed && e.by == first)
        });
        log.is_some_and(|log| {
            let last = log.last().expect("it is claimed").clone();
            let (seq, event, key) = (last.seq.next(), Event::Claimed, None);
            log.push(Committed { seq, event, key, by: second, ..last });
            true
        })
    });
}

#[test]
fn somebody_who_does_not_own_it_replies() {
    breaks("P4", |history| {
        let agents = history.journal.values().flatten().find_map(|event| {
            let reply =
                matches!((&event.event, &event.by), (Event::Posted { .. }, Author::Agent(_)));
            reply.then(|| event.by.clone())
        });
        let Some(owner) = agents else { return false };
        let Some(usurper) = another_agent(history, &owner) else { return false };
        change_event(history, |event| {
            let reply = event.by == owner && matches!(event.event, Event::Posted { .. });
            if reply {
                event.by = usurper.clone();
            }
            reply
        })
    });
}

#[test]
fn who_loses_is_told_another_winner() {
    breaks("P4", |history| {
        change_answer(history, |_, answer| match answer {
            Answered::Rejected(Rejection::AlreadyClaimed { owner }) => {
                owner.id.0 = uuid::Uuid::from_u128(0xbad);
                true
            }
            _ => false,
        })
    });
}

#[test]
fn a_message_follows_the_close() {
    breaks("P5", |history| {
        let closed = |log: &&mut Vec<Committed>| {
            log.last().is_some_and(|last| matches!(last.event, Event::Closed { .. }))
        };
        history.journal.values_mut().find(closed).is_some_and(|log| {
            let last = log.last().expect("it is closed").clone();
            let (seq, event) = (last.seq.next(), Event::Posted { text: other("one more thing") });
            log.push(Committed { seq, event, ..last });
            true
        })
    });
}

#[test]
fn an_open_conversation_is_said_to_be_closed() {
    breaks_when_quiet("P5", |history| {
        let note = |_, command: &Command| matches!(command, Command::Note { .. });
        let Some(first) = granted_at_once(history, note).map(|granted| granted.attempt) else {
            return false;
        };
        change_answer(history, |attempt, answer| {
            let it = attempt == first;
            if it {
                *answer = Answered::Rejected(Rejection::Closed);
            }
            it
        })
    });
}

#[test]
fn a_conflict_names_a_head_that_never_was() {
    breaks("P5", |history| {
        change_answer(history, |_, answer| match answer {
            Answered::Conflict { head, .. } => {
                *head += 1000;
                true
            }
            _ => false,
        })
    });
}

#[test]
fn a_conflict_hides_what_came_meanwhile() {
    breaks("P5", |history| {
        change_answer(history, |_, answer| match answer {
            Answered::Conflict { events, .. } => events.pop().is_some(),
            _ => false,
        })
    });
}

fn is_send_and_close(_: Deed, command: &Command) -> bool {
    matches!(command, Command::Post { then_close: true, .. })
}

#[test]
fn a_reply_is_there_without_its_close() {
    breaks("P6", |history| {
        let Some(id) = granted(history, is_send_and_close).first().map(|g| g.conversation) else {
            return false;
        };
        history.journal.get_mut(&id).and_then(Vec::pop).is_some()
    });
}

#[test]
fn a_reply_and_its_close_are_two_commits() {
    breaks("P6", |history| {
        let found = granted(history, is_send_and_close)
            .first()
            .and_then(|granted| committed(history, granted.conversation, granted.seq));
        let Some(step) = found else { return false };
        let mut second = history.entries[step].clone();
        if let (What::Committed { events, .. }, What::Committed { events: rest, .. }) =
            (&mut history.entries[step].what, &mut second.what)
        {
            *rest = events.split_off(1);
        }
        history.entries.insert(step + 1, second);
        true
    });
}

#[test]
fn a_visitor_has_two_open_conversations() {
    breaks("4.2", |history| {
        let closed: Vec<ConversationId> = history.journal.keys().copied().collect();
        for id in closed {
            let log = &history.journal[&id];
            let first = log[0].by.clone();
            let start = committed(history, id, 1);
            let later = history.journal.keys().any(|other| {
                let same = history.journal[other][0].by == first && *other != id;
                same && committed(history, *other, 1) > start
            });
            let end = log.iter().position(|event| matches!(event.event, Event::Closed { .. }));
            if let (true, Some(end)) = (later, end) {
                history.journal.get_mut(&id).expect("it is there").truncate(end);
                return true;
            }
        }
        false
    });
}

#[test]
fn a_visitor_is_told_of_an_open_conversation_that_is_somebody_elses() {
    breaks("4.2", |history| {
        let all: Vec<ConversationId> = history.journal.keys().copied().collect();
        let owners: Vec<_> = history.journal.values().map(|log| log[0].by.clone()).collect();
        change_answer(history, |_, answer| match answer {
            Answered::AlreadyOpen(open) => {
                let owner = all.iter().position(|id| id == open).map(|index| &owners[index]);
                let foreign = all.iter().zip(&owners).find(|(_, other)| Some(*other) != owner);
                foreign.is_some_and(|(id, _)| {
                    *open = *id;
                    true
                })
            }
            _ => false,
        })
    });
}
