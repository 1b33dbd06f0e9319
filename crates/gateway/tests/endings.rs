//! How connections end: drained, or too slow; and who notices.

mod common;

use std::time::Duration;

use common::{House, PATIENCE, quick};
use futures::SinkExt as _;
use gateway::{ReasonLabel, Settings};
use protocol::Codec;
use serde_json::json;
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn draining_finishes_what_was_accepted_and_says_goodbye_to_everybody() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let mut vera = house.visitor(Codec::Json).await;
    let started = vera.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    let id = started["conversation"]["id"].clone();
    let mut alice = house.present(&token, Codec::Msgpack).await;
    let mut stranger = house.agent_socket(Codec::Json).await;
    let claim = alice.send("conversation.claim", json!({ "conversation": id, "key": "c" })).await;
    // Accepted is what has been read: an answer to a later one is proof.
    alice.ok("ping", json!({})).await;
    let began = Instant::now();
    house.stop.cancel();
    timeout(PATIENCE, house.gateway.drain()).await.expect("drained in time");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(alice.answer_to(claim).await["ok"]["seq"], 3);
    for client in [&mut vera, &mut alice, &mut stranger] {
        let ended = client.ended().await;
        assert_eq!(ended.code, Some(1001));
        let bye = ended.bye.unwrap();
        assert_eq!((&bye["code"], &bye["reconnect"]), (&json!("going_away"), &json!(true)));
        assert!((500..=5000).contains(&bye["retry_after_ms"].as_u64().unwrap()));
    }
    timeout(PATIENCE, house.served).await.expect("stopped").unwrap();
    assert_eq!(house.gateway.connections(), 0);
}

#[tokio::test]
async fn the_more_there_are_the_longer_they_are_told_to_take_to_come_back() {
    let house = House::with(Settings { returns_per_second: 1, ..quick() }).await;
    let mut crowd = Vec::new();
    for _ in 0..30 {
        crowd.push(house.visitor(Codec::Json).await);
    }
    timeout(PATIENCE, house.gateway.drain()).await.expect("drained in time");
    let mut longest = 0;
    for client in &mut crowd {
        let bye = client.ended().await.bye.unwrap();
        longest = longest.max(bye["retry_after_ms"].as_u64().unwrap());
    }
    // Thirty at one a second; that all of them throw less than this happens once in a thousand millions.
    assert!((15_000..=30_500).contains(&longest), "{longest}");
}

#[tokio::test]
async fn who_does_not_read_is_let_go_and_nobody_else_notices() {
    let small =
        Settings { outbox_bytes_max: 64 * 1024, stalled_max: Duration::from_secs(30), ..quick() };
    let house = House::with(Settings { commands_burst: 100_000, ..small }).await;
    let (_, token) = house.agent("Alice").await;
    let mut vera = house.visitor(Codec::Json).await;
    let started = vera.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    let id = started["conversation"]["id"].clone();
    let mut deaf = house.present(&token, Codec::Json).await;
    let mut other = house.present(&token, Codec::Json).await;
    for agent in [&mut deaf, &mut other] {
        agent.ok("conversation.watch", json!({ "conversation": id, "after": 2 })).await;
    }
    let text = "x".repeat(4000);
    let overflows = house.metrics.outbox_overflows.clone();
    let mut sent = 0;
    let slowest = timeout(PATIENCE * 4, async {
        let mut slowest = Duration::ZERO;
        while overflows.get() == 0 {
            let began = Instant::now();
            let key = format!("m{sent}");
            vera.ok("message.send", json!({ "conversation": id, "key": key, "text": text })).await;
            vera.event().await;
            assert_eq!(other.event().await["seq"], 3 + sent);
            slowest = slowest.max(began.elapsed());
            sent += 1;
        }
        slowest
    });
    let slowest = slowest.await.expect("an end of patience");
    // Whoever waited for the one that does not read would have waited for most of its thirty seconds.
    assert!(slowest < PATIENCE, "{slowest:?}");
    // Once it reads again, it finds out why.
    deaf.ends_with(4429, None).await;
}

#[tokio::test]
async fn a_socket_that_takes_nothing_is_let_go_after_a_while() {
    let stalled_max = Duration::from_millis(500);
    let house = House::with(Settings { stalled_max, commands_burst: 100_000, ..quick() }).await;
    let (_, token) = house.agent("Alice").await;
    let mut vera = house.visitor(Codec::Json).await;
    let started = vera.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    let id = started["conversation"]["id"].clone();
    for n in 0..60 {
        let text = "y".repeat(4000);
        vera.ok("message.send", json!({ "conversation": id, "key": n.to_string(), "text": text }))
            .await;
    }
    let mut greedy = house.present(&token, Codec::Json).await;
    // It asks and asks and never reads an answer; sending fails once it has been let go.
    let asking = async {
        loop {
            let history =
                json!({ "id": 9, "op": "history", "args": { "conversation": id, "limit": 200 } });
            let frame = tokio_tungstenite::tungstenite::Message::text(history.to_string());
            if greedy.socket.send(frame).await.is_err() {
                return;
            }
        }
    };
    timeout(PATIENCE * 2, asking).await.expect("it is let go");
    let too_slow = ReasonLabel { reason: "TooSlow" };
    assert_eq!(house.metrics.closes.get_or_create(&too_slow).get(), 1);
}

#[tokio::test]
async fn a_visitor_that_leaves_is_offline() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let mut agent = house.present(&token, Codec::Json).await;
    let mut vera = house.visitor(Codec::Json).await;
    vera.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    agent.ok("inbox.watch", json!({ "on": true })).await;
    drop(vera);
    let row = agent
        .find(|frame| frame["sig"] == "inbox.row" && frame["data"]["visitor"]["online"] == false);
    row.await;
}
