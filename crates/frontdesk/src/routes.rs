//! Every path beside the sockets, and the headers that every answer carries.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use gateway::Gateway;
use prometheus_client::registry::Registry;

use crate::accounts::CONSOLE;
use crate::health::{self, Parts};
use crate::{embedded, observe};

/// Nothing inline, nothing from elsewhere, in nobody's frame. The same stands in crates/pages/README.md.
const CONTENT_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; \
    connect-src 'self' ws: wss:; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; \
    form-action 'self'";

const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY)),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];

/// All that this server answers.
pub fn routes(parts: Parts, registry: Registry) -> Router {
    let (store, gateway) = (parts.store.clone(), parts.gateway.clone());
    let health = Router::new().route("/readyz", get(health::ready)).with_state(Arc::new(parts));
    let metrics =
        Router::new().route("/metrics", get(observe::metrics)).with_state(Arc::new(registry));
    let demo = Router::new().route("/demo", get(embedded::demo)).with_state(store);
    let pages = Router::new()
        .route("/", get(async || Redirect::temporary(CONSOLE)))
        .route("/livez", get(health::live))
        .route("/widget.js", get(embedded::widget))
        .route(CONSOLE, get(embedded::console))
        .route("/dashboard/chat/inbox/{conversation}", get(embedded::console))
        .route("/assets/{file}", get(embedded::asset))
        .route("/favicon.ico", get(embedded::icon));
    gateway::routes(gateway.clone())
        .layer(from_fn_with_state(gateway, unless_draining))
        .merge(health)
        .merge(metrics)
        .merge(demo)
        .merge(pages)
        .fallback(async || (StatusCode::NOT_FOUND, "There is nothing here.\n"))
        .layer(from_fn(with_security_headers))
}

/// Whoever is sent away must not come straight back in.
async fn unless_draining(
    State(gateway): State<Arc<Gateway>>,
    request: Request,
    next: Next,
) -> Response {
    if gateway.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response();
    }
    next.run(request).await
}

async fn with_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await.into_response();
    // An upgrade is no page.
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        for (name, value) in ALWAYS {
            response.headers_mut().entry(name).or_insert(value);
        }
    }
    response
}
