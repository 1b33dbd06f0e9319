//! Handshakes: site and origin first, then what RFC 6455 asks for, then the socket's own task.

use std::sync::Arc;

use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse as _, Response};
use hyper::upgrade::OnUpgrade;
use protocol::{Codec, SiteId};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::arrival::Arrival;
use crate::hello::Door;
use crate::metrics::RoleLabel;
use crate::{Gateway, connection, origin, sign_in, socket};

/// A handshake that is refused, with a status and why.
struct Refused(StatusCode, &'static str);

/// `GET /v1/visitor/{site}`.
pub(crate) async fn visitor(
    State(gateway): State<Arc<Gateway>>,
    Path(site): Path<String>,
    Extension(arrival): Extension<Arc<Arrival>>,
    request: Request,
) -> Response {
    match visitors_door(&gateway, &site, request.headers()).await {
        Ok(door) => upgrade(gateway, arrival, door, request),
        Err(refused) => refuse(&gateway, &refused),
    }
}

/// `GET /v1/agent`.
pub(crate) async fn agent(
    State(gateway): State<Arc<Gateway>>,
    Extension(arrival): Extension<Arc<Arrival>>,
    request: Request,
) -> Response {
    let headers = request.headers();
    if !origin::admits_agent(headers, &gateway.settings.console_origins) {
        return refuse(&gateway, &Refused(StatusCode::FORBIDDEN, "origin"));
    }
    let cookie = sign_in::token_in_cookie(headers).map(Into::into);
    upgrade(gateway, arrival, Door::Agent { cookie }, request)
}

async fn visitors_door(
    gateway: &Gateway,
    site: &str,
    headers: &HeaderMap,
) -> Result<Door, Refused> {
    let unknown = Refused(StatusCode::NOT_FOUND, "unknown_site");
    let Some(id) = SiteId::parse(site) else { return Err(unknown) };
    match gateway.sites.find(&*gateway.store, id, gateway.ticker.now()).await {
        Ok(Some(site)) if origin::admits_visitor(headers, &site.domains) => Ok(Door::Visitor(id)),
        Ok(Some(_)) => Err(Refused(StatusCode::FORBIDDEN, "origin")),
        Ok(None) => Err(unknown),
        Err(_) => Err(Refused(StatusCode::SERVICE_UNAVAILABLE, "store")),
    }
}

fn refuse(gateway: &Gateway, Refused(status, reason): &Refused) -> Response {
    gateway.metrics.refused_handshake(reason);
    tracing::debug!(%status, reason, "refused a handshake");
    let mut response = (*status, *reason).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if *status == StatusCode::UPGRADE_REQUIRED {
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    response
}

fn upgrade(gateway: Arc<Gateway>, arrival: Arc<Arrival>, door: Door, request: Request) -> Response {
    if gateway.is_draining() {
        return refuse(&gateway, &Refused(StatusCode::SERVICE_UNAVAILABLE, "draining"));
    }
    let accept = match checked(&request) {
        Ok(accept) => accept,
        Err(refused) => return refuse(&gateway, &refused),
    };
    let offered = codec_of(request.headers());
    let role = door.role();
    let Some(on_upgrade) = request.into_parts().0.extensions.remove::<OnUpgrade>() else {
        return refuse(&gateway, &Refused(StatusCode::BAD_REQUEST, "not_upgradable"));
    };
    gateway.metrics.handshakes_accepted.get_or_create(&RoleLabel { role }).inc();
    let codec = offered.unwrap_or(Codec::Json);
    let shared = gateway.clone();
    gateway.connections.spawn(async move {
        // It went away before the answer reached it.
        let Ok(upgraded) = on_upgrade.await else { return };
        let socket = socket::open(upgraded, &shared.settings).await;
        // A task of its own: this one is larger, and over.
        let serving = connection::serve(shared.clone(), socket, codec, door, arrival);
        shared.connections.spawn(serving);
    });
    switching_protocols(&accept, offered)
}

fn switching_protocols(accept: &str, codec: Option<Codec>) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(codec) = codec {
        let name = HeaderValue::from_static(codec.subprotocol());
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    }
    response
}

/// What RFC 6455 asks of an opening handshake; answers the value of `Sec-WebSocket-Accept`.
fn checked(request: &Request) -> Result<String, Refused> {
    let bad = |reason| Err(Refused(StatusCode::BAD_REQUEST, reason));
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(Refused(StatusCode::METHOD_NOT_ALLOWED, "method"));
    }
    if request.version() != Version::HTTP_11 {
        return bad("http_version");
    }
    if only(headers, &header::HOST).is_none() {
        return bad("host");
    }
    let asks = has_token(headers, &header::CONNECTION, "upgrade")
        && has_token(headers, &header::UPGRADE, "websocket");
    if !asks {
        return Err(Refused(StatusCode::UPGRADE_REQUIRED, "no_upgrade"));
    }
    match only(headers, &header::SEC_WEBSOCKET_VERSION) {
        Some(b"13") => {}
        _ => return Err(Refused(StatusCode::UPGRADE_REQUIRED, "websocket_version")),
    }
    match only(headers, &header::SEC_WEBSOCKET_KEY) {
        Some(key) if is_key(key) => Ok(derive_accept_key(key)),
        _ => bad("websocket_key"),
    }
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.as_bytes();
    values.next().is_none().then(|| value.trim_ascii())
}

/// Base64 of 16 bytes.
fn is_key(key: &[u8]) -> bool {
    use base64::Engine as _;
    let decoded = base64::engine::general_purpose::STANDARD.decode(key);
    decoded.is_ok_and(|bytes| bytes.len() == 16)
}

/// The first subprotocol offered that is one of ours.
fn codec_of(headers: &HeaderMap) -> Option<Codec> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let offered = values.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    let ours = |name: &str| Codec::ALL.into_iter().find(|codec| codec.subprotocol() == name);
    offered.map(str::trim).find_map(ours)
}
