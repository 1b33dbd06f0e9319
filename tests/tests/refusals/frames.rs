//! Frames that are no requests.

use client::Connection;
use protocol::{ByeCode, Codec, ErrorCode};
use serde_json::{Value, json};
use system_tests::{Expect as _, SOON, Site, end_of, within};
use tokio_tungstenite::tungstenite::Message;

/// What a frame without a usable id is answered: `re: null`.
async fn bad_frame(connection: &mut Connection) {
    let arrival = within(SOON, "an answer", connection.next()).await.expect("an answer");
    let client::Arrival::BadFrame(error) = arrival else { panic!("not a bad frame: {arrival:?}") };
    assert_eq!(error.code, ErrorCode::BadRequest);
    assert_eq!(error.remedy, ErrorCode::BadRequest.remedy());
    assert!(!error.message.is_empty());
}

/// Frames that are values, but no requests.
fn unusable() -> Vec<Value> {
    vec![
        json!(null),
        json!(7),
        json!("ping"),
        json!([]),
        json!([{ "id": 1, "op": "ping" }]),
        json!({}),
        json!({ "op": "ping" }),
        json!({ "id": 1 }),
        json!({ "id": null, "op": "ping" }),
        json!({ "id": -1, "op": "ping" }),
        json!({ "id": 1.5, "op": "ping" }),
        json!({ "id": 4_294_967_296_u64, "op": "ping" }),
        json!({ "id": "1", "op": "ping" }),
        json!({ "id": true, "op": "ping" }),
        json!({ "id": [1], "op": "ping" }),
        json!({ "id": 1, "op": 7 }),
        json!({ "id": 1, "op": null }),
        json!({ "id": 1, "op": ["ping"] }),
    ]
}

#[tokio::test]
async fn a_frame_without_a_usable_id_and_op_is_a_bad_request_to_nobody() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        for frame in unusable() {
            let mut visitor = site.visitor(codec).await;
            visitor.send_bytes(codec.encode(&frame)).await.expect("sent");
            bad_frame(&mut visitor).await;
            visitor.ping().await.granted();
        }
    }
}

#[tokio::test]
async fn bytes_that_do_not_parse_are_a_bad_request_to_nobody() {
    let site = Site::new().await;
    let json: [&[u8]; 11] = [
        b"",
        b" ",
        b"{",
        b"nonsense",
        b"{\"id\":1,\"op\":\"ping\"",
        b"{\"id\":1,\"op\":\"ping\"}x",
        b"{\"id\":1,\"op\":\"ping\"}{\"id\":2,\"op\":\"ping\"}",
        b"{\"id\":01,\"op\":\"ping\"}",
        b"{'id':1,'op':'ping'}",
        b"{\"id\":1,\"op\":\"ping\",}",
        b"{\"id\":1,\"op\":\"ping\",\"args\":{\"x\":\"\\ud800\"}}",
    ];
    let ping = Codec::Msgpack.encode(&json!({ "id": 1, "op": "ping" }));
    let trailing = [&ping[..], &[0xc0]].concat();
    let msgpack: [&[u8]; 7] = [
        b"",
        &[0xc1],
        &ping[..ping.len() - 1],
        &trailing,
        &[0xdf, 0xff, 0xff, 0xff, 0xff],
        &[0xdd, 0xff, 0xff, 0xff, 0xff],
        &[0xdb, 0xff, 0xff, 0xff, 0xff],
    ];
    for (codec, cases) in [(Codec::Json, &json[..]), (Codec::Msgpack, &msgpack[..])] {
        for bytes in cases {
            let mut visitor = site.visitor(codec).await;
            visitor.send_bytes(bytes.to_vec()).await.expect("sent");
            bad_frame(&mut visitor).await;
            visitor.ping().await.granted();
        }
    }
}

#[tokio::test]
async fn nesting_deeper_than_thirty_two_is_a_parse_error() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        // The frame is the first level, and `args` the second.
        let nested = |levels: usize| {
            let deep = (2..levels).fold(Value::from(0), |value, _| json!([value]));
            codec.encode(&json!({ "id": 1, "op": "ping", "args": { "x": deep } }))
        };
        let mut visitor = site.visitor(codec).await;
        visitor.send_bytes(nested(33)).await.expect("sent");
        bad_frame(&mut visitor).await;
        visitor.send_bytes(nested(31)).await.expect("sent");
        visitor.answer(1).await.granted();
        let brackets = 50_000;
        let bomb = match codec {
            Codec::Json => [b"[".repeat(brackets), b"]".repeat(brackets / 4)].concat(),
            Codec::Msgpack => vec![0x91; brackets],
        };
        visitor.send_bytes(bomb).await.expect("sent");
        bad_frame(&mut visitor).await;
    }
}

#[tokio::test]
async fn the_tenth_bad_frame_closes_and_the_ninth_does_not() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        for _ in 0..9 {
            visitor.send_bytes(codec.encode(&json!({}))).await.expect("sent");
            bad_frame(&mut visitor).await;
        }
        visitor.ping().await.granted();
        visitor.send_bytes(codec.encode(&json!({}))).await.expect("sent");
        let ended = end_of(&mut visitor).await;
        assert_eq!(ended.bye.expect("bye comes before the close").code, ByeCode::BadFrames);
        assert_eq!(ended.code, Some(4400));
    }
}

