//! What is no frame at all: `bad_request` with `re` null for clients, and for servers nothing that a
//! client should act on.

use serde_json::{Value, json};

use super::asked::nested;
use super::{CONVERSATION, Vector, hex};
use crate::{EventData, SignalData};

/// Ten of these close the connection with 4400.
pub(super) fn client() -> Vec<Vector> {
    let as_bad_frame = |vector| Vector { expect: Some("bad_frame"), ..vector };
    let envelopes =
        envelopes().into_iter().map(|(name, frame)| Vector::of("client", false, name, frame));
    let texts = texts().into_iter().map(|(name, text)| json_only("client", name, text));
    let binaries = binaries().into_iter().map(|(name, bytes)| msgpack_only("client", name, &bytes));
    envelopes.chain(texts).chain(binaries).map(as_bad_frame).collect()
}

fn json_only(direction: &'static str, name: &str, text: String) -> Vector {
    Vector { name: name.into(), direction, json_text: Some(text), ..Vector::default() }
}

fn msgpack_only(direction: &'static str, name: &str, bytes: &[u8]) -> Vector {
    Vector { name: name.into(), direction, msgpack_hex: Some(hex(bytes)), ..Vector::default() }
}

fn envelopes() -> Vec<(&'static str, Value)> {
    vec![
        ("an empty map", json!({})),
        ("a list", json!([1, "ping"])),
        ("text", json!("ping")),
        ("null", Value::Null),
        ("id left out", json!({ "op": "ping" })),
        ("id null", json!({ "id": null, "op": "ping" })),
        ("id as text", json!({ "id": "1", "op": "ping" })),
        ("a negative id", json!({ "id": -1, "op": "ping" })),
        ("an id of 2^32", json!({ "id": 4_294_967_296_u64, "op": "ping" })),
        ("an id with a fraction", json!({ "id": 1.5, "op": "ping" })),
        ("op left out", json!({ "id": 1, "args": {} })),
        ("op that is a number", json!({ "id": 1, "op": 7 })),
        ("op that is null", json!({ "id": 1, "op": null })),
        ("33 levels deep", json!({ "id": 1, "op": "ping", "args": { "x": nested(31) } })),
        (
            "33 levels deep in a field that is ignored",
            json!({ "id": 1, "op": "ping", "x": nested(32) }),
        ),
    ]
}

