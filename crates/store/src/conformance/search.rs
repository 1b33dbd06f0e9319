//! Search: exact, whatever is asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use conversation::{Author, Command};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use super::desk::*;
use super::model::{Model, WORDS};
use crate::{InboxQuery, Store, StoreError};

/// Who says what is searched for: numbers of conversations, ascending.
pub async fn search(store: &Arc<dyn Store>, search: &str) -> Vec<u128> {
    let words = InboxQuery::words_of(search);
    let page = store.list(InboxQuery { words, ..Model::everything(SITE) }).await.unwrap();
    assert_eq!(page.total, page.rows.len() as u64);
    let mut ids: Vec<_> = page.rows.iter().map(|state| state.id.0.as_u128()).collect();
    ids.sort_unstable();
    ids
}

/// One conversation for each text, numbered from 1.
async fn said(store: &Arc<dyn Store>, texts: &[&str]) {
    for (n, text) in (1..).zip(texts) {
        begin(store, start_by(n, SITE, visitor(n, ""), text, 1000)).await;
    }
}

pub async fn each_word_may_match_elsewhere(store: Arc<dyn Store>) {
    let mut vera = visitor(1, "Vera Lind");
    vera.email = Some("v.lind@example.com".into());
    let mut state = begin(&store, start_by(1, SITE, vera, "my parcel is late", 1000)).await;
    let ann = Author::Agent(agent(11, "Ann"));
    act(&store, &mut state, &ann, note("refunded yesterday")).await;
    act(&store, &mut state, &ann, Command::Claim).await;
    act(&store, &mut state, &ann, post("It is on its way")).await;
    begin(&store, start_by(2, SITE, visitor(2, "Vera"), "parcel", 1000)).await;
    assert_eq!(search(&store, "vera").await, [1, 2]);
    assert_eq!(search(&store, "parcel").await, [1, 2]);
    assert_eq!(search(&store, "cel lat").await, [1]);
    assert_eq!(search(&store, "lind@example refunded way PARCEL era").await, [1]);
    assert_eq!(search(&store, "it is my").await, [1]);
    assert_eq!(search(&store, "vera nowhere").await, [0; 0]);
    // A word is within one text, and an agent's name is none of them.
    assert_eq!(search(&store, "lindv.lind").await, [0; 0]);
    assert_eq!(search(&store, "ann").await, [0; 0]);
    assert_eq!(search(&store, " \t ").await, [1, 2]);
}

pub async fn case_does_not_matter_in_any_script(store: Arc<dyn Store>) {
    let texts =
        ["GRÖSSE und Straße", "größe UND STRASSE", "ПРИВЕТ мир", "Dürüm İstanbul", "ΣΊΣΥΦΟΣ"];
    said(&store, &texts).await;
    assert_eq!(search(&store, "gröSS").await, [1]);
    assert_eq!(search(&store, "GRÖß").await, [2]);
    assert_eq!(search(&store, "STRASSE").await, [2]);
    assert_eq!(search(&store, "und").await, [1, 2]);
    assert_eq!(search(&store, "привет").await, [3]);
    assert_eq!(search(&store, "МИР").await, [3]);
    assert_eq!(search(&store, "İSTANBUL").await, [4]);
    assert_eq!(search(&store, "σίσυ").await, [5]);
}

