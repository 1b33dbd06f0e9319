//! What clients may not say in a frame that can be read: `bad_request` with its `re`.

use serde_json::{Value, json};

use super::{CONVERSATION, KEY, OTHER, Vector};
use crate::Operation;

const ID: u32 = 21;

pub(super) fn vectors() -> Vec<Vector> {
    let frames = [envelope(), texts_and_keys(), numbers(), words(), lists(), kinds()];
    frames
        .into_iter()
        .flatten()
        .map(|(name, frame)| (name.to_owned(), frame))
        .chain(every_operation())
        .map(|(name, frame)| Vector {
            expect: Some("bad_request"),
            re: Some(ID),
            ..Vector::of("client", false, &name, frame)
        })
        .collect()
}

/// Each operation once with arguments of the wrong kind, and once without those it needs.
fn every_operation() -> impl Iterator<Item = (String, Value)> {
    let wrong = |op: &&str| (format!("{op} with a list of arguments"), ask(op, json!(["x", 1])));
    let needs_arguments = |op: &&str| !["hello", "ping", "inbox.list"].contains(op);
    let missing = |op: &str| (format!("{op} without its arguments"), ask(op, json!({})));
    let names = Operation::NAMES.iter().copied();
    names.clone().map(move |op| wrong(&op)).chain(names.filter(needs_arguments).map(missing))
}

