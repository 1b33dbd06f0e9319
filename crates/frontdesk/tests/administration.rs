//! Administrative commands beside a running server.

mod common;

use std::io::Write as _;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use common::{BIN, command, hello, options, post, run, stderr, stdout, text};
use serde_json::json;
use throwaway::Server;

#[tokio::test]
async fn a_new_agent_signs_in_at_once_by_token_by_password_and_by_link() {
    let server = Server::start(options()).await;
    let site = server.admin(["site", "add", "Shop", "--domain", "shop.example"]).await;
    let add = ["agent", "add", "--site", &site, "--email", "Ada@Shop.example", "--name", "Ada"];
    let data = text(server.data());
    let with_password = [&add[..], &["--password-stdin", "--data", &data]].concat();
    let added = with_input(&with_password, "correct horse\n");
    assert!(added.status.success(), "{}", stderr(&added));
    let agent = stdout(&added).trim_end().to_owned();

    let who = ["--site", &site, "--email", "ada@shop.example"];
    let token = server.admin([&["token", "agent"], &who[..], &["--ttl", "30m"]].concat()).await;
    let (_socket, answer) = hello(&server, &token).await;
    assert_eq!(answer["ok"]["self"]["id"], agent, "{answer}");

    let login = json!({ "email": "ada@shop.example", "password": "correct horse" });
    let answer = post(&server, "/v1/login", &login).await;
    assert_eq!((answer.status, &answer.json()["agent"]["id"]), (200, &json!(agent)));

    let link = server.admin([&["agent", "link"], &who[..]].concat()).await;
    let (page, code) = link.split_once("#code=").expect("a code in the fragment");
    assert_eq!(page, "http://127.0.0.1:8080/dashboard/chat/inbox");
    let answer = post(&server, "/v1/login/code", &json!({ "code": code })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn ids_and_tokens_stand_alone_on_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(&folder.path().join("data"));
    let site = run(&["site", "add", "Shop", "--domain", "shop.example", "--data", &data], &[]);
    assert_eq!((stdout(&site).lines().count(), stderr(&site).as_str()), (1, ""));
    let site = stdout(&site).trim_end().to_owned();
    let who = ["--site", &site, "--email", "ada@shop.example", "--data", &data];
    let agent = run(&[&["agent", "add", "--name", "Ada"], &who[..]].concat(), &[]);
    assert_eq!(stdout(&agent).trim_end().len(), 36);
    assert!(stderr(&agent).contains("frontdesk agent link"), "{}", stderr(&agent));
    let token = run(&[&["token", "agent"], &who[..]].concat(), &[]);
    assert_eq!(stdout(&token).lines().count(), 1);
    assert!(stdout(&token).starts_with("v1."));
}

#[tokio::test]
async fn what_cannot_be_done_says_why_and_prints_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    let site = run(&["site", "add", "Shop", "--domain", "a.example", "--data", &data], &[]);
    let site = stdout(&site).trim_end().to_owned();
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let who = |site: &'static str| ["--site", site, "--email", "a@b.example", "--name", "A"];
    let site: &'static str = site.leak();
    let first = run(&[&["agent", "add"], &who(site)[..], &["--data", &data]].concat(), &[]);
    assert!(first.status.success());
    let table: [(&[&str], i32, &str); 8] = [
        (&[&["agent", "add"], &who(site)[..]].concat(), 1, "a@b.example already"),
        (&[&["agent", "add"], &who(nowhere)[..]].concat(), 1, "there is no site"),
        (&[&["agent", "add"], &who("shop")[..]].concat(), 2, "--site"),
        (&["token", "agent", "--site", site, "--email", "x@b.example"], 1, "frontdesk agent add"),
        (&["token", "agent", "--site", site, "--email", "a@b.example", "--ttl", "12"], 2, "--ttl"),
        (
            &["site", "add", "X", "--domain", "http://x"],
            2,
            "Enter a hostname without http:// or a port.",
        ),
        (
            &["site", "add", "X", "--domain", "x:80"],
            2,
            "Enter a hostname without http:// or a port.",
        ),
        (&["site", "add", "X"], 2, "--domain"),
    ];
    for (args, code, said) in table {
        let output = run(&[args, &["--data", &data]].concat(), &[]);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{args:?}");
    }
}

#[tokio::test]
async fn a_short_password_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let site = "00000000-0000-4000-8000-000000000000";
    let data = text(folder.path());
    let args = ["agent", "add", "--site", site, "--email", "a@b.example", "--name", "A"];
    let output =
        with_input(&[&args[..], &["--password-stdin", "--data", &data]].concat(), "hunter2\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--password-stdin"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
}

#[tokio::test]
async fn a_second_server_on_the_folder_is_refused_at_once_and_harms_nothing() {
    let server = Server::start(options()).await;
    let began = Instant::now();
    let data = text(server.data());
    let second = run(&["serve", "--listen", "127.0.0.1:0", "--data", &data], &[]);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(second.status.code(), Some(1));
    assert!(
        stderr(&second).contains("another frontdesk serves this folder"),
        "{}",
        stderr(&second)
    );
    assert_eq!(stdout(&second), "");
    let site = server.admin(["site", "add", "Shop", "--domain", "shop.example"]).await;
    assert_eq!(site.len(), 36);
}

#[tokio::test]
async fn a_server_that_was_killed_leaves_the_folder_to_the_next() {
    let mut server = Server::start(options()).await;
    let site = server.admin(["site", "add", "Shop", "--domain", "shop.example"]).await;
    let address = server.address().to_owned();
    server.restart().await;
    assert_eq!(server.address(), address);
    let who = ["--site", &site, "--email", "ada@shop.example"];
    server.admin([&["agent", "add", "--name", "Ada"], &who[..]].concat()).await;
}

fn with_input(args: &[&str], input: &str) -> Output {
    let piped = command(&[])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = piped.unwrap_or_else(|error| panic!("{BIN}: {error}"));
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(input.as_bytes()).expect("it reads its input");
    drop(stdin);
    child.wait_with_output().expect("our own child can be waited for")
}
