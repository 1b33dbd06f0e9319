//! Servers and administrative commands on one database.

mod common;

use common::{get, hello, options, run, stderr};
use throwaway::{Postgres, Server};

const PLACE: &str = "FRONTDESK_DATABASE_URL";

#[tokio::test]
async fn what_one_command_adds_every_server_knows() {
    let postgres = Postgres::shared().await;
    let url = postgres.fresh_database().await;
    let on_it = || options().env(PLACE, &url);
    let (mut one, other) =
        tokio::join!(Server::start(on_it().arg("--node=one")), Server::start(on_it()));
    let site = one.admin(["site", "add", "Shop", "--domain", "shop.example"]).await;
    let who = ["--site", &site, "--email", "ada@shop.example"];
    let agent = one.admin([&["agent", "add", "--name", "Ada"], &who[..]].concat()).await;
    let token = one.admin([&["token", "agent"], &who[..]].concat()).await;
    for server in [&one, &other] {
        let (_socket, answer) = hello(server, &token).await;
        assert_eq!(answer["ok"]["self"]["id"], agent, "{answer}");
        let metrics = get(server, "/metrics").await.body;
        assert!(metrics.contains("frontdesk_store_reconnects_total 0"), "{metrics}");
        assert!(!server.data().exists(), "nothing is left in a folder");
    }
    assert!(one.term().await.success());
    one.restart().await;
    let (_socket, answer) = hello(&one, &token).await;
    assert_eq!(answer["ok"]["self"]["id"], agent, "{answer}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said_without_the_password() {
    let port = throwaway::free_port();
    let url = format!("postgres://me:hunter2@127.0.0.1:{port}/x");
    for command in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["site", "add", "Shop", "--domain", "shop.example"],
    ] {
        let output = run(command, &[(PLACE, &url)]);
        let said = stderr(&output);
        assert!(!output.status.success(), "{said}");
        for words in ["--database-url", "127.0.0.1", "check that the server runs"] {
            assert!(said.contains(words), "{words} in {said}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
}
