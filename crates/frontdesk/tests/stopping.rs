//! Being asked to stop.

mod common;

use std::time::{Duration, Instant};

use common::{Socket, get, hello, next, options};
use futures::StreamExt as _;
use serde_json::json;
use throwaway::{Server, Signal};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn sigterm_says_goodbye_to_everybody_and_exits_with_zero() {
    let mut server = Server::start(options()).await;
    let token = token(&server).await;
    let (mut socket, _) = hello(&server, &token).await;
    let began = Instant::now();
    let (status, farewell) = tokio::join!(server.term(), farewell(&mut socket));
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(farewell, ("going_away".to_owned(), 1001));
}

#[tokio::test]
async fn sigint_is_a_wish_to_stop_as_well() {
    let server = Server::start(options()).await;
    server.signal(Signal::INT);
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_server_that_was_stopped_starts_again_on_the_same_data() {
    let mut server = Server::start(options()).await;
    let token = token(&server).await;
    server.term().await;
    server.restart().await;
    let (_socket, answer) = hello(&server, &token).await;
    assert_eq!(answer["ok"]["self"]["name"], "Ada", "{answer}");
    assert_eq!(get(&server, "/readyz").await.status, 200);
}

#[tokio::test]
async fn on_its_way_out_it_says_so_and_lets_nobody_in() {
    let server = Server::start(options()).await;
    let token = token(&server).await;
    // It reads nothing more, so its farewell takes a moment.
    let _silent = hello(&server, &token).await;
    server.signal(Signal::TERM);
    let ready = loop {
        let ready = get(&server, "/readyz").await;
        if ready.status != 200 {
            break ready;
        }
    };
    assert_eq!((ready.status, &ready.json()["parts"]["draining"]), (503, &json!(true)));
    assert_eq!(get(&server, "/v1/agent").await.status, 503);
    assert_eq!(get(&server, "/livez").await.status, 200);
    assert_eq!(server.ended().await.code(), Some(0));
}

#[tokio::test]
async fn whoever_asks_twice_need_not_wait() {
    let server = Server::start(options()).await;
    let token = token(&server).await;
    let _silent = hello(&server, &token).await;
    server.signal(Signal::TERM);
    server.log_line(|line| line.contains("stopping")).await;
    server.signal(Signal::TERM);
    assert_eq!(server.ended().await.code(), Some(1));
    server.log_line(|line| line.contains("exiting at once")).await;
}

async fn token(server: &Server) -> String {
    let site = server.admin(["site", "add", "Shop", "--domain", "shop.example"]).await;
    let who = ["--site", &site, "--email", "ada@shop.example"];
    server.admin([&["agent", "add", "--name", "Ada"], &who[..]].concat()).await;
    server.admin([&["token", "agent"], &who[..]].concat()).await
}

/// The last words and the close code.
async fn farewell(socket: &mut Socket) -> (String, u16) {
    let bye = next(socket).await;
    let said = bye["bye"]["code"].as_str().unwrap_or_else(|| panic!("{bye}")).to_owned();
    match socket.next().await {
        Some(Ok(Message::Close(Some(close)))) => (said, close.code.into()),
        other => panic!("a close after the bye, not {other:?}"),
    }
}
