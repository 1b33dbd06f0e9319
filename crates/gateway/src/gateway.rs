//! What all connections share, and the paths they come in by.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::routing::{any, post};
use hub::{Clock as _, Hub, SessionId, SystemClock};
use store::Store;
use tokio_util::task::TaskTracker;

use crate::arrival::Admission;
use crate::metrics::GatewayMetrics;
use crate::sign_in::SignIns;
use crate::sites::Sites;
use crate::throttle::Rate;
use crate::ticker::Ticker;
use crate::{Credentials, Settings, sign_in, upgrade};

/// The sockets of one node.
pub struct Gateway {
    pub(crate) hub: Hub,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) credentials: Credentials,
    pub(crate) settings: Settings,
    pub(crate) metrics: GatewayMetrics,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) sign_ins: SignIns,
    pub(crate) sites: Sites,
    pub(crate) connections: TaskTracker,
    pub(crate) command_rate: Rate,
    pub(crate) control_rate: Rate,
    draining: AtomicBool,
    /// How many were here when draining began.
    leaving: AtomicU32,
    last_session: AtomicU64,
}

impl Gateway {
    /// A gateway over a hub and its store; call it inside a tokio runtime.
    pub fn new(
        hub: Hub,
        store: Arc<dyn Store>,
        credentials: Credentials,
        settings: Settings,
        metrics: GatewayMetrics,
    ) -> Arc<Self> {
        Arc::new(Self {
            ticker: Ticker::start(settings.tick),
            admission: Admission::new(&settings, metrics.clone()),
            sign_ins: SignIns::new(&settings),
            sites: Sites::default(),
            connections: TaskTracker::new(),
            command_rate: Rate::new(settings.commands_per_second, settings.commands_burst),
            control_rate: Rate::new(settings.controls_per_second, settings.controls_burst),
            draining: AtomicBool::new(false),
            leaving: AtomicU32::new(0),
            last_session: AtomicU64::new(0),
            hub,
            store,
            credentials,
            settings,
            metrics,
        })
    }

    /// Ends every WebSocket: accepted commands finish, then each client is told to come back, a little
    /// later each. Returns when all are gone, or after [`Settings::drain_within`].
    pub async fn drain(&self) {
        self.leaving.store(self.connections().try_into().unwrap_or(u32::MAX), Relaxed);
        self.draining.store(true, Relaxed);
        self.ticker.wake_all();
        self.connections.close();
        let all_gone = self.connections.wait();
        if tokio::time::timeout(self.settings.drain_within, all_gone).await.is_err() {
            tracing::warn!(left = self.connections.len(), "some connections did not end in time");
        }
    }

    /// Whether it is on its way out.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Relaxed)
    }

    /// WebSockets right now, those without a `hello` included.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    pub(crate) fn next_session(&self) -> SessionId {
        self.last_session.fetch_add(1, Relaxed) + 1
    }

    /// When to come back, for one of many.
    pub(crate) fn return_after(&self) -> Duration {
        let Settings { return_after_min, return_after_max, return_after_limit, .. } = self.settings;
        let all =
            Duration::from_secs(1) * self.leaving.load(Relaxed) / self.settings.returns_per_second;
        let last = (return_after_min + all).min(return_after_limit).max(return_after_max);
        let spread = last.saturating_sub(return_after_min);
        return_after_min + spread.mul_f64(rand::random::<f64>())
    }
}

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    SystemClock.now_ms()
}

/// `/v1/visitor/{site}`, `/v1/agent`, `/v1/login`, `/v1/login/code` and `/v1/logout`.
pub fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/v1/visitor/{site}", any(upgrade::visitor))
        .route("/v1/agent", any(upgrade::agent))
        .route("/v1/login", post(sign_in::with_password))
        .route("/v1/login/code", post(sign_in::with_code))
        .route("/v1/logout", post(sign_in::out))
        .with_state(gateway)
}
