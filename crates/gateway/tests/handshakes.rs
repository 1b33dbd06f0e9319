//! What happens before there is a WebSocket.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use common::{DOMAIN, House, ORIGIN, add_site, quick};
use gateway::Settings;
use protocol::Codec;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn visitors_come_from_the_sites_own_domains_only() {
    let house = House::new().await;
    let visit = format!("/v1/visitor/{}", house.site);
    let table = [
        (Some("https://shop.example"), Ok(())),
        (Some("http://shop.example:8080"), Ok(())),
        (Some("https://SHOP.EXAMPLE"), Ok(())),
        (Some("https://shop.example.evil.test"), Err(403)),
        (Some("https://evilshop.example"), Err(403)),
        (Some("https://www.shop.example"), Err(403)),
        (Some("https://shop.example."), Err(403)),
        (Some("https://shop.example@evil.test"), Err(403)),
        (Some("https://shop.example/"), Err(403)),
        (Some("null"), Err(403)),
        (Some("file://"), Err(403)),
        (Some(""), Err(403)),
        (None, Err(403)),
    ];
    for (origin, expected) in table {
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        let outcome = house.connect(&visit, Codec::Json, &headers).await.map(drop);
        assert_eq!(outcome, expected, "{origin:?}");
    }
}

#[tokio::test]
async fn an_unknown_site_is_not_found_whatever_the_origin() {
    let house = House::new().await;
    for site in ["00000000-0000-4000-8000-000000000000", "nonsense", "%00"] {
        for headers in [vec![("origin", ORIGIN)], vec![]] {
            let path = format!("/v1/visitor/{site}");
            assert_eq!(
                house.connect(&path, Codec::Json, &headers).await.map(drop),
                Err(404),
                "{site}"
            );
        }
    }
    // The domains of one site open no other.
    let other = add_site(&house.store, &["other.example"]).await;
    let path = format!("/v1/visitor/{other}");
    assert_eq!(house.connect(&path, Codec::Json, &[("origin", ORIGIN)]).await.map(drop), Err(403));
}

#[tokio::test]
async fn agents_come_from_here_from_a_console_or_from_no_browser() {
    let console_origins = vec!["https://desk.example".to_owned()];
    let house = House::with(Settings { console_origins, ..quick() }).await;
    let own = format!("http://{}", house.address);
    let table = [
        (None, Ok(())),
        (Some(own.as_str()), Ok(())),
        (Some("https://desk.example"), Ok(())),
        (Some("http://desk.example"), Err(403)),
        (Some("http://127.0.0.1:1"), Err(403)),
        (Some(ORIGIN), Err(403)),
        (Some("null"), Err(403)),
    ];
    for (origin, expected) in table {
        let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        let outcome = house.connect("/v1/agent", Codec::Json, &headers).await.map(drop);
        assert_eq!(outcome, expected, "{origin:?}");
    }
}

#[tokio::test]
async fn the_first_subprotocol_that_is_ours_is_taken() {
    let house = House::new().await;
    let table = [
        (None, None, Codec::Json),
        (
            Some("chat, frontdesk.v1.msgpack, frontdesk.v1.json"),
            Some(Codec::Msgpack),
            Codec::Msgpack,
        ),
        (Some("frontdesk.v1.json,frontdesk.v1.msgpack"), Some(Codec::Json), Codec::Json),
    ];
    let (_, token) = house.agent("Alice").await;
    for (offered, chosen, codec) in table {
        let headers: Vec<_> =
            offered.map(|offered| ("sec-websocket-protocol", offered)).into_iter().collect();
        let connected = house.connect_with("/v1/agent", codec, &headers).await;
        let (mut agent, response) = connected.unwrap();
        let answered = response.headers().get("sec-websocket-protocol");
        assert_eq!(answered.map(|v| v.to_str().unwrap()), chosen.map(Codec::subprotocol));
        agent.ok("hello", json!({ "token": token })).await;
    }
}

#[tokio::test]
async fn compression_is_never_negotiated() {
    let house = House::new().await;
    for offer in ["permessage-deflate", "permessage-deflate; client_max_window_bits, x-webkit"] {
        let headers = [("sec-websocket-extensions", offer)];
        let (_, response) = house.connect_with("/v1/agent", Codec::Json, &headers).await.unwrap();
        assert!(response.headers().get("sec-websocket-extensions").is_none());
    }
}

