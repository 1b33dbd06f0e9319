//! Who says nothing is closed, in time and not before.

use std::time::{Duration, Instant};

use client::raw::{Frame, opcode};
use protocol::limits::{HELLO_WITHIN, PING_EVERY, SILENCE_MAX};
use protocol::{ByeCode, Codec};
use system_tests::socket::{Ending, RawSocket, handshake};
use system_tests::{Site, end_of, within};
use tokio::time::interval;
use tokio_tungstenite::tungstenite::Message;

/// The clocks of two processes on a busy machine.
const SLACK: Duration = Duration::from_secs(2);

/// What was waited for came when it was due.
fn on_time(started: Instant, due: Duration, what: &str) {
    let took = started.elapsed();
    assert!(took + SLACK / 2 >= due, "{what} after {took:?}, and {due:?} was due");
    assert!(took <= due + SLACK, "{what} after {took:?}, and {due:?} was due");
}

async fn silent_tcp(address: &str) {
    let started = Instant::now();
    let mut socket = RawSocket::connect(address).await;
    socket.gone(HELLO_WITHIN + SLACK).await;
    on_time(started, HELLO_WITHIN, "silence was ended");
}

async fn half_a_handshake(address: &str, site: &Site) {
    let started = Instant::now();
    let mut socket = RawSocket::connect(address).await;
    let request = handshake(site, "");
    socket.send(&request.as_bytes()[..request.len() / 2]).await;
    socket.gone(HELLO_WITHIN + SLACK).await;
    on_time(started, HELLO_WITHIN, "half a handshake was ended");
}

async fn upgraded_and_silent(site: &Site) {
    let started = Instant::now();
    let mut socket = RawSocket::upgraded(site).await;
    let (heard, ending) = socket.ending(HELLO_WITHIN + SLACK).await;
    on_time(started, HELLO_WITHIN, "the missing hello was noticed");
    assert_eq!(ending, Ending::Close(Some(4408)));
    let last = heard.last().expect("bye comes before the close");
    let bye: serde_json::Value = serde_json::from_slice(&last.payload).expect("JSON");
    assert_eq!(bye["bye"]["code"], "idle");
}

/// Pings of the client are a sign of life, and still not a hello.
async fn upgraded_and_only_pinging(site: &Site) {
    let started = Instant::now();
    let mut socket = RawSocket::upgraded(site).await;
    let mut clock = interval(Duration::from_millis(500));
    while started.elapsed() < HELLO_WITHIN {
        clock.tick().await;
        socket.frame(&Frame::new(opcode::PING, "")).await;
    }
    let (_, ending) = socket.ending(SLACK).await;
    assert_eq!(ending, Ending::Close(Some(4408)));
    on_time(started, HELLO_WITHIN, "the missing hello was noticed");
}

#[tokio::test]
async fn from_the_accepted_connection_to_hello_at_most_ten_seconds_pass() {
    let site = Site::new().await;
    let address = site.base_url.trim_start_matches("http://");
    tokio::join!(
        silent_tcp(address),
        half_a_handshake(address, &site),
        upgraded_and_silent(&site),
        upgraded_and_only_pinging(&site),
    );
}

#[tokio::test]
async fn a_handshake_of_a_byte_at_a_time_does_not_last() {
    let site = Site::new().await;
    let address = site.base_url.trim_start_matches("http://").to_owned();
    let started = Instant::now();
    let mut socket = RawSocket::connect(&address).await;
    let request = handshake(&site, &format!("X-Slow: {}\r\n", "x".repeat(2_000)));
    let trickle = async {
        let mut clock = interval(Duration::from_millis(50));
        for byte in request.as_bytes() {
            clock.tick().await;
            socket.send(&[*byte]).await;
            if started.elapsed() > HELLO_WITHIN {
                break;
            }
        }
        socket.gone(SLACK).await;
    };
    within(HELLO_WITHIN + SLACK * 2, "the end of a slow handshake", trickle).await;
    on_time(started, HELLO_WITHIN, "a slow handshake was ended");
}

#[tokio::test]
async fn an_unfinished_handshake_costs_no_more_than_16_kib() {
    let site = Site::new().await;
    let address = site.base_url.trim_start_matches("http://");
    for header in [format!("X-Long: {}", "x".repeat(20_000)), "X-Many: x\r\n".repeat(2_000)] {
        let mut socket = RawSocket::connect(address).await;
        let request = handshake(&site, &format!("{}\r\n", header.trim_end()));
        // Not finished: the last line end is missing.
        socket.send(&request.as_bytes()[..request.len() - 2]).await;
        let started = Instant::now();
        socket.gone(SLACK).await;
        assert!(started.elapsed() < SLACK, "ended at once, not at the deadline");
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_pinged_and_after_sixty_seconds_closed() {
    let site = Site::new().await;
    let mut socket = RawSocket::greeted(&site).await;
    let started = Instant::now();
    let (heard, ending) = socket.ending(SILENCE_MAX + SLACK).await;
    on_time(started, SILENCE_MAX, "silence was ended");
    assert_eq!(ending, Ending::Close(Some(4408)));
    let pings = heard.iter().filter(|frame| frame.opcode == opcode::PING).count();
    assert!(pings >= 2, "{pings} pings in a minute, one every {PING_EVERY:?}");
    let last = heard.last().expect("bye comes before the close");
    let bye: serde_json::Value = serde_json::from_slice(&last.payload).expect("JSON");
    assert_eq!(bye["bye"]["code"], "idle");
}

#[tokio::test]
async fn a_client_that_answers_pings_stays_for_longer_than_sixty_seconds() {
    let site = Site::new().await;
    let mut visitor = site.visitor(Codec::Msgpack).await;
    let started = Instant::now();
    let mut pinged = Vec::new();
    let stay = async {
        // The library answers each ping while the next one is waited for.
        while pinged.len() < 3 {
            if let Message::Ping(_) = visitor.next_message().await.expect("still open") {
                pinged.push(started.elapsed());
            }
        }
        visitor.ping().await.expect("still open");
    };
    within(PING_EVERY * 3 + SLACK, "three pings", stay).await;
    let apart = pinged[2] - pinged[0];
    assert!(apart + SLACK >= PING_EVERY * 2 && apart <= PING_EVERY * 2 + SLACK, "{pinged:?}");
    assert!(pinged[2] > SILENCE_MAX, "{pinged:?}");
}

#[tokio::test]
async fn a_server_that_stops_says_bye_to_everybody_and_ends_well() {
    let mut server = throwaway::Server::start(system_tests::site::options()).await;
    let site = Site::of(&server).await;
    let mut agent = site.agent("Ann", Codec::Msgpack).await;
    let mut visitors = Vec::new();
    for codec in Codec::ALL {
        visitors.push(site.visitor(codec).await);
    }
    let started = Instant::now();
    let status = within(Duration::from_secs(10), "the end of the server", server.term()).await;
    assert_eq!(status.code(), Some(0), "after {:?}", started.elapsed());
    for connection in
        visitors.iter_mut().map(|visitor| &mut visitor.connection).chain([&mut agent.connection])
    {
        let ended = end_of(connection).await;
        let bye = ended.bye.expect("bye comes before the close");
        assert_eq!((bye.code, ended.code), (ByeCode::GoingAway, Some(1001)));
        assert!(bye.reconnect);
    }
}
