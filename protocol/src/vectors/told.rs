//! What the server says: every answer, event, signal, refusal and farewell.

use serde_json::{Value, json};

use super::{AGENT, CONVERSATION, KEY, OTHER, SITE, VISITOR, Vector};
use crate::{ByeCode, ErrorCode};

const AT: i64 = 1_767_225_600_000;

fn told(name: &str, frame: Value) -> Vector {
    Vector::of("server", true, name, frame)
}

fn visitor() -> Value {
    json!({ "role": "visitor", "id": VISITOR, "name": "Ann Ö" })
}

fn agent() -> Value {
    json!({ "role": "agent", "id": AGENT, "name": "Bo" })
}

fn owner() -> Value {
    json!({ "id": AGENT, "name": "Bo" })
}

/// As an agent sees it, with every field.
fn closed_summary() -> Value {
    json!({
        "id": CONVERSATION, "site": SITE, "status": "closed", "owner": owner(),
        "visitor": { "id": VISITOR, "name": "Ann Ö", "email": "ann@example.org", "online": false },
        "seq": 5, "started_at": AT, "activity_at": AT + 9, "closed_at": AT + 9,
        "closed_by": { "id": AGENT, "name": "Bo" },
        "preview": { "by": agent(), "text": "Bye 👋", "at": AT + 9 }, "unread": 0,
    })
}

/// As a visitor sees it, with no more than it must have.
fn open_summary() -> Value {
    json!({
        "id": CONVERSATION, "site": SITE, "status": "open", "owner": null,
        "visitor": { "id": VISITOR, "name": "", "online": true },
        "seq": 2, "started_at": AT, "activity_at": AT,
        "preview": { "by": visitor(), "text": "Hello?", "at": AT },
    })
}

fn event(ev: &str, seq: u64, by: Value, data: Value) -> Value {
    json!({ "ev": ev, "conversation": CONVERSATION, "seq": seq, "at": AT, "by": by, "data": data })
}

fn first_events() -> Value {
    let visitor_by_name = json!({ "visitor": { "id": VISITOR, "name": "" } });
    json!([
        event("conversation.started", 1, visitor(), visitor_by_name),
        event("message.posted", 2, visitor(), json!({ "text": "Hello?", "key": KEY })),
    ])
}

fn refusal(code: ErrorCode, detail: Value, retry_after_ms: u64) -> Value {
    json!({
        "code": code, "message": code.meaning(), "remedy": code.remedy(), "detail": detail,
        "retry_after_ms": retry_after_ms,
    })
}

pub(super) fn answers() -> Vec<Vector> {
    let answers = [hellos(), snapshots(), numbers(), inbox(), bulk()];
    let answer = |(op, name, ok): (&'static str, &str, Value)| Vector {
        op: Some(op),
        ..told(name, json!({ "re": 7, "ok": ok }))
    };
    answers.into_iter().flatten().map(answer).collect()
}

type Ok = (&'static str, &'static str, Value);

fn hellos() -> Vec<Ok> {
    let limits = json!({ "text_max": 4000, "frame_max": 65_536 });
    let not_found = json!({ "id": "nobody", "err": refusal(ErrorCode::NotFound, json!({}), 0) });
    let watched = json!({
        "conversation": open_summary(), "events": first_events(), "head": 2, "more": false, "reset": false,
    });
    vec![
        (
            "hello",
            "a new visitor gets a token",
            json!({
                "protocol": 1, "node": "a", "session": "s-1", "self": visitor(), "token": "v1.visitor.token",
                "online": false, "heartbeat_ms": 25_000, "limits": limits, "watching": [],
            }),
        ),
        (
            "hello",
            "an agent resumes one conversation and is refused another",
            json!({
                "protocol": 1, "node": "a", "session": "s-2", "self": agent(), "online": true,
                "heartbeat_ms": 25_000, "limits": limits, "watching": [watched, not_found],
            }),
        ),
        (
            "hello",
            "a visitor returns to its open conversation",
            json!({
                "protocol": 1, "node": "b", "session": "s-3", "self": visitor(), "online": true,
                "heartbeat_ms": 25_000, "limits": limits, "conversation": open_summary(), "watching": [],
            }),
        ),
    ]
}

fn snapshots() -> Vec<Ok> {
    let page = |head: u64, more: bool, reset: bool| {
        json!({
            "conversation": open_summary(), "events": first_events(), "head": head, "more": more,
            "reset": reset,
        })
    };
    vec![
        ("conversation.watch", "watching from the start", page(2, false, false)),
        ("conversation.watch", "a snapshot with more to fetch", page(400, true, false)),
        ("conversation.watch", "after was beyond the head", page(2, false, true)),
        ("conversation.unwatch", "unwatched", json!({})),
        (
            "history",
            "a page of history",
            json!({ "events": first_events(), "head": 2, "more": false }),
        ),
        ("history", "nothing there", json!({ "events": [], "head": 2, "more": false })),
        ("typing", "typing is taken", json!({})),
    ]
}

fn numbers() -> Vec<Ok> {
    let seq = |seq: u64| json!({ "seq": seq, "at": AT });
    vec![
        ("ping", "ping", json!({ "at": AT })),
        ("message.send", "sent", seq(3)),
        ("message.send", "sent and closed", json!({ "seq": 4, "at": AT, "closed_seq": 5 })),
        (
            "conversation.start",
            "started",
            json!({ "conversation": open_summary(), "seq": 2, "at": AT }),
        ),
        ("conversation.claim", "claimed", seq(3)),
        ("conversation.unclaim", "unclaimed", seq(4)),
        ("conversation.close", "closed", seq(5)),
        ("note.add", "noted", seq(6)),
    ]
}

