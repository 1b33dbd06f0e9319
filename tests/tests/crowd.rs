//! Two thousand who connect and say nothing: nobody else notices.

use std::time::{Duration, Instant};

use futures::future::join_all;
use protocol::Codec;
use protocol::limits::HELLO_WITHIN;
use system_tests::site::options;
use system_tests::socket::{RawSocket, handshake};
use system_tests::{Site, within};
use throwaway::Server;

const SILENT: usize = 2_000;
const GOOD: u64 = 30;
/// A good visitor's hello is answered within this time.
const HELLO_ANSWERED_WITHIN: Duration = Duration::from_millis(500);
/// Clocks and scheduling, with two thousand to be told.
const SLACK: Duration = Duration::from_secs(3);

/// A third says nothing at all, a third half a handshake, a third upgrades and then says nothing.
async fn silent(site: &Site, number: usize) -> (Instant, RawSocket) {
    let address = site.base_url.trim_start_matches("http://");
    let request = handshake(site, "");
    let connected = Instant::now();
    let mut socket = RawSocket::connect(address).await;
    match number % 3 {
        0 => {}
        1 => socket.send(&request.as_bytes()[..request.len() / 2]).await,
        _ => {
            socket.send(request.as_bytes()).await;
            assert_eq!(socket.response().await.status, 101);
        }
    }
    (connected, socket)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_silent_connections_keep_nobody_out_and_end_after_ten_seconds() {
    let server = Server::start(options()).await;
    let site = Site::of(&server).await;
    let mut crowd = Vec::with_capacity(SILENT);
    for first in (0..SILENT).step_by(100) {
        crowd.extend(join_all((first..first + 100).map(|number| silent(&site, number))).await);
    }
    let gathered = crowd[0].0.elapsed();
    assert!(gathered < HELLO_WITHIN / 2, "gathering took {gathered:?}");

    let mut slowest = Duration::ZERO;
    for number in 0..GOOD {
        let started = Instant::now();
        let codec = Codec::ALL[number as usize % 2];
        let visitor = within(HELLO_WITHIN, "a good visitor's hello", site.visitor(codec)).await;
        slowest = slowest.max(started.elapsed());
        drop(visitor);
    }
    assert!(crowd[0].0.elapsed() < HELLO_WITHIN, "the crowd was still there meanwhile");
    println!(
        "{SILENT} silent in {gathered:?}; the slowest of {GOOD} good visitors took {slowest:?}"
    );
    assert!(slowest <= HELLO_ANSWERED_WITHIN, "{slowest:?}");

    let ends = crowd.into_iter().map(async |(connected, mut socket)| {
        socket.gone(HELLO_WITHIN + SLACK).await;
        connected.elapsed()
    });
    let lasted = join_all(ends).await;
    let (shortest, longest) = (lasted.iter().min(), lasted.iter().max());
    let (shortest, longest) = (*shortest.expect("a crowd"), *longest.expect("a crowd"));
    println!("silent connections lasted {shortest:?} to {longest:?}");
    assert!(shortest + Duration::from_secs(1) >= HELLO_WITHIN, "{shortest:?}");
    assert!(longest <= HELLO_WITHIN + SLACK, "{longest:?}");
    site.visitor(Codec::Json).await;
}
