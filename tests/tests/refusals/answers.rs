//! The shape of answers on the wire, looked at without our own types.

use client::Connection;
use futures::FutureExt as _;
use protocol::{Codec, ErrorCode};
use serde_json::{Value, json};
use system_tests::socket::RawSocket;
use system_tests::{Expect as _, SOON, Site, key, within};
use tokio_tungstenite::tungstenite::Message;

/// The next data frame as a plain value.
async fn frame(connection: &mut Connection) -> Value {
    loop {
        let message = within(SOON, "a frame", connection.next_message()).await.expect("a frame");
        let codec = connection.codec();
        match message {
            Message::Text(text) => return codec.parse(text.as_bytes()).expect("a value"),
            Message::Binary(bytes) => return codec.parse(&bytes).expect("a value"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_refusal_has_code_message_remedy_and_what_goes_with_it() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, owner, id) = site.talking(codec).await;
        let mut other = site.agent("Ben", codec).await;
        let args = json!({ "conversation": id, "key": key() });
        let asked = other.send_request("conversation.claim", args).await.expect("sent");
        let answer = frame(&mut other).await;
        assert_eq!(answer["re"], asked);
        assert!(answer.get("ok").is_none());
        let err = &answer["err"];
        assert_eq!(err["code"], "already_claimed");
        assert_eq!(err["remedy"], "give_up");
        assert!(err["message"].as_str().is_some_and(|message| !message.is_empty()));
        assert_eq!(err["detail"]["owner"]["id"], owner.hello.me.id.to_string());
        assert_eq!(err["detail"]["owner"]["name"], "Ann");
    }
}

#[tokio::test]
async fn every_remedy_stands_on_the_wire_as_the_contract_says() {
    let site = Site::new().await;
    let (_visitor, mut agent, id) = site.talking(Codec::Json).await;
    let args = json!({ "conversation": id, "key": key(), "expected_seq": 1 });
    agent.send_request("conversation.close", args).await.expect("sent");
    let conflict = frame(&mut agent).await;
    assert_eq!(
        (&conflict["err"]["code"], &conflict["err"]["remedy"]),
        (&json!("conflict"), &json!("resync"))
    );

    let mut stranger = Connection::open(&site.for_agents(Codec::Json)).await.expect("a socket");
    stranger.send_request("ping", json!({})).await.expect("sent");
    let refusal = frame(&mut stranger).await["err"].clone();
    assert_eq!(
        (&refusal["code"], &refusal["remedy"]),
        (&json!("unauthorized"), &json!("reconnect"))
    );
    let bye = frame(&mut stranger).await["bye"].clone();
    assert_eq!(bye["code"], "unauthorized");
    assert!(bye["message"].is_string() && bye["reconnect"].is_boolean(), "{bye}");
    assert!(bye["retry_after_ms"].is_u64(), "{bye}");
}

#[tokio::test]
async fn a_frame_without_an_id_is_answered_with_re_null_and_not_without_re() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        visitor.send_bytes(codec.encode(&json!({}))).await.expect("sent");
        let answer = frame(&mut visitor).await;
        assert_eq!(answer.get("re"), Some(&Value::Null));
        assert_eq!(answer["err"]["code"], "bad_request");
        assert_eq!(answer["err"]["remedy"], "give_up");
    }
}

#[tokio::test]
async fn an_event_has_name_conversation_number_time_author_and_data() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        agent.watch(id, 0).await.granted();
        let sent = visitor.say(id, "my key", "hi").await.granted();
        let event = frame(&mut agent).await;
        assert_eq!(event["ev"], "message.posted");
        assert_eq!(event["conversation"], id.to_string());
        assert_eq!(event["seq"], 4);
        assert_eq!(event["at"], sent.at);
        assert!(sent.at > 1_700_000_000_000, "milliseconds since 1970");
        let by = json!({ "role": "visitor", "id": visitor.hello.me.id, "name": "" });
        assert_eq!(event["by"], by);
        assert_eq!(event["data"], json!({ "text": "hi" }), "no key for anybody else");
    }
}

#[tokio::test]
async fn both_codecs_carry_the_same_model() {
    let site = Site::new().await;
    let (_visitor, mut agent, id) = site.talking(Codec::Json).await;
    agent.say(id, &key(), "Grüße 𝄞").await.granted();
    let account = site.hire("Ben").await;
    let mut answers = Vec::new();
    for codec in Codec::ALL {
        let mut reader = site.sign_in(&account, codec).await;
        let mut watched: Value =
            reader.ask("conversation.watch", json!({ "conversation": id })).await.granted();
        watched["conversation"]["visitor"]["online"] = Value::Null;
        answers.push(watched);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn commands_of_one_socket_to_one_conversation_take_effect_in_the_order_sent() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, id) = site.asking(codec).await;
        let mut agent = site.agent("Ann", codec).await;
        let conversation = id.to_string();
        let keyed = || json!({ "conversation": conversation, "key": key() });
        let text = |text: &str| json!({ "conversation": conversation, "key": key(), "text": text });
        let commands = [
            ("conversation.claim", keyed()),
            ("message.send", text("one")),
            ("note.add", text("two")),
            ("conversation.unclaim", keyed()),
            ("conversation.claim", keyed()),
            ("message.send", text("three")),
            ("conversation.close", keyed()),
            ("message.send", text("late")),
        ];
        let mut asked = Vec::new();
        for (op, args) in &commands {
            asked.push(agent.feed_request(op, args).await.expect("sent"));
        }
        agent.flush().await.expect("sent");
        let mut numbers = Vec::new();
        for id in &asked[..7] {
            numbers.push(agent.answer(*id).await.granted()["seq"].as_u64().expect("a number"));
        }
        assert_eq!(numbers, [3, 4, 5, 6, 7, 8, 9]);
        agent.answer(asked[7]).await.refused(ErrorCode::ConversationClosed);
    }
}

#[tokio::test]
async fn every_command_in_a_pipeline_is_answered_once() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        let mut asked = Vec::new();
        for number in 0..100 {
            let args = json!({ "conversation": id, "key": key(), "text": format!("{number}") });
            asked.push(visitor.feed_request("message.send", args).await.expect("sent"));
            asked.push(visitor.feed_request("ping", json!({})).await.expect("sent"));
        }
        visitor.flush().await.expect("sent");
        for id in &asked {
            visitor.answer(*id).await.granted();
        }
        visitor.ping().await.granted();
        assert_eq!(visitor.history(id, json!({})).await.granted().head, 102);
        let again = visitor.answer(asked[0]).now_or_never();
        assert!(again.is_none(), "answered twice: {again:?}");
    }
}

#[tokio::test]
async fn the_servers_frames_are_whole_unmasked_and_without_reserved_bits() {
    let site = Site::new().await;
    let mut socket = RawSocket::greeted(&site).await;
    socket.say(&json!({ "id": 2, "op": "ping" })).await;
    let heard = socket.heard(SOON).await.expect("an answer");
    assert_eq!((heard.fin, heard.reserved, heard.masked), (true, 0, false));
}
