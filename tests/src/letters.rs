//! Letters between nodes: each is said on one node and awaited on the next, and how long it took is written
//! down. Nobody reconnects: what is delivered late is late.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use client::{Agent, Failure, Visitor};
use protocol::{Codec, ConversationId, Remedy};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::life::codec_of;
use crate::{Expect as _, SOON, Site, key, within};

/// Every letter, by conversation and number.
type Book = BTreeMap<(ConversationId, u64), Letter>;

#[derive(Clone, Copy, Debug, Default)]
struct Letter {
    acknowledged: Option<Instant>,
    arrived: Option<Instant>,
}

/// What all who write and read share.
#[derive(Clone, Default)]
struct Post {
    book: Arc<Mutex<Book>>,
    /// Changes with every letter acknowledged or arrived.
    moved: watch::Sender<()>,
    faults: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

/// Conversations whose visitors are on one node and whose agents on the next.
pub struct Letters {
    post: Post,
    visitors: Vec<(Visitor, ConversationId)>,
    readers: JoinSet<()>,
}

/// The same while visitors write one letter after the other.
pub struct Correspondence {
    post: Post,
    writers: Vec<JoinHandle<()>>,
    readers: JoinSet<()>,
}

/// What became of all letters.
#[derive(Debug)]
pub struct Delivered {
    pub letters: u64,
    pub lost: u64,
    pub faults: Vec<String>,
    pub longest: Duration,
}

impl Post {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn acknowledged(&self, id: ConversationId, seq: u64) {
        self.book().entry((id, seq)).or_default().acknowledged = Some(Instant::now());
        self.moved.send_replace(());
    }

    fn arrived(&self, id: ConversationId, seq: u64) {
        self.book().entry((id, seq)).or_default().arrived = Some(Instant::now());
        self.moved.send_replace(());
    }

    fn broken(&self, fault: String) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// Waits until everything acknowledged has arrived; `false` if it takes too long.
    async fn all_arrived(&self) -> bool {
        let mut moved = self.moved.subscribe();
        let all = async {
            while self.book().values().any(|letter| letter.is_under_way()) {
                moved.changed().await.expect("the post holds the sender");
            }
        };
        tokio::time::timeout(SOON, all).await.is_ok()
    }

    fn delays(&self, since: Instant) -> Vec<Duration> {
        let book = self.book();
        let late = book.values().filter(|letter| letter.acknowledged.is_some_and(|at| at >= since));
        late.filter_map(Letter::delay).collect()
    }

    async fn delivered(&self) -> Delivered {
        self.all_arrived().await;
        let book = self.book();
        let longest = book.values().filter_map(Letter::delay).max().unwrap_or_default();
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Delivered {
            letters: book.values().filter(|letter| letter.acknowledged.is_some()).count() as u64,
            lost: book.values().filter(|letter| letter.is_under_way()).count() as u64,
            faults,
            longest,
        }
    }
}

impl Letter {
    fn is_under_way(&self) -> bool {
        self.acknowledged.is_some() && self.arrived.is_none()
    }

    /// Often it arrives before its writer hears that it was taken.
    fn delay(&self) -> Option<Duration> {
        Some(self.arrived?.saturating_duration_since(self.acknowledged?))
    }
}

impl Letters {
    /// So many conversations, spread over the site's nodes; everybody who reads is watching.
    pub async fn between_nodes(site: &Site, conversations: usize) -> Self {
        let count = site.nodes.len();
        Self::on_ways(site, (0..conversations).map(|n| (n % count, (n + 1) % count))).await
    }

    /// So many conversations, all written on one node and read on another.
    pub async fn from_to(site: &Site, from: usize, to: usize, conversations: usize) -> Self {
        Self::on_ways(site, (0..conversations).map(|_| (from, to))).await
    }

    async fn on_ways(site: &Site, ways: impl Iterator<Item = (usize, usize)>) -> Self {
        let post = Post::default();
        let account = site.hire("Reader").await;
        let mut visitors = Vec::new();
        let mut watched = vec![Vec::new(); site.nodes.len()];
        for (number, (from, to)) in (0..).zip(ways) {
            let (visitor, id) = site.at_node(from).asking(codec_of(number)).await;
            visitors.push((visitor, id));
            watched[to].push(id);
        }
        let mut readers = JoinSet::new();
        for (node, conversations) in watched.into_iter().enumerate() {
            let mut agent = site.at_node(node).sign_in(&account, Codec::Msgpack).await;
            let mut heads = BTreeMap::new();
            for id in conversations {
                heads.insert(id, agent.watch(id, 0).await.granted().head);
            }
            readers.spawn(read(agent, heads, post.clone()));
        }
        Self { post, visitors, readers }
    }

