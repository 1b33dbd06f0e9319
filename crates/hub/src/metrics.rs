//! What the hub counts.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Counters of one hub. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct HubMetrics {
    /// Actors that panicked and went on from the store.
    pub actor_panics: Counter,
    /// Appends refused because another node had moved first.
    pub stale_appends: Counter,
    /// Commands answered from their key.
    pub repeated_keys: Counter,
    /// Commands refused because a conversation's mailbox was full.
    pub mailboxes_full: Counter,
    /// Actors that retired.
    pub actors_retired: Counter,
    /// Hints that followed on from what was known.
    pub hints_applied: Counter,
    /// Hints that told of something known already.
    pub hints_old: Counter,
    /// Times a conversation was caught up from the journal.
    pub caught_up: Counter,
    /// Times that comparing with the store found what no hint had told.
    pub repaired: Counter,
    /// Rows told to inbox watchers.
    pub inbox_rows: Counter,
    /// Seconds from an event on another node until it was told here; clocks may differ.
    pub staleness: Histogram,
}

impl Default for HubMetrics {
    fn default() -> Self {
        Self {
            actor_panics: Counter::default(),
            stale_appends: Counter::default(),
            repeated_keys: Counter::default(),
            mailboxes_full: Counter::default(),
            actors_retired: Counter::default(),
            hints_applied: Counter::default(),
            hints_old: Counter::default(),
            caught_up: Counter::default(),
            repaired: Counter::default(),
            inbox_rows: Counter::default(),
            staleness: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
        }
    }
}

impl HubMetrics {
    /// Puts the counters where `/metrics` finds them.
    pub fn register(&self, registry: &mut Registry) {
        let all = [
            (
                "hub_actor_panics",
                "Actors that panicked and went on from the store",
                &self.actor_panics,
            ),
            ("hub_stale_appends", "Appends refused: another node moved first", &self.stale_appends),
            ("hub_repeated_keys", "Commands answered from their key", &self.repeated_keys),
            ("hub_mailboxes_full", "Commands refused: mailbox full", &self.mailboxes_full),
            ("hub_actors_retired", "Actors that retired", &self.actors_retired),
            ("hub_hints_applied", "Hints that followed on", &self.hints_applied),
            ("hub_hints_old", "Hints of something known", &self.hints_old),
            ("hub_caught_up", "Conversations caught up from the journal", &self.caught_up),
            ("hub_repaired", "What no hint had told, found by comparing", &self.repaired),
            ("hub_inbox_rows", "Rows told to inbox watchers", &self.inbox_rows),
        ];
        for (name, help, counter) in all {
            registry.register(name, help, counter.clone());
        }
        let help = "Seconds from an event on another node until it was told here";
        registry.register("hub_staleness_seconds", help, self.staleness.clone());
    }
}
