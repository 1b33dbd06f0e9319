//! Who is there: agents and visitors of each site, by their sockets on this node.

use std::collections::HashMap;
use std::sync::Arc;

use conversation::Subject;
use dashmap::DashMap;
use protocol::{AgentId, SiteId, VisitorId};

use crate::hub::Inner;
use crate::{Asker, News};

/// Conversations of a visitor whose rows follow it when it comes or goes.
const ROWS_MAX: usize = 100;

/// Everybody who has a socket here.
#[derive(Default)]
pub(crate) struct Presence {
    sites: DashMap<SiteId, SitePresence>,
}

#[derive(Default)]
struct SitePresence {
    /// How many sockets each agent has.
    agents: HashMap<AgentId, u32>,
    visitors: HashMap<VisitorId, Vec<Arc<Asker>>>,
}

impl Inner {
    pub(crate) fn join(self: &Arc<Self>, asker: &Arc<Asker>) {
        let first = self.presence.sites.entry(asker.subject.site()).or_default().join(asker);
        if first {
            self.visitor_changed(&asker.subject);
        }
    }

    pub(crate) fn leave(self: &Arc<Self>, asker: &Arc<Asker>) {
        let site = asker.subject.site();
        self.unwatch_inbox(site, asker.session);
        let last = match self.presence.sites.get_mut(&site) {
            Some(mut presence) => presence.leave(asker),
            None => false,
        };
        self.presence.sites.remove_if(&site, |_, presence| presence.is_empty());
        if last {
            self.visitor_changed(&asker.subject);
        }
    }

    /// A visitor came or went: its rows in the inbox say so.
    fn visitor_changed(self: &Arc<Self>, subject: &Subject) {
        let Subject::Visitor { site, id } = *subject else { return };
        if !self.inbox_is_watched(site) {
            return;
        }
        let hub = self.clone();
        tokio::spawn(async move {
            let conversations = hub.store.conversations_of(id, ROWS_MAX).await;
            for conversation in conversations.unwrap_or_default() {
                hub.feed_changed(&Arc::new(conversation), false);
            }
        });
    }
}

impl Presence {
    pub(crate) fn team_online(&self, site: SiteId) -> bool {
        self.sites.get(&site).is_some_and(|presence| !presence.agents.is_empty())
    }

    pub(crate) fn visitor_online(&self, site: SiteId, visitor: VisitorId) -> bool {
        self.sites.get(&site).is_some_and(|presence| presence.visitors.contains_key(&visitor))
    }
}

impl SitePresence {
    /// Whether this is the visitor's first socket.
    fn join(&mut self, asker: &Arc<Asker>) -> bool {
        match asker.subject {
            Subject::Agent { id, .. } => {
                let came = self.agents.is_empty();
                *self.agents.entry(id).or_default() += 1;
                if came {
                    self.tell_visitors(true);
                }
                false
            }
            Subject::Visitor { id, .. } => {
                let sockets = self.visitors.entry(id).or_insert_with(|| Vec::with_capacity(1));
                sockets.push(asker.clone());
                sockets.len() == 1
            }
        }
    }

    /// Whether this was the visitor's last socket.
    fn leave(&mut self, asker: &Arc<Asker>) -> bool {
        match asker.subject {
            Subject::Agent { id, .. } => {
                if let Some(sockets) = self.agents.get_mut(&id) {
                    *sockets -= 1;
                    if *sockets == 0 {
                        self.agents.remove(&id);
                        if self.agents.is_empty() {
                            self.tell_visitors(false);
                        }
                    }
                }
                false
            }
            Subject::Visitor { id, .. } => {
                let Some(sockets) = self.visitors.get_mut(&id) else { return false };
                sockets.retain(|other| other.session != asker.session);
                let gone = sockets.is_empty();
                if gone {
                    self.visitors.remove(&id);
                }
                gone
            }
        }
    }

    /// In order, because it happens under the lock of the change itself.
    fn tell_visitors(&self, online: bool) {
        for asker in self.visitors.values().flatten() {
            asker.ear.tell(News::Presence { online });
        }
    }

    fn is_empty(&self) -> bool {
        self.agents.is_empty() && self.visitors.is_empty()
    }
}
