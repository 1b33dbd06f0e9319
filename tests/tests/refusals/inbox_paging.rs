//! The inbox: order, and pages of it.

use std::collections::BTreeSet;

use client::Connection;
use protocol::{Codec, ConversationId, ErrorCode, Summary};
use serde_json::{Value, json};
use system_tests::{Expect as _, Site, key};
use uuid::Uuid;

/// Six conversations with names and owners in both cases and without; four open and two closed.
async fn shelf() -> (Site, Connection) {
    let site = Site::new().await;
    let mut bob = site.agent("bob", Codec::Json).await;
    let mut ann = site.agent("Ann", Codec::Json).await;
    let visitors = ["zoe", "Anna", "", "bert", "Ćira", "anna"];
    for (number, name) in visitors.into_iter().enumerate() {
        let mut visitor = match name {
            "" => site.visitor(Codec::Json).await,
            name => site.visitor_named(name, "x@example.org").await,
        };
        let id = visitor.start(&key(), "hello").await.granted().conversation.id;
        match number {
            0 | 3 => drop(ann.claim(id, &key()).await.granted()),
            1 | 5 => drop(bob.claim(id, &key()).await.granted()),
            _ => {}
        }
        if number == 3 {
            ann.end(id, &key()).await.granted();
        }
        if number == 5 {
            bob.say_and_close(id, &key(), "done").await.granted();
        }
    }
    (site, ann.connection)
}

/// All rows, page by page.
async fn walk(agent: &mut Connection, filters: &Value, limit: u32) -> Vec<Summary> {
    let mut rows: Vec<Summary> = Vec::new();
    let mut asked = filters.clone();
    asked["limit"] = limit.into();
    loop {
        let page = agent.inbox(asked.clone()).await.granted();
        assert!(page.rows.len() <= limit as usize);
        rows.extend(page.rows);
        let Some(next) = page.next else {
            assert_eq!(rows.len() as u64, page.total);
            return rows;
        };
        assert!((rows.len() as u64) < page.total, "a next page that is empty");
        asked["cursor"] = next.into();
    }
}

/// What a sort compares: a missing name is last in both orders.
fn sort_key(row: &Summary, sort: &str) -> (bool, String) {
    let named = |name: &str| (name.is_empty(), name.to_lowercase());
    let time = |at: i64| (false, format!("{at:020}"));
    match sort {
        "activity" => time(row.activity_at),
        "started" => time(row.started_at),
        "visitor" => named(&row.visitor.name),
        "assignee" => row.owner.as_ref().map_or((true, String::new()), |owner| named(&owner.name)),
        "status" => (false, (row.status as u8).to_string()),
        other => panic!("no sort called {other}"),
    }
}

/// Whether two rows stand in the right order: the missing last, whatever the direction.
fn in_order(pair: &[Summary], sort: &str, descending: bool) -> bool {
    let (one, two) = (sort_key(&pair[0], sort), sort_key(&pair[1], sort));
    match one.0.cmp(&two.0) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Greater => false,
        std::cmp::Ordering::Equal if descending => one.1 >= two.1,
        std::cmp::Ordering::Equal => one.1 <= two.1,
    }
}

#[tokio::test]
async fn every_sort_in_both_orders_is_in_order_and_pages_repeat_and_miss_nothing() {
    let (_site, mut agent) = shelf().await;
    for sort in ["activity", "started", "visitor", "status", "assignee"] {
        for order in ["asc", "desc"] {
            let filters = json!({ "status": "all", "sort": sort, "order": order });
            let rows = walk(&mut agent, &filters, 100).await;
            assert_eq!(rows.len(), 6);
            let bad = rows.windows(2).find(|pair| !in_order(pair, sort, order == "desc"));
            assert!(bad.is_none(), "{sort} {order}: {bad:#?}");
            for limit in [1, 2, 4, 6] {
                let paged = walk(&mut agent, &filters, limit).await;
                let ids = |rows: &[Summary]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
                assert_eq!(ids(&paged), ids(&rows), "{sort} {order} by {limit}");
            }
        }
    }
}

