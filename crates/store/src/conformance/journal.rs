//! Appends, keys and what is read back.

use std::sync::Arc;

use conversation::{Audience, Author, Command, Committed, Conversation, Deed, Seq};
use futures::future::join_all;
use protocol::{BulkAction, ConversationId, PersonId};

use super::desk::*;
use crate::{Append, Appended, BulkRecord, Range, Store};

fn ann() -> Author {
    Author::Agent(agent(11, "Ann"))
}

fn bob() -> Author {
    Author::Agent(agent(12, "Bob"))
}

async fn log(store: &Arc<dyn Store>, id: ConversationId) -> Vec<Committed> {
    store.events(id, Audience::Agents, Range::After(0), 1000).await.unwrap()
}

async fn found(store: &Arc<dyn Store>, id: ConversationId) -> Conversation {
    store.find(id).await.unwrap().unwrap()
}

pub async fn of_two_racing_appends_exactly_one_wins(store: Arc<dyn Store>) {
    let state = begin(&store, start(1, 1000)).await;
    let first = append(&state, &ann(), &Command::Claim, 2000, "a");
    let second = append(&state, &bob(), &Command::Claim, 2000, "b");
    let (one, other) = futures::join!(store.append(first.clone()), store.append(second.clone()));
    let (one, other) = (one.unwrap(), other.unwrap());
    let won = match (&one, &other) {
        (Appended::Done, Appended::Stale) => first,
        (Appended::Stale, Appended::Done) => second,
        _ => panic!("{one:?} and {other:?}"),
    };
    assert_eq!(found(&store, state.id).await, *won.conversation);
    assert_eq!(log(&store, state.id).await[2..], won.events);
}

pub async fn an_append_at_another_head_is_stale(store: Arc<dyn Store>) {
    let state = begin(&store, start(1, 1000)).await;
    let mut next = append(&state, &ann(), &Command::Claim, 2000, "a");
    for head in [0, 1, 3] {
        next.at_head = Seq(head);
        assert_eq!(store.append(next.clone()).await.unwrap(), Appended::Stale);
    }
    assert_eq!(found(&store, state.id).await, state);
    assert_eq!(log(&store, state.id).await.len(), 2);
    let (scope, _) = next.key.unwrap();
    assert_eq!(store.remembered(scope).await.unwrap(), None);
}

pub async fn an_append_to_no_conversation_is_stale(store: Arc<dyn Store>) {
    let nobodys = start(1, 1000).conversation;
    let next = append(&nobodys, &ann(), &Command::Claim, 2000, "a");
    assert_eq!(store.append(next).await.unwrap(), Appended::Stale);
    assert_eq!(store.find(nobodys.id).await.unwrap(), None);
}

pub async fn a_used_key_answers_first_even_if_the_head_has_moved(store: Arc<dyn Store>) {
    let mut state = begin(&store, start(1, 1000)).await;
    let first = append(&state, &ann(), &Command::Claim, 2000, "a");
    let (scope, answer) = first.key.clone().unwrap();
    act(&store, &mut state, &ann(), Command::Claim).await;
    assert_eq!(store.append(first.clone()).await.unwrap(), Appended::Stale);

    let again = append(&state, &ann(), &CLOSE, 3000, "a");
    let (again_scope, _) = again.key.clone().unwrap();
    assert_eq!(store.append(again.clone()).await.unwrap(), Appended::Done);
    let state = (*again.conversation).clone();
    let mut late = again;
    late.at_head = Seq(99);
    let expected = late.key.as_ref().unwrap().1;
    late.key.as_mut().unwrap().1.at = 9_999;
    assert_eq!(store.append(late).await.unwrap(), Appended::Repeated(expected));
    assert_eq!(store.remembered(again_scope).await.unwrap(), Some(expected));
    assert_eq!(store.remembered(scope).await.unwrap(), None, "stale: {answer:?}");
    assert_eq!(found(&store, state.id).await, state);
}

