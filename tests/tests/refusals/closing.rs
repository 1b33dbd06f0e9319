//! Closing only what one has read: `expected_seq`.

use protocol::{Codec, ErrorCode};
use serde_json::{Value, json};
use system_tests::{Expect as _, Site, key};

#[tokio::test]
async fn a_close_at_the_expected_head_is_done() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, mut agent, id) = site.talking(codec).await;
        assert_eq!(agent.end_at(id, &key(), 3).await.granted().seq, 4);
    }
}

#[tokio::test]
async fn a_close_at_another_head_is_a_conflict_that_brings_what_is_new() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        visitor.say(id, &key(), "wait").await.granted();
        agent.note(id, &key(), "hm").await.granted();
        let refusal = agent.end_at(id, &key(), 3).await.refused(ErrorCode::Conflict);
        assert_eq!(refusal.detail.head, Some(5));
        let events = refusal.detail.events.expect("those after the number expected");
        let names: Vec<(u64, &str)> = events.iter().map(|event| (event.seq, &*event.ev)).collect();
        assert_eq!(names, [(4, "message.posted"), (5, "note.posted")]);

        let refusal = agent.end_at(id, &key(), 0).await.refused(ErrorCode::Conflict);
        assert_eq!(refusal.detail.events.map(|events| events.len()), Some(5));
        let refusal = agent.end_at(id, &key(), 6).await.refused(ErrorCode::Conflict);
        assert_eq!((refusal.detail.head, refusal.detail.events), (Some(5), Some(vec![])));
        let log = agent.history(id, json!({})).await.granted();
        assert_eq!(log.head, 5, "nothing was committed");
        agent.end_at(id, &key(), 5).await.granted();
    }
}

#[tokio::test]
async fn a_conflict_brings_at_most_two_hundred_events() {
    let site = Site::new().await;
    let (mut visitor, mut agent, id) = site.talking(Codec::Json).await;
    for number in 0..230 {
        let args = json!({ "conversation": id, "key": key(), "text": format!("{number}") });
        visitor.feed_request("message.send", args).await.expect("sent");
        if number % 50 == 49 {
            visitor.ping().await.granted();
        }
    }
    visitor.say(id, &key(), "the last").await.granted();
    let refusal = agent.end_at(id, &key(), 1).await.refused(ErrorCode::Conflict);
    assert_eq!(refusal.detail.head, Some(234));
    let numbers: Vec<u64> = refusal.detail.events.iter().flatten().map(|event| event.seq).collect();
    assert_eq!(numbers, (2..202).collect::<Vec<u64>>());
}

#[tokio::test]
async fn an_expected_number_that_is_none_is_a_bad_request() {
    let site = Site::new().await;
    let (_visitor, mut agent, id) = site.talking(Codec::Json).await;
    for number in [json!(-1), json!(1.5), json!("3"), json!([3])] {
        let args = json!({ "conversation": id, "key": key(), "expected_seq": number });
        agent.ask::<Value>("conversation.close", args).await.refused(ErrorCode::BadRequest);
    }
}
