//! Many conversations in one command, each for itself.

use protocol::{BulkItem, Codec, ConversationId, ErrorCode};
use serde_json::{Value, json};
use system_tests::{Expect as _, Site, event, key};
use uuid::Uuid;

fn seq(item: &BulkItem) -> Option<u64> {
    assert!(item.ok.is_some() != item.err.is_some(), "ok or err: {item:?}");
    item.ok.map(|ok| ok.seq)
}

fn code(item: &BulkItem) -> Option<ErrorCode> {
    item.err.as_ref().map(|error| error.code)
}

async fn asked(site: &Site, count: usize, codec: Codec) -> Vec<ConversationId> {
    let asking = (0..count).map(|_| site.asking(codec));
    futures::future::join_all(asking).await.into_iter().map(|(_, id)| id).collect()
}

#[tokio::test]
async fn each_item_is_judged_by_the_rules_of_the_single_command_in_the_order_asked() {
    let (site, other) = (Site::new().await, Site::new().await);
    for codec in Codec::ALL {
        let mut ann = site.agent("Ann", codec).await;
        let mut ben = site.agent("Ben", codec).await;
        let ids = asked(&site, 5, codec).await;
        let (_theirs, foreign) = other.asking(codec).await;
        ann.claim(ids[1], &key()).await.granted();
        ben.claim(ids[2], &key()).await.granted();
        ann.claim(ids[3], &key()).await.granted();
        ann.end(ids[3], &key()).await.granted();
        let nowhere = Uuid::new_v4().to_string();
        let all: Vec<String> = ids
            .iter()
            .map(ToString::to_string)
            .chain([foreign.to_string(), nowhere, "no id at all".to_owned()])
            .collect();

        let results = ann.bulk(&key(), "claim", &all).await.granted().results;
        let echoed: Vec<&String> = results.iter().map(|item| &item.conversation).collect();
        assert_eq!(echoed, all.iter().collect::<Vec<_>>());
        let numbers: Vec<Option<u64>> = results.iter().map(seq).collect();
        assert_eq!(numbers[..5], [Some(3), Some(3), None, None, Some(3)]);
        assert_eq!(code(&results[2]), Some(ErrorCode::AlreadyClaimed));
        let owner = results[2].err.as_ref().and_then(|error| error.detail.owner.clone()).flatten();
        assert_eq!(owner.map(|owner| owner.id), Some(ben.hello.me.id));
        assert_eq!(code(&results[3]), Some(ErrorCode::ConversationClosed));
        assert!(results[5..].iter().all(|item| code(item) == Some(ErrorCode::NotFound)));

        let results = ann.bulk(&key(), "unclaim", &ids).await.granted().results;
        let numbers: Vec<Option<u64>> = results.iter().map(seq).collect();
        assert_eq!(numbers, [Some(4), Some(4), None, None, Some(4)]);
        assert_eq!(code(&results[2]), Some(ErrorCode::NotOwner));

        ann.claim(ids[0], &key()).await.granted();
        let results = ann.bulk(&key(), "close", &ids).await.granted().results;
        let numbers: Vec<Option<u64>> = results.iter().map(seq).collect();
        assert_eq!(numbers, [Some(6), None, None, Some(4), None], "its own close again is ok");
        assert_eq!(code(&results[1]), Some(ErrorCode::NotOwner));
    }
}

#[tokio::test]
async fn an_item_twice_none_or_more_than_a_hundred_are_a_bad_request_for_the_whole() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut agent = site.agent("Ann", codec).await;
        let (_visitor, id) = site.asking(codec).await;
        let bad = ErrorCode::BadRequest;
        agent.bulk(&key(), "claim", [id, id]).await.refused(bad);
        agent.bulk(&key(), "claim", ["x", "x"]).await.refused(bad);
        agent.bulk::<String>(&key(), "claim", []).await.refused(bad);
        let many = || (0..100).map(|_| Uuid::new_v4().to_string()).chain([id.to_string()]);
        agent.bulk(&key(), "claim", many()).await.refused(bad);
        agent.bulk(&key(), "delete", [id]).await.refused(bad);
        let listless = json!({ "key": key(), "action": "claim", "conversations": id });
        agent.ask::<Value>("bulk", listless).await.refused(bad);
        let numbers = json!({ "key": key(), "action": "claim", "conversations": [1] });
        agent.ask::<Value>("bulk", numbers).await.refused(bad);
        assert_eq!(agent.history(id, json!({})).await.granted().head, 2, "nothing was committed");
        let hundred = agent.bulk(&key(), "claim", many().skip(1)).await.granted();
        assert_eq!(hundred.results.len(), 100);
        assert_eq!(seq(&hundred.results[99]), Some(3));
    }
}

#[tokio::test]
async fn a_bulk_repeated_answers_what_was_ok_as_before_and_judges_the_others_anew() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut ann = site.agent("Ann", codec).await;
        let mut ben = site.agent("Ben", codec).await;
        let ids = asked(&site, 3, codec).await;
        ben.claim(ids[1], &key()).await.granted();
        let same = key();
        let first = ann.bulk(&same, "claim", &ids).await.granted().results;
        assert_eq!([seq(&first[0]), seq(&first[1]), seq(&first[2])], [Some(3), None, Some(3)]);

        ann.unclaim(ids[0], &key()).await.granted();
        ben.claim(ids[0], &key()).await.granted();
        ben.unclaim(ids[1], &key()).await.granted();
        let again = ann.bulk(&same, "claim", &ids).await.granted().results;
        assert_eq!(seq(&again[0]), Some(3), "as before, though somebody else owns it now");
        assert_eq!(seq(&again[1]), Some(5), "judged anew");
        assert_eq!(seq(&again[2]), Some(3));
        assert_eq!(ann.history(ids[0], json!({})).await.granted().head, 5, "nothing was committed");
        let third = ann.bulk(&same, "claim", &ids).await.granted().results;
        assert_eq!(third, again);
    }
}

#[tokio::test]
async fn what_a_bulk_does_reaches_those_who_watch_and_the_asker_like_any_command() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut agent = site.agent("Ann", codec).await;
        let (mut visitor, id) = site.asking(codec).await;
        visitor.watch(id, 0).await.granted();
        agent.watch(id, 0).await.granted();
        for (action, seq) in [("claim", 3), ("unclaim", 4), ("claim", 5), ("close", 6)] {
            agent.bulk(&key(), action, [id]).await.granted();
            assert_eq!(event(&mut agent).await.seq, seq);
        }
        let mut seen = Vec::new();
        while seen.last() != Some(&"conversation.closed".to_owned()) {
            seen.push(event(&mut visitor).await.ev.to_string());
        }
        let claimed = "conversation.claimed";
        assert_eq!(seen[seen.len() - 3..], [claimed, claimed, "conversation.closed"]);
    }
}

#[tokio::test]
async fn a_hundred_conversations_are_closed_in_one_go_and_their_visitors_told() {
    let site = Site::new().await;
    let mut agent = site.agent("Ann", Codec::Msgpack).await;
    let mut asking = futures::future::join_all((0..100).map(|_| site.asking(Codec::Json))).await;
    let ids: Vec<ConversationId> = asking.iter().map(|(_, id)| *id).collect();
    let claimed = agent.bulk(&key(), "claim", &ids).await.granted().results;
    assert!(claimed.iter().all(|item| seq(item) == Some(3)));
    let closed = agent.bulk(&key(), "close", &ids).await.granted().results;
    assert!(closed.iter().all(|item| seq(item) == Some(4)));
    for (visitor, _) in &mut asking {
        while &*event(visitor).await.ev != "conversation.closed" {}
    }
}
