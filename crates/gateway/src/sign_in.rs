//! Signing in over HTTP: a token for scripts, and the same in a cookie for browsers.

mod guesses;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::{AgentId, ErrorBody, ErrorCode, SiteId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{AgentRecord, StoreError};

use crate::arrival::Arrival;
use crate::gateway::now_ms;
use crate::metrics::ReasonLabel;
use crate::password::{Busy, Passwords};
use crate::{Gateway, Settings, origin, refusal};

use self::guesses::Guesses;

const COOKIE: &str = "frontdesk_agent";
const BODY_BYTES_MAX: usize = 16 * 1024;
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Sites on which one e-mail can be tried at once.
const SITES_MAX: usize = 8;
/// Longer ones are nobody's.
const EMAIL_BYTES_MAX: usize = 512;

/// What signing in shares: the slow checks, and who has guessed how often.
pub(crate) struct SignIns {
    passwords: Passwords,
    guesses: Guesses,
}

#[derive(Deserialize)]
pub(crate) struct WithPassword {
    site: Option<SiteId>,
    email: String,
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct WithCode {
    code: String,
}

#[derive(Serialize)]
struct SignedIn {
    token: String,
    agent: AgentSelf,
}

/// An agent, to itself.
#[derive(Serialize)]
struct AgentSelf {
    id: AgentId,
    name: Arc<str>,
    email: String,
    role: &'static str,
    site: SiteId,
}

/// An answer that is no.
struct Denied {
    status: StatusCode,
    body: ErrorBody,
    /// What goes with it beside the contract's own details.
    sites: Vec<serde_json::Value>,
}

/// `POST /v1/login`.
pub(crate) async fn with_password(
    State(gateway): State<Arc<Gateway>>,
    Extension(arrival): Extension<Arc<Arrival>>,
    request: Request,
) -> Response {
    let secure = came_by_tls(request.headers());
    let outcome = match read(&gateway, request).await {
        Ok(asked) => check_password(&gateway, asked, arrival.from).await,
        Err(denied) => Err(denied),
    };
    respond(&gateway, outcome, secure)
}

/// `POST /v1/login/code`.
pub(crate) async fn with_code(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let secure = came_by_tls(request.headers());
    let outcome = match read(&gateway, request).await {
        Ok(asked) => check_code(&gateway, &asked).await,
        Err(denied) => Err(denied),
    };
    respond(&gateway, outcome, secure)
}

/// `POST /v1/logout`: the browser forgets the token.
pub(crate) async fn out(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let secure = came_by_tls(request.headers());
    if let Err(denied) = check_origin(&gateway, request.headers()) {
        return denied.into_response();
    }
    let mut response = Json(json!({})).into_response();
    set_cookie(&mut response, "", Duration::ZERO, secure);
    response
}

/// The token in the cookie, if there is one.
pub(crate) fn token_in_cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|p| p.split_once('='));
    let (_, token) = pairs.find(|(name, _)| name.trim() == COOKIE)?;
    Some(token.trim()).filter(|token| !token.is_empty())
}

async fn check_password(
    gateway: &Gateway,
    asked: WithPassword,
    from: IpAddr,
) -> Result<AgentRecord, Denied> {
    let WithPassword { site, email, password } = asked;
    let email = email.trim().to_lowercase();
    if email.is_empty() || password.is_empty() || email.len() > EMAIL_BYTES_MAX {
        return Err(Denied::bad("email and password are needed"));
    }
    let attempt = gateway.sign_ins.guesses.begin(&email, from, gateway.ticker.now());
    let attempt = attempt.map_err(Denied::too_often)?;
    let fitting = who_fits(gateway, email, site, password).await;
    let is_wrong = fitting.as_ref().is_ok_and(Vec::is_empty);
    if !is_wrong {
        attempt.forgive();
    }
    only_one(fitting?)
}

/// Everybody with this e-mail and this password.
async fn who_fits(
    gateway: &Gateway,
    email: String,
    site: Option<SiteId>,
    password: String,
) -> Result<Vec<AgentRecord>, Denied> {
    let mut agents = gateway.store.agents_by_email(email, site).await?;
    agents.truncate(SITES_MAX);
    let hashes = agents.iter().map(|agent| agent.password_hash.clone()).collect();
    let fits = gateway.sign_ins.passwords.check(password, hashes).await?;
    let fitting = agents.into_iter().zip(fits).filter(|(_, fits)| *fits);
    Ok(fitting.map(|(agent, _)| agent).collect())
}

fn only_one(mut fitting: Vec<AgentRecord>) -> Result<AgentRecord, Denied> {
    if fitting.len() > 1 {
        let sites = fitting.iter().map(|agent| json!(agent.site)).collect();
        return Err(Denied { sites, ..Denied::bad("Say which site.") });
    }
    fitting.pop().ok_or_else(|| Denied::unauthorized("E-mail or password is wrong."))
}

