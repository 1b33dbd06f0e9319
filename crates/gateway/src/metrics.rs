//! What a gateway counts.

use std::sync::{Arc, OnceLock};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use protocol::{ErrorCode, Operation};

use crate::asked::Asked;

/// Counters of one gateway. Cheap to clone; clones count together.
#[derive(Clone, Debug, Default)]
pub struct GatewayMetrics {
    /// Sockets of any kind, those without a `hello` included.
    pub connections_open: Gauge,
    /// Sockets that have said `hello`, by role.
    pub present: Family<RoleLabel, Gauge>,
    /// Handshakes that became WebSockets, by role.
    pub handshakes_accepted: Family<RoleLabel, Counter>,
    /// Connections and handshakes turned away, by reason.
    pub handshakes_refused: Family<ReasonLabel, Counter>,
    /// Commands answered, by operation and result (`ok` or the code).
    pub commands: Family<CommandLabel, Counter>,
    /// Frames that do not parse.
    pub bad_frames: Counter,
    /// Connections that owed more than they may.
    pub outbox_overflows: Counter,
    /// Snapshots asked for by clients that had seen something.
    pub resumes: Counter,
    /// WebSockets ended, by close code; `peer` if the client went.
    pub closes: Family<ReasonLabel, Counter>,
    /// Attempts to sign in, by result.
    pub sign_ins: Family<ReasonLabel, Counter>,
    /// Bytes of WebSockets that are gone.
    pub bytes_in: Counter,
    pub bytes_out: Counter,
    /// The counters of `commands`, found without looking.
    found: Arc<Found>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RoleLabel {
    pub role: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabel {
    pub reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CommandLabel {
    pub op: &'static str,
    pub result: &'static str,
}

#[derive(Debug)]
struct Found(Vec<OnceLock<Counter>>);

const RESULTS: usize = ErrorCode::ALL.len() + 1;

impl Default for Found {
    fn default() -> Self {
        Self((0..Operation::NAMES.len() * RESULTS).map(|_| OnceLock::new()).collect())
    }
}

impl GatewayMetrics {
    /// Puts the counters where `/metrics` finds them.
    pub fn register(&self, registry: &mut Registry) {
        let gateway = registry.sub_registry_with_prefix("gateway");
        let open = "Sockets of any kind that are open";
        gateway.register("connections_open", open, self.connections_open.clone());
        gateway.register("present", "Sockets that have said hello", self.present.clone());
        let accepted = "Handshakes that became WebSockets";
        gateway.register("handshakes_accepted", accepted, self.handshakes_accepted.clone());
        let refused = "Connections and handshakes turned away";
        gateway.register("handshakes_refused", refused, self.handshakes_refused.clone());
        gateway.register("commands", "Commands answered", self.commands.clone());
        gateway.register("bad_frames", "Frames that do not parse", self.bad_frames.clone());
        let overflows = "Connections that owed more than they may";
        gateway.register("outbox_overflows", overflows, self.outbox_overflows.clone());
        let resumes = "Snapshots asked for by clients that had seen something";
        gateway.register("resumes", resumes, self.resumes.clone());
        gateway.register("closes", "WebSockets ended", self.closes.clone());
        gateway.register("sign_ins", "Attempts to sign in", self.sign_ins.clone());
        gateway.register("bytes_in", "Bytes read from WebSockets", self.bytes_in.clone());
        gateway.register("bytes_out", "Bytes written to WebSockets", self.bytes_out.clone());
    }

    pub(crate) fn refused_handshake(&self, reason: &'static str) {
        self.handshakes_refused.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// One answer; `None` is `ok`.
    pub(crate) fn answered(&self, asked: Asked, refused: Option<ErrorCode>) {
        let result = refused.map_or(0, |code| {
            1 + ErrorCode::ALL.iter().position(|known| *known == code).unwrap_or(0)
        });
        let counter = self.found.0[asked.index() * RESULTS + result].get_or_init(|| {
            let op = Operation::NAMES[asked.index()];
            let result = refused.map_or("ok", ErrorCode::as_str);
            self.commands.get_or_create(&CommandLabel { op, result }).clone()
        });
        counter.inc();
    }
}
