//! What the server answers over HTTP beside the sockets.

mod common;

use common::{Answer, ask, get, options};
use throwaway::Server;

#[tokio::test]
async fn every_page_carries_the_security_headers() {
    let server = Server::start(options()).await;
    let paths = [
        ("/", 307),
        ("/livez", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/widget.js", 200),
        ("/demo", 200),
        ("/dashboard/chat/inbox", 200),
        ("/dashboard/chat/inbox/0190c2a4-0000-7000-8000-000000000000", 200),
        ("/assets/console.js", 200),
        ("/favicon.ico", 200),
        ("/assets/console.html", 404),
        ("/assets/..%2fCargo.toml", 404),
        ("/nothing", 404),
        ("/v1/login", 405),
    ];
    for (path, status) in paths {
        let answer = get(&server, path).await;
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy").expect(path);
        assert!(policy.contains("script-src 'self'; style-src 'self'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
    }
    assert_eq!(get(&server, "/").await.header("location"), Some("/dashboard/chat/inbox"));
}

#[tokio::test]
async fn pages_are_asked_for_anew_and_what_they_name_is_kept_for_ever() {
    let server = Server::start(options()).await;
    for path in ["/demo", "/dashboard/chat/inbox"] {
        let page = get(&server, path).await;
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        for address in assets_in(&page) {
            let asset = get(&server, &address).await;
            assert_eq!(asset.status, 200, "{address}");
            let caching = asset.header("cache-control").expect("caching");
            assert!(caching.contains("immutable"), "{address}: {caching}");
            let tag = asset.header("etag").expect("an etag");
            let head = format!("GET {address} HTTP/1.1\r\nIf-None-Match: {tag}\r\n");
            assert_eq!(ask(server.address(), &head, "").await.status, 304);
        }
    }
    let stale = get(&server, "/assets/console.js?v=0").await;
    assert_eq!(stale.header("cache-control"), Some("no-cache"));
}

#[tokio::test]
async fn foreign_sites_may_load_the_widget_and_nothing_else() {
    let server = Server::start(options()).await;
    let widget = get(&server, "/widget.js").await;
    assert_eq!(widget.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(widget.header("access-control-allow-origin"), Some("*"));
    assert_eq!(widget.header("cross-origin-resource-policy"), Some("cross-origin"));
    let console = get(&server, "/assets/console.js").await;
    assert_eq!(console.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn it_says_how_it_is() {
    let server = Server::start(options()).await;
    assert_eq!(get(&server, "/livez").await.body, "ok");
    let ready = get(&server, "/readyz").await;
    let expected =
        serde_json::json!({ "ready": true, "parts": { "store": "ok", "draining": false } });
    assert_eq!((ready.status, ready.json()), (200, expected));
    let metrics = get(&server, "/metrics").await;
    assert!(metrics.header("content-type").expect("a type").starts_with("text/plain"));
    for name in [
        "frontdesk_build_info{version=",
        "frontdesk_uptime_seconds ",
        "process_resident_memory_bytes ",
        "process_open_fds ",
        "process_max_fds ",
        "process_cpu_seconds_total ",
        "frontdesk_hub_actor_panics_total 0",
    ] {
        assert!(metrics.body.contains(name), "{name} in:\n{}", metrics.body);
    }
}

fn assets_in(page: &Answer) -> Vec<String> {
    let addresses = page.body.split('"').filter(|part| part.starts_with("/assets/"));
    let addresses: Vec<_> = addresses.map(str::to_owned).collect();
    assert!(!addresses.is_empty());
    addresses
}