pub async fn an_answer_without_events_is_remembered(store: Arc<dyn Store>) {
    let mut state = begin(&store, start(1, 1000)).await;
    act(&store, &mut state, &ann(), Command::Claim).await;
    let (mut scope, mut answer) = append(&state, &ann(), &CLOSE, 2000, "again").key.unwrap();
    (scope.deed, answer.closed_seq) = (Deed::Claim, Some(Seq(7)));
    let remember = Append {
        conversation: Arc::new(state.clone()),
        at_head: state.head,
        events: vec![],
        key: Some((scope.clone(), answer)),
    };
    assert_eq!(store.append(remember.clone()).await.unwrap(), Appended::Done);
    assert_eq!(store.append(remember).await.unwrap(), Appended::Repeated(answer));
    assert_eq!(store.remembered(scope).await.unwrap(), Some(answer));
    assert_eq!(found(&store, state.id).await, state);
    assert_eq!(log(&store, state.id).await.len(), 3);
}

pub async fn a_key_counts_only_in_its_scope(store: Arc<dyn Store>) {
    let mut state = begin(&store, start(1, 1000)).await;
    let other = begin(&store, start(2, 1000)).await;
    let claim = append(&state, &ann(), &Command::Claim, 2000, "k");
    let (scope, answer) = claim.key.clone().unwrap();
    assert_eq!(store.append(claim.clone()).await.unwrap(), Appended::Done);
    state = (*claim.conversation).clone();
    // Another operation, another author, another conversation.
    for (state, by, command) in [
        (&state, ann(), note("n")),
        (&state, bob(), Command::Claim),
        (&other, ann(), Command::Claim),
    ] {
        let free = match state.owner {
            Some(_) => append(state, &by, &note("n"), 3000, "k"),
            None => append(state, &by, &command, 3000, "k"),
        };
        let (scope, _) = free.key.unwrap();
        assert_eq!(store.remembered(scope).await.unwrap(), None);
    }
    assert_eq!(store.remembered(scope.clone()).await.unwrap(), Some(answer));
    let elsewhere = append(&other, &ann(), &Command::Claim, 3000, "k");
    assert_eq!(store.append(elsewhere).await.unwrap(), Appended::Done);
    let by_visitor = append(&state, &asking(&state), &post("hi"), 3000, "k");
    assert_eq!(store.append(by_visitor).await.unwrap(), Appended::Done);
}

pub async fn a_key_may_hold_any_character(store: Arc<dyn Store>) {
    let mut state = begin(&store, start(1, 1000)).await;
    for keyed in ["'; --", "%", "\u{1}\"\\", "K", "k", "é", "e\u{301}", " ", "𝄞"] {
        let next = append(&state, &asking(&state), &post("hi"), 2000, keyed);
        let (scope, answer) = next.key.clone().unwrap();
        assert_eq!(store.append(next.clone()).await.unwrap(), Appended::Done, "{keyed:?}");
        assert_eq!(store.remembered(scope).await.unwrap(), Some(answer), "{keyed:?}");
        state = (*next.conversation).clone();
    }
    let page = log(&store, state.id).await;
    assert_eq!(page.last().unwrap().key, Some(key("𝄞")));
}

pub async fn a_conversation_is_found_as_of_its_last_append(store: Arc<dyn Store>) {
    assert_eq!(store.find(conversation(1)).await.unwrap(), None);
    let mut vera = visitor(5, "Véra \u{1}\"'");
    vera.email = Some("vera@example.com".into());
    let mut state = begin(&store, start_by(1, SITE, vera, "hello 𝄞", 1000)).await;
    assert_eq!(found(&store, state.id).await, state);
    let vera = asking(&state);
    for (by, command) in [
        (ann(), Command::Claim),
        (bob(), note("careful")),
        (vera, post("are you there?")),
        (ann(), Command::Unclaim),
        (bob(), Command::Claim),
        (bob(), Command::Post { text: text("bye"), then_close: true }),
    ] {
        act(&store, &mut state, &by, command).await;
        assert_eq!(found(&store, state.id).await, state);
    }
}