    /// One letter in each conversation, and nothing after it; when the last one is acknowledged.
    pub async fn one_each(&mut self) -> Instant {
        for (visitor, id) in &mut self.visitors {
            write(visitor, *id, "the last word", &self.post).await;
        }
        Instant::now()
    }

    /// Waits until all have arrived.
    pub async fn delivered(&self) -> Delivered {
        self.post.delivered().await
    }

    /// Visitors write one letter after the other, so many a second all together.
    pub fn go_on(self, letters_per_second: u32) -> Correspondence {
        let Self { post, visitors, readers } = self;
        let pace =
            Duration::from_secs(1).mul_f64(visitors.len() as f64 / f64::from(letters_per_second));
        let writers = visitors
            .into_iter()
            .map(|(visitor, id)| tokio::spawn(go_on(visitor, id, pace, post.clone())))
            .collect();
        Correspondence { post, writers, readers }
    }
}

impl Correspondence {
    /// Waits until so many more letters have arrived that were acknowledged from now on; how long each
    /// of them took.
    pub async fn next(&self, letters: usize) -> Vec<Duration> {
        let (since, mut moved) = (Instant::now(), self.post.moved.subscribe());
        let enough = async {
            while self.post.delays(since).len() < letters {
                moved.changed().await.expect("the post holds the sender");
            }
        };
        within(Duration::from_secs(60), "letters to arrive", enough).await;
        self.post.delays(since)
    }

    /// The longest that a letter took which was acknowledged since.
    pub fn longest_since(&self, moment: Instant) -> Duration {
        self.post.delays(moment).into_iter().max().unwrap_or_default()
    }

    /// Nobody writes any more, and all that was acknowledged arrives.
    pub async fn end(self) -> Delivered {
        self.post.over.store(true, Ordering::SeqCst);
        for writer in self.writers {
            if let Err(panic) = writer.await {
                self.post.broken(format!("a writer: {panic}"));
            }
        }
        let delivered = self.post.delivered().await;
        drop(self.readers);
        delivered
    }
}

async fn go_on(mut visitor: Visitor, id: ConversationId, pace: Duration, post: Post) {
    let mut beat = interval(pace);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !post.over.load(Ordering::SeqCst) {
        beat.tick().await;
        write(&mut visitor, id, "a letter", &post).await;
        while visitor.next_read().is_some() {}
    }
}

/// Says it until it is acknowledged, always under the same key.
async fn write(visitor: &mut Visitor, id: ConversationId, words: &str, post: &Post) {
    let (key, text) = (key(), format!("{words} {}", key()));
    loop {
        match visitor.say(id, &key, &text).await {
            Ok(sent) => return post.acknowledged(id, sent.seq),
            Err(Failure::Refused(error)) if error.remedy == Remedy::Retry => {
                sleep(Duration::from_millis(error.retry_after_ms)).await;
            }
            Err(failure) => {
                post.broken(format!("a letter was not taken: {failure}"));
                return;
            }
        }
    }
}

/// Files what comes, and says so if a number is not the next one.
async fn read(mut agent: Agent, mut heads: BTreeMap<ConversationId, u64>, post: Post) {
    loop {
        let event = match agent.next().await {
            Ok(arrival) => match arrival.event() {
                Some(event) => event,
                None => continue,
            },
            Err(ended) => return post.broken(format!("a reader: {ended}")),
        };
        let head = heads.entry(event.conversation).or_default();
        if event.seq != *head + 1 {
            post.broken(format!("{}: {} came after {head}", event.conversation, event.seq));
        }
        *head = event.seq;
        post.arrived(event.conversation, event.seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_letter_that_does_not_arrive_is_lost_and_one_that_is_slow_is_timed() {
        let (post, id) = (Post::default(), ConversationId::NOWHERE);
        post.acknowledged(id, 1);
        // Before anybody heard that it was taken.
        post.arrived(id, 2);
        post.acknowledged(id, 2);
        let now = Instant::now();
        let slow = Letter { acknowledged: Some(now), arrived: Some(now + Duration::from_secs(7)) };
        post.book().insert((id, 3), slow);
        let delivered = post.delivered().await;
        assert_eq!((delivered.letters, delivered.lost), (3, 1));
        assert_eq!(delivered.longest, Duration::from_secs(7));
        assert_eq!(post.delays(now), [Duration::from_secs(7)]);
    }
}
