//! How fast lists and searches are with a million conversations on one site.
//!
//! `cargo run --release -p store --example postgres_million -- [conversations] [messages] [plans|slow]
//! [postgres://…]`
//!
//! Without an address it starts a server of its own here. It fills the tables directly (all but the keys,
//! which no list looks at), lets the store build its search index, and asks for every filter in every order
//! and for many words. `plans` prints how the server found each page, `slow` only of those that took more
//! than 50 ms. A database that has conversations is not filled again.

#![expect(clippy::unwrap_used, reason = "a measurement stops here")]

#[path = "postgres_million/fill.rs"]
mod fill;

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::{Order, Queue, Sort, StatusFilter};
use store::conformance::{SITE, agent};
use store::{Inbox as _, InboxQuery, PostgresStore};
use throwaway::Postgres;

const TARGET_MS: f64 = 50.0;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: usize| arguments.next().map_or(otherwise, |n| n.parse().unwrap());
    let (conversations, messages) = (number(1_000_000), number(10_000_000));
    let plans = arguments.next().unwrap_or_default();
    let given = arguments.next();
    let server = match &given {
        Some(_) => None,
        None => Some(Postgres::start_durable(std::path::Path::new(".")).await),
    };
    let url = match (given, &server) {
        (Some(url), _) => url,
        (None, Some(server)) => server.fresh_database().await,
        (None, None) => unreachable!("one of both"),
    };
    let store = Arc::new(PostgresStore::open(&url).await.unwrap());
    fill::fill(&url, conversations, messages).await;
    let began = Instant::now();
    store.index_now().await.unwrap();
    println!("indexed in {:.0} s", began.elapsed().as_secs_f64());
    fill::tidy(&url).await;
    let mut worst = lists(&store, &plans).await;
    worst = worst.max(searches(&store, &plans, conversations).await);
    println!("\nthe slowest page took {worst:.1} ms");
    store.close().await;
}

fn everything() -> InboxQuery {
    InboxQuery {
        site: SITE,
        agent: agent(1, "").id,
        queue: Queue::All,
        status: StatusFilter::All,
        words: vec![],
        sort: Sort::Activity,
        order: Order::Desc,
        after: None,
        limit: 25,
        until: None,
    }
}

async fn lists(store: &PostgresStore, plans: &str) -> f64 {
    println!("\nlists: the first page, and the one after it");
    let mut worst: f64 = 0.0;
    for queue in [Queue::All, Queue::Mine, Queue::Unassigned] {
        for status in [StatusFilter::Open, StatusFilter::Closed, StatusFilter::All] {
            for sort in [Sort::Activity, Sort::Started, Sort::Visitor, Sort::Status, Sort::Assignee]
            {
                for order in [Order::Asc, Order::Desc] {
                    let mut query = InboxQuery { queue, status, sort, order, ..everything() };
                    let what = format!("{queue:?} {status:?} {sort:?} {order:?}");
                    worst = worst.max(ask(store, &query, &what, plans).await);
                    query.after = store.list(query.clone()).await.unwrap().next;
                    if query.after.is_some() {
                        worst = worst.max(ask(store, &query, &format!("{what} (2)"), plans).await);
                    }
                }
            }
        }
    }
    worst
}

async fn searches(store: &PostgresStore, plans: &str, conversations: usize) -> f64 {
    println!("\nsearches");
    let some = conversations / 3;
    let (common, less, rare) = (fill::spelled(1), fill::spelled(40), fill::spelled(19_900));
    let mut worst: f64 = 0.0;
    for (what, search) in [
        ("an address", format!("visitor{some}@example.com")),
        ("part of an address", format!("{some}@")),
        ("what all addresses share", "@example.com".to_owned()),
        ("the most common word", common.clone()),
        ("a common word", less.clone()),
        ("a rare word", rare.clone()),
        ("a rare and a common word", format!("{rare} {common}")),
        ("three common words", format!("{common} {less} {}", fill::spelled(7))),
        ("part of a word", less[1..].to_owned()),
        ("three characters", "qua".to_owned()),
        ("two characters", "qu".to_owned()),
        ("one character", "z".to_owned()),
        ("the most common character", "a".to_owned()),
        ("a rare word and two characters", format!("{rare} qu")),
        ("nothing there", "zzzz".to_owned()),
        ("nothing there, short", "7q".to_owned()),
    ] {
        for (queue, status, sort) in [
            (Queue::All, StatusFilter::All, Sort::Activity),
            (Queue::All, StatusFilter::Open, Sort::Activity),
            (Queue::All, StatusFilter::Closed, Sort::Visitor),
            (Queue::Mine, StatusFilter::All, Sort::Started),
            (Queue::Unassigned, StatusFilter::Open, Sort::Activity),
        ] {
            let words = InboxQuery::words_of(&search);
            let query = InboxQuery { queue, status, sort, words, ..everything() };
            let what = format!("{what}: {queue:?} {status:?} {sort:?}");
            worst = worst.max(ask(store, &query, &what, plans).await);
        }
    }
    worst
}

/// Milliseconds: the middle one of five.
async fn ask(store: &PostgresStore, query: &InboxQuery, what: &str, plans: &str) -> f64 {
    let (mut took, mut total) = (Vec::<Duration>::new(), 0);
    for _ in 0..5 {
        let asked = Instant::now();
        total = store.list(query.clone()).await.unwrap().total;
        took.push(asked.elapsed());
    }
    took.sort_unstable();
    let took = took[2].as_secs_f64() * 1000.0;
    let mark = if took > TARGET_MS { "!" } else { " " };
    println!("{mark}{took:8.1} ms  {total:8} found  {what}");
    if plans == "plans" || (plans == "slow" && took > TARGET_MS) {
        for line in store.explain(query.clone()).await.unwrap() {
            println!("             {line}");
        }
    }
    took
}
