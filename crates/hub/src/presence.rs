//! Who is there: agents and visitors of each site, by their sockets on this node and by what other nodes
//! say of theirs (`elsewhere.rs`).

mod elsewhere;
mod telling;

use std::collections::BTreeMap;
use std::sync::Arc;

use conversation::Subject;
use dashmap::DashMap;
use fanout::{Fanout, NodeId, Topic};
use protocol::{AgentId, SiteId, VisitorId};

use crate::hub::Inner;
use crate::{Asker, News};
use elsewhere::Elsewhere;
use telling::ToTell;
pub(crate) use telling::tell_others;

/// Conversations of a visitor whose rows follow it when it comes or goes.
const ROWS_MAX: usize = 100;

/// Everybody who has a socket, as far as somebody here has an interest.
#[derive(Default)]
pub(crate) struct Presence {
    sites: DashMap<SiteId, SitePresence>,
    /// What other nodes are to be told.
    pub news: Arc<ToTell>,
}

/// Kept while somebody of the site is here.
#[derive(Default)]
struct SitePresence {
    /// How many sockets each agent has.
    agents: BTreeMap<AgentId, u32>,
    visitors: BTreeMap<VisitorId, Vec<Arc<Asker>>>,
    others: BTreeMap<NodeId, Elsewhere>,
}

/// What a socket's coming or going changed.
enum Change {
    Nothing,
    /// The first agent came, or the last one went.
    Team,
    /// A visitor came, or went.
    Visitor(VisitorId),
}

impl Inner {
    pub(crate) fn join(self: &Arc<Self>, asker: &Arc<Asker>) {
        let site = asker.subject.site();
        let change = {
            let mut presence = self.presence.sites.entry(site).or_default();
            presence.change(site, &*self.fanout, |presence| presence.join(asker))
        };
        self.follow_change(site, change);
    }

    pub(crate) fn leave(self: &Arc<Self>, asker: &Arc<Asker>) {
        let site = asker.subject.site();
        self.unwatch_inbox(site, asker.session);
        let change = match self.presence.sites.get_mut(&site) {
            Some(mut presence) => {
                presence.change(site, &*self.fanout, |presence| presence.leave(asker))
            }
            None => Change::Nothing,
        };
        self.presence.sites.remove_if(&site, |_, presence| presence.is_empty());
        self.follow_change(site, change);
    }

    /// What follows from a change: rows in the inbox, and a word to other nodes.
    fn follow_change(self: &Arc<Self>, site: SiteId, change: Change) {
        match change {
            Change::Team if self.has_others => self.say_how_many_are_here(site),
            Change::Visitor(visitor) => {
                if self.has_others {
                    self.presence.news.changed(site, visitor);
                }
                self.rows_follow(site, vec![visitor]);
            }
            Change::Team | Change::Nothing => {}
        }
    }

    /// Visitors came or went: their rows in the inbox say so.
    fn rows_follow(self: &Arc<Self>, site: SiteId, visitors: Vec<VisitorId>) {
        if visitors.is_empty() || !self.inbox_is_watched(site) {
            return;
        }
        let hub = self.clone();
        tokio::spawn(async move {
            for visitor in visitors {
                let conversations = hub.store.conversations_of(visitor, ROWS_MAX).await;
                for conversation in conversations.unwrap_or_default() {
                    hub.feed_changed(&Arc::new(conversation), false);
                }
            }
        });
    }
}

impl Presence {
    pub(crate) fn team_online(&self, site: SiteId) -> bool {
        self.sites.get(&site).is_some_and(|presence| presence.team_online())
    }

    pub(crate) fn visitor_online(&self, site: SiteId, visitor: VisitorId) -> bool {
        self.sites.get(&site).is_some_and(|presence| presence.visitor_online(visitor))
    }
}

impl SitePresence {
    /// Makes a change, listens to what it makes interesting and tells visitors if the team came or went.
    /// All of it under the lock of the change itself, so it happens in order.
    fn change(
        &mut self,
        site: SiteId,
        fanout: &dyn Fanout,
        change: impl FnOnce(&mut Self) -> Change,
    ) -> Change {
        let interests = |presence: &Self| {
            let agents = !presence.agents.is_empty();
            [(Topic::Site(site), agents), (Topic::Team(site), !presence.visitors.is_empty())]
        };
        let before = interests(self);
        let changed = self.telling_visitors(change);
        for ((topic, was), (_, is)) in before.into_iter().zip(interests(self)) {
            match (was, is) {
                (false, true) => fanout.listen(topic),
                (true, false) => fanout.forget(topic),
                _ => {}
            }
        }
        changed
    }

    /// Makes a change, and tells visitors if the team came or went by it.
    fn telling_visitors<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.team_online();
        let changed = change(self);
        let online = self.team_online();
        if online != before {
            for asker in self.visitors.values().flatten() {
                asker.ear.tell(News::Presence { online });
            }
        }
        changed
    }

    fn join(&mut self, asker: &Arc<Asker>) -> Change {
        match asker.subject {
            Subject::Agent { id, .. } => {
                let first = self.agents.is_empty();
                *self.agents.entry(id).or_default() += 1;
                if first { Change::Team } else { Change::Nothing }
            }
            Subject::Visitor { id, .. } => {
                let sockets = self.visitors.entry(id).or_insert_with(|| Vec::with_capacity(1));
                sockets.push(asker.clone());
                if sockets.len() == 1 { Change::Visitor(id) } else { Change::Nothing }
            }
        }
    }

    fn leave(&mut self, asker: &Arc<Asker>) -> Change {
        match asker.subject {
            Subject::Agent { id, .. } => {
                let Some(sockets) = self.agents.get_mut(&id) else { return Change::Nothing };
                *sockets -= 1;
                if *sockets == 0 {
                    self.agents.remove(&id);
                }
                if self.agents.is_empty() { Change::Team } else { Change::Nothing }
            }
            Subject::Visitor { id, .. } => {
                let Some(sockets) = self.visitors.get_mut(&id) else { return Change::Nothing };
                sockets.retain(|other| other.session != asker.session);
                if !sockets.is_empty() {
                    return Change::Nothing;
                }
                self.visitors.remove(&id);
                Change::Visitor(id)
            }
        }
    }

    fn team_online(&self) -> bool {
        !self.agents.is_empty() || self.others.values().any(|other| other.team)
    }

    fn visitor_online(&self, visitor: VisitorId) -> bool {
        let elsewhere = || self.others.values().any(|other| other.visitors.contains(&visitor));
        self.visitors.contains_key(&visitor) || elsewhere()
    }

    fn is_empty(&self) -> bool {
        self.agents.is_empty() && self.visitors.is_empty()
    }
}
