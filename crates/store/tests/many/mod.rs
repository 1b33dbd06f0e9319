//! A site with so many rows that other ways of finding them pay, and the same in memory beside it.

use std::sync::Arc;

use conversation::{Author, Command};
use futures::future::join_all;
use protocol::{Order, Queue, Sort, StatusFilter};
use store::conformance::*;
use store::{InboxQuery, MemoryStore, Store};

/// More than a short list, and most of them match.
const CONVERSATIONS: u128 = 10_500;

/// Every third is claimed, every sixth of all closed; every tenth says something else.
async fn fill(store: &Arc<dyn Store>) {
    for first in (1..=CONVERSATIONS).step_by(500) {
        join_all((first..first + 500).map(|n| tell(store, n))).await;
    }
}

async fn tell(store: &Arc<dyn Store>, n: u128) {
    let name = ["", "Vera", "vera", "Otto"][n as usize % 4];
    let said = if n.is_multiple_of(10) { "goodbye" } else { "hello" };
    let site = if n % 50 == 7 { OTHER_SITE } else { SITE };
    let at = 1000 + n as i64 % 700;
    let mut state = begin(store, start_by(n, site, visitor(n, name), said, at)).await;
    let ann = Author::Agent(agent(n % 2 + 1, "Ann"));
    if n.is_multiple_of(3) {
        act(store, &mut state, &ann, Command::Claim).await;
    }
    if n.is_multiple_of(6) {
        act(store, &mut state, &ann, CLOSE).await;
    }
}

/// A store with all of it, and its model.
pub async fn filled(store: &Arc<dyn Store>) -> Arc<dyn Store> {
    let model: Arc<dyn Store> = Arc::new(MemoryStore::new());
    futures::join!(fill(store), fill(&model));
    model
}

/// Asks both for many things.
pub async fn compare_all(store: &Arc<dyn Store>, model: &Arc<dyn Store>) {
    for words in ["", "hello", "goodbye vera", "o", "hello o", "nowhere"] {
        compare(store, model, words).await;
    }
}

/// Every list has the same first three pages and the same total in both.
async fn compare(store: &Arc<dyn Store>, model: &Arc<dyn Store>, words: &str) {
    for (queue, status, sort, order) in [
        (Queue::All, StatusFilter::All, Sort::Activity, Order::Desc),
        (Queue::All, StatusFilter::Closed, Sort::Started, Order::Asc),
        (Queue::Mine, StatusFilter::All, Sort::Visitor, Order::Desc),
        (Queue::Unassigned, StatusFilter::Open, Sort::Visitor, Order::Asc),
        (Queue::All, StatusFilter::All, Sort::Assignee, Order::Desc),
        (Queue::All, StatusFilter::All, Sort::Status, Order::Asc),
    ] {
        let mut query = InboxQuery {
            site: SITE,
            agent: agent(1, "").id,
            queue,
            status,
            words: InboxQuery::words_of(words),
            sort,
            order,
            after: None,
            limit: 100,
            until: None,
        };
        for _ in 0..3 {
            let (page, expected) =
                futures::join!(store.list(query.clone()), model.list(query.clone()));
            let (page, expected) = (page.unwrap(), expected.unwrap());
            assert_eq!(page.total, expected.total, "{query:?}");
            assert_eq!(page, expected, "{query:?}");
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
    }
}
