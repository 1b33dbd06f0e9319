//! Every limit that whoever runs the server may set, as a flag and as a variable: it has its effect.

use std::time::{Duration, Instant};

use client::{Connection, Failure};
use protocol::{Codec, ErrorCode};
use serde_json::json;
use system_tests::site::options;
use system_tests::socket::RawSocket;
use system_tests::{Expect as _, SOON, Site, http, key, within};
use throwaway::{Server, ServerOptions};

/// The same limit said in both ways: by flag, and in the environment.
fn both_ways(flag: &str, number: u32) -> [ServerOptions; 2] {
    let variable = format!("FRONTDESK_{}", flag.to_uppercase().replace('-', "_"));
    [options().arg(format!("--{flag}={number}")), options().env(&variable, number.to_string())]
}

/// What came of so many pings at once.
#[derive(Debug, Default)]
struct Burst {
    granted: u32,
    /// The times to wait that refusals named, in milliseconds.
    waits: Vec<u64>,
    took: Duration,
}

async fn burst(connection: &mut Connection, count: u32) -> Burst {
    let started = Instant::now();
    let mut asked = Vec::new();
    for _ in 0..count {
        asked.push(connection.feed_request("ping", json!({})).await.expect("sent"));
    }
    connection.flush().await.expect("sent");
    let mut burst = Burst::default();
    for id in asked {
        match connection.answer(id).await {
            Ok(_) => burst.granted += 1,
            Err(Failure::Refused(error)) if error.code == ErrorCode::RateLimited => {
                burst.waits.push(error.retry_after_ms);
            }
            Err(failure) => panic!("{failure}"),
        }
    }
    burst.took = started.elapsed();
    burst
}

#[tokio::test]
async fn commands_per_second_is_how_soon_a_flood_may_go_on() {
    for options in both_ways("commands-per-second", 1) {
        let server = Server::start(options).await;
        let site = Site::of(&server).await;
        let mut visitor = site.visitor(Codec::Json).await;
        let burst = burst(&mut visitor, 400).await;
        // A hundred a second would never have to wait for longer than 10 ms.
        assert!(burst.waits.iter().any(|wait| *wait > 10), "{burst:?}");
        assert!(burst.waits.iter().all(|wait| *wait <= 1000), "{burst:?}");
    }
}

#[tokio::test]
async fn commands_burst_is_how_many_may_come_at_once() {
    for options in both_ways("commands-burst", 20) {
        let server = Server::start(options).await;
        let site = Site::of(&server).await;
        let mut visitor = site.visitor(Codec::Json).await;
        let burst = burst(&mut visitor, 200).await;
        assert!(burst.granted >= 19, "`hello` may have been one: {burst:?}");
        // Those beyond are what a hundred a second allow meanwhile, and in the quarter of a second by
        // which the server's clock may lag in the client's favour.
        let meanwhile = 1 + (burst.took + Duration::from_millis(250)).as_millis().div_ceil(10);
        assert!(u128::from(burst.granted) <= 20 + meanwhile, "{burst:?}");
        assert!(!burst.waits.is_empty(), "{burst:?}");
    }
}

#[tokio::test]
async fn connections_per_second_is_how_fast_one_address_may_come() {
    for options in both_ways("connections-per-second", 2) {
        let server = Server::start(options).await;
        let started = Instant::now();
        let mut served = 0;
        for _ in 0..50 {
            served += u64::from(http::get(server.address(), "/livez").await.status == 200);
        }
        // Twice as many may come at once.
        let most = 4 + 2 * (started.elapsed().as_secs() + 1);
        assert!((4..=most).contains(&served), "{served} served in {:?}", started.elapsed());
        assert!(served < 50, "none was turned away");
    }
}

/// Whether the server lets a new connection in that says nothing, or else turns it away.
async fn let_in(server: &Server) -> Option<RawSocket> {
    let mut socket = RawSocket::connect(server.address()).await;
    socket.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
    // One that is turned away may find its connection reset instead of the answer.
    (socket.response().await.status == 200).then_some(socket)
}

#[tokio::test]
async fn connections_unfinished_is_how_many_may_have_said_no_hello() {
    for options in both_ways("connections-unfinished", 3) {
        let server = Server::start(options).await;
        let site = Site::of(&server).await;
        // Those that have said hello do not count.
        let _present = [site.visitor(Codec::Json).await, site.visitor(Codec::Msgpack).await];
        let mut strangers = Vec::new();
        for _ in 0..3 {
            strangers.push(let_in(&server).await.expect("one of three"));
        }
        let mut fourth = RawSocket::connect(server.address()).await;
        assert_eq!(fourth.response().await.status, 503, "the fourth is turned away at once");
        drop(strangers.pop());
        let room = async { while let_in(&server).await.is_none() {} };
        within(SOON, "room for another after one has gone", room).await;
    }
}

#[tokio::test]
async fn starts_per_minute_is_how_many_conversations_a_visitor_may_start() {
    for options in both_ways("starts-per-minute", 2) {
        let server = Server::start(options).await;
        let site = Site::of(&server).await;
        let mut visitor = site.visitor(Codec::Json).await;
        let mut agent = site.agent("Ann", Codec::Json).await;
        for _ in 0..2 {
            let id = visitor.start(&key(), "again").await.granted().conversation.id;
            agent.claim(id, &key()).await.granted();
            agent.end(id, &key()).await.granted();
        }
        visitor.start(&key(), "once more").await.refused(ErrorCode::RateLimited);
    }
}
