//! The list that agents work from.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Client, House};
use protocol::Codec;
use serde_json::{Value, json};

async fn started(house: &House, name: &str) -> (Client, String) {
    let mut visitor = house.visitor_socket(Codec::Json).await;
    visitor.ok("hello", json!({ "profile": { "name": name } })).await;
    let text = format!("{name} needs help");
    let started = visitor.ok("conversation.start", json!({ "key": "k", "text": text })).await;
    let id = started["conversation"]["id"].as_str().unwrap().to_owned();
    (visitor, id)
}

#[tokio::test]
async fn pages_follow_each_other_by_cursors_that_cannot_be_made_up() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let mut visitors = Vec::new();
    for name in ["Ada", "Bea", "Cleo", "Dora", "Eve"] {
        visitors.push(started(&house, name).await);
    }
    let mut agent = house.present(&token, Codec::Json).await;
    let by_name = |cursor: Option<&str>| json!({ "sort": "visitor", "order": "asc", "limit": 2, "cursor": cursor });
    let mut names = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = agent.ok("inbox.list", by_name(cursor.as_deref())).await;
        assert_eq!(page["total"], 5);
        assert_eq!(page["counts"], json!({ "open": 5, "mine": 0, "unassigned": 5 }));
        let rows = page["rows"].as_array().unwrap().iter();
        names.extend(rows.map(|row| row["visitor"]["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(names, ["Ada", "Bea", "Cleo", "Dora", "Eve"]);
    let cursor = cursor.unwrap();
    for made_up in ["", "AAAA", "garbage!", &cursor[2..], &format!("{cursor}AA")] {
        agent.refused("inbox.list", by_name(Some(made_up)), "bad_request").await;
    }
    let others = [
        json!({ "sort": "visitor", "order": "desc", "cursor": cursor }),
        json!({ "sort": "started", "order": "asc", "cursor": cursor }),
        json!({ "sort": "visitor", "order": "asc", "status": "all", "cursor": cursor }),
        json!({ "sort": "visitor", "order": "asc", "search": "a", "cursor": cursor }),
        json!({ "sort": "visitor", "order": "asc", "queue": "mine", "cursor": cursor }),
    ];
    for filters in others {
        agent.refused("inbox.list", filters, "bad_request").await;
    }
    let (_, bobs) = house.agent("Bob").await;
    let mut bob = house.present(&bobs, Codec::Json).await;
    bob.refused("inbox.list", by_name(Some(&cursor)), "bad_request").await;
}

#[tokio::test]
async fn a_watched_inbox_follows_every_change() {
    let house = House::new().await;
    let (alice, token) = house.agent("Alice").await;
    let mut agent = house.present(&token, Codec::Msgpack).await;
    let watched = agent.ok("inbox.watch", json!({ "on": true })).await;
    assert_eq!(watched["counts"], json!({ "open": 0, "mine": 0, "unassigned": 0 }));
    let (_vera, id) = started(&house, "Vera").await;
    let row = agent.signal("inbox.row").await;
    assert_eq!((&row["conversation"], &row["data"]["seq"]), (&json!(id), &json!(2)));
    assert_eq!(row["data"]["preview"]["text"], "Vera needs help");
    let counts = json!({ "open": 1, "mine": 0, "unassigned": 1 });
    assert_eq!(agent.signal("inbox.counts").await["data"], counts);
    agent.ok("conversation.claim", json!({ "conversation": id, "key": "c" })).await;
    let owned = |frame: &Value| frame["sig"] == "inbox.row" && frame["data"]["seq"] == 3;
    let row = agent.find(owned).await;
    assert_eq!(row["data"]["owner"]["id"], alice.to_string());
    let counts = json!({ "open": 1, "mine": 1, "unassigned": 0 });
    assert_eq!(agent.signal("inbox.counts").await["data"], counts);
    agent.ok("inbox.watch", json!({ "on": false })).await;
    let (_mary, _) = started(&house, "Mary").await;
    agent.has_heard_nothing_like(|frame| frame.to_string().contains("Mary")).await;
}

#[tokio::test]
async fn a_bulk_answers_each_in_the_order_asked() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let (_, bobs) = house.agent("Bob").await;
    let (_one, first) = started(&house, "One").await;
    let (_two, second) = started(&house, "Two").await;
    let mut alice = house.present(&token, Codec::Json).await;
    let mut bob = house.present(&bobs, Codec::Json).await;
    bob.ok("conversation.claim", json!({ "conversation": second, "key": "c" })).await;
    let bulk =
        json!({ "key": "b", "action": "claim", "conversations": [second, "nowhere", first] });
    let results = alice.ok("bulk", bulk.clone()).await["results"].clone();
    assert_eq!(results[0]["conversation"], json!(second));
    assert_eq!(results[0]["err"]["code"], "already_claimed");
    assert_eq!(results[0]["err"]["detail"]["owner"]["name"], "Bob");
    assert_eq!(results[1]["conversation"], "nowhere");
    assert_eq!(results[1]["err"]["code"], "not_found");
    assert_eq!((&results[2]["conversation"], &results[2]["ok"]["seq"]), (&json!(first), &json!(3)));
    assert_eq!(alice.ok("bulk", bulk).await["results"], results);
    for ids in [json!([]), json!([first, first]), json!(vec!["x"; 101])] {
        let bulk = json!({ "key": "b2", "action": "claim", "conversations": ids });
        alice.refused("bulk", bulk, "bad_request").await;
    }
}

#[tokio::test]
async fn a_list_includes_what_has_been_answered() {
    let house = House::new().await;
    let (_, token) = house.agent("Alice").await;
    let (_vera, id) = started(&house, "Vera").await;
    let mut agent = house.present(&token, Codec::Json).await;
    agent.ok("conversation.claim", json!({ "conversation": id, "key": "c" })).await;
    let mine = agent.ok("inbox.list", json!({ "queue": "mine", "search": "VERA help" })).await;
    assert_eq!((&mine["total"], &mine["rows"][0]["id"]), (&json!(1), &json!(id)));
    agent.ok("conversation.close", json!({ "conversation": id, "key": "z" })).await;
    let open = agent.ok("inbox.list", json!({})).await;
    assert_eq!((&open["total"], &open["counts"]["open"]), (&json!(0), &json!(0)));
    let closed = agent.ok("inbox.list", json!({ "status": "closed" })).await;
    let row = &closed["rows"][0];
    assert_eq!((&row["status"], &row["owner"]["name"]), (&json!("closed"), &json!("Alice")));
    assert_eq!(row["closed_by"]["name"], "Alice");
}
