//! The servers start, can be hurt, and come back.

use std::sync::Arc;
use std::time::Duration;

use throwaway::{Postgres, Redis};
use tokio::time::timeout;

#[tokio::test]
async fn redis_answers_forgets_pauses_and_restarts() {
    let mut redis = Redis::start().await;
    assert_eq!(redis.command("SET greeting hello").await, "+OK");
    assert_eq!(redis.command("DBSIZE").await, ":1");
    redis.flush().await;
    assert_eq!(redis.command("DBSIZE").await, ":0");

    redis.pause();
    assert!(timeout(Duration::from_millis(200), redis.command("PING")).await.is_err());
    redis.resume();
    assert_eq!(redis.command("PING").await, "+PONG");

    let port = redis.port();
    redis.restart().await;
    assert_eq!((redis.port(), redis.command("PING").await.as_str()), (port, "+PONG"));
}

#[tokio::test]
async fn redis_is_gone_when_dropped() {
    let redis = Redis::start().await;
    let port = redis.port();
    drop(redis);
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn postgres_gives_fresh_databases_and_keeps_what_was_committed_over_a_crash() {
    let mut postgres = Postgres::start().await;
    let (one, two) = (postgres.fresh_database().await, postgres.fresh_database().await);
    assert_ne!(one, two);
    let name = one.rsplit('/').next().expect("a name").to_owned();
    postgres.sql(&name, "CREATE TABLE said (text text); INSERT INTO said VALUES ('hello')").await;
    postgres.restart().await;
    assert_eq!(postgres.sql(&name, "SELECT text FROM said").await, "hello");
}

#[tokio::test]
async fn a_shared_postgres_is_one_cluster() {
    let (one, two) = tokio::join!(Postgres::shared(), Postgres::shared());
    assert!(Arc::ptr_eq(&one, &two));
}
