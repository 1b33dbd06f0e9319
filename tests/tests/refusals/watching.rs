//! Snapshots, and what comes after them.

use client::{Arrival, Visitor};
use protocol::{Codec, ConversationId, ErrorCode, EventFrame, ServerFrame};
use serde_json::{Value, json};
use system_tests::{Expect as _, SOON, Site, event, events, key, within};

fn numbers(events: &[EventFrame]) -> Vec<u64> {
    events.iter().map(|event| event.seq).collect()
}

/// Fills a conversation with messages of its visitor, up to `head` as the visitor counts.
async fn fill(site: &Site, visitor: &Visitor, id: ConversationId, head: u64, text: &str) {
    let mut from = visitor.hello.conversation.as_ref().map_or(0, |known| known.seq);
    while from < head {
        // A socket may send 300 commands in one burst, so each burst has a socket of its own.
        let mut window = site.visitor_again(visitor, visitor.codec()).await;
        from = window.history(id, json!({})).await.granted().head;
        let mut asked = Vec::new();
        for number in from..head.min(from + 200) {
            let args =
                json!({ "conversation": id, "key": key(), "text": format!("{number} {text}") });
            asked.push(window.feed_request("message.send", args).await.expect("sent"));
        }
        window.flush().await.expect("sent");
        from += asked.len() as u64;
        for id in asked {
            window.answer(id).await.granted();
        }
    }
}

#[tokio::test]
async fn after_beyond_the_head_is_a_reset_and_events_from_the_first() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        for connection in [&mut *visitor, &mut *agent] {
            for after in [4, 1_000_000, u64::from(u32::MAX) + 1, i64::MAX as u64] {
                let watched = connection.watch(id, after).await.granted();
                assert!(watched.reset, "after {after}");
                assert_eq!((numbers(&watched.events), watched.head), (vec![1, 2, 3], 3));
                assert!(!watched.more);
            }
        }
    }
}

#[tokio::test]
async fn after_at_or_before_the_head_is_no_reset() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, mut agent, id) = site.talking(codec).await;
        for (after, due) in [(0, vec![1, 2, 3]), (1, vec![2, 3]), (3, vec![])] {
            let watched = agent.watch(id, after).await.granted();
            assert_eq!((numbers(&watched.events), watched.head), (due, 3));
            assert!(!watched.reset && !watched.more);
        }
        let watched: Value =
            agent.ask("conversation.watch", json!({ "conversation": id })).await.granted();
        assert_eq!(watched["events"].as_array().map(Vec::len), Some(3), "left out is 0");
    }
}

#[tokio::test]
async fn a_snapshot_ends_at_two_hundred_events_and_says_that_there_are_more() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        fill(&site, &visitor, id, 200, "x").await;
        let mut agent = site.agent("Ann", codec).await;
        let watched = agent.watch(id, 0).await.granted();
        assert_eq!((numbers(&watched.events), watched.more), ((1..=200).collect(), false));
        fill(&site, &visitor, id, 450, "x").await;
        let mut reader = site.agent("Ben", codec).await;
        let watched = reader.watch(id, 0).await.granted();
        assert_eq!((numbers(&watched.events), watched.head), ((1..=200).collect(), 450));
        assert!(watched.more);
        let watched = reader.watch(id, 249).await.granted();
        assert_eq!((numbers(&watched.events), watched.more), ((250..=449).collect(), true));
        let watched = reader.watch(id, 250).await.granted();
        assert_eq!((numbers(&watched.events), watched.more), ((251..=450).collect(), false));
        visitor.say(id, &key(), "live").await.granted();
        assert_eq!(event(&mut reader).await.seq, 451, "live events start after the head");
    }
}

#[tokio::test]
async fn a_page_ends_at_about_256_kib_and_a_frame_stays_under_a_mebibyte() {
    let site = Site::new().await;
    let (visitor, id) = site.asking(Codec::Json).await;
    fill(&site, &visitor, id, 60, &"𝄞".repeat(3_900)).await;
    for codec in Codec::ALL {
        let mut agent = site.agent("Ann", codec).await;
        let watched = agent.watch(id, 0).await.granted();
        assert!(watched.more && watched.events.len() < 60, "{} events", watched.events.len());
        assert!(watched.events.len() > 10, "{} events", watched.events.len());
        let mut seen = numbers(&watched.events);
        while seen.len() < 60 {
            let page = json!({ "after": seen.len(), "limit": 200 });
            let page = agent.history(id, page).await.granted();
            let bytes: usize = codec.encode(&page.events).len();
            assert!(bytes <= 300 * 1024, "{bytes} bytes");
            seen.extend(numbers(&page.events));
            assert_eq!(page.more, seen.len() < 60);
        }
        assert_eq!(seen, (1..=60).collect::<Vec<u64>>());
        let older = agent.history(id, json!({ "limit": 200 })).await.granted();
        assert!(older.more && older.events.last().map(|event| event.seq) == Some(60), "the newest");
    }
}

