//! What a database adds to the promises: many open it at once, it outlives its stores, an index lags
//! behind it.

#![expect(clippy::unwrap_used, reason = "a test stops here")]

mod many;

use std::sync::Arc;

use conversation::{Audience, Author, Command, Seq};
use futures::future::{join_all, try_join_all};
use store::conformance::*;
use store::{
    Appended, Inbox as _, Journal as _, PostgresError, PostgresStore, Range, StartOutcome, Store,
};
use throwaway::Postgres;
use tokio_postgres::{NoTls, connect};

async fn open(url: &str) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open(url).await.unwrap())
}

fn as_store(store: &Arc<PostgresStore>) -> Arc<dyn Store> {
    store.clone()
}

fn name_of(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

async fn refusal(url: &str) -> PostgresError {
    PostgresStore::open(url).await.err().unwrap()
}

#[tokio::test]
async fn many_nodes_open_an_empty_database_at_once() {
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    let stores = try_join_all((0..8).map(|_| PostgresStore::open(&url))).await.unwrap();
    for (n, store) in (1..).zip(&stores) {
        assert_eq!(store.start(start(n, 1000)).await.unwrap(), StartOutcome::Done);
    }
    assert_eq!(stores[0].open_counts(SITE).await.unwrap().unassigned, 8);
    let applied = "SELECT count(*) FROM frontdesk_migrations";
    assert_eq!(server.sql(name_of(&url), applied).await, "1");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    open(&url).await.close().await;
    let newer = "INSERT INTO frontdesk_migrations (version, checksum) VALUES (99, 1)";
    server.sql(name_of(&url), newer).await;
    let refused = refusal(&url).await;
    assert!(matches!(refused, PostgresError::Newer { found: 99, .. }), "{refused}");
}

#[tokio::test]
async fn a_schema_made_by_other_steps_is_refused() {
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    open(&url).await.close().await;
    let edit = "UPDATE frontdesk_migrations SET checksum = checksum + 1";
    server.sql(name_of(&url), edit).await;
    let refused = refusal(&url).await;
    assert!(matches!(refused, PostgresError::Changed { version: 1 }), "{refused}");
}

#[tokio::test]
async fn a_database_with_tables_of_others_is_left_alone() {
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    server.sql(name_of(&url), "CREATE TABLE conversations (name text)").await;
    let said = refusal(&url).await.to_string();
    assert!(said.contains("give Frontdesk one of its own"), "{said}");
    let tables = "SELECT string_agg(relname, ' ') FROM pg_class
                  WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    assert_eq!(server.sql(name_of(&url), tables).await, "conversations");
}

#[tokio::test]
async fn what_cannot_be_opened_says_where_and_what_to_do_but_no_password() {
    let server = Postgres::shared().await;
    let (port, nobody) = (server.port(), throwaway::free_port());
    for (url, where_and_what) in [
        (format!("postgres://me:hunter2@127.0.0.1:{nobody}/x"), ["127.0.0.1", "server runs"]),
        (format!("postgres://nobody:hunter2@127.0.0.1:{port}/x"), ["nobody", "user"]),
        (format!("postgres://postgres:hunter2@127.0.0.1:{port}/nowhere"), ["nowhere", "CREATE"]),
        ("postgres://me:hunter2@127.0.0.1:port/x".into(), ["port", "postgres://USER"]),
    ] {
        let said = refusal(&url).await.to_string();
        for words in where_and_what {
            assert!(said.contains(words), "{words} in {said}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn everything_is_there_when_the_database_is_opened_again() {
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    let store = open(&url).await;
    let begun = start(1, 1000);
    let state = begin(&as_store(&store), begun.clone()).await;
    let ann = Author::Agent(agent(1, "Ann"));
    let claim = append(&state, &ann, &Command::Claim, 2000, "k");
    assert_eq!(store.append(claim.clone()).await.unwrap(), Appended::Done);
    store.close().await;
    store.close().await;
    assert!(store.find(state.id).await.is_err());
    assert!(store.append(claim.clone()).await.is_err());

    let store = open(&url).await;
    assert_eq!(store.find(state.id).await.unwrap().as_ref(), Some(&*claim.conversation));
    let (_, first) = claim.key.clone().unwrap();
    assert_eq!(store.append(claim).await.unwrap(), Appended::Repeated(first));
    let again = store.start(begun.clone()).await.unwrap();
    assert_eq!(again, StartOutcome::Repeated(begun.remembered));
}

/// Claims and gives up conversation after conversation, whoever else does, until it has succeeded so often.
async fn wrestle(store: Arc<PostgresStore>, n: u128, conversations: u128, times: usize) -> usize {
    let me = Author::Agent(agent(n, "Ann"));
    let (mut done, mut round) = (0, 0);
    while done < times {
        round += 1;
        let id = conversation((round + n) % conversations + 1);
        let state = store.find(id).await.unwrap().unwrap();
        let note = append(&state, &me, &note("mine"), 2000, &format!("{n} {round}"));
        match store.append(note).await.unwrap() {
            Appended::Done => done += 1,
            Appended::Stale => {}
            Appended::Repeated(_) => panic!("every key is another"),
        }
    }
    done
}

#[tokio::test]
async fn nodes_that_write_to_the_same_conversations_leave_no_hole_and_lose_nothing() {
    const CONVERSATIONS: u128 = 6;
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    let nodes = join_all((0..3).map(|_| open(&url))).await;
    for n in 1..=CONVERSATIONS {
        begin(&as_store(&nodes[0]), start(n, 1000)).await;
    }
    let writers = (1..=18)
        .map(|n: u128| tokio::spawn(wrestle(nodes[n as usize % 3].clone(), n, CONVERSATIONS, 20)));
    let done: usize = join_all(writers).await.into_iter().map(|done| done.unwrap()).sum();
    let mut logged = 0;
    for n in 1..=CONVERSATIONS {
        let (id, all) = (conversation(n), Range::After(0));
        let events = nodes[1].events(id, Audience::Agents, all, 1000).await.unwrap();
        let seqs: Vec<u64> = events.iter().map(|event| event.seq.0).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
        logged += seqs.len() - 2;
    }
    assert_eq!(logged, done);
}

#[tokio::test]
async fn of_many_starts_on_many_nodes_one_opens_and_too_many_are_counted_together() {
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    let nodes = join_all((0..4).map(|_| open(&url))).await;
    for visitor_number in 1..=10 {
        let starts = (0..12).map(|n: u128| {
            let whose = visitor(visitor_number, "Vera");
            let start = start_by(visitor_number * 100 + n, SITE, whose, "hello", 1000);
            nodes[n as usize % 4].start(start)
        });
        let outcomes: Vec<_> =
            join_all(starts).await.into_iter().map(|outcome| outcome.unwrap()).collect();
        let opened = outcomes.iter().filter(|outcome| **outcome == StartOutcome::Done).count();
        let refused = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, StartOutcome::AlreadyOpen(_)))
            .count();
        assert_eq!((opened, refused), (1, 11), "{outcomes:?}");
    }
    assert_eq!(nodes[3].open_counts(SITE).await.unwrap().unassigned, 10);
}

#[tokio::test]
async fn a_search_is_exact_whatever_the_index_has() {
    let server = Postgres::shared().await;
    let store = open(&server.fresh_database().await).await;
    let mut searched = Searched::default();
    for _ in 0..2 {
        searched.go_on(&as_store(&store)).await;
        store.index_now().await.unwrap();
        searched.compare(&as_store(&store)).await;
        // Some is in the index now, some is not.
        searched.go_on(&as_store(&store)).await;
        searched.compare(&as_store(&store)).await;
    }
}

#[tokio::test]
async fn words_with_cuts_are_found_in_the_index() {
    let server = Postgres::shared().await;
    let store = open(&server.fresh_database().await).await;
    let texts =
        ["see shop.example/cart/77", "mail ann@example.com or a@@b", "no-reply@example.org"];
    for (n, said) in (1..).zip(texts) {
        begin(&as_store(&store), start_by(n, SITE, visitor(n, ""), said, 1000)).await;
    }
    let other = start_by(9, OTHER_SITE, visitor(9, ""), texts[1], 1000);
    begin(&as_store(&store), other).await;
    store.index_now().await.unwrap();
    for (word, found) in [
        ("example", vec![1, 2, 3]),
        ("@example.com", vec![2]),
        ("nn@exa", vec![2]),
        ("reply@", vec![3]),
        ("/cart/", vec![1]),
        ("example/cart/7", vec![1]),
        ("art/78", vec![]),
        ("a@@b", vec![2]),
        ("@@", vec![2]),
        ("com", vec![2]),
        ("example.com/", vec![]),
    ] {
        assert_eq!(search(&as_store(&store), word).await, found, "{word}");
    }
}

#[tokio::test]
async fn counts_stay_exact_when_they_are_summed_up_by_many() {
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    let nodes = join_all((0..3).map(|_| open(&url))).await;
    for round in 0..5 {
        let starts = (1..=40).map(|n| nodes[n as usize % 3].start(start(round * 40 + n, 1000)));
        join_all(starts).await;
        let counts = nodes[round as usize % 3].open_counts(SITE).await.unwrap();
        assert_eq!(u128::from(counts.unassigned), (round + 1) * 40);
    }
    let summed = "SELECT coalesce(sum(n), 0) >= 200 FROM counts";
    while server.sql(name_of(&url), summed).await != "t" {}
    assert_eq!(nodes[0].open_counts(SITE).await.unwrap().unassigned, 200);
}

#[tokio::test]
async fn long_lists_are_as_exact_as_short_ones() {
    let server = Postgres::shared().await;
    let postgres = open(&server.fresh_database().await).await;
    let store = as_store(&postgres);
    let model = many::filled(&store).await;
    many::compare_all(&store, &model).await;
    postgres.index_now().await.unwrap();
    many::compare_all(&store, &model).await;
}

#[tokio::test]
async fn a_change_that_was_still_on_its_way_when_a_mark_was_given_is_told() {
    let server = Postgres::shared().await;
    let url = server.fresh_database().await;
    let store = open(&url).await;
    let slow = begin(&as_store(&store), start(1, 1000)).await;
    let (client, connection) = connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let written = "BEGIN; INSERT INTO events
        (conversation, seq, visitor_seq, hidden, at, attempt, author, event)
        SELECT number, 3, 3, false, 2000, 7, 'null', 'null' FROM conversations";
    client.batch_execute(written).await.unwrap();
    // Begun later, and there before it.
    begin(&as_store(&store), start(2, 1000)).await;
    let mark = store.changed_since(SITE, None).await.unwrap().mark;
    client.batch_execute("COMMIT").await.unwrap();
    let told = store.changed_since(SITE, Some(mark)).await.unwrap();
    assert!(told.heads.contains(&(slow.id, Seq(3))), "{told:?}");
}
