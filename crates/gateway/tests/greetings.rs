//! `hello`: who is there, until when, and what goes before it.

mod common;

use std::time::Duration;

use common::{House, ORIGIN, add_site, now, quick};
use gateway::Settings;
use protocol::{Codec, VisitorId};
use serde_json::json;
use tokio::time::Instant;

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn anything_before_hello_is_unauthorized() {
    let house = House::new().await;
    for (op, args) in [
        ("ping", json!({})),
        ("inbox.watch", json!({ "on": true })),
        ("message.send", json!({})),
        ("no.such.thing", json!({})),
    ] {
        let mut agent = house.agent_socket(Codec::Json).await;
        agent.refused(op, args, "unauthorized").await;
        agent.ends_with(4401, Some("unauthorized")).await;
    }
}

#[tokio::test]
async fn a_hello_with_bad_arguments_may_be_said_again() {
    let house = House::new().await;
    let mut visitor = house.visitor_socket(Codec::Msgpack).await;
    let many = vec![json!({ "conversation": "x" }); 51];
    visitor.refused("hello", json!({ "watch": many }), "bad_request").await;
    visitor.ok("hello", json!({})).await;
}

#[tokio::test]
async fn who_does_not_say_hello_in_time_is_let_go() {
    let hello_within = Duration::from_millis(500);
    let house = House::with(Settings { hello_within, ..quick() }).await;
    let began = Instant::now();
    let mut visitor = house.visitor_socket(Codec::Json).await;
    visitor.ends_with(4408, Some("idle")).await;
    assert!(began.elapsed() <= hello_within + Duration::from_millis(100), "{:?}", began.elapsed());
    // A frame that never ends is no hello either.
    let mut agent = house.agent_socket(Codec::Msgpack).await;
    agent.send_bytes(b"\xc1").await;
    agent.ends_with(4408, Some("idle")).await;
}

#[tokio::test]
async fn a_second_hello_changes_nothing() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let (_, other) = house.agent("Bob").await;
    let mut agent = house.present(&token, Codec::Json).await;
    agent.refused("hello", json!({ "token": other }), "bad_request").await;
    agent.ok("ping", json!({})).await;
}

#[tokio::test]
async fn bad_expired_and_foreign_tokens_end_the_socket() {
    let house = House::new().await;
    let other = add_site(&house.store, &["other.example"]).await;
    let (alice, good) = house.agent("Alice").await;
    let vera = VisitorId(uuid::Uuid::new_v4());
    let credentials = &house.credentials;
    let agents = [
        json!("v1.x.y"),
        json!(""),
        json!(credentials.mint_agent(house.site, alice, now() - 10_000, Duration::from_secs(5))),
        json!(credentials.mint_agent(other, alice, now(), DAY)),
        json!(credentials.mint_agent(house.site, protocol::AgentId(vera.0), now(), DAY)),
        json!(credentials.mint_visitor(house.site, vera, now(), DAY)),
        json!(gateway::Credentials::new([0; 32]).mint_agent(house.site, alice, now(), DAY)),
        json!(null),
    ];
    for token in agents {
        let mut agent = house.agent_socket(Codec::Json).await;
        agent.refused("hello", json!({ "token": token }), "unauthorized").await;
        agent.ends_with(4401, Some("unauthorized")).await;
    }
    let visitors = [
        json!("garbage"),
        json!(good),
        json!(credentials.mint_visitor(other, vera, now(), DAY)),
        json!(credentials.mint_visitor(house.site, vera, now() - 10_000, Duration::from_secs(5))),
    ];
    for token in visitors {
        let mut visitor = house.visitor_socket(Codec::Json).await;
        visitor.refused("hello", json!({ "token": token }), "unauthorized").await;
        visitor.ends_with(4401, Some("unauthorized")).await;
    }
}

#[tokio::test]
async fn a_live_socket_ends_with_its_token() {
    let house = House::new().await;
    let (alice, _) = house.agent("Alice").await;
    let token = house.credentials.mint_agent(house.site, alice, now(), Duration::from_millis(700));
    let mut agent = house.present(&token, Codec::Msgpack).await;
    agent.ok("ping", json!({})).await;
    agent.ends_with(4401, Some("unauthorized")).await;
}

#[tokio::test]
async fn a_visitor_comes_back_as_the_same_one() {
    let house = House::new().await;
    let mut first = house.visitor_socket(Codec::Json).await;
    let hello = first.ok("hello", json!({ "profile": { "name": "Vera" } })).await;
    let (id, token) = (hello["self"]["id"].clone(), hello["token"].clone());
    let started = first.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    drop(first);
    let mut again = house.visitor_socket(Codec::Json).await;
    let back = again.ok("hello", json!({ "token": token })).await;
    assert_eq!((&back["self"]["id"], &back["self"]["name"]), (&id, &json!("Vera")));
    assert_eq!(back["conversation"]["id"], started["conversation"]["id"]);
    assert!(back.get("token").is_none(), "the token is good for long");
    // A new name is remembered, an empty one is none.
    let mut third = house.visitor_socket(Codec::Json).await;
    third
        .ok("hello", json!({ "token": token, "profile": { "name": "Vera B.", "email": " " } }))
        .await;
    let mut fourth = house.visitor_socket(Codec::Json).await;
    let hello = fourth.ok("hello", json!({ "token": token, "profile": { "name": "  " } })).await;
    assert_eq!(hello["self"]["name"], "Vera B.");
}

