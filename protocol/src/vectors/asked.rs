//! What clients may say: every operation, plain and at its edges.

use serde_json::{Value, json};

use super::{CONVERSATION, KEY, OTHER, Vector};

pub(super) fn vectors() -> Vec<Vector> {
    let frames = [hello(), questions(), commands(), inbox(), edges_of_text(), edges_of_the_frame()];
    frames
        .into_iter()
        .flatten()
        .map(|(name, frame)| Vector::of("client", true, name, frame).with_meaning())
        .collect()
}

type Named = (&'static str, Value);

fn hello() -> Vec<Named> {
    let watch: Vec<Value> =
        (0..50).map(|n| json!({ "conversation": format!("c{n}"), "after": n })).collect();
    vec![
        ("hello of a new visitor", json!({ "id": 1, "op": "hello" })),
        (
            "hello of a visitor with everything",
            json!({ "id": 1, "op": "hello", "args": {
                "token": "v1.visitor.token",
                "profile": { "name": "Ann Ö", "email": "ann@example.org" },
                "page": { "url": "https://example.org/prices?x=1#y", "title": "Prices" },
                "locale": "de-CH", "timezone": "Europe/Zurich",
                "watch": [{ "conversation": CONVERSATION, "after": 12 }],
            } }),
        ),
        (
            "hello of an agent",
            json!({ "id": 1, "op": "hello", "args": { "token": "v1.agent.token" } }),
        ),
        (
            "hello that resumes 50 conversations, whatever their ids look like",
            json!({ "id": 1, "op": "hello", "args": { "watch": watch } }),
        ),
        ("ping", json!({ "id": 2, "op": "ping" })),
        ("ping with empty args", json!({ "id": 2, "op": "ping", "args": {} })),
    ]
}

fn questions() -> Vec<Named> {
    let of = |op: &str, more: Value| {
        let mut args = json!({ "conversation": CONVERSATION });
        args.as_object_mut()
            .into_iter()
            .for_each(|args| args.extend(more.as_object().cloned().unwrap_or_default()));
        json!({ "id": 3, "op": op, "args": args })
    };
    vec![
        ("watch from the start, after left out", of("conversation.watch", json!({}))),
        ("watch after 12", of("conversation.watch", json!({ "after": 12 }))),
        (
            "watch with an id that is none: well formed, answered not_found",
            json!({ "id": 3, "op": "conversation.watch", "args": { "conversation": "nobody", "after": 0 } }),
        ),
        ("unwatch", of("conversation.unwatch", json!({}))),
        ("history without a bound", of("history", json!({}))),
        ("history after 4", of("history", json!({ "after": 4, "limit": 1 }))),
        (
            "history before 4 with the largest limit",
            of("history", json!({ "before": 4, "limit": 200 })),
        ),
        ("typing", of("typing", json!({ "active": true }))),
        ("typing stopped", of("typing", json!({ "active": false }))),
    ]
}

fn commands() -> Vec<Named> {
    let conversations: Vec<String> = (0..100).map(|n| format!("c{n}")).collect();
    let command = |op: &str, args: Value| json!({ "id": 4, "op": op, "args": args });
    let keyed = json!({ "conversation": CONVERSATION, "key": KEY });
    vec![
        ("start", command("conversation.start", json!({ "key": KEY, "text": "Hello?" }))),
        (
            "start with a form before the chat, fields of its own included",
            command(
                "conversation.start",
                json!({
                    "key": KEY, "text": "Hello?",
                    "prechat": { "name": "Ann", "email": "ann@example.org", "order": "A-17" },
                }),
            ),
        ),
        (
            "send",
            command(
                "message.send",
                json!({ "conversation": CONVERSATION, "key": KEY, "text": "Hi" }),
            ),
        ),
        (
            "send and close",
            command(
                "message.send",
                json!({
                    "conversation": CONVERSATION, "key": KEY, "text": "Bye", "then": "close",
                }),
            ),
        ),
        ("claim", command("conversation.claim", keyed.clone())),
        ("unclaim", command("conversation.unclaim", keyed.clone())),
        ("close", command("conversation.close", keyed)),
        (
            "close if the head still is 9",
            command(
                "conversation.close",
                json!({
                    "conversation": CONVERSATION, "key": KEY, "expected_seq": 9,
                }),
            ),
        ),
        (
            "note",
            command("note.add", json!({ "conversation": CONVERSATION, "key": KEY, "text": "VIP" })),
        ),
        (
            "bulk claim",
            command(
                "bulk",
                json!({ "key": KEY, "action": "claim", "conversations": [CONVERSATION, OTHER] }),
            ),
        ),
        (
            "bulk unclaim",
            command("bulk", json!({ "key": KEY, "action": "unclaim", "conversations": [OTHER] })),
        ),
        (
            "bulk close of 100",
            command(
                "bulk",
                json!({ "key": KEY, "action": "close", "conversations": conversations }),
            ),
        ),
    ]
}

fn inbox() -> Vec<Named> {
    vec![
        ("the inbox with every default", json!({ "id": 5, "op": "inbox.list" })),
        (
            "the inbox with everything said",
            json!({ "id": 5, "op": "inbox.list", "args": {
                "queue": "mine", "status": "closed", "search": "ann refund", "sort": "visitor",
                "order": "asc", "cursor": "opaque", "limit": 100,
            } }),
        ),
        (
            "the inbox by assignee, unassigned, in every state",
            json!({ "id": 5, "op": "inbox.list", "args": {
                "queue": "unassigned", "status": "all", "sort": "assignee", "order": "desc", "limit": 1,
            } }),
        ),
        ("watch the inbox", json!({ "id": 6, "op": "inbox.watch", "args": { "on": true } })),
        (
            "watch the inbox no longer",
            json!({ "id": 6, "op": "inbox.watch", "args": { "on": false } }),
        ),
    ]
}

fn edges_of_text() -> Vec<Named> {
    let note = |text: &str, key: &str| {
        json!({ "id": 7, "op": "note.add", "args": {
            "conversation": CONVERSATION, "key": key, "text": text,
        } })
    };
    vec![
        ("white space is trimmed off both ends", note(" \t\n two  words \r\n", KEY)),
        (
            "U+2003, U+00A0, U+3000 and U+0085 are white space",
            note("\u{2003}\u{a0}hi\u{3000}\u{85}", KEY),
        ),
        ("U+200B and U+FEFF are not white space", note("\u{feff}hi\u{200b}", KEY)),
        ("4000 characters outside the basic plane", note(&"𝄞".repeat(4000), KEY)),
        (
            "4000 characters and white space around them",
            note(&format!("  {}\n", "a".repeat(4000)), KEY),
        ),
        (
            "control characters, quotes and markup come back unchanged",
            note("\u{1}\"\\</b>\u{7f}\u{202e}", KEY),
        ),
        ("a key of 64 characters outside ASCII", note("x", &"ö".repeat(64))),
        ("a key of one blank", note("x", " ")),
    ]
}

fn edges_of_the_frame() -> Vec<Named> {
    let ping = |args: Value| json!({ "id": 8, "op": "ping", "args": args });
    vec![
        ("the smallest id", json!({ "id": 0, "op": "ping" })),
        ("the largest id", json!({ "id": u32::MAX, "op": "ping" })),
        (
            "unknown fields are ignored, in the frame and in the arguments",
            json!({ "id": 8, "op": "typing", "trace": [1, { "a": null }], "args": {
                "conversation": CONVERSATION, "active": true, "mood": 0.5,
            } }),
        ),
        ("32 levels deep", ping(json!({ "x": nested(30) }))),
        ("a large number that is ignored", ping(json!({ "x": [u64::MAX, i64::MIN, 1.5e300] }))),
    ]
}

/// So many lists in each other.
pub(super) fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| json!([inner]))
}
