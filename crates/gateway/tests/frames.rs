//! Frames that are too many, too large, or no frames at all.

mod common;

use std::time::Duration;

use common::{Client, House, quick};
use futures::SinkExt as _;
use gateway::Settings;
use protocol::Codec;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

#[tokio::test]
async fn the_tenth_frame_that_does_not_parse_closes() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    for codec in Codec::ALL {
        let mut agent = house.present(&token, codec).await;
        for n in 0..10 {
            let bad: &[u8] = match (codec, n % 4) {
                (Codec::Json, 0) => b"{",
                (Codec::Json, 1) => b"{\"op\":\"ping\"}",
                (Codec::Json, 2) => b"{\"id\":-1,\"op\":\"ping\"}",
                (Codec::Json, _) => b"[]",
                (Codec::Msgpack, 0) => b"\xc1",
                (Codec::Msgpack, 1) => b"\x80\x80",
                (Codec::Msgpack, _) => b"\x90",
            };
            // What is only wrong, and not unreadable, does not count.
            let wrong = agent.send("no.such.operation", json!({})).await;
            agent.send_bytes(bad).await;
            assert_eq!(agent.answer_to(wrong).await["err"]["code"], "bad_request");
            let refused = agent.find(|frame| frame.get("re") == Some(&json!(null))).await;
            assert_eq!(refused["err"]["code"], "bad_request");
        }
        agent.ends_with(4400, Some("bad_frames")).await;
    }
}

#[tokio::test]
async fn the_wrong_kind_of_frame_closes() {
    let house = House::new().await;
    let mut text = house.agent_socket(Codec::Msgpack).await;
    text.socket.send(Message::text("{}")).await.unwrap();
    text.ends_with(1003, None).await;
    let mut binary = house.agent_socket(Codec::Json).await;
    binary.socket.send(Message::binary(&b"\x80"[..])).await.unwrap();
    binary.ends_with(1003, None).await;
}

#[tokio::test]
async fn text_that_is_no_text_closes_as_a_protocol_error() {
    let house = House::new().await;
    let mut agent = house.agent_socket(Codec::Json).await;
    let frame = Frame::message(&b"\xff\xfe"[..], OpCode::Data(Data::Text), true);
    agent.socket.send(Message::Frame(frame)).await.unwrap();
    agent.ends_with(1007, None).await;
}

fn ping_of(bytes: usize) -> Vec<u8> {
    let frame = json!({ "id": 1, "op": "ping", "args": { "pad": "" } }).to_string();
    let pad = "x".repeat(bytes - frame.len());
    frame.replace("\"pad\":\"\"", &format!("\"pad\":\"{pad}\"")).into_bytes()
}

#[tokio::test]
async fn a_message_of_the_largest_size_passes_and_one_byte_more_does_not() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let mut agent = house.present(&token, Codec::Json).await;
    agent.send_bytes(&ping_of(65_536)).await;
    assert!(agent.answer_to(1).await["ok"]["at"].is_i64());
    agent.send_bytes(&ping_of(65_537)).await;
    too_large(&mut agent).await;
    // The same in pieces.
    let mut agent = house.present(&token, Codec::Json).await;
    let pieces = [(Data::Text, 40_000, false), (Data::Continue, 40_000, true)];
    for (kind, bytes, last) in pieces {
        let frame = Frame::message(vec![b' '; bytes], OpCode::Data(kind), last);
        agent.socket.send(Message::Frame(frame)).await.unwrap();
    }
    too_large(&mut agent).await;
    // And a frame that only says it is.
    let mut agent = house.present(&token, Codec::Json).await;
    let header = [0x81, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    agent.socket.get_mut().write_all(&header).await.unwrap();
    too_large(&mut agent).await;
}

async fn too_large(agent: &mut Client) {
    let refused = agent.find(|frame| frame.get("re") == Some(&json!(null))).await;
    assert_eq!(refused["err"]["code"], "too_large");
    agent.ends_with(1009, None).await;
}

#[tokio::test]
async fn too_many_commands_are_refused_and_a_flood_ends() {
    let rates =
        Settings { commands_per_second: 1, commands_burst: 20, refusals_max: 50, ..quick() };
    let house = House::with(rates).await;
    let (_, token) = house.agent("Alice").await;
    let mut agent = house.present(&token, Codec::Json).await;
    let mut refused = 0;
    for _ in 0..30 {
        let answer = agent.ask("ping", json!({})).await;
        if let Some(err) = answer.get("err") {
            assert_eq!((&err["code"], &err["remedy"]), (&json!("rate_limited"), &json!("retry")));
            assert!(err["retry_after_ms"].as_u64().unwrap() > 0);
            refused += 1;
        }
    }
    assert!((9..=11).contains(&refused), "{refused}");
    for _ in 0..50 {
        agent.send("ping", json!({})).await;
    }
    agent.ends_with(4429, Some("too_slow")).await;
}

#[tokio::test]
async fn who_stays_under_the_rate_is_never_limited() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let mut agent = house.present(&token, Codec::Json).await;
    // With the hello that is a burst of 300.
    for _ in 0..299 {
        agent.send("ping", json!({})).await;
    }
    for id in 2..=300 {
        assert!(agent.answer_to(id).await.get("ok").is_some());
    }
}

#[tokio::test]
async fn a_flood_of_pings_ends() {
    let house =
        House::with(Settings { controls_per_second: 1, controls_burst: 50, ..quick() }).await;
    let mut agent = house.agent_socket(Codec::Json).await;
    for _ in 0..60 {
        agent.socket.feed(Message::Ping(Default::default())).await.unwrap();
    }
    agent.socket.flush().await.unwrap();
    agent.ends_with(4429, Some("too_slow")).await;
}

#[tokio::test]
async fn a_message_of_endless_empty_pieces_ends() {
    let house = House::new().await;
    let mut agent = house.agent_socket(Codec::Json).await;
    let first = Frame::message(&b""[..], OpCode::Data(Data::Text), false);
    agent.socket.feed(Message::Frame(first)).await.unwrap();
    let flood = async {
        loop {
            let empty = Frame::message(&b""[..], OpCode::Data(Data::Continue), false);
            if agent.socket.send(Message::Frame(empty)).await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), flood).await.expect("an end");
}
