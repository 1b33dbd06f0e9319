//! Nodes joined through a real Redis keep the promises; and when it dies, stands still or cuts somebody
//! off, they find each other again and are told that hints may have been missed.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

mod nodes;

use std::time::{Duration, Instant};

use fanout::conformance::{
    conversation, moved, next, whoever_falls_behind_is_told_that_hints_were_lost,
};
use fanout::{Fanout as _, FanoutMetrics, Reach, RedisFanout};
use nodes::{Node, hear_each_other, pair, until};
use throwaway::{FaultProxy, Redis, Way};
use tokio::time::timeout;

fanout::fanout_conformance!({
    let redis = Redis::start().await;
    let (a, b) = pair(&redis.url()).await;
    (a, b, redis)
});

#[tokio::test]
async fn a_node_that_falls_behind_is_told() {
    let redis = Redis::start().await;
    let url = redis.url();
    let metrics = FanoutMetrics::default();
    let a = RedisFanout::start(url.parse().unwrap(), FanoutMetrics::default());
    let b = RedisFanout::start(url.parse().unwrap(), metrics.clone());
    until(|| a.reach() == Reach::AtOnce && b.reach() == Reach::AtOnce).await;
    let missed = || metrics.missed.get() == 100;
    whoever_falls_behind_is_told_that_hints_were_lost(&a, &b, missed).await;
}

#[tokio::test]
async fn without_redis_it_works_alone_and_tries_for_ever() {
    let redis = Redis::start().await;
    let proxy = FaultProxy::before(([127, 0, 0, 1], throwaway::free_port()).into()).await;
    let mut node = Node::on(&format!("redis://{}", proxy.address()));
    node.fanout.listen(conversation(7));
    assert_eq!(node.fanout.reach(), Reach::ByComparing);
    // More often than the client library's own manager tries.
    until(|| proxy.accepted() > 7).await;
    proxy.retarget(([127, 0, 0, 1], redis.port()).into());
    node.lost().await;
    let other = Node::connected(&redis.url()).await;
    other.fanout.announce(moved(7, 1));
    assert_eq!(next(&mut node.hints).await, moved(7, 1));
    assert_eq!(node.metrics.reconnects.get(), 0, "it is the first line");
}

#[tokio::test]
async fn after_a_restart_everything_is_listened_to_again_and_the_loss_is_told() {
    let mut redis = Redis::start().await;
    let (a, mut b) = (Node::connected(&redis.url()).await, Node::connected(&redis.url()).await);
    for n in 0..2000 {
        b.fanout.listen(conversation(n));
    }
    b.join(2000).await;
    redis.kill().await;
    until(|| b.fanout.reach() == Reach::ByComparing).await;
    b.fanout.forget(conversation(8));
    b.fanout.listen(conversation(3000));
    redis.restart().await;
    let back = Instant::now();
    b.lost().await;
    until(|| a.fanout.reach() == Reach::AtOnce).await;
    assert!(back.elapsed() < Duration::from_secs(3), "{:?}", back.elapsed());
    for n in [7, 8, 1999, 2000, 3000] {
        a.fanout.announce(moved(n, 1));
    }
    for n in [7, 1999, 2000, 3000] {
        assert_eq!(next(&mut b.hints).await, moved(n, 1));
    }
    assert_eq!(b.metrics.reconnects.get(), 1);
}

#[tokio::test]
async fn a_redis_that_stands_still_is_noticed_and_found_again() {
    let redis = Redis::start().await;
    let (a, mut b) = (Node::connected(&redis.url()).await, Node::connected(&redis.url()).await);
    b.join(7).await;
    redis.pause();
    let began = Instant::now();
    until(|| b.fanout.reach() == Reach::ByComparing).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    redis.resume();
    b.lost().await;
    hear_each_other(&a, &mut b, 7).await;
}

#[tokio::test]
async fn a_line_that_dies_without_a_word_is_noticed() {
    let redis = Redis::start().await;
    let proxy = FaultProxy::before(([127, 0, 0, 1], redis.port()).into()).await;
    let a = Node::connected(&redis.url()).await;
    let mut b = Node::connected(&format!("redis://{}", proxy.address())).await;
    b.join(7).await;
    // What the server says is lost; that it hears us changes nothing.
    proxy.silence(Way::ToClient);
    let began = Instant::now();
    until(|| b.fanout.reach() == Reach::ByComparing).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    proxy.cut();
    proxy.resume();
    b.lost().await;
    hear_each_other(&a, &mut b, 7).await;
}