pub async fn what_patterns_use_is_plain_text(store: Arc<dyn Store>) {
    let texts = [
        "100% sure",
        "100 percent",
        "a_b",
        "axb",
        "say \"please\"",
        "it's",
        "what*ever",
        "NOT this",
        "c:\\temp",
        "(a OR b)",
        "col:text",
        "^start -minus +plus",
    ];
    said(&store, &texts).await;
    for (word, found) in [
        ("100%", vec![1]),
        ("a_b", vec![3]),
        ("%", vec![1]),
        ("_", vec![3]),
        ("\"please\"", vec![5]),
        ("\"", vec![5]),
        ("it's", vec![6]),
        ("'", vec![6]),
        ("t*e", vec![7]),
        ("*", vec![7]),
        ("not", vec![8]),
        ("c:\\", vec![9]),
        ("\\", vec![9]),
        ("(a", vec![10]),
        ("or", vec![10]),
        ("l:t", vec![11]),
        ("^st", vec![12]),
        ("-minus", vec![12]),
        ("+pl", vec![12]),
        ("'; drop table events --", vec![]),
        ("%sure", vec![]),
    ] {
        assert_eq!(search(&store, word).await, found, "{word}");
    }
}

pub async fn words_of_one_or_two_characters_are_found(store: Arc<dyn Store>) {
    said(&store, &["x", "ax", "日本", "本", "xyz", "ok?", "🙂"]).await;
    for (word, found) in [
        ("x", vec![1, 2, 5]),
        ("X", vec![1, 2, 5]),
        ("ax", vec![2]),
        ("xy", vec![5]),
        ("yz", vec![5]),
        ("z", vec![5]),
        ("日本", vec![3]),
        ("本", vec![3, 4]),
        ("?", vec![6]),
        ("🙂", vec![7]),
        ("x a", vec![2]),
        ("x z y", vec![5]),
        ("q", vec![]),
    ] {
        assert_eq!(search(&store, word).await, found, "{word}");
    }
}

pub async fn a_search_is_given_up_when_its_time_is_over(store: Arc<dyn Store>) {
    said(&store, &["my parcel"]).await;
    let words = InboxQuery::words_of("parcel");
    let in_time = |until| InboxQuery { words: words.clone(), until, ..Model::everything(SITE) };
    let now = Instant::now();
    let given_up = store.list(in_time(Some(now))).await;
    assert!(matches!(given_up, Err(StoreError::TooSlow)), "{given_up:?}");
    let page = store.list(in_time(Some(now + Duration::from_secs(60)))).await.unwrap();
    assert_eq!(page.total, 1);
}

pub async fn every_search_equals_the_model(store: Arc<dyn Store>) {
    let mut searched = Searched::default();
    for _ in 0..2 {
        searched.go_on(&store).await;
        searched.compare(&store).await;
    }
}

/// Random conversations to search in, for homes that have more to say about when they index.
pub struct Searched(Model);

impl Default for Searched {
    fn default() -> Self {
        Self(Model::of_seed(5))
    }
}

impl Searched {
    /// Begins some conversations, and goes on with all of them.
    pub async fn go_on(&mut self, store: &Arc<dyn Store>) {
        self.0.live(store, 40).await;
    }

    /// Asks for many words and parts of words.
    pub async fn compare(&mut self, store: &Arc<dyn Store>) {
        for _ in 0..100 {
            let mut query = Model::everything(SITE);
            let some = self.0.random.random_range(1..4);
            let words: Vec<_> = (0..some).map(|_| self.part_of_a_word()).collect();
            query.words = InboxQuery::words_of(&words.join(" "));
            let expected: Vec<_> = self.0.list(&query).into_iter().cloned().collect();
            let page = store.list(query.clone()).await.unwrap();
            assert_eq!(page.total, expected.len() as u64, "{:?}", query.words);
            assert_eq!(page.rows, expected, "{:?}", query.words);
            query.limit = 3;
            let page = store.list(query.clone()).await.unwrap();
            assert_eq!(page.total, expected.len() as u64, "{:?}", query.words);
            assert_eq!(page.rows, expected[..expected.len().min(3)], "{:?}", query.words);
        }
    }

    fn part_of_a_word(&mut self) -> String {
        let word: Vec<char> = WORDS.choose(&mut self.0.random).unwrap_or(&"x").chars().collect();
        let from = self.0.random.random_range(0..word.len());
        let to = self.0.random.random_range(from..word.len());
        word[from..=to].iter().collect()
    }
}
