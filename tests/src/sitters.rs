//! A crowd that only sits there, and comes back when it is sent away: as it is told to, not sooner.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use client::{Connection, Failure, Target};
use futures::StreamExt as _;
use futures::stream;
use protocol::{ConversationId, WatchOutcome};
use rand::RngExt;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::life::codec_of;
use crate::{Site, key, within};

/// Who come in at the same time at the beginning.
const SIDE_BY_SIDE: usize = 50;
/// Somebody who finds nobody tries again within this time.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Visitors with one open conversation each.
pub struct Sitters {
    count: usize,
    shared: Shared,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Clone, Default)]
struct Shared {
    seated: watch::Sender<usize>,
    returns: Arc<Mutex<Vec<Instant>>>,
    /// From being sent away to being back, without the pause that was asked for.
    resumes: Arc<Mutex<Vec<Duration>>>,
    faults: Arc<Mutex<Vec<String>>>,
}

/// What became of them.
pub struct Sat {
    pub returns: u64,
    /// The most of them in any second.
    pub returns_in_a_second: u64,
    pub resumes: Vec<Duration>,
    pub faults: Vec<String>,
}

struct Sitter {
    target: Target,
    connection: Connection,
    token: String,
    conversation: ConversationId,
    head: u64,
}

impl Sitters {
    /// All come in and ask one thing each.
    pub async fn seated(site: &Site, count: usize) -> Self {
        let enter = |number: usize| {
            let target = site.for_visitors(codec_of(number as u64));
            async move { Sitter::enter(target).await.expect("a visitor gets in") }
        };
        let sitters = stream::iter(0..count).map(enter).buffer_unordered(SIDE_BY_SIDE);
        let sitters: Vec<Sitter> = sitters.collect().await;
        let shared = Shared::default();
        shared.seated.send_replace(count);
        let sit = |sitter: Sitter| tokio::spawn(sitter.sit(shared.clone()));
        let tasks = sitters.into_iter().map(sit).collect();
        Self { count, shared, tasks }
    }

    /// Waits until everybody has a seat.
    pub async fn all_seated(&self, limit: Duration) {
        let mut seated = self.shared.seated.subscribe();
        let all = within(limit, "everybody to be back", seated.wait_for(|n| *n == self.count));
        all.await.expect("the crowd holds the sender");
    }

    /// Everybody leaves.
    pub fn end(self) -> Sat {
        self.tasks.iter().for_each(JoinHandle::abort);
        let take = |times: &Mutex<Vec<Duration>>| lock(times).clone();
        let mut returns = lock(&self.shared.returns).clone();
        returns.sort_unstable();
        Sat {
            returns: returns.len() as u64,
            returns_in_a_second: most_in_a_second(&returns),
            resumes: take(&self.shared.resumes),
            faults: lock(&self.shared.faults).clone(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn most_in_a_second(sorted: &[Instant]) -> u64 {
    let mut from = 0;
    let mut most = 0;
    for (number, moment) in sorted.iter().enumerate() {
        while *moment - sorted[from] >= Duration::from_secs(1) {
            from += 1;
        }
        most = most.max(number + 1 - from);
    }
    most as u64
}

impl Sitter {
    async fn enter(target: Target) -> Result<Self, Failure> {
        let mut connection = Connection::open(&target).await?;
        let hello = connection.hello(json!({})).await?;
        let token = hello.token.ok_or_else(|| Failure::Malformed("no token".into()))?;
        let started = connection.start(&key(), "Is anybody there?").await?;
        let conversation = started.conversation.id;
        Ok(Self { target, connection, token, conversation, head: started.seq })
    }

    async fn sit(mut self, shared: Shared) {
        loop {
            // Its own first two events, and whatever an agent may say.
            let ended = loop {
                match self.connection.next().await {
                    Ok(_) => {}
                    Err(ended) => break ended,
                }
            };
            shared.seated.send_modify(|seated| *seated -= 1);
            match &ended.bye {
                Some(bye) if bye.reconnect && ended.code == Some(1001) => {
                    sleep(Duration::from_millis(bye.retry_after_ms)).await;
                }
                _ => lock(&shared.faults).push(format!("sent away otherwise: {ended}")),
            }
            self.return_at_last(&shared).await;
            shared.seated.send_modify(|seated| *seated += 1);
        }
    }

    async fn return_at_last(&mut self, shared: &Shared) {
        let began = Instant::now();
        while let Err(failure) = self.come_back().await {
            if let Failure::Malformed(fault) = failure {
                lock(&shared.faults).push(fault);
            }
            let pause = TRY_AGAIN.mul_f64(rand::rng().random_range(0.25..1.0));
            sleep(pause).await;
        }
        lock(&shared.returns).push(Instant::now());
        lock(&shared.resumes).push(began.elapsed());
    }

    async fn come_back(&mut self) -> Result<(), Failure> {
        let mut connection = Connection::open(&self.target).await?;
        let watch = json!([{ "conversation": self.conversation, "after": self.head }]);
        let hello = connection.hello(json!({ "token": self.token, "watch": watch })).await?;
        match hello.watching.first() {
            Some(WatchOutcome::Watched(watched))
                if !watched.reset && watched.head == self.head && watched.events.is_empty() => {}
            other => return Err(Failure::Malformed(format!("not as it was left: {other:?}"))),
        }
        self.connection = connection;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_is_found_wherever_it_begins() {
        let start = Instant::now();
        let at = |ms: &[u64]| -> Vec<Instant> {
            ms.iter().map(|ms| start + Duration::from_millis(*ms)).collect()
        };
        assert_eq!(most_in_a_second(&at(&[])), 0);
        assert_eq!(most_in_a_second(&at(&[0, 900, 1000, 1500, 1899, 1900])), 4);
    }
}
