//! More frames than anybody should send: memory stays where it was.

use std::time::Duration;

use client::raw::{Frame, opcode};
use system_tests::site::options;
use system_tests::socket::RawSocket;
use system_tests::{Site, within};
use throwaway::Server;

/// Resident memory of a process in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line of it");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

/// Sends a million frames after `first`; what the server's memory grew by, and whether it ended it.
async fn a_million(first: Option<Frame>, frame: Frame) -> u64 {
    let server = Server::start(options()).await;
    let site = Site::of(&server).await;
    let mut bystander = RawSocket::greeted(&site).await;
    let mut socket = RawSocket::greeted(&site).await;
    if let Some(first) = first {
        socket.frame(&first).await;
    }
    let batch = frame.bytes().repeat(10_000);
    let before = memory(server.pid);
    let mut most = before;
    let flood = async {
        for _ in 0..100 {
            // A server that has ended the connection does not mind.
            socket.send(&batch).await;
            most = most.max(memory(server.pid));
        }
        socket.gone(Duration::from_secs(15)).await;
    };
    within(Duration::from_secs(60), "the end of a flood", flood).await;
    bystander.say(&serde_json::json!({ "id": 2, "op": "ping" })).await;
    assert_eq!(bystander.json().await["re"], 2, "others are served");
    most - before
}

#[tokio::test]
async fn a_million_empty_parts_are_ended_and_cost_nothing() {
    let first = Frame::new(opcode::TEXT, "").unfinished();
    let grown = a_million(Some(first), Frame::new(opcode::CONTINUATION, "").unfinished()).await;
    println!("a million empty parts: {grown} KiB");
    assert!(grown < 4 * 1024, "{grown} KiB");
}

#[tokio::test]
async fn a_million_parts_of_one_byte_are_ended_and_cost_nothing() {
    let first = Frame::new(opcode::TEXT, "").unfinished();
    let grown = a_million(Some(first), Frame::new(opcode::CONTINUATION, " ").unfinished()).await;
    println!("a million parts of one byte: {grown} KiB");
    assert!(grown < 4 * 1024, "{grown} KiB");
}

#[tokio::test]
async fn a_million_pings_that_nobody_hears_the_pongs_of_are_ended_and_cost_nothing() {
    let grown = a_million(None, Frame::new(opcode::PING, vec![0; 125])).await;
    println!("a million pings: {grown} KiB");
    assert!(grown < 4 * 1024, "{grown} KiB");
}

#[tokio::test]
async fn a_million_empty_texts_are_ended_and_cost_nothing() {
    let grown = a_million(None, Frame::new(opcode::TEXT, "")).await;
    println!("a million empty texts: {grown} KiB");
    assert!(grown < 4 * 1024, "{grown} KiB");
}
