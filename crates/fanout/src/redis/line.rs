//! The line to Redis, one connection for each way: held for as long as the node lives, made again whenever it ends.
//!
//! We make it again ourselves: the client library's manager gives up after some attempts, and a
//! subscriber that never asks anything does not notice that it is deaf. So this one asks for a sign of
//! life, and a line that gives none is hung up.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{PushInfo, PushKind, RedisError, RedisResult};
use futures::future::try_join;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::address::RedisAddress;
use super::connection::Connection;
use super::envelope::Front;
use super::hearing::{Hearing, Pushes};
use super::tls;
use super::waiting::Queue;
use super::wanted::Wanted;
use crate::{FanoutMetrics, NodeId, Topic};

/// How often a sign of life is asked for.
const PING_EVERY: Duration = Duration::from_millis(1500);
/// Connecting, with everything that belongs to it: names, sentinels, servers of a cluster.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// The pause before the next attempt is a random part of this, at least half of it but for the first.
const PAUSE: Duration = Duration::from_secs(1);
/// Topics joined with one request.
const JOIN_MAX: usize = 512;

pub(super) struct Line {
    address: RedisAddress,
    node: NodeId,
    wanted: Arc<Wanted>,
    hearing: Arc<Hearing>,
    metrics: FanoutMetrics,
    /// Hints announced so far.
    number: u64,
    past: Past,
}

/// How it went so far.
#[derive(Default)]
struct Past {
    ever_connected: bool,
    /// Attempts since it was connected last.
    failures: u32,
}

/// Why a line ended. A loop that could go on has no other way out.
type Ended = RedisResult<Infallible>;

impl Line {
    pub fn new(
        address: RedisAddress,
        node: NodeId,
        wanted: Arc<Wanted>,
        hearing: Arc<Hearing>,
        metrics: FanoutMetrics,
    ) -> Self {
        Self { address, node, wanted, hearing, metrics, number: 0, past: Past::default() }
    }

    /// Runs until nobody announces any more.
    pub async fn hold(mut self, mut queue: Queue) {
        loop {
            let ended = self.open_and_use(&mut queue).await;
            self.hearing.set_connected(false);
            let Err(error) = ended else { return };
            self.past.failed(&self.address, &error);
            sleep(self.past.pause()).await;
        }
    }

    /// One line, from its first word to its last.
    async fn open_and_use(&mut self, queue: &mut Queue) -> RedisResult<()> {
        let gone = Arc::new(Notify::new());
        self.wanted.start_over();
        let opening = try_join(
            Connection::open(&self.address, self.pushes(gone.clone())),
            Connection::open(&self.address, only_endings(gone.clone())),
        );
        // What is pushed to us in a flood must not hold up what we tell, so each way has its own.
        let (ear, mouth) = timeout(OPEN_WITHIN, opening).await.map_err(|_| no_answer())??;
        let (past, metrics) = (&mut self.past, &self.metrics);
        let joined_everything = || {
            past.connected(&self.address, metrics);
            self.hearing.set_connected(true);
        };
        let pushes = || self.hearing.pushes();
        let watching = try_join(watch(ear.clone(), pushes), watch(mouth.clone(), || 0));
        let listening = listen(ear, &self.wanted, &self.hearing, joined_everything);
        // Telling need not wait until everything is listened to.
        let telling = tell(mouth, (self.node, &mut self.number), queue, metrics);
        tokio::select! {
            biased;
            () = gone.notified() => Err(hung_up()),
            ended = watching => ended.map(|(never, _)| match never {}),
            ended = listening => ended.map(|never| match never {}),
            ended = telling => ended,
        }
    }

    fn pushes(&self, gone: Arc<Notify>) -> impl Fn(PushInfo) -> Result<(), Infallible> + use<> {
        let pushes = Pushes { hearing: self.hearing.clone(), wanted: self.wanted.clone() };
        move |push: PushInfo| {
            match push.kind {
                PushKind::Disconnection => gone.notify_one(),
                _ => pushes.take(&push),
            }
            Ok(())
        }
    }
}

