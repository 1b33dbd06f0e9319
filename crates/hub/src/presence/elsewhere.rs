//! Who is at other nodes, by their own word. A word is good for a while: whoever is not heard of any more
//! is not there, so a node that dies takes nobody's green dot with it for long.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fanout::{Hint, Presence, Visitors};
use protocol::{SiteId, VisitorId};
use tokio::time::Instant;

use super::SitePresence;
use crate::hub::Inner;

/// A node that has said nothing of a site for so long has nobody there. It speaks every
/// [`super::telling::SAY_EVERY`].
const FORGET_AFTER: Duration = Duration::from_secs(15);

/// One node's people of one site.
pub(super) struct Elsewhere {
    pub team: bool,
    /// Only followed while an agent of the site is here.
    pub visitors: BTreeSet<VisitorId>,
    heard_at: Instant,
}

impl Elsewhere {
    fn nobody() -> Self {
        Self { team: false, visitors: BTreeSet::new(), heard_at: Instant::now() }
    }

    /// Takes a node's word and answers who came or went by it.
    fn hear(&mut self, visitors: &Visitors) -> Vec<VisitorId> {
        match visitors {
            Visitors::Sum { .. } => Vec::new(),
            Visitors::Changed { came, went } => {
                let came = came.iter().filter(|visitor| self.visitors.insert(**visitor));
                let mut changed: Vec<_> = came.copied().collect();
                changed.extend(went.iter().filter(|visitor| self.visitors.remove(*visitor)));
                changed
            }
            Visitors::Exactly { part, parts, here } => {
                let is_of = |visitor: &VisitorId| Visitors::part_of(visitor, *parts) == *part;
                let here: BTreeSet<_> = here.iter().filter(|v| is_of(v)).copied().collect();
                let of_part = self.visitors.iter().copied().filter(is_of);
                let before: BTreeSet<_> = of_part.collect();
                self.visitors.retain(|visitor| !before.contains(visitor));
                self.visitors.extend(&here);
                before.symmetric_difference(&here).copied().collect()
            }
        }
    }
}

impl Inner {
    /// Another node says who is there.
    pub(crate) fn hear_presence(self: &Arc<Self>, said: &Presence) {
        // Without anybody of the site here nobody needs to know.
        let Some(mut site) = self.presence.sites.get_mut(&said.site) else { return };
        let changed = site.telling_visitors(|site| site.hear(said));
        let is_right = site.knows_all(said);
        drop(site);
        if !is_right {
            let (site, node) = (said.site, Some(said.node));
            self.fanout.announce(Hint::WhoIsThere { site, node });
        }
        self.rows_follow(said.site, changed);
    }

    /// Forgets nodes that are not heard of any more.
    pub(super) fn forget_the_silent(self: &Arc<Self>) {
        let mut gone: Vec<(SiteId, Vec<VisitorId>)> = Vec::new();
        for mut site in self.presence.sites.iter_mut() {
            let id = *site.key();
            let visitors = site.telling_visitors(SitePresence::forget_the_silent);
            gone.push((id, visitors));
        }
        // Nothing happens in an order that chance decides.
        gone.sort_unstable_by_key(|(site, _)| *site);
        for (site, visitors) in gone {
            self.rows_follow(site, visitors);
        }
    }
}

impl SitePresence {
    fn hear(&mut self, said: &Presence) -> Vec<VisitorId> {
        let other = self.others.entry(said.node).or_insert_with(Elsewhere::nobody);
        other.team = said.team;
        other.heard_at = Instant::now();
        let changed = match self.agents.is_empty() {
            // Visitors do not hear of each other, so what is known of them grows old.
            true => {
                other.visitors = BTreeSet::new();
                Vec::new()
            }
            false => other.hear(&said.visitors),
        };
        if !other.team && other.visitors.is_empty() {
            self.others.remove(&said.node);
        }
        changed
    }

    /// Whether what is known of a node's visitors is what it counts.
    fn knows_all(&self, said: &Presence) -> bool {
        let Visitors::Sum { .. } = said.visitors else { return true };
        let known = match self.others.get(&said.node) {
            Some(other) => Visitors::sum_of(&other.visitors),
            None => Visitors::sum_of([]),
        };
        self.agents.is_empty() || known == said.visitors
    }

    fn forget_the_silent(&mut self) -> Vec<VisitorId> {
        let silent =
            self.others.extract_if(.., |_, other| other.heard_at.elapsed() >= FORGET_AFTER);
        silent.flat_map(|(_, other)| other.visitors).collect()
    }
}