fn texts() -> Vec<(&'static str, String)> {
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    vec![
        ("no bytes, as text", String::new()),
        ("an id that is 1.0", r#"{"id":1.0,"op":"ping"}"#.into()),
        ("an id that is 1e0", r#"{"id":1e0,"op":"ping"}"#.into()),
        ("a frame cut short", r#"{"id":1,"op":"ping","args":{"#.into()),
        ("two frames in one message", r#"{"id":1,"op":"ping"}{"id":2,"op":"ping"}"#.into()),
        ("bytes after the frame", r#"{"id":1,"op":"ping"} x"#.into()),
        ("a comma too many", r#"{"id":1,"op":"ping",}"#.into()),
        ("single quotes", "{'id':1,'op':'ping'}".into()),
        ("a comment", r#"{"id":1,"op":"ping"/**/}"#.into()),
        ("half a surrogate pair", r#"{"id":1,"op":"ping","x":"\ud800"}"#.into()),
        ("a bare control character in text", "{\"id\":1,\"op\":\"pi\ng\"}".into()),
        ("NaN", r#"{"id":1,"op":"ping","x":NaN}"#.into()),
        ("5000 levels deep, as text", deep),
    ]
}

fn binaries() -> Vec<(&'static str, Vec<u8>)> {
    // {"id": 1, "op": "ping", "x": …}: the last value is what is wrong.
    let with = |x: &[u8]| [b"\x83\xa2id\x01\xa2op\xa4ping\xa1x", x].concat();
    let ping = b"\x82\xa2id\x01\xa2op\xa4ping";
    vec![
        ("no bytes", vec![]),
        (
            "an id that is a float of 64 bits",
            b"\x82\xa2id\xcb\x3f\xf0\0\0\0\0\0\0\xa2op\xa4ping".into(),
        ),
        ("an id that is a float of 32 bits", b"\x82\xa2id\xca\x3f\x80\0\0\xa2op\xa4ping".into()),
        ("cut short in a key", ping[..8].to_vec()),
        ("cut short before the last value", ping[..11].to_vec()),
        ("two frames", ping.repeat(2)),
        ("a byte after the frame", [ping.as_slice(), b"\xc0"].concat()),
        ("binary", with(b"\xc4\x01a")),
        ("op as binary", b"\x82\xa2id\x01\xa2op\xc4\x04ping".into()),
        ("a key that is a number", b"\x83\xa2id\x01\xa2op\xa4ping\x01\x02".into()),
        ("a key that is binary", b"\x83\xa2id\x01\xa2op\xa4ping\xc4\x01x\x02".into()),
        ("a key that is nil", b"\x83\xa2id\x01\xa2op\xa4ping\xc0\x02".into()),
        ("an extension type", with(b"\xd4\x05\x00")),
        ("a timestamp", with(b"\xd6\xff\0\0\0\0")),
        ("the byte that is never used", with(b"\xc1")),
        ("text that is not UTF-8", with(b"\xa2\xff\xfe")),
        ("a float that is not a number", with(b"\xcb\x7f\xf8\0\0\0\0\0\0")),
        ("text that declares 4 GB", with(b"\xdb\xff\xff\xff\xffabc")),
        ("a list that declares 2^32 - 1 items", with(b"\xdd\xff\xff\xff\xff\xc0")),
        ("a map that declares 2^32 - 1 entries", b"\xdf\xff\xff\xff\xff\xa2id\x01".into()),
        ("5000 levels deep", with(&[b"\x91".repeat(5000), vec![0xc0]].concat())),
        ("a frame as a list", b"\x92\x01\xa4ping".into()),
    ]
}

/// Frames no server sends.
pub(super) fn server() -> Vec<Vector> {
    let by = json!({ "role": "agent", "id": CONVERSATION, "name": "Bo" });
    let claimed = |seq: Value| {
        json!({
            "ev": "conversation.claimed", "conversation": CONVERSATION, "seq": seq, "at": 1,
            "by": by, "data": { "owner": { "id": CONVERSATION, "name": "Bo" } },
        })
    };
    let frames = [
        ("a list", json!([])),
        ("ok without re", json!({ "ok": {} })),
        ("ok with re null", json!({ "re": null, "ok": {} })),
        ("err without a code", json!({ "re": 1, "err": { "message": "no", "remedy": "give_up" } })),
        ("err that is text", json!({ "re": 1, "err": "no" })),
        ("an event without a number", claimed(Value::Null)),
        ("an event with a negative number", claimed(json!(-1))),
        (
            "bye without a code",
            json!({ "bye": { "message": "", "reconnect": true, "retry_after_ms": 0 } }),
        ),
    ];
    let ok = b"\x82\xa2re\x01\xa2ok\x80";
    let both = frames.into_iter().map(|(name, frame)| Vector::of("server", false, name, frame));
    let both = both.chain(wrong_data());
    let raw = [
        json_only("server", "bytes after the frame", r#"{"re":1,"ok":{}}{}"#.into()),
        json_only("server", "a frame cut short", r#"{"re":1,"ok":{"#.into()),
        msgpack_only("server", "a byte after the frame", &[ok.as_slice(), b"\x00"].concat()),
        msgpack_only("server", "cut short", &ok[..7]),
        msgpack_only("server", "ok that is binary", b"\x82\xa2re\x01\xa2ok\xc4\x01a"),
    ];
    both.chain(raw).collect()
}

/// The envelope is right, the data is not that of its name: each event and signal once with text, and
/// once with a map. A client may leave these to whoever reads the data.
fn wrong_data() -> impl Iterator<Item = Vector> {
    let event = |name: &str, ev: &str, data: Value| {
        let by = json!({ "role": "visitor", "id": CONVERSATION, "name": "" });
        let frame = json!({
            "ev": ev, "conversation": CONVERSATION, "seq": 1, "at": 1, "by": by, "data": data,
        });
        Vector::of("server", false, name, frame)
    };
    let signal = |name: &str, sig: &str, data: Value| {
        Vector::of("server", false, name, json!({ "sig": sig, "data": data }))
    };
    let with_text = |name: &str| format!("{name} with text as data");
    let events = EventData::NAMES.iter().map(move |ev| event(&with_text(ev), ev, json!("no")));
    let signals =
        SignalData::NAMES.iter().map(move |sig| signal(&with_text(sig), sig, json!("no")));
    let words = json!({ "words": "hi" });
    let maps = [
        event("an event whose data is not that of its name", "message.posted", words),
        signal("a signal whose data is not that of its name", "typing", json!({ "active": 1 })),
    ];
    let bad_data = |vector| Vector { expect: Some("bad_data"), ..vector };
    events.chain(signals).chain(maps).map(bad_data)
}