#[tokio::test]
async fn live_events_start_behind_the_answer_at_the_head_and_go_up_by_one() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        let mut agent = site.agent("Ann", codec).await;
        for round in 0..20 {
            // A watch in the middle of a stream of messages.
            let mut asked = Vec::new();
            for number in 0..10 {
                let args = json!({ "conversation": id, "key": key(), "text": format!("{round} {number}") });
                asked.push(visitor.feed_request("message.send", args).await.expect("sent"));
            }
            let watch = json!({ "conversation": id, "after": 0 });
            let (flushed, watch) =
                tokio::join!(visitor.flush(), agent.send_request("conversation.watch", watch));
            flushed.expect("sent");
            let watch = watch.expect("sent");
            for id in asked {
                visitor.answer(id).await.granted();
            }
            let last = visitor.history(id, json!({})).await.granted().head;
            let mut head = None;
            while head != Some(last) {
                match within(SOON, "every event", agent.next_frame()).await.expect("a frame") {
                    ServerFrame::Ok { re, ok } if re == watch => head = ok["head"].as_u64(),
                    ServerFrame::Event(event) => {
                        let head = head.as_mut().expect("no event before the answer");
                        *head += 1;
                        assert_eq!(event.seq, *head);
                    }
                    ServerFrame::Signal(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            agent.unwatch(id).await.granted();
        }
    }
}

#[tokio::test]
async fn watching_again_answers_a_fresh_snapshot_and_doubles_nothing() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        agent.watch(id, 0).await.granted();
        visitor.say(id, &key(), "one").await.granted();
        let watched = agent.watch(id, 0).await.granted();
        assert_eq!(watched.head, 4);
        visitor.say(id, &key(), "two").await.granted();
        assert_eq!(numbers(&events(&mut agent, 2).await), [4, 5], "each once");
        agent.ping().await.granted();
        assert_eq!(agent.next_read(), None);
    }
}

#[tokio::test]
async fn who_unwatches_hears_no_more_and_may_watch_again() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        agent.watch(id, 0).await.granted();
        agent.unwatch(id).await.granted();
        agent.unwatch(id).await.granted();
        visitor.say(id, &key(), "unheard").await.granted();
        agent.ping().await.granted();
        assert_eq!(agent.next_read(), None);
        let watched = agent.watch(id, 3).await.granted();
        assert_eq!(numbers(&watched.events), [4]);
        visitor.say(id, &key(), "heard").await.granted();
        assert_eq!(event(&mut agent).await.seq, 5);
    }
}

#[tokio::test]
async fn ones_own_event_reaches_each_watching_socket_once_and_others_not_at_all() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, _agent, id) = site.talking(codec).await;
        let mut watching = site.visitor_again(&visitor, codec).await;
        let mut silent = site.visitor_again(&visitor, codec).await;
        watching.watch(id, 0).await.granted();
        let sent = silent.say(id, &key(), "from the silent one").await.granted();
        let seen = event(&mut watching).await;
        assert_eq!((seen.seq, seen.at), (sent.seq, sent.at));
        let sent = watching.say(id, &key(), "from the watching one").await.granted();
        assert_eq!(event(&mut watching).await.seq, sent.seq);
        for connection in [&mut watching, &mut silent] {
            connection.ping().await.granted();
            assert_eq!(connection.next_read(), None);
        }
        let seen = numbers(&events(&mut visitor, 5).await);
        assert_eq!(seen, [1, 2, 3, 4, 5], "the starter watches from the start");
    }
}

#[tokio::test]
async fn the_starter_receives_both_first_events_once() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        let mut window = site.visitor_again(&visitor, codec).await;
        let started = visitor.start(&key(), "hello").await.granted();
        let seen = events(&mut visitor, 2).await;
        assert_eq!(numbers(&seen), [1, 2]);
        assert!(seen.iter().all(|event| event.conversation == started.conversation.id));
        visitor.ping().await.granted();
        assert_eq!(visitor.next_read(), None);
        window.ping().await.granted();
        assert_eq!(window.next_read(), None, "the other window does not watch");
    }
}

#[tokio::test]
async fn an_agent_may_watch_many_and_hears_each() {
    let site = Site::new().await;
    let mut agent = site.agent("Ann", Codec::Msgpack).await;
    let mut asking = futures::future::join_all((0..60).map(|_| site.asking(Codec::Json))).await;
    for (_, id) in &asking {
        agent.watch(id, 0).await.granted();
    }
    for (visitor, id) in &mut asking {
        visitor.say(*id, &key(), "hi").await.granted();
    }
    let mut heard: Vec<ConversationId> =
        events(&mut agent, 60).await.iter().map(|event| event.conversation).collect();
    heard.sort_unstable();
    let mut all: Vec<ConversationId> = asking.iter().map(|(_, id)| *id).collect();
    all.sort_unstable();
    assert_eq!(heard, all);
    agent.ping().await.granted();
    assert!(!matches!(agent.next_read(), Some(Arrival::Event(_))));
}

#[tokio::test]
async fn an_after_that_is_no_number_is_a_bad_request() {
    let site = Site::new().await;
    let (mut visitor, id) = site.asking(Codec::Json).await;
    for after in [json!(-1), json!(0.5), json!("0"), json!([])] {
        let args = json!({ "conversation": id, "after": after });
        visitor.ask::<Value>("conversation.watch", args).await.refused(ErrorCode::BadRequest);
    }
}
