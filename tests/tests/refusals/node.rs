//! The process: its ready line, its administrative commands, its health, and a second one.

use std::time::{Duration, Instant};

use client::{Agent, Connection, Target};
use protocol::Codec;
use serde_json::json;
use system_tests::site::{DOMAIN, options};
use system_tests::{Desk, Expect as _, Site, http, key, shared_server, within};
use throwaway::Server;

#[tokio::test]
async fn the_ready_line_is_all_that_serve_says_on_standard_output() {
    let server = Server::start(options()).await;
    let lines = server.stdout();
    assert_eq!(lines, [format!("frontdesk ready on {}", server.base_url)]);
    assert!(!server.base_url.ends_with(":0"), "the real port");
}

#[tokio::test]
async fn administrative_commands_print_what_was_made_alone_on_its_line_and_work_at_once() {
    let site = Site::new().await;
    assert!(!site.id.contains(char::is_whitespace), "{:?}", site.id);
    let account = site.hire("Ann").await;
    assert!(!account.token.contains(char::is_whitespace));
    let agent = Agent::enter(&site.for_agents(Codec::Json), &account.token).await;
    assert_eq!(&*agent.expect("gets in").hello.me.name, "Ann");
    for role in ["admin", "manager", "rep"] {
        let email = format!("{role}@roles.example");
        let args =
            ["agent", "add", "--site", &site.id, "--email", &email, "--name", "N", "--role", role];
        site.desk.run(&args).await;
        let token = site.token(&email, "1h").await;
        let mut agent = Agent::enter(&site.for_agents(Codec::Json), &token).await.expect("gets in");
        let (_visitor, id) = site.asking(Codec::Json).await;
        agent.claim(id, &key()).await.granted();
        agent.end(id, &key()).await.granted();
    }
}

#[tokio::test]
async fn administrative_commands_that_make_no_sense_fail_and_say_why() {
    let site = Site::new().await;
    let nowhere = uuid::Uuid::new_v4().to_string();
    let bad: [&[&str]; 7] = [
        &["site", "add", "No domain"],
        &["agent", "add", "--site", &nowhere, "--email", "a@b.example", "--name", "A"],
        &["agent", "add", "--site", "x", "--email", "a@b.example", "--name", "A"],
        &[
            "agent",
            "add",
            "--site",
            &site.id,
            "--email",
            "a@b.example",
            "--name",
            "A",
            "--role",
            "boss",
        ],
        &["token", "agent", "--site", &site.id, "--email", "nobody@b.example"],
        &["token", "agent", "--site", &nowhere, "--email", "a@b.example"],
        &["no-such-command"],
    ];
    for args in bad {
        let output = site.desk.try_run(args, "").await;
        assert!(!output.status.success(), "{args:?} went well");
        assert!(!output.stderr.is_empty(), "{args:?} failed without a word");
    }
}

#[tokio::test]
async fn health_and_metrics_are_there() {
    let server = shared_server().await;
    let address = server.address();
    assert_eq!(http::get(address, "/livez").await.status, 200);
    assert_eq!(http::get(address, "/readyz").await.status, 200);
    let metrics = http::get(address, "/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(String::from_utf8_lossy(&metrics.body).contains("# TYPE"), "Prometheus text");
    assert_eq!(http::get(address, "/no-such-page").await.status, 404);
}

#[tokio::test]
async fn the_pages_are_there() {
    let server = shared_server().await;
    let id = uuid::Uuid::new_v4();
    let inbox = "/dashboard/chat/inbox".to_owned();
    for path in
        ["/widget.js".to_owned(), "/demo".to_owned(), inbox.clone(), format!("{inbox}/{id}")]
    {
        let response = http::get(server.address(), &path).await;
        assert_eq!(response.status, 200, "{path}");
        assert!(!response.body.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_second_serve_on_the_same_data_ends_within_five_seconds_and_harms_nothing() {
    let server = Server::start(options()).await;
    let site = Site::of(&server).await;
    let (mut visitor, mut agent, id) = site.talking(Codec::Json).await;
    let desk = Desk::at(server.data());
    let started = Instant::now();
    let second = desk.try_run(&["serve", "--listen", "127.0.0.1:0"], "");
    let output = within(Duration::from_secs(5), "the end of the second", second).await;
    assert!(!output.status.success(), "after {:?}", started.elapsed());
    assert!(!output.stderr.is_empty(), "it says why");
    visitor.say(id, &key(), "still there?").await.granted();
    agent.say(id, &key(), "still here").await.granted();
    assert_eq!(agent.history(id, json!({})).await.granted().head, 5);
}

#[tokio::test]
async fn a_site_added_while_the_server_runs_has_its_own_domains() {
    let server = shared_server().await;
    let desk = Desk::at(server.data());
    let id = desk.run(&["site", "add", "New", "--domain", "new.example"]).await;
    let target = Target::visitor(&server.ws_url, &id, "new.example", Codec::Json);
    assert!(Connection::open(&target).await.is_ok());
    let foreign = Target::visitor(&server.ws_url, &id, DOMAIN, Codec::Json);
    assert!(Connection::open(&foreign).await.is_err());
}

#[tokio::test]
async fn accepted_commands_finish_before_the_server_ends() {
    let mut server = Server::start(options()).await;
    let site = Site::of(&server).await;
    let account = site.hire("Ann").await;
    let (mut visitor, id) = site.asking(Codec::Json).await;
    let mut asked = Vec::new();
    for number in 0..200 {
        let args = json!({ "conversation": id, "key": key(), "text": format!("{number}") });
        asked.push(visitor.feed_request("message.send", args).await.expect("sent"));
    }
    let (flushed, status) = tokio::join!(visitor.flush(), server.term());
    drop(flushed);
    assert!(status.success());
    let mut granted = 0;
    for id in asked {
        granted += u64::from(visitor.answer(id).await.is_ok());
    }
    server.restart().await;
    let mut agent = site.sign_in(&account, Codec::Json).await;
    let head = agent.history(id, json!({})).await.granted().head;
    assert!(head >= 2 + granted, "{granted} were acknowledged, and the head is {head}");
}
