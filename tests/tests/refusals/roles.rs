//! What belongs to the other role, to another visitor, and to another site.

use client::Connection;
use protocol::{Codec, ConversationId, ErrorCode};
use serde_json::{Value, json};
use system_tests::{Expect as _, Site, key};
use uuid::Uuid;

/// Every operation of agents on one conversation, with good arguments.
fn of_agents(id: impl ToString) -> Vec<(&'static str, Value)> {
    let id = id.to_string();
    vec![
        ("conversation.claim", json!({ "conversation": id, "key": key() })),
        ("conversation.unclaim", json!({ "conversation": id, "key": key() })),
        ("conversation.close", json!({ "conversation": id, "key": key() })),
        ("note.add", json!({ "conversation": id, "key": key(), "text": "a note" })),
    ]
}

/// Every operation of everyone on one conversation, with good arguments.
fn of_everyone(id: impl ToString) -> Vec<(&'static str, Value)> {
    let id = id.to_string();
    vec![
        ("conversation.watch", json!({ "conversation": id, "after": 0 })),
        ("history", json!({ "conversation": id })),
        ("message.send", json!({ "conversation": id, "key": key(), "text": "hello" })),
        ("typing", json!({ "conversation": id, "active": true })),
    ]
}

async fn all_refused(connection: &mut Connection, asked: Vec<(&str, Value)>, code: ErrorCode) {
    for (op, args) in asked {
        let outcome = connection.ask::<Value>(op, args.clone()).await;
        assert!(outcome.is_err(), "{op} {args} was granted");
        outcome.refused(code);
    }
}

async fn head(connection: &mut Connection, id: ConversationId) -> u64 {
    connection.history(id, json!({})).await.granted().head
}

#[tokio::test]
async fn a_visitor_is_forbidden_every_operation_of_agents_and_nothing_is_committed() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        all_refused(&mut visitor, of_agents(id), ErrorCode::Forbidden).await;
        let of_lists = vec![
            ("inbox.list", json!({})),
            ("inbox.watch", json!({ "on": true })),
            ("bulk", json!({ "key": key(), "action": "close", "conversations": [id] })),
        ];
        all_refused(&mut visitor, of_lists, ErrorCode::Forbidden).await;
        visitor.say_and_close(id, &key(), "and close").await.refused(ErrorCode::Forbidden);
        assert_eq!(head(&mut agent, id).await, 3);
    }
}

#[tokio::test]
async fn an_agent_is_forbidden_to_start_a_conversation() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut agent = site.agent("Ann", codec).await;
        agent.start(&key(), "hello").await.refused(ErrorCode::Forbidden);
        assert_eq!(agent.inbox(json!({ "status": "all" })).await.granted().total, 0);
    }
}

#[tokio::test]
async fn a_conversation_of_another_visitor_is_not_found() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_owner, foreign) = site.asking(codec).await;
        let (mut visitor, _) = site.asking(codec).await;
        all_refused(&mut visitor, of_everyone(foreign), ErrorCode::NotFound).await;
        let mut agent = site.agent("Ann", codec).await;
        assert_eq!(head(&mut agent, foreign).await, 2);
    }
}

#[tokio::test]
async fn a_conversation_of_another_site_is_not_found_whoever_asks() {
    let (site, other) = (Site::new().await, Site::new().await);
    for codec in Codec::ALL {
        let (_owner, mut at_home, foreign) = other.talking(codec).await;
        let mut agent = site.agent("Ann", codec).await;
        let mut visitor = site.visitor(codec).await;
        all_refused(&mut agent, of_everyone(foreign), ErrorCode::NotFound).await;
        all_refused(&mut agent, of_agents(foreign), ErrorCode::NotFound).await;
        all_refused(&mut visitor, of_everyone(foreign), ErrorCode::NotFound).await;
        agent.say_and_close(foreign, &key(), "x").await.refused(ErrorCode::NotFound);
        assert_eq!(head(&mut at_home, foreign).await, 3);
        assert_eq!(agent.inbox(json!({ "status": "all" })).await.granted().total, 0);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_looks_like_what_is_foreign() {
    let (site, other) = (Site::new().await, Site::new().await);
    let (_owner, foreign) = other.asking(Codec::Json).await;
    for codec in Codec::ALL {
        let mut agent = site.agent("Ann", codec).await;
        let mut visitor = site.visitor(codec).await;
        let absent = ["", "x", "'; DROP TABLE", &"9".repeat(1000), &Uuid::nil().to_string()];
        for id in absent {
            all_refused(&mut agent, of_everyone(id), ErrorCode::NotFound).await;
            all_refused(&mut agent, of_agents(id), ErrorCode::NotFound).await;
            all_refused(&mut visitor, of_everyone(id), ErrorCode::NotFound).await;
        }
        let absent = agent.history(Uuid::new_v4(), json!({})).await.refused(ErrorCode::NotFound);
        let foreign = agent.history(foreign, json!({})).await.refused(ErrorCode::NotFound);
        assert_eq!(absent, foreign, "not to be told apart");
    }
}

#[tokio::test]
async fn an_id_in_capitals_or_braces_is_another_id() {
    let site = Site::new().await;
    let (mut visitor, id) = site.asking(Codec::Json).await;
    for other in [
        id.to_string().to_uppercase(),
        format!("{{{id}}}"),
        format!(" {id}"),
        id.0.simple().to_string(),
    ] {
        if other == id.to_string() {
            continue;
        }
        visitor.history(&other, json!({})).await.refused(ErrorCode::NotFound);
    }
}
