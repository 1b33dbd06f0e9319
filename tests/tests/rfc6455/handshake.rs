//! The upgrade.

use serde_json::Value;
use system_tests::http::{self, Response};
use system_tests::socket::{EXAMPLE_ACCEPT, EXAMPLE_KEY, RawSocket, handshake};
use system_tests::{SOON, Site, within};

async fn answer(site: &Site, request: &str) -> Response {
    let address = site.base_url.trim_start_matches("http://");
    within(SOON, "an answer or the end", http::exchange(address, request)).await
}

/// A handshake with one thing changed.
fn changed(site: &Site, from: &str, to: &str) -> String {
    let good = handshake(site, "");
    let bad = good.replace(from, to);
    assert_ne!(good, bad, "{from:?} is not in the handshake");
    bad
}

#[tokio::test]
async fn a_good_handshake_is_accepted_in_every_spelling() {
    let site = Site::new().await;
    let spellings = [
        ("Upgrade: websocket", "upgrade: WebSocket"),
        ("Connection: Upgrade", "connection: keep-alive, upgrade"),
        ("Connection: Upgrade", "CONNECTION:Upgrade"),
        ("Sec-WebSocket-Key", "sec-websocket-key"),
        ("Origin:", "X-More: 1\r\nUser-Agent: test\r\nCookie: a=b\r\nOrigin:"),
    ];
    for (from, to) in spellings {
        let response = answer(&site, &changed(&site, from, to)).await;
        assert_eq!(response.status, 101, "{to}");
        assert_eq!(response.header("sec-websocket-accept"), Some(EXAMPLE_ACCEPT));
        let upgrade = response.header("upgrade").map(str::to_ascii_lowercase);
        assert_eq!(upgrade.as_deref(), Some("websocket"), "{to}");
    }
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused() {
    let site = Site::new().await;
    let version = "Sec-WebSocket-Version: 13";
    let key = format!("Sec-WebSocket-Key: {EXAMPLE_KEY}\r\n");
    let host = format!("Host: {}\r\n", site.base_url.trim_start_matches("http://"));
    let bad = [
        ("an older version", version, "Sec-WebSocket-Version: 8"),
        ("a newer version", version, "Sec-WebSocket-Version: 14"),
        ("a version that is no number", version, "Sec-WebSocket-Version: x"),
        ("no version", "Sec-WebSocket-Version: 13\r\n", ""),
        ("no key", &key, ""),
        ("an empty key", EXAMPLE_KEY, ""),
        ("a key that is not base64", EXAMPLE_KEY, "************************"),
        ("a key of 15 bytes", EXAMPLE_KEY, "dGhlIHNhbXBsZSBub25j"),
        ("a key of 17 bytes", EXAMPLE_KEY, "dGhlIHNhbXBsZSBub25jZWU="),
        ("no Upgrade", "Upgrade: websocket\r\n", ""),
        ("another Upgrade", "Upgrade: websocket", "Upgrade: h2c"),
        ("no Connection", "Connection: Upgrade\r\n", ""),
        ("another Connection", "Connection: Upgrade", "Connection: close"),
        ("HTTP/1.0", "HTTP/1.1", "HTTP/1.0"),
        ("POST", "GET ", "POST "),
        ("no Host", &host, ""),
        ("HTTP/3.0", "HTTP/1.1", "HTTP/3.0"),
        ("no HTTP", "GET ", "\u{16}\u{3}\u{1}"),
    ];
    let mut wrong = Vec::new();
    for (name, from, to) in bad {
        let response = answer(&site, &changed(&site, from, to)).await;
        // The fault is the client's, if it is an answer and not just the end.
        if !matches!(response.status, 0 | 400..500) {
            wrong.push((name, response.status));
        }
    }
    assert_eq!(wrong, [], "taken for a handshake");
}

#[tokio::test]
async fn a_refused_version_is_told_which_one_is_spoken() {
    let site = Site::new().await;
    let old = changed(&site, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8");
    let response = answer(&site, &old).await;
    if response.status == 426 {
        assert_eq!(response.header("sec-websocket-version"), Some("13"));
    } else {
        assert_eq!(response.status, 400);
    }
}

#[tokio::test]
async fn a_giant_handshake_is_refused_or_cut_and_never_waited_for() {
    let site = Site::new().await;
    let giants = [
        ("one header of 20 kB", format!("X-Long: {}\r\n", "x".repeat(20_000))),
        ("one header of 20 MB", format!("X-Long: {}\r\n", "x".repeat(20_000_000))),
        ("ten thousand headers", "X-Many: x\r\n".repeat(10_000)),
        ("two hundred headers", "X-Many: x\r\n".repeat(200)),
        ("a name of 20 kB", format!("X-{}: x\r\n", "x".repeat(20_000))),
    ];
    for (name, more) in giants {
        let response = answer(&site, &handshake(&site, &more)).await;
        assert!(matches!(response.status, 0 | 400..500), "{name}: {}", response.status);
    }
}

#[tokio::test]
async fn frames_right_behind_the_handshake_are_not_lost() {
    use client::raw::{Frame, opcode};
    let site = Site::new().await;
    let hello = Frame::new(opcode::TEXT, r#"{"id":1,"op":"hello"}"#).bytes();
    let ping = Frame::new(opcode::TEXT, r#"{"id":2,"op":"ping"}"#).bytes();
    let all = [handshake(&site, "").into_bytes(), hello, ping].concat();
    for chunk in [all.len(), 1_000, 100, 7, 1] {
        let mut socket = RawSocket::connect(site.base_url.trim_start_matches("http://")).await;
        for bytes in all.chunks(chunk) {
            socket.send(bytes).await;
        }
        assert_eq!(socket.response().await.status, 101);
        let answers: [Value; 2] = [socket.json().await, socket.json().await];
        assert!(
            answers.iter().all(|answer| answer["ok"].is_object()),
            "{chunk} at a time: {answers:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_handshake_leaves_the_server_well() {
    let site = Site::new().await;
    let address = site.base_url.trim_start_matches("http://");
    let noise = [
        "\r\n\r\n",
        "GET",
        "\0\0\0\0\0\0\0\0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\n: x\r\n\r\n",
    ];
    for bytes in noise {
        let mut socket = RawSocket::connect(address).await;
        socket.send(bytes.as_bytes()).await;
    }
    RawSocket::greeted(&site).await;
}
