//! The list that agents work from.

use std::sync::Arc;

use conversation::{Author, Command, Conversation};
use protocol::{ConversationId, Order, Queue, Sort, StatusFilter};

use super::desk::*;
use super::model::Model;
use crate::{InboxQuery, OpenCounts, Store};

const QUEUES: [Queue; 3] = [Queue::All, Queue::Mine, Queue::Unassigned];
const STATUSES: [StatusFilter; 4] =
    [StatusFilter::Open, StatusFilter::Closed, StatusFilter::Converted, StatusFilter::All];
const SORTS: [Sort; 5] =
    [Sort::Activity, Sort::Started, Sort::Visitor, Sort::Status, Sort::Assignee];
const ORDERS: [Order; 2] = [Order::Asc, Order::Desc];

/// Every combination of filters and orders.
pub(super) fn all_queries() -> Vec<InboxQuery> {
    let mut queries = Vec::new();
    for queue in QUEUES {
        for status in STATUSES {
            for sort in SORTS {
                for order in ORDERS {
                    let all = Model::everything(SITE);
                    queries.push(InboxQuery { queue, status, sort, order, ..all });
                }
            }
        }
    }
    queries
}

fn ids<'a>(rows: impl IntoIterator<Item = &'a Conversation>) -> Vec<ConversationId> {
    rows.into_iter().map(|state| state.id).collect()
}

/// Reads all pages of at most `limit` rows.
async fn read_all(store: &Arc<dyn Store>, query: &InboxQuery, limit: usize) -> Vec<ConversationId> {
    let mut query = InboxQuery { limit, ..query.clone() };
    let mut all = Vec::new();
    loop {
        let page = store.list(query.clone()).await.unwrap();
        assert!(page.rows.len() <= limit);
        assert!(page.next.is_none() || page.rows.len() == limit, "a page in the middle is full");
        all.extend(ids(&page.rows));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return all,
        }
    }
}

pub async fn counts_follow_every_change(store: Arc<dyn Store>) {
    let (ann, bob) = (agent(1, "Ann"), agent(2, "Bob"));
    let (by_ann, by_bob) = (Author::Agent(ann.clone()), Author::Agent(bob.clone()));
    let expect = async |unassigned, owned: &[(&conversation::Agent, u64)]| {
        let owned = owned.iter().map(|(agent, n)| (agent.id, *n)).collect();
        let counts = store.open_counts(SITE).await.unwrap();
        assert_eq!(counts, OpenCounts { unassigned, owned });
    };
    expect(0, &[]).await;
    let mut first = begin(&store, start(1, 1000)).await;
    let mut second = begin(&store, start(2, 1000)).await;
    begin(&store, start_by(3, OTHER_SITE, visitor(3, ""), "hello", 1000)).await;
    expect(2, &[]).await;
    act(&store, &mut first, &by_ann, Command::Claim).await;
    expect(1, &[(&ann, 1)]).await;
    act(&store, &mut second, &by_ann, Command::Claim).await;
    expect(0, &[(&ann, 2)]).await;
    act(&store, &mut first, &by_ann, Command::Unclaim).await;
    act(&store, &mut first, &by_bob, Command::Claim).await;
    act(&store, &mut first, &by_bob, post("hello")).await;
    expect(0, &[(&ann, 1), (&bob, 1)]).await;
    act(&store, &mut first, &by_bob, Command::Post { text: text("bye"), then_close: true }).await;
    expect(0, &[(&ann, 1)]).await;
    assert_eq!(store.open_counts(OTHER_SITE).await.unwrap().open(), 1);
}

pub async fn every_list_equals_the_model(store: Arc<dyn Store>) {
    let mut model = Model::of_seed(1);
    for _ in 0..2 {
        model.live(&store, 40).await;
        for query in all_queries() {
            let page = store.list(query.clone()).await.unwrap();
            let expected = model.list(&query);
            assert_eq!(ids(&page.rows), ids(expected.iter().copied()), "{query:?}");
            assert!(page.rows.iter().eq(expected.iter().copied()), "{query:?}");
            assert_eq!(page.total, expected.len() as u64, "{query:?}");
            assert_eq!(page.next, None, "{query:?}");
        }
    }
}

pub async fn pages_neither_repeat_nor_miss(store: Arc<dyn Store>) {
    let mut model = Model::of_seed(2);
    model.live(&store, 30).await;
    for query in all_queries() {
        let expected = ids(model.list(&query));
        for limit in [1, 2, 3, 7, expected.len().max(1)] {
            assert_eq!(read_all(&store, &query, limit).await, expected, "{limit} of {query:?}");
        }
        let page = store.list(InboxQuery { limit: 1, ..query.clone() }).await.unwrap();
        assert_eq!(page.total, expected.len() as u64, "{query:?}");
    }
}

pub async fn rows_that_change_between_two_pages_leave_the_others_in_place(store: Arc<dyn Store>) {
    let mut model = Model::of_seed(3);
    model.live(&store, 60).await;
    for query in all_queries() {
        let before: Vec<Conversation> = model.list(&query).into_iter().cloned().collect();
        let mut query = InboxQuery { limit: 5, ..query };
        let mut seen = Vec::new();
        loop {
            let page = store.list(query.clone()).await.unwrap();
            seen.extend(ids(&page.rows));
            let n = seen.len() % model.conversations.len();
            model.go_on(&store, n).await;
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        for state in &before {
            let now = model.conversations.iter().find(|logged| logged.state.id == state.id);
            if now.is_some_and(|logged| logged.state == *state) {
                let times = seen.iter().filter(|id| **id == state.id).count();
                assert_eq!(times, 1, "{:?} in {query:?}", state.id);
            }
        }
    }
}

pub async fn sites_never_see_each_other(store: Arc<dyn Store>) {
    let mut model = Model::of_seed(4);
    model.live(&store, 40).await;
    for site in [SITE, OTHER_SITE] {
        let mut query = Model::everything(site);
        let page = store.list(query.clone()).await.unwrap();
        assert_eq!(ids(&page.rows), ids(model.list(&query)));
        query.words = InboxQuery::words_of("order");
        let page = store.list(query.clone()).await.unwrap();
        assert!(page.rows.iter().all(|state| state.site == site));
        assert_eq!(ids(&page.rows), ids(model.list(&query)));
    }
}

pub async fn a_change_is_told_to_whoever_asks_with_a_mark_from_before(store: Arc<dyn Store>) {
    let changed = async |mark| store.changed_since(SITE, mark).await.unwrap();
    let mut old = begin(&store, start(9, 1000)).await;
    let first = changed(None).await;
    assert_eq!(first.heads, []);
    let mut one = begin(&store, start(1, 1000)).await;
    begin(&store, start_by(2, OTHER_SITE, visitor(2, ""), "hello", 1000)).await;
    let second = changed(Some(first.mark)).await;
    assert!(second.heads.contains(&(one.id, one.head)), "{second:?}");
    let (ann, vera) = (Author::Agent(agent(1, "Ann")), asking(&old));
    act(&store, &mut one, &ann, Command::Claim).await;
    act(&store, &mut old, &vera, post("still here")).await;
    act(&store, &mut old, &vera, post("hello?")).await;
    for mark in [first.mark, second.mark] {
        let third = changed(Some(mark)).await;
        for state in [&one, &old] {
            assert!(third.heads.contains(&(state.id, state.head)), "{third:?}");
        }
        assert!(third.heads.iter().all(|(id, _)| [one.id, old.id].contains(id)), "{third:?}");
    }
    assert_eq!(changed(None).await.heads, []);
}