/// Headers to change, or with `None` to leave out.
type Changes<'a> = &'a [(&'a str, Option<&'a str>)];

fn handshake(changes: Changes<'_>, version: &str, method: &str) -> String {
    let mut headers = vec![
        ("Host", "here"),
        ("Connection", "keep-alive, Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    headers.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    headers.extend(changes.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    let headers: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
    format!("{method} /v1/agent HTTP/{version}\r\n{headers}\r\n")
}

async fn first_line(house: &House, request: &str) -> String {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 1024];
    let bytes = timeout(common::PATIENCE, stream.read(&mut buffer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&buffer[..bytes]).into_owned()
}

#[tokio::test]
async fn a_handshake_is_what_rfc_6455_asks_for_or_refused() {
    let house = House::new().await;
    let good = first_line(&house, &handshake(&[], "1.1", "GET")).await;
    assert!(good.starts_with("HTTP/1.1 101 "), "{good}");
    assert!(good.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{good}");
    let table: [(Changes<'_>, &str, &str, &str); 11] = [
        (&[("Host", None)], "1.1", "GET", "400"),
        (&[("Sec-WebSocket-Version", Some("8"))], "1.1", "GET", "426"),
        (&[("Sec-WebSocket-Version", None)], "1.1", "GET", "426"),
        (&[("Upgrade", None)], "1.1", "GET", "426"),
        (&[("Upgrade", Some("h2c"))], "1.1", "GET", "426"),
        (&[("Connection", Some("keep-alive"))], "1.1", "GET", "426"),
        (&[("Sec-WebSocket-Key", None)], "1.1", "GET", "400"),
        (&[("Sec-WebSocket-Key", Some("short"))], "1.1", "GET", "400"),
        (&[("Sec-WebSocket-Key", Some("dGhlIHNhbXBsZSBub25jZQ"))], "1.1", "GET", "400"),
        (&[], "1.1", "POST", "405"),
        (&[], "1.0", "GET", "400"),
    ];
    for (changes, version, method, status) in table {
        let answer = first_line(&house, &handshake(changes, version, method)).await;
        assert_eq!(&answer[9..12], status, "{changes:?} {version} {method}: {answer}");
        if status == "426" {
            assert!(answer.to_lowercase().contains("sec-websocket-version: 13"), "{answer}");
        }
    }
}

#[tokio::test]
async fn giant_heads_are_refused_early() {
    let house = House::new().await;
    let giant = format!("GET / HTTP/1.1\r\nHost: x\r\nBig: {}", "x".repeat(1 << 20));
    let answer = house.raw(giant.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let many: String = (0..10_000).map(|n| format!("h{n}: x\r\n")).collect();
    let answer = house.raw(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn who_says_nothing_or_half_a_head_is_let_go_and_delays_nobody() {
    let hello_within = Duration::from_secs(2);
    let house = House::with(Settings { hello_within, ..quick() }).await;
    let mut silent = Vec::new();
    for n in 0..2000 {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(b"GET /v1/agent HT").await.unwrap();
        }
        silent.push(stream);
    }
    let asked = Instant::now();
    house.visitor(Codec::Json).await;
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    for mut stream in silent {
        let mut rest = Vec::new();
        let end = timeout(common::PATIENCE, stream.read_to_end(&mut rest)).await;
        end.expect("closed in time").ok();
    }
}

#[tokio::test]
async fn one_more_than_there_is_room_for_is_turned_away_with_a_word() {
    let house = House::with(Settings { connections_max: 2, ..quick() }).await;
    let agents = [house.agent_socket(Codec::Json).await, house.agent_socket(Codec::Json).await];
    let answer = house.raw(b"").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    drop(agents);
    timeout(common::PATIENCE, async {
        while house
            .raw(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await
            .contains(" 503 ")
        {}
    })
    .await
    .expect("room again once they are gone");
}

#[tokio::test]
async fn the_domain_list_is_read_at_each_handshake() {
    let house = House::new().await;
    let site = add_site(&house.store, &[DOMAIN, "second.example"]).await;
    let path = format!("/v1/visitor/{site}");
    house
        .connect(&path, Codec::Json, &[("origin", "https://second.example")])
        .await
        .map(drop)
        .unwrap();
}