#[tokio::test]
async fn a_subscriber_that_is_cut_off_comes_back_and_is_told() {
    let redis = Redis::start().await;
    let (a, mut b) = (Node::connected(&redis.url()).await, Node::connected(&redis.url()).await);
    b.join(7).await;
    for round in 1..=20 {
        assert!(redis.command("CLIENT KILL TYPE pubsub").await.starts_with(':'));
        b.lost().await;
        until(|| b.fanout.reach() == Reach::AtOnce).await;
        hear_each_other(&a, &mut b, 7).await;
        assert_eq!(b.metrics.reconnects.get(), round);
    }
}

#[tokio::test]
async fn a_slow_subscriber_that_redis_gives_up_comes_back_and_is_told() {
    let redis = Redis::start().await;
    let limit = "CONFIG SET client-output-buffer-limit \"pubsub 1mb 0 0\"";
    assert_eq!(redis.command(limit).await, "+OK");
    let proxy = FaultProxy::before(([127, 0, 0, 1], redis.port()).into()).await;
    let a = Node::connected(&redis.url()).await;
    let mut b = Node::connected(&format!("redis://{}", proxy.address())).await;
    b.join(7).await;
    proxy.silence(Way::ToClient);
    // What is in the sockets on the way is not in Redis' buffer, so it takes some more.
    let channel = "frontdesk:conversation:00000000-0000-0000-0000-000000000007";
    let padding = "x".repeat(32_000);
    let until_cut_off =
        async { while redis.command(&format!("PUBLISH {channel} {padding}")).await == ":1" {} };
    timeout(Duration::from_secs(20), until_cut_off).await.expect("cut off in time");
    proxy.resume();
    b.lost().await;
    hear_each_other(&a, &mut b, 7).await;
}

/// Nobody takes turns: the listener's connection always has something to read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_does_not_make_a_line_look_dead() {
    let redis = Redis::start().await;
    // On a busy machine the listener falls behind, and Redis would be right to give it up.
    let no_limit = "CONFIG SET client-output-buffer-limit \"pubsub 0 0 0\"";
    assert_eq!(redis.command(no_limit).await, "+OK");
    let (a, mut b) = (Node::connected(&redis.url()).await, Node::connected(&redis.url()).await);
    b.join(7).await;
    let flood = async {
        loop {
            (0..500).for_each(|_| a.fanout.announce(moved(7, 1)));
            tokio::task::yield_now().await;
        }
    };
    // Longer than it takes to give a line up.
    let _ = timeout(Duration::from_secs(7), flood).await;
    assert!(b.metrics.received.get() > 10_000, "{} received", b.metrics.received.get());
    assert_eq!((a.metrics.reconnects.get(), b.metrics.reconnects.get()), (0, 0));
}

#[tokio::test]
async fn hints_that_waited_for_redis_are_sent_when_it_is_back() {
    let mut redis = Redis::start().await;
    let (a, mut b) = (Node::connected(&redis.url()).await, Node::connected(&redis.url()).await);
    b.join(7).await;
    redis.kill().await;
    until(|| a.fanout.reach() == Reach::ByComparing).await;
    // More than is kept: the rest is lost, and nobody waits for it.
    let began = Instant::now();
    (0..20_000).for_each(|_| a.fanout.announce(moved(9, 1)));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(a.metrics.unsent.get() > 0);
    redis.restart().await;
    until(|| a.metrics.sent.get() + a.metrics.unsent.get() == 20_000).await;
    assert!(a.metrics.sent.get() > 0);
    b.lost().await;
    hear_each_other(&a, &mut b, 7).await;
}

#[tokio::test]
async fn a_foreign_message_on_our_channel_harms_nobody() {
    let redis = Redis::start().await;
    let (a, mut b) = (Node::connected(&redis.url()).await, Node::connected(&redis.url()).await);
    b.join(7).await;
    let channel = "frontdesk:conversation:00000000-0000-0000-0000-000000000007";
    for message in ["\"\"", "nonsense", "\"\\x01aaaaaaaabbbbbbbbccccccccddd\""] {
        assert_eq!(redis.command(&format!("PUBLISH {channel} {message}")).await, ":1");
    }
    until(|| b.metrics.unread.get() == 3).await;
    a.fanout.announce(moved(7, 1));
    assert_eq!(next(&mut b.hints).await, moved(7, 1));
}

#[tokio::test]
async fn a_wrong_password_is_tried_again_like_any_outage() {
    let redis = Redis::start().await;
    assert_eq!(redis.command("CONFIG SET requirepass secret").await, "+OK");
    let url = |password| format!("redis://:{password}@127.0.0.1:{}", redis.port());
    let wrong = Node::on(&url("wrong"));
    let mut right = Node::connected(&url("secret")).await;
    right.join(7).await;
    assert_eq!(wrong.fanout.reach(), Reach::ByComparing);
}
