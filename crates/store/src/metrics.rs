//! What a store counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::Appended;

/// Counters of one store. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct StoreMetrics {
    /// Transactions that are on disk.
    pub commits: Counter,
    /// Judged appends, by what became of them.
    pub appends: Family<Outcome, Counter>,
    /// Writes that shared one flush to disk.
    pub batch_jobs: Histogram,
    /// How long a commit took, the flush to disk included.
    pub flush_seconds: Histogram,
    /// Writes that wait.
    pub queued: Gauge,
    /// Transactions and writes that failed.
    pub errors: Counter,
    /// Connections that were lost with work under way, and what became of it found out.
    pub reconnects: Counter,
    /// Events that are in the log, but not in the rows made from it.
    pub unsettled: Gauge,
    /// Events that the search index does not have yet; searches look through them one by one.
    pub search_pending: Gauge,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Outcome {
    outcome: &'static str,
}

impl From<&Appended> for Outcome {
    fn from(appended: &Appended) -> Self {
        let outcome = match appended {
            Appended::Done => "done",
            Appended::Repeated(_) => "repeated",
            Appended::Stale => "stale",
        };
        Self { outcome }
    }
}

impl Default for StoreMetrics {
    fn default() -> Self {
        Self {
            commits: Counter::default(),
            appends: Family::default(),
            batch_jobs: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            flush_seconds: Histogram::new(exponential_buckets(0.000_05, 2.0, 16)),
            queued: Gauge::default(),
            errors: Counter::default(),
            reconnects: Counter::default(),
            unsettled: Gauge::default(),
            search_pending: Gauge::default(),
        }
    }
}

impl StoreMetrics {
    /// Puts the counters where `/metrics` finds them.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("store_commits", "Transactions on disk", self.commits.clone());
        registry.register("store_appends", "Judged appends", self.appends.clone());
        let help = "Writes that shared one flush";
        registry.register("store_batch_jobs", help, self.batch_jobs.clone());
        let help = "Time of a commit with its flush";
        registry.register_with_unit("store_flush", help, Unit::Seconds, self.flush_seconds.clone());
        registry.register("store_queued", "Writes that wait", self.queued.clone());
        registry.register("store_errors", "Failed transactions and writes", self.errors.clone());
        let help = "Lost connections to the database that were replaced";
        registry.register("store_reconnects", help, self.reconnects.clone());
        let help = "Events whose positions, keys and states are written later";
        registry.register("store_unsettled", help, self.unsettled.clone());
        let help = "Events that the search index does not have yet";
        registry.register("store_search_pending", help, self.search_pending.clone());
    }
}
