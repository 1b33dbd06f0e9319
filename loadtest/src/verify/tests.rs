//! A verifier that lets something pass is worse than none.

use super::*;

fn event(seq: u64) -> Seen {
    Seen { seq, at: seq as i64, closes: false }
}

fn view(events: impl IntoIterator<Item = u64>) -> View {
    let mut view = View::default();
    events.into_iter().for_each(|seq| view.take(event(seq)).expect("in order"));
    view
}

#[test]
fn a_repeated_event_is_caught() {
    assert_eq!(view([1, 2]).take(event(2)), Err(Fault::Repeat(2)));
}

#[test]
fn a_gap_is_caught() {
    assert_eq!(view([1, 2]).take(event(4)), Err(Fault::Gap { due: 3, came: 4 }));
    assert_eq!(view([]).take(event(2)), Err(Fault::Gap { due: 1, came: 2 }));
}

#[test]
fn an_event_that_comes_late_is_caught() {
    assert_eq!(view([1, 2, 3]).take(event(2)), Err(Fault::Disorder(2)));
}

#[test]
fn time_that_goes_back_is_caught() {
    let early = Seen { seq: 3, at: 1, closes: false };
    assert_eq!(view([1, 2]).take(early), Err(Fault::Backwards(3)));
}

#[test]
fn an_event_after_the_close_is_caught() {
    let mut view = view([1]);
    view.take(Seen { seq: 2, at: 2, closes: true }).expect("the close");
    assert_eq!(view.take(event(3)), Err(Fault::AfterClose { closed: 2, came: 3 }));
}

#[test]
fn a_snapshot_that_ends_elsewhere_is_caught() {
    assert_eq!(view([1, 2]).stands_at(2), Ok(()));
    assert_eq!(view([1, 2]).stands_at(3), Err(Fault::Gap { due: 3, came: 4 }));
    assert_eq!(view([1, 2]).stands_at(1), Err(Fault::Forgotten { snapshot: 1, seen: 2 }));
}

#[test]
fn messages_that_are_answered_and_seen_once_leave_nothing_behind() {
    let (mut ledger, now) = (Ledger::default(), Instant::now());
    assert_eq!([ledger.send(now), ledger.send(now)], [1, 2]);
    // Either may come first.
    ledger.seen(1, 5).expect("seen");
    ledger.acked(2, 6).expect("answered");
    ledger.acked(1, 5).expect("answered");
    ledger.seen(2, 6).expect("seen");
    assert_eq!(ledger.finish(), Ok(()));
}

#[test]
fn a_lost_message_is_caught_by_its_successor_or_at_the_end() {
    let (mut ledger, now) = (Ledger::default(), Instant::now());
    assert_eq!([ledger.send(now), ledger.send(now)], [1, 2]);
    assert_eq!(ledger.seen(2, 6), Err(Fault::Skipped { due: 1, came: 2 }));
    ledger.acked(1, 5).expect("answered");
    let missing = Fault::Missing { unanswered: vec![2], undelivered: vec![1, 2] };
    assert_eq!(ledger.finish(), Err(missing));
}

#[test]
fn a_message_that_comes_twice_is_caught_before_and_after_its_answer() {
    let (mut ledger, now) = (Ledger::default(), Instant::now());
    ledger.send(now);
    ledger.seen(1, 5).expect("seen");
    assert_eq!(ledger.seen(1, 6), Err(Fault::Again(1)));
    ledger.acked(1, 5).expect("answered");
    assert_eq!(ledger.seen(1, 6), Err(Fault::Again(1)));
}

#[test]
fn two_answers_two_numbers_and_inventions_are_caught() {
    let (mut ledger, now) = (Ledger::default(), Instant::now());
    assert_eq!([ledger.send(now), ledger.send(now)], [1, 2]);
    ledger.acked(1, 5).expect("answered");
    assert_eq!(ledger.acked(1, 5), Err(Fault::AnsweredTwice(1)));
    assert_eq!(ledger.seen(1, 6), Err(Fault::TwoNumbers { number: 1, acked: 5, seen: 6 }));
    assert_eq!(ledger.seen(3, 7), Err(Fault::Invented(3)));
}

#[test]
fn a_fault_is_told_with_the_last_deeds() {
    let mut story = Story::default();
    for number in 0..100 {
        story.add(Instant::now(), Who::Visitor, Deed::Sends(number));
    }
    let words = told(Fault::Repeat(3), "c", &story).to_string();
    assert!(words.contains("repeat: event 3") && words.contains("Sends(99)"), "{words}");
    assert_eq!(story.to_string().lines().count(), DEEDS_MAX);
}
