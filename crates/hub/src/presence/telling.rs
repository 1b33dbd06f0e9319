//! What other nodes are told of who is here: changes soon after they happen, and now and then how many
//! there are, by which everybody sees whether it knows them all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use fanout::{Hint, Presence, Visitors};
use protocol::{SiteId, VisitorId};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use crate::hub::Inner;
use crate::others::pace;

/// How often a node says how many are there. Others forget it after three times as long.
pub(super) const SAY_EVERY: Duration = Duration::from_secs(5);
/// Changes that come so close together are told together.
const GATHER: Duration = Duration::from_millis(100);
/// Visitors named in one hint.
const TOGETHER_MAX: usize = 250;

/// Visitors of whom other nodes have yet to be told. In order, here and below, so that a simulation says
/// the same each time.
#[derive(Default)]
pub(crate) struct ToTell {
    changed: Mutex<BTreeMap<SiteId, BTreeSet<VisitorId>>>,
    wake: Notify,
}

impl ToTell {
    /// A visitor came or went.
    pub fn changed(&self, site: SiteId, visitor: VisitorId) {
        self.lock().entry(site).or_default().insert(visitor);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SiteId, BTreeSet<VisitorId>>> {
        // Nothing panics under the lock.
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells for as long as the hub lives.
pub(crate) async fn tell_others(hub: Weak<Inner>, news: Arc<ToTell>) {
    let mut round: u32 = 0;
    let mut next = Instant::now();
    let mut said = BTreeSet::new();
    loop {
        let woken = timeout_at(next, news.wake.notified()).await.is_ok();
        if woken {
            sleep(GATHER).await;
        }
        let Some(hub) = hub.upgrade() else { return };
        let changed: Vec<SiteId> = news.lock().keys().copied().collect();
        changed.into_iter().for_each(|site| hub.say_what_changed(site));
        // Whoever is woken all the time must not forget the time.
        if Instant::now() >= next {
            round = round.wrapping_add(1);
            next = Instant::now() + pace(SAY_EVERY, round, hub.fanout.node());
            hub.forget_the_silent();
            said = hub.say_how_many_everywhere(&said);
        }
    }
}

impl Inner {
    fn say_what_changed(&self, site: SiteId) {
        let Some(visitors) = self.presence.news.lock().remove(&site) else { return };
        let visitors: Vec<VisitorId> = visitors.into_iter().collect();
        for some in visitors.chunks(TOGETHER_MAX) {
            let (team, (came, went)) = match self.presence.sites.get(&site) {
                Some(here) => {
                    let is_here = |visitor: &VisitorId| here.visitors.contains_key(visitor);
                    (!here.agents.is_empty(), some.iter().copied().partition(is_here))
                }
                None => (false, (Vec::new(), some.to_vec())),
            };
            self.say(site, team, Visitors::Changed { came, went });
        }
    }

    /// Of every site that has somebody here; and once more of those that had until now. Answers which
    /// have.
    fn say_how_many_everywhere(&self, before: &BTreeSet<SiteId>) -> BTreeSet<SiteId> {
        let now: BTreeSet<SiteId> = self.presence.sites.iter().map(|site| *site.key()).collect();
        for site in now.union(before) {
            self.say_how_many_are_here(*site);
        }
        now
    }

    /// How many are here, and by it that this node lives.
    pub(super) fn say_how_many_are_here(&self, site: SiteId) {
        // First, or whoever counts would miss those.
        self.say_what_changed(site);
        let (team, sum) = match self.presence.sites.get(&site) {
            Some(here) => (!here.agents.is_empty(), Visitors::sum_of(here.visitors.keys())),
            None => (false, Visitors::sum_of([])),
        };
        self.say(site, team, sum);
    }

    /// All who are here, for somebody who asks.
    pub(crate) fn say_who_is_here(&self, site: SiteId) {
        let mut visitors: Vec<VisitorId> = match self.presence.sites.get(&site) {
            Some(here) => here.visitors.keys().copied().collect(),
            None => Vec::new(),
        };
        let team = self.presence.sites.get(&site).is_some_and(|here| !here.agents.is_empty());
        visitors.sort_unstable();
        for part in Visitors::in_parts(&visitors, TOGETHER_MAX) {
            self.say(site, team, part);
        }
        // Last, so that whoever asked can tell whether it has them all.
        self.say_how_many_are_here(site);
    }

    fn say(&self, site: SiteId, team: bool, visitors: Visitors) {
        let node = self.fanout.node();
        self.fanout.announce(Hint::Presence(Arc::new(Presence { node, site, team, visitors })));
    }
}
