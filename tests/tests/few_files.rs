//! No file descriptor left: newcomers are told so, those who are in notice nothing, and it recovers.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;

use client::{Connection, OpenError};
use protocol::Codec;
use serde_json::json;
use system_tests::site::options;
use system_tests::{Expect as _, SOON, Site, http, key, within};
use throwaway::Server;

/// Descriptors that newcomers may still take; each needs one.
const FREE: usize = 20;

/// The process may open so many more, and what it has stays.
fn allow(pid: u32, more: usize) {
    let open = open(pid);
    let limit =
        (0..).filter(|number| !open.contains(number)).nth(more).expect("numbers do not end");
    let limit = format!("--nofile={limit}:");
    let done = Command::new("prlimit").args(["--pid", &pid.to_string(), &limit]).status();
    assert!(done.expect("prlimit (util-linux) can be started").success());
}

/// The numbers of its descriptors.
fn open(pid: u32) -> HashSet<usize> {
    let files = std::fs::read_dir(PathBuf::from(format!("/proc/{pid}/fd"))).expect("it is ours");
    files.flatten().filter_map(|file| file.file_name().to_str()?.parse().ok()).collect()
}

/// Visitors come until one is turned away; those who got in.
async fn crowd(site: &Site) -> Vec<Connection> {
    let mut inside = Vec::new();
    loop {
        match Connection::open(&site.for_visitors(Codec::Json)).await {
            Ok(mut visitor) => {
                visitor.hello(json!({})).await.granted();
                inside.push(visitor);
            }
            Err(OpenError::Http { status: 503 }) => return inside,
            Err(other) => panic!("after {} visitors: {other}", inside.len()),
        }
        assert!(inside.len() <= 10 * FREE, "nobody was ever turned away");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_free_file_newcomers_are_turned_away_and_nobody_else_notices() {
    let server = Server::start(options()).await;
    let site = Site::of(&server).await;
    let (mut visitor, mut agent, id) = site.talking(Codec::Json).await;
    for round in 0..3 {
        allow(server.pid, FREE);
        let inside = within(SOON, "the last file to be taken", crowd(&site)).await;
        // Everybody else who comes is told, too, and those who are in go on.
        for n in 0..50 {
            let told = within(SOON, "an answer", http::get(server.address(), "/livez")).await;
            assert_eq!(told.status, 503, "round {round}");
            assert!(told.header("retry-after").is_some());
            let text = format!("{round} {n}");
            let said = visitor.say(id, &key(), &text).await.granted();
            assert_eq!(agent.watch(id, said.seq - 1).await.granted().head, said.seq);
        }
        drop(inside);
        let back = async { while http::get(server.address(), "/livez").await.status != 200 {} };
        within(SOON, "room for others", back).await;
        site.visitor(Codec::Msgpack).await;
    }
    let loud = server.log().iter().filter(|line| line.contains("LimitNOFILE")).count();
    assert!((1..=3).contains(&loud), "told once for each time: {loud}");
}
