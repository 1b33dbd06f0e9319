//! The whole story on both codecs: a visitor asks, an agent answers and closes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{House, now};
use protocol::Codec;
use serde_json::json;

#[tokio::test]
async fn from_the_first_question_to_send_and_close_in_json() {
    story(Codec::Json, Codec::Json).await;
}

#[tokio::test]
async fn from_the_first_question_to_send_and_close_in_msgpack() {
    story(Codec::Msgpack, Codec::Msgpack).await;
}

#[tokio::test]
async fn each_side_may_speak_its_own_codec() {
    story(Codec::Json, Codec::Msgpack).await;
}

async fn story(visitors: Codec, agents: Codec) {
    let house = House::new().await;
    let (alice, token) = house.agent("Alice").await;
    let mut visitor = house.visitor_socket(visitors).await;
    let hello = visitor
        .ok("hello", json!({ "profile": { "name": " Vera ", "email": "v@x.example" } }))
        .await;
    assert_eq!((&hello["protocol"], &hello["node"]), (&json!(1), &json!("test")));
    assert_eq!(hello["self"]["role"], "visitor");
    assert_eq!(hello["self"]["name"], "Vera");
    assert_eq!(hello["online"], false);
    assert_eq!(hello["heartbeat_ms"], 25_000);
    assert_eq!(hello["limits"], json!({ "text_max": 4000, "frame_max": 65_536 }));
    assert!(hello["token"].is_string() && hello.get("conversation").is_none());

    let mut agent = house.agent_socket(agents).await;
    let hello = agent.ok("hello", json!({ "token": token })).await;
    assert_eq!(hello["self"], json!({ "role": "agent", "id": alice.to_string(), "name": "Alice" }));
    assert_eq!(hello["online"], true);
    assert!(hello.get("token").is_none());
    assert_eq!(visitor.signal("presence").await["data"]["online"], true);

    // Start: two events, both told, and the answer names the message.
    let started =
        visitor.ok("conversation.start", json!({ "key": "s1", "text": "  help  " })).await;
    let id = started["conversation"]["id"].as_str().unwrap().to_owned();
    assert_eq!(started["seq"], 2);
    assert_eq!(started["conversation"]["preview"]["text"], "help");
    assert!(started["conversation"]["visitor"].get("email").is_none());
    let (first, second) = (visitor.event().await, visitor.event().await);
    assert_eq!((&first["ev"], &first["seq"]), (&json!("conversation.started"), &json!(1)));
    assert_eq!(second["data"], json!({ "text": "help", "key": "s1" }));

    // The agent watches, claims and answers; keys are for their authors only.
    let watched = agent.ok("conversation.watch", json!({ "conversation": id })).await;
    assert_eq!(
        (&watched["head"], &watched["more"], &watched["reset"]),
        (&json!(2), &json!(false), &json!(false))
    );
    assert_eq!(watched["conversation"]["visitor"]["email"], "v@x.example");
    assert_eq!(watched["conversation"]["visitor"]["online"], true);
    assert_eq!(watched["conversation"]["unread"], 1);
    assert!(watched["events"][1]["data"].get("key").is_none());
    let claimed = agent.ok("conversation.claim", json!({ "conversation": id, "key": "c1" })).await;
    assert_eq!(claimed["seq"], 3);
    assert_eq!(agent.event().await["data"]["owner"]["id"], alice.to_string());
    let seen = visitor.event().await;
    let alias = seen["data"]["owner"]["id"].clone();
    assert_eq!(seen["by"]["id"], alias);
    assert_ne!(alias, alice.to_string());

    // A note takes a number that no visitor notices.
    assert_eq!(
        agent.ok("note.add", json!({ "conversation": id, "key": "n1", "text": "psst" })).await["seq"],
        4
    );
    agent.ok("typing", json!({ "conversation": id, "active": true })).await;
    let typing = visitor.signal("typing").await;
    assert_eq!((&typing["by"]["id"], &typing["data"]), (&alias, &json!({ "active": true })));

    let closing = json!({ "conversation": id, "key": "m1", "text": "bye", "then": "close" });
    let sent = agent.ok("message.send", closing.clone()).await;
    assert_eq!((&sent["seq"], &sent["closed_seq"]), (&json!(5), &json!(6)));
    assert!(sent["at"].as_i64().unwrap() <= now());
    let (reply, close) = (visitor.event().await, visitor.event().await);
    assert_eq!((&reply["seq"], &reply["data"]["text"]), (&json!(4), &json!("bye")));
    assert!(reply["data"].get("key").is_none());
    assert_eq!((&close["seq"], &close["ev"]), (&json!(5), &json!("conversation.closed")));
    let numbers: Vec<_> = [agent.event().await, agent.event().await, agent.event().await]
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [4, 5, 6]);

    // Close is a barrier, and the same key is answered the same for ever.
    let late = json!({ "conversation": id, "key": "m2", "text": "too late" });
    visitor.refused("message.send", late, "conversation_closed").await;
    assert_eq!(agent.ok("message.send", closing).await, sent);
    let history = visitor.ok("history", json!({ "conversation": id })).await;
    assert_eq!((history["events"].as_array().unwrap().len(), &history["head"]), (5, &json!(5)));
    visitor.has_heard_nothing_like(|frame| frame.to_string().contains("psst")).await;
}
