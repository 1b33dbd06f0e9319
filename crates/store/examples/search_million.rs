//! How fast a search is among a million messages.
//!
//! `cargo run --release -p store --example search_million -- [messages]`

#![expect(clippy::unwrap_used, reason = "a measurement stops here")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use protocol::{Order, Queue, Sort, StatusFilter};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use store::conformance::{SITE, act, agent, asking, begin, post, start_by, visitor};
use store::{InboxQuery, InboxRows, SqliteStore, Store};

const MESSAGES_EACH: usize = 20;
const WORDS_EACH: usize = 12;
const VOCABULARY: usize = 20_000;
/// Conversations that are written side by side.
const SIDE_BY_SIDE: usize = 512;

#[tokio::main]
async fn main() {
    let messages = std::env::args().nth(1).map_or(1_000_000, |n| n.parse().unwrap());
    let dir = tempfile::tempdir_in(".").unwrap();
    let sqlite = Arc::new(SqliteStore::open(dir.path()).unwrap());
    let store: Arc<dyn Store> = sqlite.clone();
    let began = Instant::now();
    write(&store, 1, messages).await;
    println!("{messages} messages written in {:.0} s", began.elapsed().as_secs_f64());
    let (began, pending) = (Instant::now(), sqlite.metrics().search_pending.get());
    sqlite.index_now().await.unwrap();
    println!("the last {pending} or more indexed in {:.1} s", began.elapsed().as_secs_f64());
    for name in ["frontdesk.db", "frontdesk-search.db"] {
        let bytes = std::fs::metadata(dir.path().join(name)).unwrap().len();
        println!("{name}: {} MiB", bytes >> 20);
    }
    println!("\neverything indexed:");
    ask_all(&store).await;
    println!("\n20,000 messages not indexed yet:");
    write(&store, messages / MESSAGES_EACH + 1, 20_000).await;
    println!("(waiting: {})", sqlite.metrics().search_pending.get());
    ask_all(&store).await;
    sqlite.close().await;
}

async fn write(store: &Arc<dyn Store>, first: usize, messages: usize) {
    let numbers = first..first + messages / MESSAGES_EACH;
    stream::iter(numbers).for_each_concurrent(SIDE_BY_SIDE, |n| chat(store, n)).await;
}

async fn chat(store: &Arc<dyn Store>, n: usize) {
    let mut random = StdRng::seed_from_u64(n as u64);
    let mut visitor = visitor(n as u128, &format!("{} {}", word(&mut random), word(&mut random)));
    visitor.email = Some(format!("visitor{n}@example.com").into());
    let first = sentence(&mut random);
    let at = 1_700_000_000_000 + n as i64 * 1000;
    let mut state = begin(store, start_by(n as u128, SITE, visitor, &first, at)).await;
    let vera = asking(&state);
    for _ in 1..MESSAGES_EACH {
        act(store, &mut state, &vera, post(&sentence(&mut random))).await;
    }
}

fn sentence(random: &mut StdRng) -> String {
    (0..WORDS_EACH).map(|_| word(random)).collect::<Vec<_>>().join(" ")
}

/// Words as frequent as in a language: number n about 1/n as often as the first.
fn word(random: &mut StdRng) -> String {
    let n = (VOCABULARY as f64).powf(random.random::<f64>()) as usize;
    spelled(n)
}

/// Word number `n`, three to nine letters.
fn spelled(n: usize) -> String {
    const SYLLABLES: [&str; 25] = [
        "ra", "ke", "lo", "min", "ta", "vor", "se", "ti", "gal", "no", "pe", "xi", "bu", "dor",
        "fa", "he", "ju", "wen", "ly", "za", "chi", "or", "ast", "que", "ing",
    ];
    let mix = n.wrapping_mul(2_654_435_761) >> 7;
    let digits = [n % 25, n / 25 % 25, n / 625 % 25, mix % 25];
    let length = if n < 25 { 2 } else { 3 + mix % 2 };
    digits[..length].iter().map(|digit| SYLLABLES[*digit]).collect()
}

async fn ask_all(store: &Arc<dyn Store>) {
    let rare = spelled(VOCABULARY - 100);
    let (common, less) = (spelled(1), spelled(40));
    for (what, search) in [
        ("an address", "visitor31415@example.com".to_owned()),
        ("part of an address", "31415@".to_owned()),
        ("the most common word", common.clone()),
        ("a common word", less.clone()),
        ("a rare word", rare.clone()),
        ("a rare and a common word", format!("{rare} {common}")),
        ("three common words", format!("{common} {less} {}", spelled(7))),
        ("part of a word", less[1..].to_owned()),
        ("two characters", "qu".to_owned()),
        ("one character", "z".to_owned()),
        ("the most common character", "a".to_owned()),
        ("a rare word and two characters", format!("{rare} qu")),
        ("a common word and one character", format!("{common} z")),
        ("nothing there", "zzzz".to_owned()),
        ("nothing there, short", "7q".to_owned()),
    ] {
        let (took, total) = ask(store, &search).await;
        println!("{took:7.1} ms  {total:6} found  {what}");
    }
}

/// Milliseconds (the middle one of five) and how many were found.
async fn ask(store: &Arc<dyn Store>, search: &str) -> (f64, u64) {
    let query = InboxQuery {
        site: SITE,
        agent: agent(1, "").id,
        queue: Queue::All,
        status: StatusFilter::All,
        words: InboxQuery::words_of(search),
        sort: Sort::Activity,
        order: Order::Desc,
        after: None,
        limit: 25,
        until: None,
    };
    let mut took = Vec::new();
    let mut page = InboxRows { rows: vec![], next: None, total: 0 };
    for _ in 0..5 {
        let asked = Instant::now();
        page = store.list(query.clone()).await.unwrap();
        took.push(asked.elapsed());
    }
    took.sort_unstable();
    (took[2].max(Duration::ZERO).as_secs_f64() * 1000.0, page.total)
}
