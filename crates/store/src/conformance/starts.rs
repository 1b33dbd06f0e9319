//! Beginnings, and what a visitor has.

use std::sync::Arc;

use conversation::{Audience, Author, Command, Conversation};
use futures::future::join_all;

use super::desk::*;
use crate::{Range, Start, StartOutcome, Store, VisitorRecord};

/// Conversation `n` of visitor number 5.
fn start_of_five(n: u128, at: i64) -> Start {
    start_by(n, SITE, visitor(5, "Vera"), "hello", at)
}

async fn begin_and_close(store: &Arc<dyn Store>, n: u128, at: i64) -> Conversation {
    let mut state = begin(store, start_of_five(n, at)).await;
    let ann = Author::Agent(agent(11, "Ann"));
    act(store, &mut state, &ann, Command::Claim).await;
    act(store, &mut state, &ann, CLOSE).await;
    state
}

pub async fn a_start_brings_conversation_key_and_visitor_together(store: Arc<dyn Store>) {
    let mut vera = visitor(5, "Vera");
    vera.email = Some("vera@example.com".into());
    let begun = start_by(1, SITE, vera.clone(), "hello", 1000);
    begin(&store, begun.clone()).await;
    assert_eq!(store.find(conversation(1)).await.unwrap(), Some((*begun.conversation).clone()));
    let events =
        store.events(conversation(1), Audience::Agents, Range::After(0), 10).await.unwrap();
    assert_eq!(events, begun.events);
    assert_eq!(store.remembered(begun.scope).await.unwrap(), Some(begun.remembered));
    let record = VisitorRecord {
        id: vera.id,
        site: SITE,
        name: "Vera".into(),
        email: Some("vera@example.com".into()),
        first_seen_at: 1000,
    };
    assert_eq!(store.visitor(vera.id).await.unwrap(), Some(record));
}

pub async fn a_start_adds_to_what_is_known_of_its_visitor(store: Arc<dyn Store>) {
    let id = visitor(5, "").id;
    let mut known = VisitorRecord {
        id,
        site: SITE,
        name: "Vera".into(),
        email: Some("vera@example.com".into()),
        first_seen_at: 10,
    };
    store.put_visitor(known.clone()).await.unwrap();
    begin(&store, start_by(1, SITE, visitor(5, ""), "hello", 1000)).await;
    assert_eq!(store.visitor(id).await.unwrap().as_ref(), Some(&known));
    let ann = Author::Agent(agent(11, "Ann"));
    let mut state = store.find(conversation(1)).await.unwrap().unwrap();
    act(&store, &mut state, &ann, Command::Claim).await;
    act(&store, &mut state, &ann, CLOSE).await;
    begin(&store, start_by(2, SITE, visitor(5, "Véronique"), "hello", 9000)).await;
    known.name = "Véronique".into();
    assert_eq!(store.visitor(id).await.unwrap(), Some(known));
}

pub async fn a_start_is_judged_by_key_then_open_conversation_then_rate(store: Arc<dyn Store>) {
    let first = start_of_five(1, 1000);
    begin(&store, first.clone()).await;
    let mut again = start_of_five(2, 2000);
    again.starts_per_minute = 0;
    assert_eq!(
        store.start(again.clone()).await.unwrap(),
        StartOutcome::AlreadyOpen(conversation(1))
    );
    again.scope = first.scope;
    assert_eq!(store.start(again).await.unwrap(), StartOutcome::Repeated(first.remembered));
    assert_eq!(store.find(conversation(2)).await.unwrap(), None);
}

pub async fn of_many_racing_starts_one_opens(store: Arc<dyn Store>) {
    let starts = (1..=20).map(|n| store.start(start_of_five(n, 1000)));
    let outcomes: Vec<_> =
        join_all(starts).await.into_iter().map(|outcome| outcome.unwrap()).collect();
    let open: Vec<_> = (1..=20)
        .zip(&outcomes)
        .filter(|(_, outcome)| **outcome == StartOutcome::Done)
        .map(|(n, _)| conversation(n))
        .collect();
    assert_eq!(open.len(), 1);
    let refused = StartOutcome::AlreadyOpen(open[0]);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == refused).count(), 19);
}

pub async fn starts_per_minute_are_counted_and_the_wait_is_told(store: Arc<dyn Store>) {
    let at = 1_000_000;
    for (n, later) in [(1, 0), (2, 10_000), (3, 20_000)] {
        begin_and_close(&store, n, at + later).await;
    }
    let mut next = start_of_five(4, at + 30_000);
    next.starts_per_minute = 3;
    let wait = |retry_after_ms| StartOutcome::TooMany { retry_after_ms };
    assert_eq!(store.start(next.clone()).await.unwrap(), wait(30_000));
    next.starts_per_minute = 2;
    assert_eq!(store.start(next.clone()).await.unwrap(), wait(40_000));
    next.starts_per_minute = 0;
    assert_eq!(store.start(next.clone()).await.unwrap(), wait(60_000));
    let mut early = start_of_five(4, at + 59_999);
    early.starts_per_minute = 3;
    assert_eq!(store.start(early).await.unwrap(), wait(1));
    let mut in_time = start_of_five(4, at + 60_000);
    in_time.starts_per_minute = 3;
    assert_eq!(store.start(in_time).await.unwrap(), StartOutcome::Done);
}

pub async fn a_visitors_conversations_come_open_first_then_latest(store: Arc<dyn Store>) {
    let mut closed = Vec::new();
    for (n, at) in [(1, 5000), (2, 9000), (3, 9000), (4, 7000)] {
        closed.push(begin_and_close(&store, n, at).await);
    }
    // A clock may go back: open comes first all the same.
    let open = begin(&store, start_of_five(5, 100)).await;
    begin(&store, start(6, 1000)).await;
    let id = open.visitor.id;
    let expected =
        [open, closed[2].clone(), closed[1].clone(), closed[3].clone(), closed[0].clone()];
    assert_eq!(store.conversations_of(id, 10).await.unwrap(), expected);
    assert_eq!(store.conversations_of(id, 2).await.unwrap(), expected[..2]);
    assert_eq!(store.conversations_of(id, 1).await.unwrap(), expected[..1]);
    assert_eq!(store.conversations_of(visitor(99, "").id, 10).await.unwrap(), []);
}
