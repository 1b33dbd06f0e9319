//! When the store is silent or gone, everybody still gets an answer in time.

mod common;

use std::time::Duration;

use common::moody::Mood;
use common::{House, ORIGIN, PATIENCE, quick};
use gateway::Settings;
use protocol::Codec;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

const ANSWER_WITHIN: Duration = Duration::from_millis(400);

async fn impatient() -> House {
    House::with(Settings { answer_within: ANSWER_WITHIN, ..quick() }).await
}

#[tokio::test]
async fn every_command_is_answered_in_time_and_a_late_answer_is_none() {
    let house = impatient().await;
    let (_, token) = house.agent("Alice").await;
    let mut vera = house.visitor(Codec::Json).await;
    let started = vera.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    let id = started["conversation"]["id"].clone();
    let mut alice = house.present(&token, Codec::Json).await;
    house.moody.set(Mood::Silent);
    let claim = json!({ "conversation": id, "key": "c" });
    let commands = [
        ("conversation.claim", claim.clone()),
        ("inbox.list", json!({})),
        ("inbox.watch", json!({ "on": true })),
        ("conversation.watch", json!({ "conversation": id })),
        ("bulk", json!({ "key": "b", "action": "claim", "conversations": [id] })),
    ];
    let began = Instant::now();
    let mut asked = Vec::new();
    for (op, args) in commands {
        asked.push(alice.send(op, args).await);
    }
    for re in &asked {
        let answer = alice.answer_to(*re).await;
        assert_eq!(answer["err"]["code"], "unavailable", "{answer}");
        assert_eq!(answer["err"]["remedy"], "retry");
        assert!(answer["err"]["retry_after_ms"].as_u64() > Some(0));
    }
    assert!(began.elapsed() < ANSWER_WITHIN * 3, "{:?}", began.elapsed());
    house.moody.set(Mood::Well);
    // What was committed after all is found under its key, and nothing is answered twice.
    assert_eq!(alice.ok("conversation.claim", claim).await["seq"], 3);
    let again = |frame: &Value| asked.iter().any(|re| frame["re"] == json!(re));
    alice.has_heard_nothing_like(again).await;
    // The snapshot came too late to be one, so nothing is told live either.
    alice.ok("note.add", json!({ "conversation": id, "key": "n", "text": "x" })).await;
    alice.has_heard_nothing_like(|frame| frame.get("ev").is_some()).await;
}

#[tokio::test]
async fn searches_that_take_long_hold_up_nothing_else_and_are_given_up() {
    let (list_within, answer_within) = (Duration::from_secs(1), Duration::from_millis(1200));
    let house = House::with(Settings { list_within, answer_within, ..quick() }).await;
    let (_, token) = house.agent("Alice").await;
    let mut alice = house.present(&token, Codec::Json).await;
    house.moody.set(Mood::Silent);
    let (began, mut asked) = (Instant::now(), Vec::new());
    for _ in 0..100 {
        asked.push(alice.send("inbox.list", json!({ "search": "x" })).await);
    }
    let ping = alice.send("ping", json!({})).await;
    assert_eq!(alice.frame().await.unwrap()["re"], json!(ping), "nothing waits behind them");
    for re in asked {
        let answer = alice.answer_to(re).await;
        assert_eq!(answer["err"]["code"], "unavailable", "{answer}");
    }
    assert!(began.elapsed() < answer_within * 2, "{:?}", began.elapsed());
    house.moody.set(Mood::Well);
    alice.ok("inbox.list", json!({ "search": "x" })).await;
}

#[tokio::test]
async fn hello_without_a_store_may_be_said_again() {
    let house = impatient().await;
    let (_, token) = house.agent("Alice").await;
    let mut vera = house.visitor(Codec::Json).await;
    vera.ok("ping", json!({})).await;
    let mut alice = house.agent_socket(Codec::Msgpack).await;
    for mood in [Mood::Gone, Mood::Silent] {
        house.moody.set(mood);
        alice.refused("hello", json!({ "token": token }), "unavailable").await;
    }
    house.moody.set(Mood::Well);
    alice.ok("hello", json!({ "token": token })).await;
    assert_eq!(vera.signal("presence").await["data"]["online"], true);
}

#[tokio::test]
async fn a_handshake_or_sign_in_without_a_store_is_told_to_come_back() {
    let house = impatient().await;
    house.moody.set(Mood::Gone);
    let path = format!("/v1/visitor/{}", house.site);
    let outcome = house.connect(&path, Codec::Json, &[("origin", ORIGIN)]).await.map(drop);
    assert_eq!(outcome, Err(503));
    let body = json!({ "email": "a@b.example", "password": "x" });
    let (status, head, answer) = house.post("/v1/login", "", &body).await;
    assert_eq!((status, &answer["err"]["code"]), (503, &json!("unavailable")));
    assert!(head.to_lowercase().contains("retry-after: "), "{head}");
}

#[tokio::test]
async fn a_start_that_was_given_up_is_found_under_its_key() {
    let house = impatient().await;
    let mut vera = house.visitor_socket(Codec::Json).await;
    let token = vera.ok("hello", json!({})).await["token"].clone();
    house.moody.set(Mood::Silent);
    let start = json!({ "key": "k", "text": "hi", "prechat": { "name": "Vera" } });
    vera.send("conversation.start", start.clone()).await;
    drop(vera);
    house.moody.set(Mood::Well);
    let mut vera = house.visitor_socket(Codec::Json).await;
    vera.ok("hello", json!({ "token": token })).await;
    let started = vera.ok("conversation.start", start).await;
    assert_eq!(
        (&started["seq"], &started["conversation"]["visitor"]["name"]),
        (&json!(2), &json!("Vera"))
    );
    assert_eq!(
        (vera.event().await["seq"].clone(), vera.event().await["seq"].clone()),
        (json!(1), json!(2))
    );
}

#[tokio::test]
async fn draining_does_not_wait_for_ever() {
    let drain_commands_within = Duration::from_millis(300);
    let house = House::with(Settings { drain_commands_within, ..quick() }).await;
    let mut vera = house.visitor(Codec::Json).await;
    house.moody.set(Mood::Silent);
    vera.send("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    let drained = timeout(PATIENCE, house.gateway.drain());
    let (drained, ended) = tokio::join!(drained, vera.ended());
    drained.expect("drained in time");
    assert_eq!(ended.code, Some(1001));
}
