//! Actors: one owner, in order, told after commit, retiring unnoticed, surviving panics and outages.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use conversation::{Author, Command, Event, Rejection};
use fanout::Alone;
use hub::{Answer, Ask, News, Refusal, Reply, Settings};
use support::{CLOSE, Mood, Moody, Node, fresh_key, post};

#[tokio::test]
async fn the_starter_hears_both_first_events() {
    let node = Node::alone();
    let mut vera = node.visitor(1);
    vera.start("hello").await;
    assert_eq!(vera.next_numbers(2).await, [1, 2]);
}

#[tokio::test]
async fn a_watcher_gets_a_snapshot_and_then_every_event_once() {
    let node = Node::alone();
    let (mut vera, mut alice) = (node.visitor(1), node.agent(1));
    let id = vera.start("hello").await;
    vera.does(id, post("two")).await.unwrap();
    let snapshot = alice.watch(id, 1).await;
    assert_eq!((snapshot.head, snapshot.events.len(), snapshot.more), (3, 2, false));
    alice.watch(id, 0).await;
    alice.does(id, Command::Claim).await.unwrap();
    vera.does(id, post("three")).await.unwrap();
    assert_eq!(alice.next_numbers(2).await, [4, 5]);
    assert_eq!(vera.next_numbers(5).await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_number_beyond_the_head_starts_afresh() {
    let node = Node::alone();
    let vera = node.visitor(1);
    let id = vera.start("hello").await;
    let snapshot = vera.watch(id, 99).await;
    assert!(snapshot.reset);
    assert_eq!(snapshot.events.len(), 2);
}

#[tokio::test]
async fn a_visitor_counts_past_notes_without_noticing() {
    let node = Node::alone();
    let (mut vera, bob) = (node.visitor(1), node.agent(2));
    let id = vera.start("hello").await;
    bob.does(id, Command::Note { text: support::text("psst") }).await.unwrap();
    vera.does(id, post("anyone?")).await.unwrap();
    assert_eq!(vera.next_numbers(3).await, [1, 2, 3]);
    let again = vera.watch(id, 0).await;
    assert!(again.events.iter().all(|event| !matches!(event.event, Event::Noted { .. })));
}

#[tokio::test]
async fn of_fifty_claims_one_wins_and_everybody_hears_who() {
    let node = Node::alone();
    let id = node.visitor(1).start("hello").await;
    let claims = (0..50).map(|n| {
        let agent = node.agent(n);
        async move { agent.does(id, Command::Claim).await }
    });
    let answers = futures::future::join_all(claims).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let winners = answers.iter().filter_map(|answer| match answer {
        Err(Refusal::Rejected(Rejection::AlreadyClaimed { owner })) => Some(owner.name.clone()),
        _ => None,
    });
    let winners: Vec<_> = winners.collect();
    assert_eq!(winners.len(), 49);
    assert!(winners.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn a_key_used_gets_its_first_answer_whatever_has_happened_since() {
    let node = Node::alone();
    let (vera, alice, bob) = (node.visitor(1), node.agent(1), node.agent(2));
    let id = vera.start("hello").await;
    let (first, again, unclaimed) = (fresh_key(), fresh_key(), fresh_key());
    assert_eq!(alice.does_with(id, Command::Claim, first.clone()).await, Ok(3));
    assert_eq!(alice.does_with(id, Command::Claim, again.clone()).await, Ok(3));
    assert_eq!(alice.does_with(id, Command::Unclaim, unclaimed.clone()).await, Ok(4));
    assert_eq!(bob.does(id, Command::Claim).await, Ok(5));
    assert_eq!(alice.does_with(id, Command::Claim, first.clone()).await, Ok(3));
    assert_eq!(alice.does_with(id, Command::Claim, again).await, Ok(3));
    bob.does(id, CLOSE).await.unwrap();
    assert_eq!(alice.does_with(id, Command::Claim, first).await, Ok(3));
    assert_eq!(alice.does_with(id, Command::Unclaim, unclaimed).await, Ok(4));
}

#[tokio::test]
async fn a_conflict_brings_what_came_meanwhile() {
    let node = Node::alone();
    let (vera, alice) = (node.visitor(1), node.agent(1));
    let id = vera.start("hello").await;
    alice.does(id, Command::Claim).await.unwrap();
    vera.does(id, post("wait")).await.unwrap();
    let close = Command::Close { expected: Some(conversation::Seq(3)) };
    match alice.does(id, close).await {
        Err(Refusal::Conflict { head, events }) => {
            assert_eq!(head.0, 4);
            assert_eq!(events.len(), 1);
        }
        other => panic!("expected a conflict, got {other:?}"),
    }
}

#[tokio::test]
async fn foreign_and_absent_conversations_are_answered_alike() {
    let node = Node::alone();
    let id = node.visitor(1).start("hello").await;
    let absent = protocol::ConversationId(uuid::Uuid::now_v7());
    let stranger = node.visitor(2);
    for asked in [id, absent, protocol::ConversationId::NOWHERE] {
        for ask in [Ask::Watch { after: 0 }, Ask::Unwatch, Ask::Typing { active: true }] {
            let answer = stranger.ask(asked, ask).await;
            assert!(matches!(answer, Err(Refusal::NotFound)), "{answer:?}");
        }
    }
}

/// Retiring at once, over and over, while bursts come just when an actor is about to leave.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actors_that_retire_between_commands_lose_and_reorder_nothing() {
    let settings = Settings { idle_after: Duration::ZERO, ..Settings::default() };
    let node = Node::with(settings);
    let vera = node.visitor(1);
    let id = vera.start("0").await;
    vera.ask(id, Ask::Unwatch).await.unwrap();
    let send = |n: u64| {
        let (reply, answer) = Reply::waiting();
        let (command, deed, key) = (post(&n.to_string()), conversation::Deed::Send, fresh_key());
        node.hub.ask(id, &vera.asker, Ask::Command { command, deed, key }, reply);
        answer
    };
    let mut n = 0;
    while n < 2000 {
        let burst: Vec<_> = (n + 1..=n + 4).map(send).collect();
        n += 4;
        let answers = futures::future::join_all(burst).await;
        assert!(answers.into_iter().all(|answer| answer.unwrap().is_ok()));
        // Its timer has a resolution of a millisecond: the next burst comes a little before or after.
        let next = tokio::time::Instant::now() + Duration::from_micros(n * 7919 % 2500);
        while tokio::time::Instant::now() < next {
            tokio::task::yield_now().await;
        }
    }
    let retired = node.metrics.actors_retired.get();
    assert!(retired > 20, "the race needs actors that retire, {retired} did");
    let mut after = 0;
    while after < 2002 {
        let range = store::Range::After(after);
        let Ok(Answer::Page(page)) = vera.ask(id, Ask::History { range, limit: 200 }).await else {
            panic!("a page");
        };
        for event in page.events {
            after = event.seq.0;
            if let Event::Posted { text } = &event.event {
                assert_eq!(text.as_str(), (after - 2).to_string());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_costs_one_command_and_nobody_misses_anything() {
    let store = Moody::new();
    let node = Node::on(store.clone(), Arc::new(Alone), Settings::default());
    let (mut vera, mut alice) = (node.visitor(1), node.agent(1));
    let id = vera.start("hello").await;
    alice.watch(id, 2).await;
    store.set(Mood::Panics);
    let began = tokio::time::Instant::now();
    assert_eq!(vera.does(id, post("boom")).await, Err(Refusal::UNAVAILABLE));
    vera.does(id, post("again")).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(alice.next_numbers(1).await, [3]);
    assert_eq!(vera.next_numbers(3).await, [1, 2, 3]);
    assert_eq!(node.metrics.actor_panics.get(), 1);
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_told_and_found_by_its_key() {
    let store = Moody::new();
    let node = Node::on(store.clone(), Arc::new(Alone), Settings::default());
    let (mut vera, mut alice) = (node.visitor(1), node.agent(1));
    let id = vera.start("hello").await;
    alice.watch(id, 2).await;
    store.set(Mood::Unknown);
    let key = fresh_key();
    assert_eq!(vera.does_with(id, post("once"), key.clone()).await, Err(Refusal::UNAVAILABLE));
    assert_eq!(alice.next_numbers(1).await, [3], "told without anybody asking again");
    assert_eq!(vera.does_with(id, post("once"), key).await, Ok(3));
    assert_eq!(vera.next_numbers(3).await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn the_starter_hears_the_beginning_although_the_store_failed_just_then() {
    let store = Moody::new();
    let node = Node::on(store.clone(), Arc::new(Alone), Settings::default());
    let mut vera = node.visitor(1);
    store.set(Mood::NoPage);
    let id = vera.start("hello").await;
    assert_eq!(vera.next_numbers(2).await, [1, 2]);
    vera.does(id, post("three")).await.unwrap();
    assert_eq!(vera.next_numbers(1).await, [3]);
}

#[tokio::test(start_paused = true)]
async fn a_start_repeated_in_doubt_hides_nothing_from_those_who_listen() {
    let store = Moody::new();
    let node = Node::on(store.clone(), Arc::new(Alone), Settings::default());
    let (vera, mut alice, key) = (node.visitor(1), node.agent(1), fresh_key());
    let id = vera.start_with("hello", key.clone()).await;
    alice.watch(id, 2).await;
    store.set(Mood::Unknown);
    assert_eq!(vera.does(id, post("in doubt")).await, Err(Refusal::UNAVAILABLE));
    assert_eq!(vera.start_with("hello", key).await, id);
    assert_eq!(alice.next_numbers(1).await, [3]);
}

#[tokio::test]
async fn without_the_store_commands_are_unavailable_and_work_again_after() {
    let store = Moody::new();
    let node = Node::on(store.clone(), Arc::new(Alone), Settings::default());
    let vera = node.visitor(1);
    let id = vera.start("hello").await;
    store.set(Mood::Gone);
    assert_eq!(vera.does(id, post("x")).await, Err(Refusal::UNAVAILABLE));
    assert_eq!(vera.does(id, CLOSE).await, Err(Refusal::UNAVAILABLE));
    store.set(Mood::Fine);
    assert_eq!(vera.does(id, post("x")).await, Ok(3));
}

#[tokio::test]
async fn typing_goes_from_the_visitor_to_agents_and_from_the_owner_to_the_visitor() {
    let node = Node::alone();
    let (mut vera, mut alice, bob) = (node.visitor(1), node.agent(1), node.agent(2));
    let id = vera.start("hello").await;
    alice.watch(id, 0).await;
    let typing = |news: News| match news {
        News::Typing { by, active, .. } => Some((by, active)),
        _ => None,
    };
    vera.ask(id, Ask::Typing { active: true }).await.unwrap();
    assert!(matches!(alice.hears(typing).await, (Author::Visitor { .. }, true)));
    alice.does(id, Command::Claim).await.unwrap();
    bob.ask(id, Ask::Typing { active: true }).await.unwrap();
    alice.ask(id, Ask::Typing { active: true }).await.unwrap();
    let (by, _) = vera.hears(typing).await;
    assert_eq!(by, alice.asker.author, "only the owner's typing reaches the visitor");
}
