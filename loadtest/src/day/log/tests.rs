//! Each promise broken once.

use super::*;

const ADA: Author = Author::Agent(0);
const BOB: Author = Author::Agent(1);

fn fact(kind: Kind, author: Author, number: Option<u32>) -> Fact {
    Fact { kind, author, number, at: 7 }
}

fn message(author: Author, number: u32) -> Fact {
    fact(Kind::Message, author, Some(number))
}

fn claimed() -> Log {
    let mut log = Log::default();
    let facts = [
        fact(Kind::Started, Author::Visitor, None),
        message(Author::Visitor, 1),
        fact(Kind::Claimed, ADA, None),
    ];
    for (place, fact) in facts.into_iter().enumerate() {
        log.hear(place as u64 + 1, fact).expect("keeps the rules");
    }
    log
}

#[test]
fn every_receiver_is_told_the_same() {
    let mut log = claimed();
    assert_eq!(log.hear(2, message(Author::Visitor, 1)), Ok(()));
    assert_eq!(log.hear(2, message(Author::Visitor, 2)), Err(Fault::Differs(2)));
}

#[test]
fn a_message_is_in_the_log_once_and_after_its_predecessors() {
    let mut log = claimed();
    let doubled = Fault::Doubled { number: 1, seq: 4 };
    assert_eq!(log.hear(4, message(Author::Visitor, 1)), Err(doubled));
    log.hear(4, message(Author::Visitor, 5)).expect("later");
    let overtaken = Fault::Overtaken { number: 3, before: 5 };
    assert_eq!(log.hear(5, message(Author::Visitor, 3)), Err(overtaken));
    assert_eq!(log.hear(5, message(ADA, 4)), Ok(()), "another author");
}

#[test]
fn there_is_one_owner_and_only_the_owner_acts() {
    let mut log = claimed();
    assert_eq!(log.hear(4, fact(Kind::Claimed, BOB, None)), Err(Fault::SecondOwner(4)));
    assert_eq!(log.hear(4, message(BOB, 2)), Err(Fault::NotOwner(4)));
    assert_eq!(log.hear(4, fact(Kind::Note, BOB, Some(2))), Ok(()));
    log.hear(5, fact(Kind::Unclaimed, ADA, None)).expect("hers");
    log.hear(6, fact(Kind::Claimed, BOB, None)).expect("free");
    assert_eq!(log.hear(7, fact(Kind::Closed, ADA, None)), Err(Fault::NotOwner(7)));
}

#[test]
fn nothing_comes_after_a_close() {
    let mut log = claimed();
    log.hear(4, fact(Kind::Closed, ADA, None)).expect("hers");
    let late = Fault::AfterClose { closed: 4, came: 5 };
    assert_eq!(log.hear(5, message(Author::Visitor, 2)), Err(late));
}

#[test]
fn an_answer_comes_true_before_or_after() {
    let promise = Promise { kind: Kind::Message, author: Author::Visitor, number: Some(2) };
    let mut log = claimed();
    assert_eq!(log.promise(1, promise), Err(Fault::Promised(1)));
    log.promise(4, promise).expect("not yet told");
    assert_eq!(log.finish(), Err(Fault::Lost(4)));
    assert_eq!(log.clone().hear(4, message(Author::Visitor, 3)), Err(Fault::Promised(4)));
    log.hear(4, message(Author::Visitor, 2)).expect("as promised");
    assert_eq!((log.finish(), log.promise(4, promise)), (Ok(()), Ok(())));
    assert_eq!(log.promise(0, promise), Err(Fault::Promised(0)));
}

#[test]
fn visitors_are_told_everything_but_what_is_for_agents() {
    let (mut agents, mut visitors) = (claimed(), Log::default());
    for (place, fact) in claimed().facts().iter().enumerate() {
        visitors.hear(place as u64 + 1, fact.for_visitors()).expect("in order");
    }
    agents.hear(4, fact(Kind::Note, BOB, Some(2))).expect("anybody's");
    assert_eq!(visitors.agrees_with(&agents), Ok(()));
    agents.hear(5, message(ADA, 3)).expect("hers");
    assert_eq!(visitors.agrees_with(&agents), Err(Fault::Parted));
}