fn inbox() -> Vec<Ok> {
    let counts = json!({ "open": 3, "mine": 1, "unassigned": 2 });
    vec![
        (
            "inbox.list",
            "a page of the inbox with more to come",
            json!({
                "rows": [closed_summary(), open_summary()], "next": "opaque", "total": 40, "counts": counts,
            }),
        ),
        ("inbox.list", "an empty inbox", json!({ "rows": [], "total": 0, "counts": counts })),
        ("inbox.watch", "the inbox is watched", json!({ "counts": counts })),
    ]
}

fn bulk() -> Vec<Ok> {
    let claimed = refusal(ErrorCode::AlreadyClaimed, json!({ "owner": owner() }), 0);
    let results = json!([
        { "conversation": CONVERSATION, "ok": { "seq": 3, "at": AT } },
        { "conversation": OTHER, "err": claimed },
        { "conversation": "nobody", "err": refusal(ErrorCode::NotFound, json!({}), 0) },
    ]);
    vec![("bulk", "each by itself, in the order asked", json!({ "results": results }))]
}

pub(super) fn events() -> Vec<Vector> {
    let closing = json!({ "reason": "agent", "text": "This conversation has been closed." });
    vec![
        told(
            "a conversation was started",
            event(
                "conversation.started",
                1,
                visitor(),
                json!({ "visitor": { "id": VISITOR, "name": "Ann Ö" } }),
            ),
        ),
        told("a message", event("message.posted", 2, visitor(), json!({ "text": "Hello?" }))),
        told(
            "a message, to its author",
            event("message.posted", 3, agent(), json!({ "text": "Hi\n𝄞", "key": KEY })),
        ),
        told("a note", event("note.posted", 4, agent(), json!({ "text": "VIP" }))),
        told(
            "a note, to its author",
            event("note.posted", 4, agent(), json!({ "text": "VIP", "key": KEY })),
        ),
        told("claimed", event("conversation.claimed", 5, agent(), json!({ "owner": owner() }))),
        told("unclaimed", event("conversation.unclaimed", 6, agent(), json!({}))),
        told("closed", event("conversation.closed", 7, agent(), closing.clone())),
        told(
            "by the system, with the largest number a client can count on",
            event(
                "conversation.closed",
                (1 << 53) - 1,
                json!({ "role": "system", "id": "00000000-0000-0000-0000-000000000000", "name": "" }),
                json!({ "reason": "idle", "text": "Nobody was here." }),
            ),
        ),
        told(
            "an event newer than this page",
            event("message.edited", 8, agent(), json!({ "of": 3 })),
        )
        .why("it counts all the same"),
    ]
}

pub(super) fn signals() -> Vec<Vector> {
    let typing = |by: Value, active: bool| {
        let data = json!({ "active": active });
        json!({ "sig": "typing", "conversation": CONVERSATION, "by": by, "data": data })
    };
    let counts = json!({ "open": 3, "mine": 1, "unassigned": 2 });
    vec![
        told("the visitor is typing", typing(visitor(), true)),
        told("the owner stopped typing", typing(agent(), false)),
        told("the team is there", json!({ "sig": "presence", "data": { "online": true } })),
        told(
            "a row of the inbox",
            json!({ "sig": "inbox.row", "conversation": CONVERSATION, "data": closed_summary() }),
        ),
        told("the counts of the inbox", json!({ "sig": "inbox.counts", "data": counts })),
        told("a signal newer than this page", json!({ "sig": "mood", "data": { "is": "good" } }))
            .why("to be ignored"),
    ]
}

pub(super) fn errors() -> Vec<Vector> {
    let with = |code: ErrorCode| match code {
        ErrorCode::AlreadyClaimed => (json!({ "owner": owner() }), 0),
        ErrorCode::NotOwner => (json!({ "owner": null }), 0),
        ErrorCode::ConversationOpen => (json!({ "conversation": CONVERSATION }), 0),
        ErrorCode::Conflict => (json!({ "head": 2, "events": first_events() }), 0),
        ErrorCode::RateLimited => (json!({}), 340),
        ErrorCode::Unavailable => (json!({}), 1000),
        _ => (json!({}), 0),
    };
    let mut vectors: Vec<Vector> = ErrorCode::ALL
        .iter()
        .map(|&code| {
            let (detail, retry_after_ms) = with(code);
            told(code.as_str(), json!({ "re": 7, "err": refusal(code, detail, retry_after_ms) }))
        })
        .collect();
    let not_owner = refusal(ErrorCode::NotOwner, json!({ "owner": owner() }), 0);
    vectors.push(told("not_owner, and somebody else is", json!({ "re": 7, "err": not_owner })));
    let bad_frame = refusal(ErrorCode::BadRequest, json!({}), 0);
    vectors
        .push(told("to a frame that could not be read", json!({ "re": null, "err": bad_frame })));
    vectors
}

pub(super) fn byes() -> Vec<Vector> {
    let reconnect = |code| matches!(code, ByeCode::GoingAway | ByeCode::Idle | ByeCode::TooSlow);
    let bye = |&code: &ByeCode| {
        let retry_after_ms = if reconnect(code) { 2300 } else { 0 };
        told(
            code.as_str(),
            json!({ "bye": {
                "code": code, "message": code.meaning(), "reconnect": reconnect(code),
                "retry_after_ms": retry_after_ms,
            } }),
        )
    };
    ByeCode::ALL.iter().map(bye).collect()
}
