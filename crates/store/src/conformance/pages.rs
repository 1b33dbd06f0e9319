//! Pages of events, in both numberings.

use std::sync::Arc;

use conversation::{Audience, Author, Command, Committed, Conversation};
use protocol::limits::{PAGE_BYTES_MAX, TEXT_CHARS_MAX};

use super::desk::*;
use crate::{Range, Store};

/// A conversation in which much is hidden from the visitor: a note between any two messages, runs of
/// notes, and agents coming and going.
async fn talkative(store: &Arc<dyn Store>) -> (Conversation, Vec<Committed>) {
    let mut state = begin(store, start(1, 1000)).await;
    begin(store, start(2, 1000)).await;
    let (vera, ann) = (asking(&state), Author::Agent(agent(11, "Ann")));
    for round in 0..12 {
        let notes = [0, 1, 5][round % 3];
        for _ in 0..notes {
            act(store, &mut state, &ann, note("hm")).await;
        }
        act(store, &mut state, &ann, Command::Claim).await;
        act(store, &mut state, &vera, post(&format!("round {round}"))).await;
        act(store, &mut state, &ann, Command::Unclaim).await;
    }
    let all = store.events(state.id, Audience::Agents, Range::After(0), 1000).await.unwrap();
    assert_eq!(all.len() as u64, state.head.0);
    (state, all)
}

/// What a page must be, filtered out of everything.
fn expected(all: &[Committed], audience: Audience, range: Range, limit: usize) -> Vec<Committed> {
    let visible = all.iter().filter(|event| event.number_for(audience).is_some());
    let number = |event: &Committed| event.number_for(audience).unwrap_or(0);
    let asked: Vec<_> = match range {
        Range::After(n) => visible.filter(|event| number(event) > n).take(limit).collect(),
        Range::Before(n) => {
            let before: Vec<_> = visible.filter(|event| number(event) < n).collect();
            before[before.len().saturating_sub(limit)..].to_vec()
        }
    };
    asked.into_iter().cloned().collect()
}

async fn all_pages(store: Arc<dyn Store>, audience: Audience) {
    let (state, all) = talkative(&store).await;
    let far = [state.head.0 + 5, u64::MAX / 2, i64::MAX as u64, u64::MAX];
    for bound in (0..=state.head.0 + 2).chain(far) {
        for range in [Range::After(bound), Range::Before(bound)] {
            for limit in [1, 2, 7, 1000] {
                let page = store.events(state.id, audience, range, limit).await.unwrap();
                let expected = expected(&all, audience, range, limit);
                assert_eq!(page, expected, "{range:?}, at most {limit}");
            }
        }
    }
}

pub async fn agents_page_by_their_numbers(store: Arc<dyn Store>) {
    all_pages(store, Audience::Agents).await;
}

pub async fn visitors_page_by_their_numbers(store: Arc<dyn Store>) {
    all_pages(store, Audience::Visitor).await;
}

pub async fn a_page_ends_early_but_never_empty(store: Arc<dyn Store>) {
    let mut state = begin(&store, start(1, 1000)).await;
    let vera = asking(&state);
    let long = "𝄞".repeat(TEXT_CHARS_MAX);
    for _ in 0..40 {
        act(&store, &mut state, &vera, post(&long)).await;
    }
    let mut read = 0;
    while read < state.head.0 {
        let range = Range::After(read);
        let page = store.events(state.id, Audience::Visitor, range, 200).await.unwrap();
        let bytes: usize = page.iter().map(|event| format!("{:?}", event.event).len()).sum();
        assert!(bytes <= PAGE_BYTES_MAX + 64 * 1024, "{bytes} bytes");
        assert_eq!(page[0].seq.0, read + 1);
        read = page.last().unwrap().seq.0;
    }
    let last =
        store.events(state.id, Audience::Agents, Range::Before(u64::MAX), 200).await.unwrap();
    assert_eq!(last.last().unwrap().seq, state.head, "the latest are kept");
    assert!(last.len() > 5 && last.len() < 40, "{} events", last.len());
}
