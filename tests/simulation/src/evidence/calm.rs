//! When a node had an excuse.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::history::{Fault, History, NodeId, What};

/// What a node still works off after its trouble is over.
const AFTERMATH: Duration = Duration::from_secs(2);

/// For each node the times at which it stood still or did not reach the store.
#[derive(Default)]
pub struct Troubles(BTreeMap<NodeId, Vec<(Duration, Duration)>>);

impl Troubles {
    pub(super) fn of(history: &History) -> Self {
        let mut troubles = Self::default();
        let mut open: BTreeMap<(NodeId, bool), Duration> = BTreeMap::new();
        for entry in &history.entries {
            let What::Fault(fault) = &entry.what else { continue };
            let (node, is_store, over) = match fault {
                Fault::Store(node, _, well) => (*node, true, *well),
                Fault::Paused(node) => (*node, false, false),
                Fault::Resumed(node) => (*node, false, true),
                _ => continue,
            };
            if !over {
                open.entry((node, is_store)).or_insert(entry.at);
            } else if let Some(since) = open.remove(&(node, is_store)) {
                troubles.0.entry(node).or_default().push((since, entry.at + AFTERMATH));
            }
        }
        for ((node, _), since) in open {
            troubles.0.entry(node).or_default().push((since, Duration::MAX));
        }
        troubles
    }

    /// Whether a node had none between these times.
    pub fn calm(&self, node: NodeId, from: Duration, until: Duration) -> bool {
        let troubles = self.0.get(&node).map_or(&[][..], Vec::as_slice);
        troubles.iter().all(|(since, over)| *over < from || until < *since)
    }
}