type Named = (&'static str, Value);

fn ask(op: &str, args: Value) -> Value {
    json!({ "id": ID, "op": op, "args": args })
}

fn envelope() -> Vec<Named> {
    vec![
        ("an operation that does not exist", ask("conversation.reopen", json!({}))),
        ("an operation in capitals", ask("PING", json!({}))),
        ("an operation without a name", ask("", json!({}))),
        ("arguments as a list", ask("ping", json!([]))),
        ("arguments as text", ask("ping", json!("{}"))),
        ("arguments left out where some are needed", json!({ "id": ID, "op": "history" })),
    ]
}

fn texts_and_keys() -> Vec<Named> {
    let send = |key: Value, text: Value| {
        ask("message.send", json!({ "conversation": CONVERSATION, "key": key, "text": text }))
    };
    let note = |text: &str| {
        ask("note.add", json!({ "conversation": CONVERSATION, "key": KEY, "text": text }))
    };
    let start = |text: &str| ask("conversation.start", json!({ "key": KEY, "text": text }));
    vec![
        ("empty text", send(json!(KEY), json!(""))),
        ("nothing but white space", start(" \u{2003}\u{85}\n\u{2028}")),
        ("4001 characters outside the basic plane", note(&"𝄞".repeat(4001))),
        ("U+0000 in a message", send(json!(KEY), json!("a\0b"))),
        ("U+0000 in a note", note("\0")),
        ("U+0000 in the first text", start("hi\0")),
        ("text that is a number", send(json!(KEY), json!(7))),
        ("text left out", ask("note.add", json!({ "conversation": CONVERSATION, "key": KEY }))),
        ("empty key", send(json!(""), json!("hi"))),
        ("a key of 65 characters", send(json!("k".repeat(65)), json!("hi"))),
        ("a key that is a number", send(json!(7), json!("hi"))),
        ("a key that is null", send(Value::Null, json!("hi"))),
        (
            "a key left out",
            ask("message.send", json!({ "conversation": CONVERSATION, "text": "hi" })),
        ),
        ("claim without a key", ask("conversation.claim", json!({ "conversation": CONVERSATION }))),
    ]
}

fn numbers() -> Vec<Named> {
    let history = |more: Value| {
        let mut args = json!({ "conversation": CONVERSATION });
        for (name, value) in more.as_object().cloned().unwrap_or_default() {
            args[name] = value;
        }
        ask("history", args)
    };
    let watch = |after: Value| {
        ask("conversation.watch", json!({ "conversation": CONVERSATION, "after": after }))
    };
    vec![
        ("both after and before", history(json!({ "after": 1, "before": 9 }))),
        ("limit 0", history(json!({ "limit": 0 }))),
        ("limit 201", history(json!({ "limit": 201 }))),
        ("a negative limit", history(json!({ "limit": -1 }))),
        ("a limit of 2^32", history(json!({ "limit": 4_294_967_296_u64 }))),
        ("a limit with a fraction", history(json!({ "limit": 10.5 }))),
        ("a float where an integer is expected", history(json!({ "after": 1.0 }))),
        ("a negative after", watch(json!(-1))),
        ("after as text", watch(json!("0"))),
        ("after beyond 64 bits", watch(json!(1e20))),
        ("inbox limit 0", ask("inbox.list", json!({ "limit": 0 }))),
        ("inbox limit 101", ask("inbox.list", json!({ "limit": 101 }))),
        (
            "a negative expected_seq",
            ask(
                "conversation.close",
                json!({
                    "conversation": CONVERSATION, "key": KEY, "expected_seq": -1,
                }),
            ),
        ),
    ]
}

fn words() -> Vec<Named> {
    let list = |args: Value| ask("inbox.list", args);
    let then = |then: Value| {
        ask(
            "message.send",
            json!({
                "conversation": CONVERSATION, "key": KEY, "text": "bye", "then": then,
            }),
        )
    };
    vec![
        ("a queue that does not exist", list(json!({ "queue": "theirs" }))),
        ("a status that does not exist", list(json!({ "status": "pending" }))),
        ("an order in capitals", list(json!({ "order": "DESC" }))),
        ("a sort that is null", list(json!({ "sort": null }))),
        ("a search of 201 characters", list(json!({ "search": "x".repeat(201) }))),
        ("a then that does not exist", then(json!("claim"))),
        ("a then that is true", then(json!(true))),
        ("a word wrapped in a map", then(json!({ "close": null }))),
    ]
}

fn lists() -> Vec<Named> {
    let bulk = |action: &str, conversations: Vec<String>| {
        ask("bulk", json!({ "key": KEY, "action": action, "conversations": conversations }))
    };
    let ids = |count: usize| (0..count).map(|n| format!("c{n}")).collect::<Vec<_>>();
    let watches: Vec<Value> =
        ids(51).iter().map(|id| json!({ "conversation": id, "after": 0 })).collect();
    vec![
        ("bulk of none", bulk("claim", vec![])),
        ("bulk of 101", bulk("close", ids(101))),
        (
            "bulk that names a conversation twice",
            bulk("claim", [OTHER, CONVERSATION, OTHER].map(Into::into).into()),
        ),
        ("bulk of an action that does not exist", bulk("delete", ids(1))),
        ("hello that resumes 51 conversations", ask("hello", json!({ "watch": watches }))),
        (
            "hello that resumes a list in place of a map",
            ask("hello", json!({ "watch": [[CONVERSATION, 0]] })),
        ),
    ]
}

fn kinds() -> Vec<Named> {
    vec![
        (
            "a conversation that is a number",
            ask("conversation.unwatch", json!({ "conversation": 7 })),
        ),
        (
            "active as text",
            ask("typing", json!({ "conversation": CONVERSATION, "active": "true" })),
        ),
        ("on left out", ask("inbox.watch", json!({}))),
        ("a token that is a number", ask("hello", json!({ "token": 7 }))),
        (
            "a profile that is a list",
            ask("hello", json!({ "profile": ["Ann", "ann@example.org"] })),
        ),
        (
            "a name of 321 characters",
            ask("hello", json!({ "profile": { "name": "x".repeat(321) } })),
        ),
        (
            "a page address of 2049 characters",
            ask("hello", json!({ "page": { "url": "x".repeat(2049) } })),
        ),
        ("U+0000 in a name", ask("hello", json!({ "profile": { "name": "\0" } }))),
        (
            "a form that is text",
            ask("conversation.start", json!({ "key": KEY, "text": "hi", "prechat": "Ann" })),
        ),
    ]
}