#[tokio::test]
async fn an_unknown_operation_is_a_bad_request_with_its_id_and_does_not_count() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        for op in ["", "Ping", "ping ", "message.delete", "hello.", "конец", &"x".repeat(10_000)]
        {
            for _ in 0..3 {
                visitor.ask::<Value>(op, json!({})).await.refused(ErrorCode::BadRequest);
            }
        }
        visitor.ping().await.granted();
    }
}

#[tokio::test]
async fn bad_arguments_are_a_bad_request_with_its_id_and_do_not_count() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        let bad = [
            ("message.send", json!({})),
            ("message.send", json!([])),
            ("message.send", json!("text")),
            ("message.send", json!({ "conversation": id, "key": "k" })),
            ("message.send", json!({ "conversation": id, "text": "t" })),
            ("message.send", json!({ "key": "k", "text": "t" })),
            ("message.send", json!({ "conversation": id, "key": 7, "text": "t" })),
            ("message.send", json!({ "conversation": id, "key": "k", "text": 7 })),
            ("message.send", json!({ "conversation": 7, "key": "k", "text": "t" })),
            (
                "message.send",
                json!({ "conversation": id, "key": "k", "text": "t", "then": "open" }),
            ),
            ("conversation.watch", json!({ "conversation": id, "after": -1 })),
            ("conversation.watch", json!({ "conversation": id, "after": "0" })),
            ("conversation.watch", json!({ "conversation": id, "after": 1.5 })),
            ("typing", json!({ "conversation": id })),
            ("typing", json!({ "conversation": id, "active": 1 })),
            ("conversation.start", json!({ "key": "k" })),
            ("conversation.start", json!({ "key": "k", "text": "t", "prechat": 7 })),
        ];
        for (op, args) in bad {
            visitor.ask::<Value>(op, args).await.refused(ErrorCode::BadRequest);
        }
        visitor.ping().await.granted();
        assert_eq!(visitor.history(id, json!({})).await.granted().head, 2, "nothing was committed");
    }
}

#[tokio::test]
async fn a_frame_of_the_wrong_kind_closes_without_a_word() {
    let site = Site::new().await;
    let request = json!({ "id": 1, "op": "ping" });
    let wrong = [
        (Codec::Json, Message::binary(Codec::Msgpack.encode(&request))),
        (Codec::Json, Message::binary(Codec::Json.encode(&request))),
        (Codec::Msgpack, Message::text(request.to_string())),
        (Codec::Msgpack, Message::text("")),
    ];
    for (codec, message) in wrong {
        let mut visitor = site.visitor(codec).await;
        visitor.send_message(message).await.expect("sent");
        let ended = end_of(&mut visitor).await;
        assert_eq!((ended.code, ended.bye), (Some(1003), None));
    }
}

/// A request that takes so many bytes.
fn of_size(codec: Codec, bytes: usize) -> bytes::Bytes {
    let request = |fill: usize| {
        codec.encode(&json!({ "id": 1, "op": "ping", "args": { "x": "x".repeat(fill) } }))
    };
    // How many bytes are around the filling depends on how long it is.
    let around = request(bytes).len() - bytes;
    let around = request(bytes - around).len() - (bytes - around);
    let request = request(bytes - around);
    assert_eq!(request.len(), bytes);
    request
}

#[tokio::test]
async fn a_message_of_exactly_the_limit_is_taken() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        visitor.send_bytes(of_size(codec, 65_536)).await.expect("sent");
        visitor.answer(1).await.granted();
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_too_large_and_closes() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        for bytes in [65_537, 65_600, 500_000] {
            let mut visitor = site.visitor(codec).await;
            // The server may close before it has read all of it.
            let _ = visitor.send_bytes(of_size(codec, bytes)).await;
            let arrival = within(SOON, "an answer", visitor.next()).await;
            let Ok(client::Arrival::BadFrame(error)) = arrival else {
                panic!("{bytes} bytes: no too_large before the close: {arrival:?}")
            };
            assert_eq!(error.code, ErrorCode::TooLarge);
            let ended = end_of(&mut visitor).await;
            assert_eq!((ended.code, ended.bye), (Some(1009), None), "{bytes} bytes");
        }
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored_and_arguments_may_be_left_out() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        let frames = [
            json!({ "id": 1, "op": "ping" }),
            json!({ "id": 1, "op": "ping", "args": {}, "trace": [1, 2], "v": null }),
            json!({ "id": 1, "op": "ping", "args": { "shout": true } }),
        ];
        for frame in frames {
            visitor.send_bytes(codec.encode(&frame)).await.expect("sent");
            assert!(visitor.answer(1).await.granted()["at"].is_i64());
        }
    }
}

#[tokio::test]
async fn any_unsigned_number_of_32_bits_is_an_id_and_is_echoed() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        for id in [0, 1, 255, 65_536, u32::MAX] {
            visitor
                .send_bytes(codec.encode(&json!({ "id": id, "op": "ping" })))
                .await
                .expect("sent");
            visitor.answer(id).await.granted();
        }
    }
}