async fn check_code(gateway: &Gateway, asked: &WithCode) -> Result<AgentRecord, Denied> {
    let digest = Sha256::digest(asked.code.trim().as_bytes()).into();
    let wrong = || Denied::unauthorized("This code is wrong, used or too old.");
    let agent = gateway.store.take_sign_in_code(digest, now_ms()).await?.ok_or_else(wrong)?;
    let record = gateway.store.agent(agent).await?.ok_or_else(wrong)?;
    Ok((*record).clone())
}

/// Reads a small JSON body that comes from one of our own pages, or from no browser.
async fn read<T: DeserializeOwned>(gateway: &Gateway, request: Request) -> Result<T, Denied> {
    check_origin(gateway, request.headers())?;
    if !is_json(request.headers()) {
        return Err(Denied::bad("the Content-Type must be application/json"));
    }
    let body = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX);
    let Ok(body) = tokio::time::timeout(BODY_WITHIN, body).await else {
        return Err(Denied::bad("the body took too long"));
    };
    let body = body.map_err(|_| Denied::bad("the body is too large or broken off"))?;
    // Not the error's own words: they could repeat a part of the password.
    serde_json::from_slice(&body).map_err(|_| Denied::bad("the body is not what is asked for"))
}

fn check_origin(gateway: &Gateway, headers: &HeaderMap) -> Result<(), Denied> {
    if origin::admits_agent(headers, &gateway.settings.console_origins) {
        return Ok(());
    }
    let body = ErrorBody::new(ErrorCode::Forbidden, "This page may not sign anybody in.");
    Err(Denied { status: StatusCode::FORBIDDEN, body, sites: Vec::new() })
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next()).map(str::trim);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// As far as a proxy in front says so; this server itself speaks plain HTTP.
fn came_by_tls(headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    forwarded.and_then(|value| value.split(',').next()).is_some_and(|proto| proto.trim() == "https")
}

fn respond(gateway: &Gateway, outcome: Result<AgentRecord, Denied>, secure: bool) -> Response {
    let reason = outcome.as_ref().map_or_else(|denied| denied.body.code.as_str(), |_| "ok");
    gateway.metrics.sign_ins.get_or_create(&ReasonLabel { reason }).inc();
    let record = match outcome {
        Ok(record) => record,
        Err(denied) => return denied.into_response(),
    };
    let ttl = gateway.settings.agent_token_ttl;
    let AgentRecord { agent, site, email, role, .. } = record;
    tracing::debug!(agent = %agent.id, %site, "signed in");
    let token = gateway.credentials.mint_agent(site, agent.id, now_ms(), ttl);
    let (id, name, role) = (agent.id, agent.name, role.as_str());
    let agent = AgentSelf { id, name, email, role, site };
    let mut response = Json(SignedIn { token: token.clone(), agent }).into_response();
    set_cookie(&mut response, &token, ttl, secure);
    response
}

fn set_cookie(response: &mut Response, token: &str, ttl: Duration, secure: bool) {
    let secure = if secure { "; Secure" } else { "" };
    let age = ttl.as_secs();
    let cookie =
        format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age}{secure}");
    let headers = response.headers_mut();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

impl SignIns {
    pub fn new(settings: &Settings) -> Self {
        Self { passwords: Passwords::new(), guesses: Guesses::new(settings) }
    }
}

impl Denied {
    fn bad(message: &'static str) -> Self {
        let body = refusal::bad_request(message);
        Self { status: StatusCode::BAD_REQUEST, body, sites: Vec::new() }
    }

    fn unauthorized(message: &'static str) -> Self {
        let body = ErrorBody::new(ErrorCode::Unauthorized, message);
        Self { status: StatusCode::UNAUTHORIZED, body, sites: Vec::new() }
    }

    /// Come back after so many milliseconds.
    fn too_often(wait: u64) -> Self {
        let body = refusal::rate_limited(wait);
        Self { status: StatusCode::TOO_MANY_REQUESTS, body, sites: Vec::new() }
    }

    fn unavailable() -> Self {
        let body = refusal::unavailable(1000);
        Self { status: StatusCode::SERVICE_UNAVAILABLE, body, sites: Vec::new() }
    }
}

impl From<StoreError> for Denied {
    fn from(_: StoreError) -> Self {
        Self::unavailable()
    }
}

impl From<Busy> for Denied {
    fn from(_: Busy) -> Self {
        Self::unavailable()
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let Self { status, body, sites } = self;
        let retry_after = body.retry_after_ms.div_ceil(1000);
        let mut err = json!(body);
        if !sites.is_empty() {
            err["detail"] = json!({ "site_required": true, "sites": sites });
        }
        let mut response = (status, Json(json!({ "err": err }))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if retry_after > 0 {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
        }
        response
    }
}