/// Joins everything that is wanted and says that hints may have been missed until then; from there on
/// joins and leaves as this node's wishes change.
async fn listen(
    mut connection: Connection,
    wanted: &Wanted,
    hearing: &Hearing,
    joined_everything: impl FnOnce(),
) -> Ended {
    let mut outcome = Ok(());
    while let Some(changes) = wanted.take(JOIN_MAX) {
        outcome = outcome.and(connection.join(&changes.join).await);
    }
    // Also if a part of a cluster could not be reached: the others are heard.
    hearing.lost();
    outcome?;
    joined_everything();
    loop {
        wanted.changed().await;
        while let Some(changes) = wanted.take(JOIN_MAX) {
            connection.leave(&changes.leave).await?;
            connection.join(&changes.join).await?;
            hearing.joined([changes.join, changes.kept].concat());
        }
    }
}

/// Tells the others what this node announces, all that waits at a time.
async fn tell(
    mut connection: Connection,
    (node, number): (NodeId, &mut u64),
    queue: &mut Queue,
    metrics: &FanoutMetrics,
) -> RedisResult<()> {
    loop {
        let some = queue.next().await;
        if some.is_empty() {
            return Ok(());
        }
        let mut messages: Vec<([Option<Topic>; 2], Vec<u8>)> = Vec::with_capacity(some.len());
        for announced in some {
            *number += 1;
            let front = Front { node, number: *number, announced_at_us: announced.at_us };
            let sealed = front.seal(&announced.hint);
            messages.extend(sealed.map(|message| (announced.hint.topics(), message)));
        }
        let each = messages.iter().flat_map(|(topics, message)| {
            topics.iter().flatten().map(|topic| (*topic, message.as_slice()))
        });
        connection.publish(&each.collect::<Vec<_>>()).await?;
        metrics.sent.inc_by(messages.len() as u64);
    }
}

/// Asks for a sign of life until none comes. Whatever else comes meanwhile is one, too: in a flood the
/// client library may not get around to asking.
async fn watch(mut connection: Connection, others: impl Fn() -> u64) -> Ended {
    let mut ticks = interval(PING_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let before = others();
        match connection.ping().await {
            Err(error) if error.is_timeout() && connection.is_to_one() && others() != before => {}
            answered => answered?,
        }
    }
}

fn only_endings(gone: Arc<Notify>) -> impl Fn(PushInfo) -> Result<(), Infallible> {
    move |push: PushInfo| {
        if push.kind == PushKind::Disconnection {
            gone.notify_one();
        }
        Ok(())
    }
}

impl Past {
    fn connected(&mut self, address: &RedisAddress, metrics: &FanoutMetrics) {
        if self.ever_connected {
            metrics.reconnects.inc();
        }
        *self = Self { ever_connected: true, failures: 0 };
        tracing::info!(%address, "Redis carries hints");
    }

    /// Loud once, then quiet: it may stay away for long.
    fn failed(&mut self, address: &RedisAddress, error: &RedisError) {
        let error = tls::in_words(error);
        if self.failures == 0 {
            tracing::warn!(%address, %error, "no Redis: other nodes are heard of late; trying again");
        } else {
            tracing::debug!(%address, %error, failures = self.failures, "still no Redis");
        }
        self.failures = self.failures.saturating_add(1);
    }

    /// Nodes that lost Redis together must not return together.
    fn pause(&self) -> Duration {
        let part: f64 = rand::random();
        match self.failures {
            0 | 1 => PAUSE.mul_f64(part / 4.0),
            _ => PAUSE.mul_f64(0.5 + part / 2.0),
        }
    }
}

fn no_answer() -> RedisError {
    RedisError::from(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time"))
}

fn hung_up() -> RedisError {
    RedisError::from(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "Redis hung up"))
}
