//! The inbox feed: merged, and the last state always arrives. Presence: who is there.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use conversation::Command;
use fanout::Alone;
use hub::{Answer, News, Settings};
use protocol::Counts;
use support::{CLOSE, Moody, Node, Person, post};

/// Hears rows until one satisfies.
async fn row_with(person: &mut Person, want: impl Fn(&hub::Row) -> bool) {
    person
        .hears(|news| match news {
            News::Row(row) if want(&row) => Some(()),
            _ => None,
        })
        .await;
}

async fn counts(person: &mut Person, want: Counts) {
    person.hears(|news| matches!(news, News::Counts(counts) if counts == want).then_some(())).await;
}

async fn watching(person: &mut Person, node: &Node, ticket: u32) -> Counts {
    node.hub.watch_inbox(&person.asker, true, ticket);
    person
        .hears(|news| match news {
            News::Answer { ticket: t, answer: Ok(Answer::Counts(counts)) } if t == ticket => {
                Some(counts)
            }
            other => panic!("nothing comes before the answer, but {other:?} did"),
        })
        .await
}

#[tokio::test(start_paused = true)]
async fn the_last_state_of_a_row_and_the_last_counts_arrive() {
    let node = Node::alone();
    let (vera, mut alice, mut bob) = (node.visitor(1), node.agent(1), node.agent(2));
    assert_eq!(watching(&mut bob, &node, 1).await, Counts::default());
    let id = vera.start("hello").await;
    watching(&mut alice, &node, 1).await;
    alice.does(id, Command::Claim).await.unwrap();
    counts(&mut alice, Counts { open: 1, mine: 1, unassigned: 0 }).await;
    counts(&mut bob, Counts { open: 1, mine: 0, unassigned: 0 }).await;
    for n in 0..100 {
        vera.does(id, post(&n.to_string())).await.unwrap();
    }
    alice.does(id, CLOSE).await.unwrap();
    row_with(&mut alice, |row| row.conversation.is_closed()).await;
    row_with(&mut bob, |row| row.conversation.head.0 == 104).await;
    counts(&mut bob, Counts::default()).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_changes_at_once_are_few_rows() {
    let node = Node::alone();
    let (vera, mut alice) = (node.visitor(1), node.agent(1));
    let id = vera.start("hello").await;
    watching(&mut alice, &node, 1).await;
    for n in 0..100 {
        vera.does(id, post(&n.to_string())).await.unwrap();
    }
    row_with(&mut alice, |row| row.conversation.head.0 == 102).await;
    let rows = node.metrics.inbox_rows.get();
    assert!(rows < 10, "{rows} rows for 100 changes in no time");
}

#[tokio::test(start_paused = true)]
async fn what_changes_while_the_question_is_answered_is_told_after_the_answer() {
    let store = Moody::new();
    let node = Node::on(store.clone(), Arc::new(Alone), Settings::default());
    let (vera, mut alice) = (node.visitor(1), node.agent(1));
    let id = vera.start("hello").await;
    vera.watch(id, 2).await;
    store.meanwhile(async move {
        vera.does(id, post("three")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await; // sleep-ok: paused time
    });
    watching(&mut alice, &node, 1).await;
    row_with(&mut alice, |row| row.conversation.head.0 == 3).await;
}

#[tokio::test(start_paused = true)]
async fn who_stops_watching_hears_no_more() {
    let node = Node::alone();
    let (vera, mut alice, mut bob) = (node.visitor(1), node.agent(1), node.agent(2));
    watching(&mut alice, &node, 1).await;
    watching(&mut bob, &node, 1).await;
    node.hub.watch_inbox(&alice.asker, false, 2);
    alice.hears(|news| matches!(news, News::Answer { ticket: 2, .. }).then_some(())).await;
    vera.start("hello").await;
    row_with(&mut bob, |_| true).await;
    counts(&mut bob, Counts { open: 1, mine: 0, unassigned: 1 }).await;
    assert!(alice.heard.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_row_says_whether_its_visitor_is_online() {
    let node = Node::alone();
    let (vera, mut alice) = (node.visitor(1), node.agent(1));
    vera.start("hello").await;
    watching(&mut alice, &node, 1).await;
    node.hub.join(&vera.asker);
    row_with(&mut alice, |row| row.online).await;
    node.hub.leave(&vera.asker, []);
    row_with(&mut alice, |row| !row.online).await;
}

#[tokio::test]
async fn visitors_hear_when_the_team_comes_and_goes() {
    let node = Node::alone();
    let mut vera = node.visitor(1);
    let (alice, again) = (node.agent(1), node.agent(1));
    node.hub.join(&vera.asker);
    assert!(!node.hub.team_online(support::SITE));
    let presence = |news: News| match news {
        News::Presence { online } => Some(online),
        _ => None,
    };
    node.hub.join(&alice.asker);
    assert!(vera.hears(presence).await);
    node.hub.join(&again.asker);
    node.hub.leave(&alice.asker, []);
    assert!(node.hub.team_online(support::SITE));
    node.hub.leave(&again.asker, []);
    assert!(!vera.hears(presence).await);
    assert!(vera.heard.try_recv().is_err(), "nothing is said while somebody is there");
}

#[tokio::test]
async fn bulk_answers_each_and_a_repeat_asks_what_the_first_one_asked() {
    let node = Node::alone();
    let (alice, bob) = (node.agent(1), node.agent(2));
    let mine = node.visitor(1).start("a").await;
    let taken = node.visitor(2).start("b").await;
    bob.does(taken, Command::Claim).await.unwrap();
    let ids = vec![mine.to_string(), taken.to_string(), "nonsense".to_owned()];
    let key = support::fresh_key();
    let bulk = |ids: Vec<String>, action| {
        let (hub, asker, key) = (node.hub.clone(), alice.asker.clone(), key.clone());
        async move { hub.bulk(&asker, key, action, ids).await.unwrap() }
    };
    let first = bulk(ids.clone(), protocol::BulkAction::Claim).await;
    let ok: Vec<bool> = first.iter().map(|item| item.outcome.is_ok()).collect();
    assert_eq!(ok, [true, false, false]);
    bob.does(taken, Command::Unclaim).await.unwrap();
    let again = bulk(vec![mine.to_string()], protocol::BulkAction::Close).await;
    let ok: Vec<bool> = again.iter().map(|item| item.outcome.is_ok()).collect();
    assert_eq!(ok, [true, true, false]);
    assert_eq!(again.iter().map(|item| item.conversation.clone()).collect::<Vec<_>>(), ids);
}
