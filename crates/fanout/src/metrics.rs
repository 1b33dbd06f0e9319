//! What a fan-out counts.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Counters of one node's fan-out. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct FanoutMetrics {
    /// Hints given to Redis.
    pub sent: Counter,
    /// Hints not sent: too many were waiting, or they had waited too long.
    pub unsent: Counter,
    /// Hints of other nodes.
    pub received: Counter,
    /// Hints of other nodes that nobody took in time.
    pub missed: Counter,
    /// Messages of a form that this version does not know.
    pub unread: Counter,
    /// Connections to Redis made after the first.
    pub reconnects: Counter,
    /// 1 while hints arrive.
    pub connected: Gauge,
    /// Topics listened to.
    pub topics: Gauge,
    /// Seconds from announcing a hint on its node to its arrival here; clocks may differ.
    pub lag: Histogram,
}

impl Default for FanoutMetrics {
    fn default() -> Self {
        Self {
            sent: Counter::default(),
            unsent: Counter::default(),
            received: Counter::default(),
            missed: Counter::default(),
            unread: Counter::default(),
            reconnects: Counter::default(),
            connected: Gauge::default(),
            topics: Gauge::default(),
            lag: Histogram::new(exponential_buckets(0.000_125, 2.0, 16)),
        }
    }
}

impl FanoutMetrics {
    /// Puts the counters where `/metrics` finds them.
    pub fn register(&self, registry: &mut Registry) {
        let counters = [
            ("fanout_hints_sent", "Hints given to Redis", &self.sent),
            ("fanout_hints_unsent", "Hints not sent: too many, or too late", &self.unsent),
            ("fanout_hints_received", "Hints of other nodes", &self.received),
            ("fanout_hints_missed", "Hints of other nodes taken too late", &self.missed),
            ("fanout_hints_unread", "Messages of an unknown form", &self.unread),
            ("fanout_reconnects", "Connections made after the first", &self.reconnects),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        let (name, help) = ("fanout_connected", "1 while hints of other nodes arrive");
        registry.register(name, help, self.connected.clone());
        registry.register("fanout_topics", "Topics listened to", self.topics.clone());
        let help = "Seconds from announcing to arrival";
        registry.register("fanout_lag_seconds", help, self.lag.clone());
    }
}