#[tokio::test]
async fn statuses_ascend_from_open_to_closed_and_the_default_is_the_latest_activity_first() {
    let (_site, mut agent) = shelf().await;
    let filters = json!({ "status": "all", "sort": "status", "order": "asc" });
    let rows = walk(&mut agent, &filters, 100).await;
    let closed: Vec<bool> = rows.iter().map(|row| row.closed_at.is_some()).collect();
    assert_eq!(closed, [false, false, false, false, true, true]);
    let plain = walk(&mut agent, &json!({}), 100).await;
    let explicit = json!({ "status": "open", "queue": "all", "sort": "activity", "order": "desc" });
    assert_eq!(plain, walk(&mut agent, &explicit, 100).await);
}

#[tokio::test]
async fn ties_are_ordered_by_id_and_cut_anywhere() {
    let site = Site::new().await;
    let mut agent = site.agent("Ann", Codec::Json).await;
    let asking = (0..30).map(|_| site.asking(Codec::Json));
    let all: BTreeSet<ConversationId> =
        futures::future::join_all(asking).await.into_iter().map(|(_, id)| id).collect();
    for sort in ["visitor", "assignee", "status"] {
        for order in ["asc", "desc"] {
            let filters = json!({ "sort": sort, "order": order });
            let rows = walk(&mut agent, &filters, 7).await;
            let ids: Vec<ConversationId> = rows.iter().map(|row| row.id).collect();
            assert_eq!(ids.iter().copied().collect::<BTreeSet<_>>(), all, "{sort} {order}");
            let ascending = ids.is_sorted();
            let descending = ids.is_sorted_by(|one, two| one >= two);
            assert!(ascending || descending, "{sort} {order}: ties by id");
        }
    }
}

#[tokio::test]
async fn a_row_that_does_not_change_is_neither_repeated_nor_missed_while_others_move() {
    let site = Site::new().await;
    let mut agent = site.agent("Ann", Codec::Json).await;
    let mut asking = futures::future::join_all((0..20).map(|_| site.asking(Codec::Json))).await;
    let mut seen: Vec<ConversationId> = Vec::new();
    let mut asked = json!({ "limit": 4, "sort": "activity" });
    // Between two pages one of the rows seen already, and one not yet seen, moves to the front.
    let mut moved = BTreeSet::new();
    loop {
        let page = agent.inbox(asked.clone()).await.granted();
        seen.extend(page.rows.iter().map(|row| row.id));
        let Some(next) = page.next else { break };
        asked["cursor"] = next.into();
        let fresh = asking.iter().position(|(_, id)| !seen.contains(id) && !moved.contains(id));
        for index in [fresh, asking.iter().position(|(_, id)| Some(id) == seen.first())] {
            if let Some((visitor, id)) = index.and_then(|index| asking.get_mut(index)) {
                visitor.say(*id, &key(), "bump").await.granted();
                moved.insert(*id);
            }
        }
    }
    for (_, id) in asking.iter().filter(|(_, id)| !moved.contains(id)) {
        let times = seen.iter().filter(|other| *other == id).count();
        assert_eq!(times, 1, "{id} did not change and was shown {times} times");
    }
}

#[tokio::test]
async fn a_cursor_used_with_other_filters_or_made_up_is_a_bad_request() {
    let (site, mut agent) = shelf().await;
    let asked = json!({ "limit": 2, "status": "all", "sort": "visitor", "search": "hello" });
    let next = agent.inbox(asked.clone()).await.granted().next.expect("a next page");
    let mut same = asked.clone();
    same["cursor"] = next.clone().into();
    agent.inbox(same.clone()).await.granted();
    let changes = [
        ("status", json!("open")),
        ("sort", json!("started")),
        ("order", json!("asc")),
        ("queue", json!("mine")),
        ("search", json!("hell")),
    ];
    for (filter, value) in changes {
        let mut other = same.clone();
        other[filter] = value;
        let outcome = agent.inbox(other.clone()).await;
        assert!(outcome.is_err(), "{other} was granted");
        outcome.refused(ErrorCode::BadRequest);
    }
    let half = next[..next.len() / 2].to_owned();
    let made_up = ["", "x", "0", "AAAA", &half, &format!("{next}A"), &Uuid::new_v4().to_string()];
    for cursor in made_up {
        let mut other = asked.clone();
        other["cursor"] = cursor.into();
        let outcome = agent.inbox(other).await;
        assert!(outcome.is_err(), "{cursor:?} was granted");
        outcome.refused(ErrorCode::BadRequest);
    }
    let mut stranger = Site::new().await.agent("Ben", Codec::Json).await;
    if let Ok(page) = stranger.inbox(same).await {
        assert!(page.rows.is_empty(), "a cursor opened the inbox of {}", site.id);
    }
}
