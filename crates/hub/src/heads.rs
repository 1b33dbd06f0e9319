//! Comparing heads with the store, because the last hint can be lost too: now and then everything that
//! somebody here looks at, and at once what hints may have been missed of.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use conversation::Seq;
use dashmap::DashMap;
use fanout::Topic;
use protocol::{ConversationId, SiteId};
use store::StoreError;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::actor::Mail;
use crate::hub::Inner;
use crate::others::pace;

/// Conversations compared in one question to the store.
const COMPARE_MAX: usize = 500;

/// What this node knows of conversations that somebody here listens to, and what to compare at once.
#[derive(Default)]
pub(crate) struct Heads {
    known: DashMap<ConversationId, Seq>,
    due: Mutex<Due>,
    wake: Notify,
}

#[derive(Default)]
struct Due {
    everything: bool,
    conversations: BTreeSet<ConversationId>,
    sites: BTreeSet<SiteId>,
}

impl Heads {
    /// Compares all heads and all rows at once.
    pub fn compare_everything(&self) {
        self.lock().everything = true;
        self.wake.notify_one();
    }

    /// Compares the head of one conversation at once.
    pub fn compare(&self, id: ConversationId) {
        self.lock().conversations.insert(id);
        self.wake.notify_one();
    }

    /// Compares the rows of one site at once.
    pub fn compare_rows(&self, site: SiteId) {
        self.lock().sites.insert(site);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Due> {
        // Nothing panics under the lock.
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Compares for as long as the hub lives.
pub(crate) async fn compare_now_and_then(hub: Weak<Inner>, heads: Arc<Heads>) {
    let mut round: u32 = 0;
    let mut next = Instant::now();
    loop {
        let _ = timeout_at(next, heads.wake.notified()).await;
        let Some(hub) = hub.upgrade() else { return };
        let mut due = std::mem::take(&mut *heads.lock());
        // Whoever is woken all the time must not forget the time.
        if Instant::now() >= next {
            due.everything = true;
            round = round.wrapping_add(1);
            next = Instant::now() + pace(hub.settings.compare_every, round, hub.fanout.node());
        }
        if planted::is_on(planted::Defect::LostHintNotRepaired) {
            continue;
        }
        // What could not be compared is, with everything, the next time.
        if let Err(error) = hub.compare(due).await {
            tracing::debug!(%error, "could not compare heads");
        }
    }
}

impl Inner {
    async fn compare(self: &Arc<Self>, due: Due) -> Result<(), StoreError> {
        let (mut conversations, mut sites) = (due.conversations, due.sites);
        if due.everything {
            conversations = self.heads.known.iter().map(|known| *known.key()).collect();
            sites = self.feed.watched();
        }
        // In order, so that a simulation asks the same each time.
        let mut conversations: Vec<_> = conversations.into_iter().collect();
        conversations.sort_unstable();
        for some in conversations.chunks(COMPARE_MAX) {
            for (id, head) in self.store.heads(some.to_vec()).await? {
                let known = self.heads.known.get(&id).map(|known| *known);
                if known.is_some_and(|known| known < head) {
                    self.deliver_if_live(id, Mail::Head(head));
                }
            }
        }
        for site in sites {
            self.compare_rows(site).await?;
        }
        Ok(())
    }

    /// Somebody here listens to a conversation, of which so much is known; or nobody does any more.
    pub(crate) fn follow_conversation(&self, id: ConversationId, known: Option<Seq>) {
        let topic = Topic::Conversation(id);
        match known {
            Some(head) if self.heads.known.insert(id, head).is_none() => self.fanout.listen(topic),
            Some(_) => {}
            None => {
                self.heads.known.remove(&id);
                self.fanout.forget(topic);
            }
        }
    }

    /// Mail that only a live actor has a use for.
    pub(crate) fn deliver_if_live(self: &Arc<Self>, id: ConversationId, mail: Mail) {
        if self.registry.is_live(id) {
            self.deliver(id, mail);
        }
    }
}