pub async fn events_come_back_as_they_were_committed(store: Arc<dyn Store>) {
    let begun = start(1, 1000);
    let mut expected = begun.events.clone();
    let mut state = begin(&store, begun).await;
    let said = "'\"; \u{1}\u{7f}\u{202e} 𝄞 \u{fffd}\u{ffff} a\nb\tc \\u0041 </script>";
    for (by, command) in [
        (asking(&state), post(said)),
        (ann(), Command::Claim),
        (bob(), note(said)),
        (ann(), Command::Unclaim),
        (bob(), Command::Claim),
        (bob(), Command::Post { text: text(said), then_close: true }),
    ] {
        let next = append(&state, &by, &command, state.last_at, &format!("{}", state.head.0));
        expected.extend(next.events.iter().cloned());
        state = (*next.conversation).clone();
        assert_eq!(store.append(next).await.unwrap(), Appended::Done);
    }
    assert_eq!(log(&store, state.id).await, expected);
    assert_eq!(log(&store, conversation(2)).await, []);
}

pub async fn heads_are_of_those_that_exist(store: Arc<dyn Store>) {
    let mut state = begin(&store, start(1, 1000)).await;
    begin(&store, start(2, 1000)).await;
    act(&store, &mut state, &ann(), Command::Claim).await;
    let asked = vec![conversation(3), conversation(2), conversation(1)];
    let mut heads = store.heads(asked).await.unwrap();
    heads.sort();
    assert_eq!(heads, [(conversation(1), Seq(3)), (conversation(2), Seq(2))]);
    assert_eq!(store.heads(vec![]).await.unwrap(), []);
}

pub async fn the_first_bulk_under_a_key_counts(store: Arc<dyn Store>) {
    let author = PersonId(uuid::Uuid::from_u128(11));
    let bulk = |action, ids: &[&str]| BulkRecord {
        action,
        conversations: ids.iter().map(|id| (*id).to_owned()).collect(),
    };
    let first = bulk(BulkAction::Claim, &["b", "a", "not an id"]);
    let later = bulk(BulkAction::Close, &["c"]);
    let ask =
        |author, keyed, bulk: &BulkRecord| store.remember_bulk(author, key(keyed), bulk.clone());
    assert_eq!(ask(author, "k", &first).await.unwrap(), first);
    assert_eq!(ask(author, "k", &later).await.unwrap(), first);
    assert_eq!(ask(author, "other", &later).await.unwrap(), later);
    assert_eq!(ask(PersonId::NOWHERE, "k", &later).await.unwrap(), later);
}

/// Posts `rounds` messages to conversation `n`, each after the one before is answered.
async fn chat(store: &Arc<dyn Store>, n: u128, rounds: usize) -> Conversation {
    let mut state = begin(store, start(n, 1000)).await;
    for _ in 0..rounds {
        let by = asking(&state);
        act(store, &mut state, &by, post("again")).await;
    }
    state
}

pub async fn appends_side_by_side_all_count(store: Arc<dyn Store>) {
    let states = join_all((1..=100).map(|n| chat(&store, n, 5))).await;
    for state in states {
        assert_eq!(found(&store, state.id).await, state);
        let seqs: Vec<_> = log(&store, state.id).await.iter().map(|event| event.seq.0).collect();
        assert_eq!(seqs, (1..=7).collect::<Vec<_>>());
    }
}

pub async fn one_stale_append_among_many_fails_alone(store: Arc<dyn Store>) {
    let states = join_all((1..=100).map(|n| chat(&store, n, 0))).await;
    let mut appends: Vec<_> =
        states.iter().map(|state| append(state, &ann(), &Command::Claim, 2000, "k")).collect();
    appends[50].at_head = Seq(1);
    let answers = join_all(appends.iter().cloned().map(|next| store.append(next))).await;
    for (n, (answer, next)) in answers.into_iter().zip(appends).enumerate() {
        let expected = if n == 50 { Appended::Stale } else { Appended::Done };
        assert_eq!(answer.unwrap(), expected, "append {n}");
        let head = store.heads(vec![next.conversation.id]).await.unwrap()[0].1;
        assert_eq!(head, Seq(if n == 50 { 2 } else { 3 }), "append {n}");
    }
}
