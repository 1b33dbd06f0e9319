//! What the hub counts.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// Counters of one hub. Cheap to clone; clones count together.
#[derive(Clone, Debug, Default)]
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
    /// Rows told to inbox watchers.
    pub inbox_rows: Counter,
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
            ("hub_inbox_rows", "Rows told to inbox watchers", &self.inbox_rows),
        ];
        for (name, help, counter) in all {
            registry.register(name, help, counter.clone());
        }
    }
}
