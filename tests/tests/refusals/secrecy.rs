//! What no visitor ever learns.

use client::{Connection, Visitor};
use protocol::{Codec, EventData};
use serde_json::{Value, json};
use system_tests::{Expect as _, SOON, Site, key, within};
use tokio_tungstenite::tungstenite::Message;

/// Asks, and collects every frame up to the answer as it stands on the wire.
async fn overhear(connection: &mut Connection, op: &str, args: Value) -> Vec<Value> {
    let asked = connection.send_request(op, args).await.expect("sent");
    let codec = connection.codec();
    let mut heard = Vec::new();
    loop {
        let message = within(SOON, "an answer", connection.next_message()).await.expect("a frame");
        let frame = match message {
            Message::Text(text) => codec.parse(text.as_bytes()).expect("a value"),
            Message::Binary(bytes) => codec.parse(&bytes).expect("a value"),
            _ => continue,
        };
        let answered = frame["re"] == asked;
        heard.push(frame);
        if answered {
            return heard;
        }
    }
}

/// Everything a visitor can ask about a conversation.
async fn everything(visitor: &mut Visitor, id: impl ToString) -> Vec<Value> {
    let id = id.to_string();
    let mut heard = Vec::new();
    let asked = [
        ("conversation.watch", json!({ "conversation": id, "after": 0 })),
        ("history", json!({ "conversation": id, "limit": 200 })),
        ("conversation.start", json!({ "key": key(), "text": "another" })),
        ("message.send", json!({ "conversation": id, "key": key(), "text": "hm" })),
        ("typing", json!({ "conversation": id, "active": true })),
        ("conversation.claim", json!({ "conversation": id, "key": key() })),
        ("ping", json!({})),
    ];
    for (op, args) in asked {
        heard.extend(overhear(visitor, op, args).await);
    }
    heard
}

#[tokio::test]
async fn no_frame_to_a_visitor_holds_a_note_an_agents_id_an_email_or_somebodys_key() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let ann = site.hire("Ann").await;
        let ben = site.hire("Ben").await;
        let mut one = site.sign_in(&ann, codec).await;
        let mut two = site.sign_in(&ben, codec).await;
        let mut visitor = site.visitor_named("Vera", "vera-canary@example.org").await;
        let id = visitor.start(&key(), "hello").await.granted().conversation.id;
        let mut window = site.visitor_again(&visitor, codec).await;
        let mut heard = everything(&mut window, id).await;
        one.claim(id, "canary-claim").await.granted();
        one.note(id, "canary-note", "canary-text").await.granted();
        one.say(id, "canary-say", "hello").await.granted();
        two.note(id, "canary-note", "canary-text").await.granted();
        heard.extend(everything(&mut window, id).await);
        one.unclaim(id, "canary-unclaim").await.granted();
        two.claim(id, "canary-claim").await.granted();
        heard.extend(everything(&mut window, id).await);
        two.say_and_close(id, "canary-close", "bye").await.granted();
        heard.extend(everything(&mut window, id).await);
        let again = site.visitor_again(&visitor, codec).await;
        heard.push(serde_json::to_value(&again.hello).expect("a value"));

        let said = Value::from(heard).to_string();
        let secrets = [
            "canary".to_owned(),
            "note.posted".to_owned(),
            "conversation.unclaimed".to_owned(),
            one.hello.me.id.to_string(),
            two.hello.me.id.to_string(),
            ann.email,
            ben.email,
            "unread".to_owned(),
            "\"email\"".to_owned(),
        ];
        for secret in secrets {
            assert!(!said.contains(&secret), "{secret} in {said}");
        }
    }
}

