//! How fast hints travel through a redis-server on this machine: `cargo run --release -p fanout --example
//! redis_rate`. Two nodes in this process; messages of a usual length.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "it measures, and stops here")]

use std::time::Duration;

use conversation::Seq;
use fanout::conformance::{conversation, join, moved};
use fanout::{Fanout as _, FanoutMetrics, Hint, Reach, RedisFanout};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, interval, sleep, timeout};

const PACED_PER_SECOND: u64 = 5000;
const PACED_SECONDS: u64 = 5;
const SATURATED: u64 = 300_000;
/// Hints on their way at a time, below every bound, so that none is lost.
const UNDERWAY_MAX: u64 = 2000;

#[tokio::main]
async fn main() {
    let redis = throwaway::Redis::start().await;
    let start =
        |metrics: &FanoutMetrics| RedisFanout::start(redis.url().parse().unwrap(), metrics.clone());
    let (sender, receiver) = (FanoutMetrics::default(), FanoutMetrics::default());
    let (a, b) = (start(&sender), start(&receiver));
    while a.reach() != Reach::AtOnce || b.reach() != Reach::AtOnce {
        sleep(Duration::from_millis(1)).await;
    }
    let mut hints = b.hints();
    join(&b, &mut hints, conversation(7)).await;
    paced(&a, &mut hints).await;
    saturated(&a, &mut hints, &receiver).await;
    let (unsent, missed) = (sender.unsent.get(), receiver.missed.get());
    println!("lost: {unsent} unsent, {missed} missed");
}

/// The same hint with a number of its own.
fn numbered(n: u64) -> Hint {
    let Hint::Moved { state, events } = moved(7, 1) else { unreachable!("it moved") };
    let mut state = (*state).clone();
    state.head = Seq(n);
    Hint::Moved { state: state.into(), events }
}

async fn paced(a: &RedisFanout, hints: &mut Receiver<Hint>) {
    let all = PACED_PER_SECOND * PACED_SECONDS;
    let mut announced = Vec::new();
    let mut lags = Vec::new();
    let mut ticks = interval(Duration::from_millis(1));
    while (lags.len() as u64) < all {
        tokio::select! {
            biased;
            Some(hint) = hints.recv() => {
                let Some(Seq(n)) = hint.head() else { continue };
                let at: &Instant = &announced[usize::try_from(n).unwrap()];
                lags.push(at.elapsed());
            }
            _ = ticks.tick(), if (announced.len() as u64) < all => {
                for _ in 0..PACED_PER_SECOND / 1000 {
                    let hint = numbered(announced.len() as u64);
                    announced.push(Instant::now());
                    a.announce(hint);
                }
            }
        }
    }
    lags.sort_unstable();
    let at = |percent: usize| lags[(lags.len() - 1) * percent / 100];
    let (p50, p99, max) = (at(50), at(99), at(100));
    println!("{PACED_PER_SECOND}/s: lag p50 {p50:?}, p99 {p99:?}, max {max:?}");
}

async fn saturated(a: &RedisFanout, hints: &mut Receiver<Hint>, metrics: &FanoutMetrics) {
    let hint = numbered(1);
    let (began, before) = (Instant::now(), metrics.received.get());
    let (mut announced, mut heard) = (0, 0);
    while heard < SATURATED {
        while announced < SATURATED && announced - heard < UNDERWAY_MAX {
            a.announce(hint.clone());
            announced += 1;
        }
        match timeout(Duration::from_secs(10), hints.recv()).await {
            Ok(Some(hint)) if hint.head().is_some() => heard += 1,
            Ok(Some(Hint::Lost)) => println!("hints were lost"),
            Ok(_) => {}
            Err(_) => return println!("saturated: {heard} heard, the rest was lost"),
        }
    }
    let per_second = SATURATED as f64 / began.elapsed().as_secs_f64();
    println!("saturated: {per_second:.0}/s, {} received", metrics.received.get() - before);
}
