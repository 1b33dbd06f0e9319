//! The pages, as browsers get them.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST, HeaderValue,
    IF_NONE_MATCH,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use pages::Page;
use protocol::SiteId;
use store::{Site, Store};

/// What a page asks for by `?v=` never changes under that address.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Sites name the widget without a version: soon after an upgrade they should have the new one.
const SHORTLY: &str = "public, max-age=300, stale-while-revalidate=86400";
const ASK_EACH_TIME: &str = "no-cache";
const NEVER: &str = "no-store";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const SITE_MARK: &str = "__SITE__";

/// `GET /widget.js`: what a foreign site embeds.
pub async fn widget(headers: HeaderMap) -> Response {
    let mut response = file("widget.js", SHORTLY, &headers);
    let shared = response.headers_mut();
    shared.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    shared.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

/// `GET /dashboard/chat/inbox` and below: the page finds out by itself where it is.
pub async fn console() -> Response {
    match pages::find("console.html") {
        Some(page) => html(page.bytes),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /assets/{file}`: what the pages name.
pub async fn asset(
    Path(name): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let version = asked.get("v");
    match pages::find(&name) {
        Some(page) if page.is_html() => StatusCode::NOT_FOUND.into_response(),
        Some(page) if version == Some(&page.version) => file(page.name, FOR_EVER, &headers),
        Some(page) => file(page.name, ASK_EACH_TIME, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /demo`: with the widget of the site in `?site=`, else of the first one that may be used from
/// the host the browser came by. Without one the page explains how to add it.
pub async fn demo(
    State(store): State<Arc<dyn Store>>,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let Some(page) = pages::find("demo.html") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let site = match asked.get("site").and_then(|site| SiteId::parse(site)) {
        Some(asked) => Some(asked),
        None => match store.sites().await {
            Ok(sites) => first_for(&headers, &sites),
            Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    };
    let site = site.map(|site| site.to_string()).unwrap_or_default();
    html(String::from_utf8_lossy(page.bytes).replace(SITE_MARK, &site))
}

/// `GET /favicon.ico`, for browsers that ask before they have read the page.
pub async fn icon() -> Response {
    const ICON: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>\
        <rect width='32' height='32' rx='8' fill='#3b5bdb'/>\
        <path d='M9 10h14M9 16h9M9 22h5' stroke='white' stroke-width='3' stroke-linecap='round'/></svg>";
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, SHORTLY)], ICON).into_response()
}

fn html(bytes: impl IntoResponse) -> Response {
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, NEVER)];
    (headers, bytes).into_response()
}

fn file(name: &str, cache: &'static str, headers: &HeaderMap) -> Response {
    let Some(page) = pages::find(name) else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{}\"", page.version);
    let caching = [(CACHE_CONTROL, cache), (ETAG, tag.as_str())];
    if has(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let Page { content_type, bytes, .. } = *page;
    (caching, [(CONTENT_TYPE, content_type)], bytes).into_response()
}

/// Whether the browser has this very content.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag)
}

/// The oldest site whose pages may be on the host of this request.
fn first_for(headers: &HeaderMap, sites: &[Site]) -> Option<SiteId> {
    let authority = headers.get(HOST)?.to_str().ok()?.to_ascii_lowercase();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => &authority,
    };
    sites.iter().find(|site| site.domains.iter().any(|domain| domain == host)).map(|site| site.id)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_demo_takes_the_first_site_of_its_host() {
        let site = |number, domain: &str| {
            let (id, name) = (SiteId(Uuid::from_u128(number)), String::new());
            Site { id, name, domains: vec![domain.to_owned()] }
        };
        let sites =
            [site(1, "shop.example"), site(2, "localhost"), site(3, "[::1]"), site(4, "localhost")];
        let found = |host: &'static str| {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
            first_for(&headers, &sites).map(|site| site.0.as_u128())
        };
        assert_eq!(found("localhost:8080"), Some(2));
        assert_eq!(found("LOCALHOST"), Some(2));
        assert_eq!(found("[::1]:8080"), Some(3));
        assert_eq!(found("[::1]"), Some(3));
        assert_eq!(found("elsewhere.example"), None);
    }
}
