//! How many events a second leave a store and come into one:
//!
//! ```sh
//! cargo run --release -p store --example move_rate -- 1000000 [postgres://…]
//! ```
//!
//! Conversations of twenty events, each with a key; files in the current folder, for the temporary one may be
//! memory. The database has to be empty.

#![expect(clippy::unwrap_used, reason = "a measurement stops here")]

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::time::Instant;

use conversation::{Committed, Conversation, Remembered, Verdict};
use futures::{StreamExt as _, stream};
use protocol::ConversationId;
use store::conformance::*;
use store::{
    Part, PostgresStore, Site, SqliteStore, Tokens, Transfer, VisitorRecord, export, import,
};

const EVENTS_EACH: u64 = 20;
const SAID: &str = "A message of some words, as long as those that people write: eighty letters.";

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let events: u64 = arguments.next().map_or(1_000_000, |n| n.parse().unwrap());
    let folder = tempfile::tempdir_in(".").unwrap();
    let at = |name: &str| folder.path().join(name);
    let first = SqliteStore::open(&at("first")).unwrap();
    let parts = people(events / EVENTS_EACH).chain((1..=events / EVENTS_EACH).map(life));
    first.bring_in(stream::iter(parts.map(Ok)).boxed()).await.unwrap();
    leave("SQLite", &first, &at("1.export")).await;
    let second = SqliteStore::open(&at("second")).unwrap();
    arrive("SQLite", &second, &at("1.export")).await;
    if let Some(url) = arguments.next() {
        let third = PostgresStore::open_beside(&url).await.unwrap();
        arrive("PostgreSQL", &third, &at("1.export")).await;
        leave("PostgreSQL", &third, &at("2.export")).await;
    }
}

async fn leave(name: &str, store: &dyn Transfer, file: &Path) {
    let began = Instant::now();
    let to = File::create(file).unwrap();
    let counts = export(store, SITE, BufWriter::new(&to)).await.unwrap();
    to.sync_all().unwrap();
    let mebibytes = file.metadata().unwrap().len() >> 20;
    report(&format!("out of {name}, {mebibytes} MiB"), counts.events, began);
}

async fn arrive(name: &str, store: &dyn Transfer, file: &Path) {
    let began = Instant::now();
    let from = BufReader::new(File::open(file).unwrap());
    let (_, counts) = import(store, from, Tokens::Keep).await.unwrap();
    report(&format!("into {name}"), counts.events, began);
}

fn report(what: &str, events: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = peak.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned();
    println!("{what}: {:.0} events/s, {seconds:.1} s, {peak}", events as f64 / seconds);
}

/// The site and its visitors.
fn people(visitors: u64) -> impl Iterator<Item = Vec<Part>> + Send {
    let site = Site { id: SITE, name: "Shop".into(), domains: vec!["shop.example".into()] };
    let first = vec![Part::Secret([1; 32]), Part::Site { site, created_at: 1 }];
    std::iter::once(first).chain((1..=visitors).map(|n| {
        let (id, name) = (visitor(u128::from(n), "").id, "Vera".to_owned());
        vec![Part::Visitor(VisitorRecord { id, site: SITE, name, email: None, first_seen_at: 1 })]
    }))
}

/// A conversation with its events and keys.
fn life(n: u64) -> Vec<Part> {
    let start = start_by(n.into(), SITE, visitor(n.into(), "Vera"), SAID, 1000);
    let (mut state, mut events) = ((*start.conversation).clone(), start.events);
    while state.head.0 < EVENTS_EACH {
        events.extend(more(&mut state));
    }
    let id = state.id;
    let keys = (1..EVENTS_EACH).map(|seq| Part::Key {
        digest: u128::from(seq * 0x9e37_79b9).to_be_bytes(),
        answer: answer(id, &events[seq as usize]),
    });
    let keys: Vec<Part> = keys.collect();
    let mut parts = vec![Part::Conversation(Box::new(state))];
    parts.extend(events.into_iter().map(|event| Part::Event(Box::new(event))));
    parts.extend(keys);
    parts
}

fn more(state: &mut Conversation) -> Vec<Committed> {
    let (by, at) = (asking(state), state.last_at + 1000);
    let Ok(Verdict::Commit(events)) = state.decide(&by, &post(SAID)) else { return vec![] };
    let events = state.stamp(&by, Some(&key("some key as clients make them")), at, events);
    events.iter().for_each(|event| state.apply(event));
    events
}

fn answer(conversation: ConversationId, event: &Committed) -> Remembered {
    let Committed { seq, visitor_seq, at, .. } = *event;
    Remembered { conversation, seq, visitor_seq, closed_seq: None, at }
}
