//! Who may do what, and to which conversation.

mod common;

use common::{House, add_site, quick};
use gateway::Settings;
use protocol::Codec;
use serde_json::{Value, json};

const NOWHERE: &str = "7b2f2a4e-0000-4000-8000-000000000000";

#[tokio::test]
async fn what_belongs_to_the_other_role_is_forbidden_and_commits_nothing() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let mut visitor = house.visitor(Codec::Json).await;
    let started = visitor.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    let id = &started["conversation"]["id"];
    let agents = [
        ("conversation.claim", json!({ "conversation": id, "key": "a" })),
        ("conversation.unclaim", json!({ "conversation": id, "key": "a" })),
        ("conversation.close", json!({ "conversation": id, "key": "a" })),
        ("note.add", json!({ "conversation": id, "key": "a", "text": "x" })),
        ("inbox.list", json!({})),
        ("inbox.watch", json!({ "on": true })),
        ("bulk", json!({ "key": "a", "action": "close", "conversations": [id] })),
        ("message.send", json!({ "conversation": id, "key": "a", "text": "x", "then": "close" })),
        // Forbidden comes before not found …
        ("conversation.claim", json!({ "conversation": NOWHERE, "key": "a" })),
    ];
    for (op, args) in agents {
        visitor.refused(op, args, "forbidden").await;
    }
    // … and a bad request before either.
    visitor.refused("conversation.claim", json!({ "conversation": id }), "bad_request").await;
    let mut agent = house.present(&token, Codec::Json).await;
    agent.refused("conversation.start", json!({ "key": "k", "text": "hi" }), "forbidden").await;
    let history = agent.ok("history", json!({ "conversation": id })).await;
    assert_eq!(history["head"], 2);
}

fn on(id: &Value) -> Vec<(&'static str, Value)> {
    vec![
        ("conversation.watch", json!({ "conversation": id })),
        ("history", json!({ "conversation": id })),
        ("message.send", json!({ "conversation": id, "key": "x", "text": "x" })),
        ("typing", json!({ "conversation": id, "active": true })),
    ]
}

#[tokio::test]
async fn conversations_of_others_are_not_found() {
    let house = House::new().await;
    let mut vera = house.visitor(Codec::Json).await;
    let started = vera.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    let id = started["conversation"]["id"].clone();
    // Another visitor of the same site.
    let mut mallory = house.visitor(Codec::Json).await;
    for id in [&id, &json!(NOWHERE), &json!("nonsense"), &json!("")] {
        for (op, args) in on(id) {
            mallory.refused(op, args, "not_found").await;
        }
    }
    // An agent of another site, with everything an agent has.
    let other = add_site(&house.store, &["other.example"]).await;
    let (_, token) = house.agent_of(other, "Oscar", None).await;
    let mut oscar = house.present(&token, Codec::Msgpack).await;
    let mut all = on(&id);
    all.extend([
        ("conversation.claim", json!({ "conversation": id, "key": "x" })),
        ("conversation.unclaim", json!({ "conversation": id, "key": "x" })),
        ("conversation.close", json!({ "conversation": id, "key": "x" })),
        ("note.add", json!({ "conversation": id, "key": "x", "text": "x" })),
        ("message.send", json!({ "conversation": id, "key": "x", "text": "x", "then": "close" })),
    ]);
    for (op, args) in all {
        oscar.refused(op, args, "not_found").await;
    }
    let bulk = json!({ "key": "b", "action": "claim", "conversations": [id] });
    let results = oscar.ok("bulk", bulk).await["results"].clone();
    assert_eq!(results[0]["err"]["code"], "not_found");
    assert_eq!(oscar.ok("inbox.list", json!({ "status": "all" })).await["total"], 0);
    // Nothing of it has left a trace, and nobody watches what is not theirs.
    vera.ok("message.send", json!({ "conversation": id, "key": "m", "text": "still mine" })).await;
    let heard = |frame: &Value| frame.get("ev").is_some() || frame.get("sig").is_some();
    mallory.has_heard_nothing_like(heard).await;
    oscar.has_heard_nothing_like(heard).await;
}

