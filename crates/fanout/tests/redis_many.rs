//! Nodes joined through several servers: a cluster keeps the same promises with sharded channels, also
//! while slots move and servers die; behind a sentinel a failover is followed.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

mod nodes;

use std::time::Duration;

use fanout::conformance::{moved, next};
use fanout::{Fanout as _, Reach};
use nodes::{Node, hear_each_other, pair, until};
use throwaway::{Redis, RedisCluster, RedisSentinel};
use tokio::time::timeout;

fanout::fanout_conformance!({
    let cluster = RedisCluster::start(3).await;
    let (a, b) = pair(&cluster.url()).await;
    (a, b, cluster)
});

/// Of conversation number 7, whose number is the last that the id has.
const CHANNEL: &str = "frontdesk:conversation:00000000-0000-0000-0000-000000000007";

#[tokio::test]
async fn a_cluster_carries_hints_in_shards() {
    let mut cluster = RedisCluster::start(3).await;
    let mut b = Node::connected(&cluster.url()).await;
    for n in 0..30 {
        b.join(n).await;
    }
    for server in cluster.servers() {
        // An empty list is `*0`: of channels that are not sharded there are none.
        assert_eq!(server.command("PUBSUB CHANNELS").await, "*0");
        assert_ne!(server.command("PUBSUB SHARDCHANNELS").await, "*0", "each has its part");
    }
}

#[tokio::test]
async fn a_slot_that_moves_takes_its_listeners_along() {
    let cluster = RedisCluster::start(3).await;
    let (a, mut b) = (Node::connected(&cluster.url()).await, Node::connected(&cluster.url()).await);
    b.join(7).await;
    for _ in 0..3 {
        cluster.move_slot_of(CHANNEL).await;
        hear_each_other(&a, &mut b, 7).await;
    }
}

#[tokio::test]
async fn of_a_cluster_that_loses_a_server_the_others_are_heard_until_it_is_back() {
    let mut cluster = RedisCluster::start(3).await;
    let (a, mut b) = (Node::connected(&cluster.url()).await, Node::connected(&cluster.url()).await);
    for n in 0..30 {
        b.join(n).await;
    }
    cluster.servers()[1].kill().await;
    until(|| b.fanout.reach() == Reach::ByComparing).await;
    b.lost().await;
    cluster.servers()[1].restart().await;
    until(|| a.fanout.reach() == Reach::AtOnce && b.fanout.reach() == Reach::AtOnce).await;
    for n in 0..30 {
        hear_each_other(&a, &mut b, n).await;
    }
}

#[tokio::test]
async fn a_server_of_a_cluster_that_stands_still_is_noticed_though_others_speak() {
    let mut cluster = RedisCluster::start(3).await;
    let url = cluster.url();
    let mut b = Node::connected(&url).await;
    for n in 0..30 {
        b.join(n).await;
    }
    cluster.servers()[1].pause();
    // One of these is of a server that goes on.
    let channels =
        [0, 1, 2, 3].map(|n| format!("frontdesk:conversation:{}", uuid::Uuid::from_u128(n)));
    let noticed = async {
        while b.fanout.reach() == Reach::AtOnce {
            for channel in &channels {
                for n in [0, 2] {
                    cluster.servers()[n].command(&format!("SPUBLISH {channel} x")).await;
                }
            }
        }
    };
    timeout(Duration::from_secs(6), noticed).await.expect("noticed in time");
    assert!(b.metrics.unread.get() > 0, "others did speak");
}

#[tokio::test]
async fn a_failover_is_followed() {
    let mut master = Redis::start().await;
    let replica = Redis::start().await;
    assert_eq!(replica.command(&format!("REPLICAOF 127.0.0.1 {}", master.port())).await, "+OK");
    let sentinel = RedisSentinel::over(&master, "desk").await;
    sentinel.until_it_knows_a_replica().await;
    let url = format!("redis+sentinel://127.0.0.1:{}/desk", sentinel.port());
    let (a, mut b) = (Node::connected(&url).await, Node::connected(&url).await);
    b.join(7).await;
    a.fanout.announce(moved(7, 1));
    assert_eq!(next(&mut b.hints).await, moved(7, 1));
    master.kill().await;
    sentinel.until_it_has_failed_over().await;
    b.lost().await;
    hear_each_other(&a, &mut b, 7).await;
    assert_ne!(replica.command("PUBSUB CHANNELS").await, "*0", "they meet at the new master");
}
