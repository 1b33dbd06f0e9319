//! Before the upgrade: who may open a socket from where.

use client::{Connection, OpenError, Target};
use protocol::{Codec, ErrorCode};
use serde_json::json;
use system_tests::http::{self, Response};
use system_tests::site::{CONSOLE_ORIGIN, DOMAIN};
use system_tests::socket::{EXAMPLE_ACCEPT, EXAMPLE_KEY, handshake};
use system_tests::{Expect as _, Site};
use uuid::Uuid;

/// The status of the answer; 101 if the socket opens.
async fn status(target: &Target) -> u16 {
    match Connection::open(target).await {
        Ok(_) => 101,
        Err(OpenError::Http { status }) => status,
        Err(error) => panic!("no HTTP answer: {error}"),
    }
}

async fn visitor_status(site: &Site, origin: &str) -> u16 {
    status(&site.for_visitors(Codec::Json).with_origin(origin)).await
}

async fn agent_status(site: &Site, origin: &str) -> u16 {
    status(&site.for_agents(Codec::Json).with_origin(origin)).await
}

#[tokio::test]
async fn a_visitor_without_an_origin_is_forbidden() {
    let site = Site::new().await;
    assert_eq!(status(&site.for_visitors(Codec::Json).without_origin()).await, 403);
}

#[tokio::test]
async fn a_visitor_from_a_foreign_origin_is_forbidden() {
    let site = Site::new().await;
    let foreign = [
        "https://other.example",
        "https://evilshop.example",
        "https://shop.example.evil.example",
        "https://sub.shop.example",
        "https://shop.example@evil.example",
        "https://evil.example/shop.example",
        "https://evil.example#shop.example",
        "https://evil.example?shop.example",
        "https://shop.exampl",
        "https://example",
        "shop.example",
        "null",
        "https://",
        "https://xn--shop-.example",
        "https://shop.example:443@evil.example",
        "https://[::1]",
    ];
    for origin in foreign {
        assert_eq!(visitor_status(&site, origin).await, 403, "{origin}");
    }
    assert_eq!(visitor_status(&site, "").await, 403, "an empty origin");
}

#[tokio::test]
async fn two_origins_are_not_one_that_is_allowed() {
    let site = Site::new().await;
    let request = handshake(&site, "Origin: https://evil.example\r\n");
    let response = http::exchange(site.base_url.trim_start_matches("http://"), &request).await;
    assert_ne!(response.status, 101, "two Origin headers, one of them foreign");
}

#[tokio::test]
async fn the_port_and_the_case_of_the_host_do_not_count() {
    let site = Site::new().await;
    let allowed = ["https://shop.example:8443", "http://shop.example", "https://SHOP.Example"];
    for origin in allowed {
        assert_eq!(visitor_status(&site, origin).await, 101, "{origin}");
    }
}

#[tokio::test]
async fn a_domain_given_in_capitals_is_the_same_domain_and_several_are_all_allowed() {
    let site = Site::new().await;
    let args = ["site", "add", "Two", "--domain", "ONE.example", "--domain", "two.example"];
    let id = site.desk.run(&args).await;
    let target = Target::visitor(&site.ws_url, &id, "one.example", Codec::Json);
    assert_eq!(status(&target).await, 101);
    assert_eq!(status(&target.clone().with_origin("https://two.example")).await, 101);
    assert_eq!(status(&target.with_origin(format!("https://{DOMAIN}"))).await, 403);
}

#[tokio::test]
async fn an_unknown_site_is_not_found() {
    let site = Site::new().await;
    for id in [Uuid::new_v4().to_string(), "no-such-site".to_owned()] {
        let target = Target::visitor(&site.ws_url, &id, DOMAIN, Codec::Json);
        assert_eq!(status(&target).await, 404, "{id}");
    }
}

#[tokio::test]
async fn an_agent_comes_without_an_origin_from_the_servers_own_or_from_a_console() {
    let site = Site::new().await;
    assert_eq!(status(&site.for_agents(Codec::Json)).await, 101, "not a browser");
    assert_eq!(agent_status(&site, &site.base_url).await, 101, "the server's own");
    assert_eq!(agent_status(&site, CONSOLE_ORIGIN).await, 101, "a configured console");
}

#[tokio::test]
async fn an_agent_from_any_other_origin_is_forbidden() {
    let site = Site::new().await;
    let own = site.base_url.trim_start_matches("http://");
    let (_, port) = own.split_once(':').expect("a port");
    let foreign = [
        format!("https://{DOMAIN}"),
        "https://evil.example".to_owned(),
        "null".to_owned(),
        format!("{CONSOLE_ORIGIN}.evil.example"),
        format!("http://evil.example:{port}"),
        format!("http://{own}@evil.example"),
        format!("http://{own}.evil.example"),
    ];
    for origin in foreign {
        assert_eq!(agent_status(&site, &origin).await, 403, "{origin}");
    }
}

#[tokio::test]
async fn no_secret_stands_in_an_address() {
    let site = Site::new().await;
    let account = site.hire("Ann").await;
    let url = format!("{}/v1/agent?token={}", site.ws_url, account.token);
    if let Ok(mut connection) = Connection::open(&Target::at(url, Codec::Json)).await {
        connection.hello(json!({})).await.refused(ErrorCode::Unauthorized);
    }
}

async fn upgrade(site: &Site, more: &str) -> Response {
    let request = handshake(site, more);
    http::exchange(site.base_url.trim_start_matches("http://"), &request).await
}

#[tokio::test]
async fn the_server_answers_with_the_subprotocol_it_took() {
    let site = Site::new().await;
    let offered = [
        ("frontdesk.v1.json", Some("frontdesk.v1.json")),
        ("frontdesk.v1.msgpack", Some("frontdesk.v1.msgpack")),
        ("chat, frontdesk.v1.msgpack", Some("frontdesk.v1.msgpack")),
        ("chat,superchat", None),
    ];
    for (offer, taken) in offered {
        let response = upgrade(&site, &format!("Sec-WebSocket-Protocol: {offer}\r\n")).await;
        assert_eq!(response.status, 101, "{offer}");
        assert_eq!(response.header("sec-websocket-protocol"), taken, "{offer}");
    }
    let response = upgrade(&site, "").await;
    assert_eq!((response.status, response.header("sec-websocket-protocol")), (101, None));
    assert_eq!(response.header("sec-websocket-accept"), Some(EXAMPLE_ACCEPT), "to {EXAMPLE_KEY}");
    let both = "Sec-WebSocket-Protocol: frontdesk.v1.msgpack\r\nSec-WebSocket-Protocol: frontdesk.v1.json\r\n";
    let taken = upgrade(&site, both).await;
    let taken = taken.header("sec-websocket-protocol").expect("one of both");
    assert!(taken.starts_with("frontdesk.v1."), "{taken}");
}

#[tokio::test]
async fn compression_is_not_negotiated() {
    let site = Site::new().await;
    let offers = [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        "x-webkit-deflate-frame",
        "permessage-bzip2, permessage-deflate",
    ];
    for offer in offers {
        let response = upgrade(&site, &format!("Sec-WebSocket-Extensions: {offer}\r\n")).await;
        assert_eq!(response.status, 101, "{offer}");
        assert_eq!(response.header("sec-websocket-extensions"), None, "{offer}");
    }
}

#[tokio::test]
async fn a_page_view_of_a_socket_address_is_refused_at_once() {
    let site = Site::new().await;
    let address = site.base_url.trim_start_matches("http://");
    for path in [format!("/v1/visitor/{}", site.id), "/v1/agent".to_owned()] {
        let status = http::get(address, &path).await.status;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}
