//! The first start on this machine: somebody to be and somewhere to click.

mod common;

use common::{Answer, get, options, post};
use serde_json::json;
use throwaway::{Server, ServerOptions};

#[tokio::test]
async fn it_shows_two_agents_once_and_each_can_sign_in() {
    let mut server = Server::start(options()).await;
    for name in ["ada", "ben"] {
        let line = said(&server, &format!("{name}@demo.example")).await;
        let password = line.split_whitespace().rev().nth(1).expect("a password before the frame");
        let login = json!({ "email": format!("{name}@demo.example"), "password": password });
        assert_eq!(post(&server, "/v1/login", &login).await.status, 200, "{line}");
    }
    server.restart().await;
    let log = said_at_the_start(&server).await;
    assert!(log.iter().all(|line| !line.contains("demo.example")), "{log:?}");
    let inbox = format!("{}/dashboard/chat/inbox", server.base_url);
    assert!(log.iter().any(|line| line.contains(&inbox)), "{log:?}");
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let server = Server::start(options()).await;
    let line = said(&server, "#code=").await;
    let link = line.split_whitespace().find(|word| word.contains("#code=")).expect("a link");
    let (page, code) = link.split_once("#code=").expect("a code");
    assert_eq!(page, format!("{}/dashboard/chat/inbox", server.base_url));
    let first = post(&server, "/v1/login/code", &json!({ "code": code })).await;
    assert_eq!((first.status, &first.json()["agent"]["name"]), (200, &json!("Ada")));
    let second = post(&server, "/v1/login/code", &json!({ "code": code })).await;
    assert_eq!(second.status, 401);
}

#[tokio::test]
async fn the_demo_page_holds_the_demo_site() {
    let server = Server::start(options()).await;
    let shown = site_of(&get(&server, "/demo").await);
    assert_eq!(shown.len(), 36);
    let asked = "00000000-0000-4000-8000-000000000000";
    assert_eq!(site_of(&get(&server, &format!("/demo?site={asked}")).await), asked);
    assert_eq!(site_of(&get(&server, "/demo?site=%22%3E%3Cscript%3E").await), shown);
}

#[tokio::test]
async fn there_is_no_demo_where_others_can_reach_it_or_something_is_there_already() {
    let open = ServerOptions { listen: Some("0.0.0.0:0".into()), ..options() };
    let open = Server::start(open).await;
    let log = said_at_the_start(&open).await;
    assert!(log.iter().all(|line| !line.contains("demo.example")), "{log:?}");
    assert!(log.iter().any(|line| line.contains("frontdesk site add")), "{log:?}");

    let folder = tempfile::tempdir().unwrap();
    let data = common::text(folder.path());
    let site = ["site", "add", "Shop", "--domain", "shop.example", "--data", &data];
    assert!(common::run(&site, &[]).status.success());
    let used = Server::start(ServerOptions { data: Some(folder.path().into()), ..options() }).await;
    let log = said_at_the_start(&used).await;
    assert!(log.iter().all(|line| !line.contains("demo.example")), "{log:?}");
    assert_eq!(site_of(&get(&used, "/demo").await), "", "its site is for another host");
}

/// The first line that was said to people with this in it.
async fn said(server: &Server, what: &str) -> String {
    server.log_line(|line| line.contains(what)).await
}

/// Everything it said until it was ready.
async fn said_at_the_start(server: &Server) -> Vec<String> {
    said(server, "ready address=").await;
    server.log()
}

fn site_of(demo: &Answer) -> String {
    assert_eq!(demo.status, 200);
    let (_, rest) = demo.body.split_once(r#"name="frontdesk-site" content=""#).expect("the mark");
    rest.split('"').next().expect("a value").to_owned()
}