#[tokio::test]
async fn an_old_token_is_replaced_by_a_fresh_one() {
    let house = House::new().await;
    let vera = VisitorId(uuid::Uuid::new_v4());
    let eight_days = 8 * 86_400_000;
    let old = house.credentials.mint_visitor(house.site, vera, now() - eight_days, DAY * 90);
    let mut visitor = house.visitor_socket(Codec::Json).await;
    let hello = visitor.ok("hello", json!({ "token": old })).await;
    assert_eq!(hello["self"]["id"], vera.to_string());
    let fresh = hello["token"].as_str().unwrap();
    let fresh = house.credentials.verify_visitor(fresh, house.site, now()).unwrap();
    assert_eq!(fresh.visitor, vera);
    assert!(fresh.expires_at > now() + 89 * 86_400_000);
}

#[tokio::test]
async fn hello_takes_up_what_was_watched_in_the_order_asked() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let mut visitor = house.visitor(Codec::Json).await;
    let started = visitor.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    let id = started["conversation"]["id"].clone();
    let mut agent = house.agent_socket(Codec::Msgpack).await;
    let nowhere = "b2ff2a4e-0000-4000-8000-000000000000";
    let watch = json!([
        { "conversation": nowhere, "after": 0 },
        { "conversation": id, "after": 1 },
        { "conversation": "nonsense" },
        { "conversation": id, "after": 99 },
    ]);
    let hello = agent.ok("hello", json!({ "token": token, "watch": watch })).await;
    let watching = hello["watching"].as_array().unwrap();
    assert_eq!(watching[0]["id"], nowhere);
    assert_eq!(watching[0]["err"]["code"], "not_found");
    assert_eq!(watching[1]["events"].as_array().unwrap().len(), 1);
    assert_eq!((&watching[1]["head"], &watching[1]["reset"]), (&json!(2), &json!(false)));
    assert_eq!(watching[2]["id"], "nonsense");
    assert_eq!(watching[3]["reset"], true);
    assert_eq!(watching[3]["events"].as_array().unwrap().len(), 2);
    // Live from here on, once.
    visitor.ok("message.send", json!({ "conversation": id, "key": "m", "text": "hello?" })).await;
    assert_eq!(agent.event().await["seq"], 3);
    agent.has_heard_nothing_like(|frame| frame.get("ev").is_some()).await;
}

#[tokio::test]
async fn an_agent_may_come_with_a_cookie_and_a_token_in_hello_wins() {
    let house = House::new().await;
    let (alice, token) = house.agent("Alice").await;
    let (bob, bobs) = house.agent("Bob").await;
    let cookie = format!("theme=dark; frontdesk_agent={token}; x=y");
    let mut agent = house.connect("/v1/agent", Codec::Json, &[("cookie", &cookie)]).await.unwrap();
    let hello = agent.ok("hello", json!({})).await;
    assert_eq!(hello["self"]["id"], alice.to_string());
    let mut agent = house.connect("/v1/agent", Codec::Json, &[("cookie", &cookie)]).await.unwrap();
    let hello = agent.ok("hello", json!({ "token": bobs })).await;
    assert_eq!(hello["self"]["id"], bob.to_string());
    // From somewhere else the cookie does not help.
    let headers = [("cookie", cookie.as_str()), ("origin", ORIGIN)];
    assert_eq!(house.connect("/v1/agent", Codec::Json, &headers).await.map(drop), Err(403));
}

#[tokio::test]
async fn a_token_in_the_address_is_nothing() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let path = format!("/v1/agent?token={token}");
    let mut agent = house.connect(&path, Codec::Json, &[]).await.unwrap();
    agent.refused("hello", json!({}), "unauthorized").await;
    agent.ends_with(4401, Some("unauthorized")).await;
}

#[tokio::test]
async fn who_is_silent_for_long_is_let_go_and_a_pong_is_a_sign_of_life() {
    let (ping_every, silence_max) = (Duration::from_millis(100), Duration::from_millis(400));
    let house = House::with(Settings { ping_every, silence_max, ..quick() }).await;
    let (_, token) = house.agent("Alice").await;
    let mut alive = house.present(&token, Codec::Json).await;
    let mut deaf = house.present(&token, Codec::Json).await;
    // The one that is read answers pings by itself; the other one never does.
    let living = tokio::time::timeout(silence_max * 3, alive.frame()).await;
    assert!(living.is_err(), "{living:?}");
    alive.ok("ping", json!({})).await;
    deaf.ends_with(4408, Some("idle")).await;
}
