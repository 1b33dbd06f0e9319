//! The inbox: filters, counts, search.

use std::collections::BTreeSet;

use client::{Agent, Connection};
use protocol::{Codec, ConversationId, Counts, ErrorCode, Status};
use serde_json::{Value, json};
use system_tests::{Expect as _, Site, key};

async fn ids(agent: &mut Connection, filters: Value) -> BTreeSet<ConversationId> {
    let page = agent.inbox(filters).await.granted();
    assert_eq!(page.total as usize, page.rows.len(), "one page holds all");
    page.rows.iter().map(|row| row.id).collect()
}

fn set<const N: usize>(ids: [ConversationId; N]) -> BTreeSet<ConversationId> {
    ids.into()
}

/// Two open unassigned, one of Ann's, one of Ben's, one closed by Ann.
struct Floor {
    site: Site,
    ann: Agent,
    ben: Agent,
    free: [ConversationId; 2],
    anns: ConversationId,
    bens: ConversationId,
    closed: ConversationId,
}

async fn floor() -> Floor {
    let site = Site::new().await;
    let mut ann = site.agent("Ann", Codec::Json).await;
    let mut ben = site.agent("Ben", Codec::Msgpack).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(site.asking(Codec::Json).await.1);
    }
    ann.claim(ids[2], &key()).await.granted();
    ben.claim(ids[3], &key()).await.granted();
    ann.claim(ids[4], &key()).await.granted();
    ann.end(ids[4], &key()).await.granted();
    Floor { site, ann, ben, free: [ids[0], ids[1]], anns: ids[2], bens: ids[3], closed: ids[4] }
}

#[tokio::test]
async fn queues_and_statuses_show_what_they_say() {
    let Floor { mut ann, mut ben, free: [one, two], anns, bens, closed, .. } = floor().await;
    let open = set([one, two, anns, bens]);
    assert_eq!(ids(&mut ann, json!({})).await, open, "open is the default");
    assert_eq!(ids(&mut ann, json!({ "status": "open", "queue": "all" })).await, open);
    assert_eq!(ids(&mut ann, json!({ "queue": "mine" })).await, set([anns]));
    assert_eq!(ids(&mut ben, json!({ "queue": "mine" })).await, set([bens]));
    assert_eq!(ids(&mut ann, json!({ "queue": "unassigned" })).await, set([one, two]));
    assert_eq!(ids(&mut ann, json!({ "status": "closed" })).await, set([closed]));
    let mine = json!({ "status": "closed", "queue": "mine" });
    assert_eq!(
        ids(&mut ann, mine.clone()).await,
        set([closed]),
        "a closed one keeps its last owner"
    );
    assert_eq!(ids(&mut ben, mine).await, set([]));
    let all = json!({ "status": "all" });
    assert_eq!(ids(&mut ben, all).await, set([one, two, anns, bens, closed]));
    assert_eq!(ids(&mut ann, json!({ "status": "converted" })).await, set([]));
}

#[tokio::test]
async fn counts_are_the_whole_sites_for_this_agent_whatever_the_filters() {
    let Floor { site, mut ann, mut ben, .. } = floor().await;
    let mut cleo = site.agent("Cleo", Codec::Json).await;
    let filters = [
        json!({}),
        json!({ "queue": "mine" }),
        json!({ "status": "closed" }),
        json!({ "search": "no such word" }),
        json!({ "limit": 1 }),
    ];
    for filter in filters {
        let due = Counts { open: 4, mine: 1, unassigned: 2 };
        assert_eq!(ann.inbox(filter.clone()).await.granted().counts, due, "{filter}");
        assert_eq!(ben.inbox(filter.clone()).await.granted().counts, due, "{filter}");
        let due = Counts { open: 4, mine: 0, unassigned: 2 };
        assert_eq!(cleo.inbox(filter.clone()).await.granted().counts, due, "{filter}");
    }
}

