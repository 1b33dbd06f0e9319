//! The first words on a socket.

use client::Connection;
use protocol::{ByeCode, Codec, ErrorCode, Role, WatchOutcome};
use serde_json::{Value, json};
use system_tests::{Expect as _, Site, end_of, event, key};
use uuid::Uuid;

#[tokio::test]
async fn another_operation_before_hello_is_unauthorized_and_closes() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        for target in [site.for_visitors(codec), site.for_agents(codec)] {
            let mut connection = Connection::open(&target).await.expect("a socket");
            connection.ping().await.refused(ErrorCode::Unauthorized);
            let ended = end_of(&mut connection).await;
            let bye = ended.bye.expect("bye comes before the close");
            assert_eq!((bye.code, ended.code), (ByeCode::Unauthorized, Some(4401)));
        }
    }
}

#[tokio::test]
async fn a_second_hello_is_a_bad_request_and_changes_nothing() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        let other = site.visitor(codec).await;
        let args = json!({ "token": other.token });
        visitor.ask::<Value>("hello", args).await.refused(ErrorCode::BadRequest);
        visitor.ask::<Value>("hello", json!({})).await.refused(ErrorCode::BadRequest);
        visitor.say(id, &key(), "still me").await.granted();
    }
}

#[tokio::test]
async fn hello_tells_a_new_visitor_who_it_is_and_what_it_may_send() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let visitor = site.visitor_named("Vera", "vera@example.org").await;
        assert_eq!(visitor.hello.protocol, 1);
        assert_eq!((visitor.hello.me.role, &*visitor.hello.me.name), (Role::Visitor, "Vera"));
        assert_eq!(visitor.hello.limits.text_max, 4000);
        assert_eq!(visitor.hello.limits.frame_max, 65_536);
        assert!(visitor.hello.heartbeat_ms > 0);
        assert!(!visitor.hello.node.is_empty() && !visitor.hello.session.is_empty());
        assert!(visitor.hello.conversation.is_none() && visitor.hello.watching.is_empty());
        let nameless = site.visitor(codec).await;
        assert_ne!(nameless.hello.me.id, visitor.hello.me.id);
        assert_ne!(nameless.token, visitor.token);
    }
}

#[tokio::test]
async fn a_visitor_with_its_token_is_the_same_one_and_finds_its_conversation() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, first) = site.asking(codec).await;
        let back = site.visitor_again(&visitor, codec).await;
        assert_eq!(back.hello.me, visitor.hello.me);
        let found = back.hello.conversation.as_ref().expect("the open one");
        assert_eq!((found.id, found.seq), (first, 2));

        let mut agent = site.agent("Ann", codec).await;
        agent.claim(first, &key()).await.granted();
        agent.end(first, &key()).await.granted();
        let back = site.visitor_again(&visitor, codec).await;
        let found = back.hello.conversation.as_ref().expect("the last one, though closed");
        assert_eq!(found.id, first);

        let second = visitor.start(&key(), "again").await.granted().conversation.id;
        let back = site.visitor_again(&visitor, codec).await;
        assert_eq!(
            back.hello.conversation.as_ref().map(|open| open.id),
            Some(second),
            "the open one"
        );
    }
}

#[tokio::test]
async fn hello_alone_watches_nothing() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        let mut back = site.visitor_again(&visitor, codec).await;
        visitor.say(id, &key(), "to whoever watches").await.granted();
        back.ping().await.granted();
        assert_eq!(back.next_read(), None, "an event on a socket that does not watch");
    }
}

#[tokio::test]
async fn hello_answers_what_is_to_be_watched_one_by_one_in_order() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (visitor, mine) = site.asking(codec).await;
        let (_other, foreign) = site.asking(codec).await;
        let nowhere = Uuid::new_v4().to_string();
        let watch = json!([
            { "conversation": foreign, "after": 0 },
            { "conversation": mine, "after": 1 },
            { "conversation": nowhere, "after": 0 },
            { "conversation": "no id at all" },
        ]);
        let mut connection = Connection::open(&site.for_visitors(codec)).await.expect("a socket");
        let args = json!({ "token": visitor.token, "watch": watch });
        let hello = connection.hello(args).await.granted();
        let ids: Vec<String> = hello
            .watching
            .iter()
            .map(|outcome| match outcome {
                WatchOutcome::Watched(watched) => {
                    assert_eq!((watched.head, watched.events.len()), (2, 1));
                    watched.conversation.id.to_string()
                }
                WatchOutcome::Refused { id, err } => {
                    assert_eq!(err.code, ErrorCode::NotFound);
                    id.clone()
                }
            })
            .collect();
        let asked = [foreign.to_string(), mine.to_string(), nowhere, "no id at all".to_owned()];
        assert_eq!(ids, asked);
        connection.say(mine, &key(), "watched").await.granted();
        assert_eq!(event(&mut connection).await.seq, 3);
    }
}

#[tokio::test]
async fn more_than_fifty_to_watch_are_a_bad_request() {
    let site = Site::new().await;
    let account = site.hire("Ann").await;
    for (count, granted) in [(50, true), (51, false)] {
        let watch: Vec<Value> = (0..count)
            .map(|_| json!({ "conversation": Uuid::new_v4().to_string(), "after": 0 }))
            .collect();
        let mut connection =
            Connection::open(&site.for_agents(Codec::Json)).await.expect("a socket");
        let args = json!({ "token": account.token, "watch": watch });
        let outcome = connection.hello(args).await;
        if granted {
            assert_eq!(outcome.granted().watching.len(), 50);
        } else {
            outcome.refused(ErrorCode::BadRequest);
        }
    }
}

#[tokio::test]
async fn online_says_whether_an_agent_of_the_site_is_connected() {
    let (site, other) = (Site::new().await, Site::new().await);
    let _elsewhere = other.agent("Ben", Codec::Json).await;
    assert!(
        !site.visitor(Codec::Json).await.hello.online,
        "an agent of another site does not count"
    );
    let _ann = site.agent("Ann", Codec::Json).await;
    assert!(site.visitor(Codec::Json).await.hello.online);
}

#[tokio::test]
async fn arguments_of_hello_that_are_out_of_range_are_a_bad_request() {
    let site = Site::new().await;
    let bad = [
        json!({ "token": 7 }),
        json!({ "profile": "Vera" }),
        json!({ "watch": "all" }),
        json!({ "watch": [{ "after": 1 }] }),
        json!({ "watch": [{ "conversation": Uuid::new_v4().to_string(), "after": -1 }] }),
        json!({ "watch": [{ "conversation": Uuid::new_v4().to_string(), "after": 1.5 }] }),
    ];
    for args in bad {
        let mut connection =
            Connection::open(&site.for_visitors(Codec::Json)).await.expect("a socket");
        connection.hello(args.clone()).await.refused(ErrorCode::BadRequest);
    }
}
