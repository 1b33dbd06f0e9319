//! Whether this process lives, and whether it should be sent anybody.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use fanout::Fanout;
use gateway::Gateway;
use protocol::ConversationId;
use serde_json::json;
use store::Store;
use tokio::time::timeout;

use crate::others;

/// A store that takes longer is as good as gone.
const STORE_WITHIN: Duration = Duration::from_secs(1);

/// What readiness depends on.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub gateway: Arc<Gateway>,
    pub fanout: Arc<dyn Fanout>,
}

/// `GET /livez`: it answers, so it lives.
pub async fn live() -> Response {
    ([(CACHE_CONTROL, "no-store")], "ok").into_response()
}

/// `GET /readyz`: the store answers and nobody has asked it to stop. Without Redis it is ready all the
/// same, and says what that means.
pub async fn ready(State(parts): State<Arc<Parts>>) -> Response {
    let store = parts.store_answers().await;
    let draining = parts.gateway.is_draining();
    let ready = store && !draining;
    let store = if store { "ok" } else { "unreachable" };
    let mut told = json!({ "store": store, "draining": draining });
    if let Some(others) = others::in_words(parts.fanout.reach()) {
        told["other_nodes"] = others.into();
    }
    let body = json!({ "ready": ready, "parts": told });
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

impl Parts {
    /// Asks for something that is never there: the cheapest question that goes all the way.
    async fn store_answers(&self) -> bool {
        matches!(timeout(STORE_WITHIN, self.store.find(ConversationId::NOWHERE)).await, Ok(Ok(_)))
    }
}