#[tokio::test]
async fn the_inbox_includes_at_once_what_the_asker_has_been_answered() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut agent = site.agent("Ann", codec).await;
        for _ in 0..20 {
            let (_visitor, id) = site.asking(codec).await;
            agent.claim(id, &key()).await.granted();
            assert!(ids(&mut agent, json!({ "queue": "mine" })).await.contains(&id));
            agent.say(id, &key(), "hi").await.granted();
            let row = agent.inbox(json!({ "queue": "mine" })).await.granted().rows.remove(0);
            assert_eq!((row.id, row.seq, &*row.preview.text), (id, 4, "hi"));
            agent.note(id, &key(), "hm").await.granted();
            let row = agent.inbox(json!({ "queue": "mine" })).await.granted().rows.remove(0);
            assert_eq!((row.seq, &*row.preview.text), (5, "hm"));
            agent.end(id, &key()).await.granted();
            assert_eq!(ids(&mut agent, json!({ "queue": "mine" })).await, set([]));
            let closed = agent.inbox(json!({ "status": "closed", "limit": 1 })).await.granted();
            let row = &closed.rows[0];
            assert_eq!((row.id, row.status), (id, Status::Closed), "the latest activity is first");
            assert_eq!(row.closed_at, Some(row.activity_at));
            let by = row.closed_by.as_ref().expect("who closed it");
            assert_eq!((by.id, &*by.name), (Some(agent.hello.me.id), "Ann"));
        }
    }
}

#[tokio::test]
async fn unread_counts_the_visitors_messages_after_the_last_of_an_agent() {
    let site = Site::new().await;
    let (mut visitor, mut agent, id) = site.talking(Codec::Json).await;
    let unread = async |agent: &mut Agent| agent.inbox(json!({})).await.granted().rows[0].unread;
    assert_eq!(unread(&mut agent).await, Some(1));
    visitor.say(id, &key(), "hello?").await.granted();
    agent.note(id, &key(), "a note is no answer").await.granted();
    assert_eq!(unread(&mut agent).await, Some(2));
    agent.say(id, &key(), "yes").await.granted();
    assert_eq!(unread(&mut agent).await, Some(0));
}

#[tokio::test]
async fn every_word_of_a_search_must_be_part_of_a_name_an_email_a_message_or_a_note() {
    let site = Site::new().await;
    let mut agent = site.agent("Ann", Codec::Json).await;
    let mut vera = site.visitor_named("Vera Ørsted", "vera@fjord.example").await;
    let one = vera.start(&key(), "Where is my ORDER 4711?").await.granted().conversation.id;
    let mut karl = site.visitor_named("Karl", "karl@berg.example").await;
    let two = karl.start(&key(), "100% cotton_shirt \\ please").await.granted().conversation.id;
    agent.claim(two, &key()).await.granted();
    agent.note(two, &key(), "Prüft den LAGERBESTAND").await.granted();
    agent.say(two, &key(), "Of course").await.granted();
    let found = [
        ("vera", set([one])),
        ("VERA", set([one])),
        ("era ørs", set([one])),
        ("ØRSTED", set([one])),
        ("fjord.example", set([one])),
        (".example", set([one, two])),
        ("order", set([one])),
        ("rder 471", set([one])),
        ("4711 vera", set([one])),
        ("vera cotton", set([])),
        ("karl lagerbestand course", set([two])),
        ("PRÜFT", set([two])),
        ("  order\t\u{3000} where ", set([one])),
        ("%", set([two])),
        ("100%", set([two])),
        ("n_s", set([two])),
        ("\\", set([two])),
        ("_", set([two])),
        ("%%%%", set([])),
        ("'", set([])),
        ("\"", set([])),
        ("NOT", set([])),
        ("*", set([])),
        ("", set([one, two])),
        ("   ", set([one, two])),
    ];
    for (search, due) in found {
        assert_eq!(ids(&mut agent, json!({ "search": search })).await, due, "{search:?}");
    }
    let other = Site::new().await;
    let mut stranger = other.agent("Ben", Codec::Json).await;
    assert_eq!(ids(&mut stranger, json!({ "search": "vera" })).await, set([]), "another site");
    let mine = json!({ "search": ".example", "queue": "unassigned" });
    assert_eq!(ids(&mut agent, mine).await, set([one]), "filters go together");
}

#[tokio::test]
async fn filters_that_are_none_are_a_bad_request() {
    let site = Site::new().await;
    let mut agent = site.agent("Ann", Codec::Json).await;
    let bad = [
        json!({ "queue": "theirs" }),
        json!({ "queue": 1 }),
        json!({ "status": "shut" }),
        json!({ "status": ["open"] }),
        json!({ "sort": "colour" }),
        json!({ "order": "up" }),
        json!({ "limit": 0 }),
        json!({ "limit": 101 }),
        json!({ "limit": -1 }),
        json!({ "limit": "25" }),
        json!({ "search": 7 }),
        json!({ "cursor": 7 }),
    ];
    for filters in bad {
        let outcome = agent.inbox(filters.clone()).await;
        assert!(outcome.is_err(), "{filters} was granted");
        outcome.refused(ErrorCode::BadRequest);
    }
    for limit in [1, 100] {
        agent.inbox(json!({ "limit": limit })).await.granted();
    }
}
