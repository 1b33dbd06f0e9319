//! Pages of the past.

use client::Connection;
use protocol::{Codec, ConversationId, ErrorCode};
use serde_json::{Value, json};
use system_tests::{Expect as _, Site, key};

/// The numbers on a page, `head` and `more`.
async fn page(
    connection: &mut Connection,
    id: ConversationId,
    bounds: Value,
) -> (Vec<u64>, u64, bool) {
    let page = connection.history(id, bounds).await.granted();
    (page.events.iter().map(|event| event.seq).collect(), page.head, page.more)
}

async fn say(connection: &mut Connection, id: ConversationId, count: usize) {
    for number in 0..count {
        connection.say(id, &key(), &format!("message {number}")).await.granted();
    }
}

#[tokio::test]
async fn both_bounds_at_once_are_a_bad_request() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        visitor
            .history(id, json!({ "after": 0, "before": 3 }))
            .await
            .refused(ErrorCode::BadRequest);
    }
}

#[tokio::test]
async fn a_limit_is_1_to_200() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        for limit in [json!(0), json!(201), json!(-1), json!(1.5), json!("10"), json!(u64::MAX)] {
            visitor.history(id, json!({ "limit": limit })).await.refused(ErrorCode::BadRequest);
        }
        for bound in [json!({ "after": -1 }), json!({ "before": "3" }), json!({ "before": 1.5 })] {
            visitor.history(id, bound).await.refused(ErrorCode::BadRequest);
        }
        assert_eq!(page(&mut visitor, id, json!({ "limit": 1 })).await, (vec![2], 2, true));
        assert_eq!(page(&mut visitor, id, json!({ "limit": 200 })).await, (vec![1, 2], 2, false));
    }
}

#[tokio::test]
async fn bounds_are_exclusive_pages_ascend_and_more_looks_the_way_that_was_asked() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        say(&mut visitor, id, 8).await;
        let cases = [
            (json!({ "after": 0, "limit": 4 }), vec![1, 2, 3, 4], true),
            (json!({ "after": 6, "limit": 4 }), vec![7, 8, 9, 10], false),
            (json!({ "after": 7, "limit": 4 }), vec![8, 9, 10], false),
            (json!({ "after": 10 }), vec![], false),
            (json!({ "after": 99 }), vec![], false),
            (json!({ "before": 11, "limit": 4 }), vec![7, 8, 9, 10], true),
            (json!({ "before": 5, "limit": 4 }), vec![1, 2, 3, 4], false),
            (json!({ "before": 6, "limit": 4 }), vec![2, 3, 4, 5], true),
            (json!({ "before": 1 }), vec![], false),
            (json!({ "before": 0 }), vec![], false),
            (json!({ "before": 99, "limit": 3 }), vec![8, 9, 10], true),
            (json!({ "limit": 3 }), vec![8, 9, 10], true),
            (json!({ "limit": 10 }), (1..=10).collect(), false),
            (json!({}), (1..=10).collect(), false),
        ];
        for (bounds, due, more) in cases {
            let got = page(&mut visitor, id, bounds.clone()).await;
            assert_eq!(got, (due, 10, more), "{bounds}");
        }
    }
}

#[tokio::test]
async fn without_a_limit_a_page_has_fifty_events() {
    let site = Site::new().await;
    let (mut visitor, id) = site.asking(Codec::Json).await;
    say(&mut visitor, id, 58).await;
    assert_eq!(page(&mut visitor, id, json!({})).await, ((11..=60).collect(), 60, true));
    assert_eq!(page(&mut visitor, id, json!({ "after": 0 })).await, ((1..=50).collect(), 60, true));
}

#[tokio::test]
async fn a_visitor_counts_its_own_events_with_any_number_of_notes_in_between() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        for number in 0..5 {
            for _ in 0..number {
                agent.note(id, &key(), "a note").await.granted();
            }
            let seq = visitor.say(id, &key(), "a message").await.granted().seq;
            assert_eq!(seq, 4 + number, "in the asker's own numbering");
        }
        agent.unclaim(id, &key()).await.granted();
        agent.note(id, &key(), "the last").await.granted();

        let walk = page(&mut visitor, id, json!({ "after": 0 })).await;
        assert_eq!(walk, ((1..=8).collect(), 8, false));
        assert_eq!(page(&mut visitor, id, json!({ "after": 5 })).await.0, [6, 7, 8]);
        assert_eq!(page(&mut visitor, id, json!({ "before": 6, "limit": 2 })).await.0, [4, 5]);
        let newest = page(&mut visitor, id, json!({ "limit": 3 })).await;
        assert_eq!(newest, (vec![6, 7, 8], 8, true), "a page is as full as if there were no notes");
        let watched = visitor.watch(id, 6).await.granted();
        let numbers: Vec<u64> = watched.events.iter().map(|event| event.seq).collect();
        assert_eq!((numbers, watched.head, watched.conversation.seq), (vec![7, 8], 8, 8));
        assert_eq!(page(&mut agent, id, json!({ "after": 0 })).await.1, 20);
    }
}

#[tokio::test]
async fn history_of_a_closed_conversation_is_there_and_watching_it_too() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        agent.end(id, &key()).await.granted();
        for connection in [&mut *visitor, &mut *agent] {
            assert_eq!(page(connection, id, json!({})).await, (vec![1, 2, 3, 4], 4, false));
            assert_eq!(connection.watch(id, 4).await.granted().head, 4);
        }
    }
}

#[tokio::test]
async fn time_never_goes_down_within_a_conversation() {
    let site = Site::new().await;
    let (mut visitor, mut agent, id) = site.talking(Codec::Json).await;
    for _ in 0..20 {
        visitor.say(id, &key(), "tick").await.granted();
        agent.note(id, &key(), "tock").await.granted();
    }
    let log = agent.history(id, json!({ "after": 0, "limit": 200 })).await.granted().events;
    assert!(log.windows(2).all(|pair| pair[0].at <= pair[1].at));
}
