//! The checker of histories is itself checked: it believes what happened and nothing that did not.

use conversation::{
    Agent, Author, Command, Committed, Conversation, Event, Rejection, Verdict, Visitor,
};
use protocol::{
    AgentId, By, Claimed, Closed, ConversationId, ErrorCode, EventData, EventFrame, Key,
    NotePosted, Person, PersonId, Posted, Role, SiteId, StartedConversation, Text, Unclaimed,
    VisitorId,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use system_tests::checker::{Ask, Deed, History, Outcome, Stream, faults};
use system_tests::talk::Outcomes;
use uuid::Uuid;

const VISITOR: u128 = 1;
const ANN: u128 = 2;
const BEN: u128 = 3;

fn person_id(id: u128) -> PersonId {
    PersonId(Uuid::from_u128(id))
}

fn text(text: &str) -> Text {
    Text::new(text).expect("a text")
}

fn named(key: &str) -> Key {
    Key::new(key).expect("a key")
}

fn author(id: u128) -> Author {
    let name = format!("person {id}").into();
    match id {
        VISITOR => Author::Visitor { id: VisitorId(Uuid::from_u128(id)), name },
        _ => Author::Agent(Agent {
            id: AgentId(Uuid::from_u128(id)),
            alias: person_id(id + 100),
            name,
        }),
    }
}

fn by(author: &Author, to_visitor: bool) -> By {
    match author {
        Author::Visitor { id, name } => {
            By { role: Role::Visitor, id: (*id).into(), name: name.clone() }
        }
        Author::Agent(agent) => {
            let id = if to_visitor { agent.alias } else { agent.id.into() };
            By { role: Role::Agent, id, name: agent.name.clone() }
        }
        Author::System => unreachable!("the system does nothing here"),
    }
}

/// An event as one viewer sees it; agents' own log has no keys.
fn seen(conversation: ConversationId, event: &Committed, viewer: u128) -> EventFrame {
    let visitor = viewer == VISITOR;
    let mine = by(&event.by, false).id == person_id(viewer);
    let key = if mine { event.key.clone() } else { None };
    let by = by(&event.by, visitor);
    let owner = Person { id: by.id, name: by.name.clone() };
    let data = match &event.event {
        Event::Started { name, .. } => EventData::ConversationStarted(StartedConversation {
            visitor: Person { id: by.id, name: name.clone() },
        }),
        Event::Posted { text } => {
            EventData::MessagePosted(Posted { text: text.as_str().into(), key })
        }
        Event::Noted { text } => {
            EventData::NotePosted(NotePosted { text: text.as_str().into(), key })
        }
        Event::Claimed => EventData::ConversationClaimed(Claimed { owner }),
        Event::Unclaimed => EventData::ConversationUnclaimed(Unclaimed {}),
        Event::Closed { .. } => {
            EventData::ConversationClosed(Closed { reason: "agent".into(), text: "Closed.".into() })
        }
    };
    let seq = if visitor { event.visitor_seq.0 } else { event.seq.0 };
    EventFrame { ev: data.name().into(), conversation, seq, at: event.at, by, data }
}

/// One step of a story: who asks what, and whether the answer is heard.
type Step = (u128, Ask, bool);

/// Plays steps through the rules and records what everybody sees. Questions overlap: each is sent up
/// to two steps before it takes effect and answered up to two steps after.
fn lived(steps: &[Step], mut lag: impl FnMut() -> u64) -> History {
    let id = ConversationId(Uuid::from_u128(9));
    let visitor =
        Visitor { id: VisitorId(Uuid::from_u128(VISITOR)), name: "person 1".into(), email: None };
    let opening = (text("hello"), named("start"));
    let (mut state, mut committed) =
        Conversation::start((id, SiteId::NOWHERE), visitor, opening, 1);
    let mut deeds = Vec::new();
    for (number, (who, ask, heard)) in steps.iter().enumerate() {
        let now = 100 * (number as u64 + 1);
        let key = named(&format!("key {number}"));
        let outcome = match state.decide(&author(*who), &command(ask)) {
            Ok(Verdict::Commit(events)) => {
                let new = state.stamp(&author(*who), Some(&key), now as i64, events);
                new.iter().for_each(|event| state.apply(event));
                committed.extend(new.clone());
                let seq = if *who == VISITOR { new[0].visitor_seq.0 } else { new[0].seq.0 };
                let closed_seq = (new.len() == 2).then(|| new[1].seq.0);
                Outcome::Granted { seq, closed_seq, answered: now + 1 + lag() }
            }
            Ok(Verdict::Already { seq, .. }) => {
                Outcome::Granted { seq: seq.0, closed_seq: None, answered: now + 1 + lag() }
            }
            Err(rejection) => {
                Outcome::Refused { code: code(&rejection), answered: now + 1 + lag() }
            }
        };
        let outcome = if *heard { outcome } else { Outcome::Unknown };
        let role = if *who == VISITOR { Role::Visitor } else { Role::Agent };
        let sent = now.saturating_sub(lag());
        deeds.push(Deed { author: person_id(*who), role, ask: ask.clone(), sent, outcome });
    }
    let stream = |viewer: u128| {
        let due =
            committed.iter().filter(|event| viewer != VISITOR || event.event.is_for_visitors());
        let events = due.map(|event| seen(id, event, viewer)).collect();
        let role = if viewer == VISITOR { Role::Visitor } else { Role::Agent };
        Stream { viewer: person_id(viewer), role, events, whole: true }
    };
    let log = committed.iter().map(|event| seen(id, event, 999)).collect();
    History { log, deeds, streams: vec![stream(VISITOR), stream(ANN), stream(BEN)] }
}

fn command(ask: &Ask) -> Command {
    match ask {
        Ask::Say { text, then_close } => {
            Command::Post { text: self::text(text), then_close: *then_close }
        }
        Ask::Note { text } => Command::Note { text: self::text(text) },
        Ask::Claim => Command::Claim,
        Ask::Unclaim => Command::Unclaim,
        Ask::Close { expected } => Command::Close { expected: expected.map(conversation::Seq) },
    }
}

fn code(rejection: &Rejection) -> ErrorCode {
    match rejection {
        Rejection::Forbidden => ErrorCode::Forbidden,
        Rejection::Closed => ErrorCode::ConversationClosed,
        Rejection::NotOwner { .. } => ErrorCode::NotOwner,
        Rejection::AlreadyClaimed { .. } => ErrorCode::AlreadyClaimed,
        Rejection::Conflict { .. } => ErrorCode::Conflict,
    }
}

fn say(text: &str) -> Ask {
    Ask::Say { text: text.into(), then_close: false }
}

/// A visitor, two agents: log of 1 start, 2 hello, 3 claim, 4 a, 5 note, 6 b, 7 unclaim, 8 claim by
/// Ben, 9 c and 10 close together.
fn story() -> History {
    let steps = [
        (ANN, Ask::Claim, true),
        (BEN, Ask::Claim, true),
        (VISITOR, say("a"), true),
        (BEN, Ask::Note { text: "note".into() }, true),
        (ANN, say("b"), true),
        (ANN, Ask::Unclaim, true),
        (BEN, Ask::Claim, true),
        (BEN, Ask::Say { text: "c".into(), then_close: true }, true),
        (VISITOR, say("late"), true),
    ];
    lived(&steps, || 0)
}

#[test]
fn what_happened_is_believed() {
    assert_eq!(faults(&story()), Vec::<String>::new());
}

#[test]
fn five_thousand_random_lives_are_believed() {
    for seed in 0..5_000 {
        let mut dice = StdRng::seed_from_u64(seed);
        let steps: Vec<Step> = (0..dice.random_range(1..40))
            .map(|number| {
                let who = [VISITOR, ANN, BEN][dice.random_range(0..3)];
                let text = format!("text {number}");
                let ask = match dice.random_range(0..12) {
                    _ if who == VISITOR => say(&text),
                    0..3 => say(&text),
                    3..6 => Ask::Claim,
                    6..8 => Ask::Unclaim,
                    8..10 => Ask::Note { text },
                    10 => Ask::Close {
                        expected: dice.random_bool(0.5).then(|| dice.random_range(2..12)),
                    },
                    _ => Ask::Say { text, then_close: true },
                };
                (who, ask, dice.random_bool(0.9))
            })
            .collect();
        let history = lived(&steps, || dice.random_range(0..250));
        assert_eq!(faults(&history), Vec::<String>::new(), "seed {seed}: {history:#?}");
    }
}

/// With a look at every pair of deeds this would take hours.
#[test]
fn a_conversation_of_ten_thousand_messages_is_believed_soon() {
    let says = (0..10_000).map(|number| (VISITOR, say(&format!("text {number}")), true));
    let ends = [(ANN, Ask::Claim, true), (ANN, Ask::Close { expected: None }, true)];
    let steps: Vec<Step> = says.chain(ends).chain([(VISITOR, say("late"), true)]).collect();
    assert_eq!(faults(&lived(&steps, || 0)), Vec::<String>::new());
}

/// Breaks the story and expects that somebody notices.
#[track_caller]
fn not_believed(break_it: impl FnOnce(&mut History)) {
    let mut history = story();
    break_it(&mut history);
    assert_ne!(faults(&history), Vec::<String>::new());
}

fn renumber(log: &mut [EventFrame]) {
    log.iter_mut().zip(1..).for_each(|(event, seq)| event.seq = seq);
}

fn outcome(deed: &mut Deed, change: impl FnOnce(&mut u64, &mut Option<u64>, &mut u64)) {
    match &mut deed.outcome {
        Outcome::Granted { seq, closed_seq, answered } => change(seq, closed_seq, answered),
        other => panic!("not granted: {other:?}"),
    }
}

#[test]
fn a_number_left_out_of_the_log_is_noticed() {
    not_believed(|history| history.log[5..].iter_mut().for_each(|event| event.seq += 1));
}

#[test]
fn an_acknowledged_message_that_is_gone_is_noticed() {
    not_believed(|history| {
        history.log.remove(3);
        renumber(&mut history.log);
    });
}

#[test]
fn an_acknowledged_tail_that_is_gone_is_noticed() {
    not_believed(|history| {
        history.log.truncate(8);
        history.streams.clear();
    });
}

#[test]
fn a_message_there_twice_is_noticed() {
    not_believed(|history| {
        let twice = history.log[3].clone();
        history.log.insert(4, twice);
        renumber(&mut history.log);
        history.streams.clear();
    });
}

#[test]
fn a_message_after_the_close_is_noticed() {
    not_believed(|history| {
        let mut late = history.log[3].clone();
        late.seq = 11;
        late.at = history.log[9].at;
        history.log.push(late);
    });
}

#[test]
fn a_refused_message_that_is_there_is_noticed() {
    not_believed(|history| {
        let code = ErrorCode::ConversationClosed;
        history.deeds[2].outcome = Outcome::Refused { code, answered: 10_000 };
    });
}

#[test]
fn a_refusal_that_was_never_true_is_noticed() {
    not_believed(|history| {
        let closed = ErrorCode::ConversationClosed;
        history.deeds[1].outcome = Outcome::Refused { code: closed, answered: 202 };
    });
}

#[test]
fn two_owners_are_noticed() {
    not_believed(|history| {
        let claim = history.log[7].clone();
        history.log[6] = EventFrame { seq: 7, ..claim };
        history.log[7].by = history.log[2].by.clone();
        history.streams.clear();
    });
}

#[test]
fn a_reply_by_somebody_who_is_not_the_owner_is_noticed() {
    not_believed(|history| history.log[5].by = history.log[7].by.clone());
}

#[test]
fn an_answer_with_another_number_is_noticed() {
    not_believed(|history| outcome(&mut history.deeds[4], |seq, _, _| *seq = 5));
}

#[test]
fn another_text_than_was_asked_for_is_noticed() {
    not_believed(|history| history.deeds[2].ask = say("something else"));
}

#[test]
fn an_event_that_nobody_asked_for_is_noticed() {
    not_believed(|history| {
        history.deeds.remove(3);
    });
}

#[test]
fn a_close_that_is_not_with_its_message_is_noticed() {
    not_believed(|history| outcome(&mut history.deeds[7], |_, closed, _| *closed = None));
    not_believed(|history| outcome(&mut history.deeds[7], |_, closed, _| *closed = Some(11)));
}

#[test]
fn an_order_that_real_time_does_not_allow_is_noticed() {
    not_believed(|history| {
        history.deeds[2].sent = 5_000;
        outcome(&mut history.deeds[2], |_, _, answered| *answered = 5_001);
    });
}

#[test]
fn time_that_goes_down_is_noticed() {
    not_believed(|history| {
        for stream in &mut history.streams {
            stream.events.clear();
            stream.whole = false;
        }
        history.log[6].at = 1;
    });
}

#[test]
fn a_visitor_who_saw_a_note_is_noticed() {
    not_believed(|history| {
        let note = EventFrame { seq: 5, ..history.log[4].clone() };
        history.streams[0].events.insert(4, note);
        renumber(&mut history.streams[0].events);
    });
}

#[test]
fn a_stream_with_a_gap_a_repeat_or_another_order_is_noticed() {
    not_believed(|history| {
        history.streams[1].events.remove(4);
    });
    not_believed(|history| {
        let twice = history.streams[1].events[4].clone();
        history.streams[1].events.insert(4, twice);
    });
    not_believed(|history| history.streams[1].events.swap(3, 4));
}

#[test]
fn a_stream_that_ends_too_early_is_noticed() {
    not_believed(|history| {
        history.streams[0].events.pop();
    });
}

#[test]
fn an_agents_id_told_to_a_visitor_is_noticed() {
    not_believed(|history| history.streams[0].events[2].by.id = person_id(ANN));
}

#[test]
fn an_alias_that_changes_is_noticed() {
    not_believed(|history| history.streams[0].events[4].by.id = person_id(77));
}

#[test]
fn a_key_told_to_somebody_else_is_noticed() {
    not_believed(|history| {
        let key = Some(Key::new("stolen").unwrap());
        let EventData::MessagePosted(posted) = &mut history.streams[1].events[3].data else {
            panic!("a message")
        };
        posted.key = key;
    });
}

/// Lost, doubled, gaps and behind a close, as the nemesis counts them.
fn counted(break_it: impl FnOnce(&mut History)) -> [u64; 4] {
    let mut history = story();
    break_it(&mut history);
    let counted = Outcomes::counted(Vec::new(), std::time::Duration::ZERO, [&history].into_iter());
    [counted.lost, counted.doubled, counted.gaps, counted.behind_a_close]
}

#[test]
fn what_is_counted_by_hand_is_what_was_broken() {
    assert_eq!(counted(|_| {}), [0, 0, 0, 0]);
    assert_eq!(counted(|history| drop(history.log.remove(3))), [1, 0, 6, 0]);
    let doubled = counted(|history| {
        let twice = history.log[3].clone();
        history.log.insert(4, twice);
        renumber(&mut history.log);
    });
    assert_eq!(doubled, [0, 1, 0, 0]);
    let missed = counted(|history| drop(history.streams[1].events.remove(8)));
    assert_eq!(missed, [0, 0, 1, 0]);
    let late = counted(|history| {
        history.log.push(EventFrame { seq: 11, ..history.log[3].clone() });
        history.log[3] = EventFrame { seq: 4, ..history.log[2].clone() };
    });
    assert_eq!(late, [0, 0, 0, 1]);
}