#[tokio::test]
async fn a_visitors_summary_is_computed_from_what_it_may_see() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        let sent = agent.say(id, &key(), "the last you see").await.granted();
        let before: Value =
            visitor.ask("conversation.watch", json!({ "conversation": id })).await.granted();
        let before = &before["conversation"];
        assert_eq!((&before["seq"], &before["activity_at"]), (&json!(4), &json!(sent.at)));
        assert_eq!(before["preview"]["text"], "the last you see");
        assert!(before.get("unread").is_none() && before["visitor"].get("email").is_none());

        for _ in 0..3 {
            agent.note(id, &key(), "a note").await.granted();
        }
        agent.unclaim(id, &key()).await.granted();
        let after: Value =
            visitor.ask("conversation.watch", json!({ "conversation": id })).await.granted();
        assert_eq!(&after["conversation"], before, "the owner, too: visitors see no unclaim");
        assert_eq!(after["head"], 4);

        agent.claim(id, &key()).await.granted();
        agent.note(id, &key(), "before the end").await.granted();
        let closed = agent.end(id, &key()).await.granted();
        assert_eq!(closed.seq, 11);
        let watched = visitor.watch(id, 0).await.granted();
        let summary = watched.conversation;
        assert_eq!((summary.seq, watched.head), (6, 6));
        let by = summary.closed_by.expect("who closed it");
        assert_eq!((by.id, &*by.name), (None, "Ann"));
        assert_eq!(summary.closed_at, Some(summary.activity_at));
        assert_eq!(&*summary.preview.text, "the last you see");
    }
}

#[tokio::test]
async fn to_visitors_an_agent_has_one_opaque_id_everywhere_and_two_agents_have_two() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut ann, id) = site.talking(codec).await;
        let mut ben = site.agent("Ben", codec).await;
        ann.say(id, &key(), "I am Ann").await.granted();
        let owner = visitor.watch(id, 0).await.granted().conversation.owner.expect("an owner");
        ann.unclaim(id, &key()).await.granted();
        ben.claim(id, &key()).await.granted();
        ben.say(id, &key(), "I am Ben").await.granted();
        let watched = visitor.watch(id, 0).await.granted();
        let bens = watched.conversation.owner.expect("an owner").id;
        let mut seen = Vec::new();
        for event in &watched.events {
            let claimed = match &event.data {
                EventData::ConversationClaimed(claimed) => Some(claimed.owner.id),
                _ => None,
            };
            if &*event.by.name == "Ann" || &*event.by.name == "Ben" {
                assert_eq!(claimed.unwrap_or(event.by.id), event.by.id);
                seen.push(event.by.id);
            }
        }
        assert_eq!(seen, [owner.id, owner.id, bens, bens]);
        assert_eq!(watched.conversation.preview.by.id, bens);
        assert_ne!(owner.id, bens);
        let real = [ann.hello.me.id, ben.hello.me.id];
        assert!(!real.contains(&owner.id) && !real.contains(&bens));
    }
}

#[tokio::test]
async fn agents_know_each_other_by_their_real_ids() {
    let site = Site::new().await;
    let (_visitor, ann, id) = site.talking(Codec::Json).await;
    let mut ben = site.agent("Ben", Codec::Msgpack).await;
    let watched = ben.watch(id, 0).await.granted();
    assert_eq!(watched.conversation.owner.map(|owner| owner.id), Some(ann.hello.me.id));
    assert_eq!(watched.events[2].by.id, ann.hello.me.id);
}

#[tokio::test]
async fn a_conversation_with_notes_and_one_without_look_alike_to_their_visitors() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut logs = Vec::new();
        for notes in [0, 7] {
            let (mut visitor, mut agent, id) = site.talking(codec).await;
            for _ in 0..notes {
                agent.note(id, &key(), "a note").await.granted();
            }
            agent.say(id, &key(), "hi").await.granted();
            visitor.say(id, &key(), "hi").await.granted();
            agent.end(id, &key()).await.granted();
            let watched = visitor.watch(id, 0).await.granted();
            let events: Vec<(u64, String)> =
                watched.events.iter().map(|event| (event.seq, event.ev.to_string())).collect();
            logs.push((watched.head, watched.conversation.seq, events));
        }
        assert_eq!(logs[0], logs[1]);
    }
}