#[tokio::test]
async fn refusals_bring_what_the_client_needs_next() {
    let house = House::new().await;
    let (alice, alices) = house.agent("Alice").await;
    let (_, bobs) = house.agent("Bob").await;
    let mut vera = house.visitor(Codec::Json).await;
    let started = vera.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    let id = started["conversation"]["id"].clone();
    let open = vera.refused(
        "conversation.start",
        json!({ "key": "k2", "text": "hi" }),
        "conversation_open",
    );
    assert_eq!(open.await["detail"]["conversation"], id);
    let mut alice_socket = house.present(&alices, Codec::Json).await;
    let mut bob = house.present(&bobs, Codec::Json).await;
    let claim = json!({ "conversation": id, "key": "c" });
    let none = bob.refused("conversation.close", claim.clone(), "not_owner").await;
    assert_eq!(none["detail"]["owner"], Value::Null);
    alice_socket.ok("conversation.claim", claim.clone()).await;
    let lost = bob.refused("conversation.claim", claim.clone(), "already_claimed").await;
    let owner = json!({ "id": alice.to_string(), "name": "Alice" });
    assert_eq!((&lost["detail"]["owner"], &lost["remedy"]), (&owner, &json!("give_up")));
    let send = json!({ "conversation": id, "key": "m", "text": "x" });
    assert_eq!(bob.refused("message.send", send, "not_owner").await["detail"]["owner"], owner);
    let close = json!({ "conversation": id, "key": "z", "expected_seq": 2 });
    let conflict = alice_socket.refused("conversation.close", close, "conflict").await;
    assert_eq!((&conflict["detail"]["head"], &conflict["remedy"]), (&json!(3), &json!("resync")));
    let events = conflict["detail"]["events"].as_array().unwrap();
    assert_eq!((events.len(), &events[0]["ev"]), (1, &json!("conversation.claimed")));
    let close = json!({ "conversation": id, "key": "z", "expected_seq": 3 });
    assert_eq!(alice_socket.ok("conversation.close", close).await["seq"], 4);
}

#[tokio::test]
async fn a_socket_watches_only_so_many_and_what_is_not_found_does_not_count() {
    let house = House::with(Settings { commands_burst: 10_000, ..quick() }).await;
    let (_, token) = house.agent("Alice").await;
    let mut alice = house.present(&token, Codec::Json).await;
    for n in 0..60 {
        let id = format!("7b2f2a4e-0000-4000-8000-{n:012}");
        alice.refused("conversation.watch", json!({ "conversation": id }), "not_found").await;
    }
    let mut ids = Vec::new();
    for _ in 0..1001 {
        ids.push(house.conversation().await.to_string());
    }
    for id in &ids[..1000] {
        alice.ok("conversation.watch", json!({ "conversation": id, "after": 2 })).await;
    }
    let one_more = json!({ "conversation": ids[1000] });
    alice.refused("conversation.watch", one_more.clone(), "bad_request").await;
    // Watching again is no more, and letting one go makes room.
    alice.ok("conversation.watch", json!({ "conversation": ids[0] })).await;
    alice.ok("conversation.unwatch", json!({ "conversation": ids[0] })).await;
    alice.ok("conversation.watch", one_more).await;
}

#[tokio::test]
async fn who_unwatches_hears_no_more_and_everybody_of_one_person_hears_once() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let mut vera = house.visitor(Codec::Json).await;
    let started = vera.ok("conversation.start", json!({ "key": "k", "text": "hi" })).await;
    let id = started["conversation"]["id"].clone();
    let mut one = house.present(&token, Codec::Json).await;
    let mut two = house.present(&token, Codec::Msgpack).await;
    let mut three = house.present(&token, Codec::Json).await;
    for agent in [&mut one, &mut two, &mut three] {
        agent.ok("conversation.watch", json!({ "conversation": id, "after": 2 })).await;
        agent.ok("conversation.watch", json!({ "conversation": id, "after": 0 })).await;
    }
    three.ok("conversation.unwatch", json!({ "conversation": id })).await;
    let note = json!({ "conversation": id, "key": "n", "text": "mine" });
    assert_eq!(one.ok("note.add", note).await["seq"], 3);
    for agent in [&mut one, &mut two] {
        assert_eq!(agent.event().await["data"], json!({ "text": "mine", "key": "n" }));
        agent.has_heard_nothing_like(|frame| frame.get("ev").is_some()).await;
    }
    three.has_heard_nothing_like(|frame| frame.get("ev").is_some()).await;
}
