//! The list that agents work from, as a feed of states: per conversation the last one wins.
//!
//! Changes are merged and flushed to each watcher at most every `flush_every`, so that the cost
//! follows watchers and flushes, not changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use conversation::Conversation;
use dashmap::DashMap;
use protocol::{AgentId, ConversationId, Counts, SiteId};
use store::{InboxQuery, InboxRows, OpenCounts, StoreError};
use tokio::time::{Instant, sleep_until};

use crate::hub::Inner;
use crate::rows::Known;
use crate::{Answer, Asker, Encodings, News, Refusal, Reply, Row, SessionId, Ticket};

/// Until the store is asked again for counts that it did not tell.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// The feeds of all sites that have one.
#[derive(Default)]
pub(crate) struct Feed {
    pub(crate) sites: DashMap<SiteId, Arc<Mutex<SiteFeed>>>,
}

#[derive(Default)]
pub(crate) struct SiteFeed {
    /// Sorted, like the rows: who is told what in which order must not depend on chance.
    pub(crate) watchers: BTreeMap<SessionId, Watcher>,
    /// What they have been told, where other nodes change rows too.
    pub(crate) known: Known,
    /// What changed since the last flush.
    rows: BTreeMap<ConversationId, Arc<Conversation>>,
    counts_changed: bool,
    /// A task is at it.
    flushing: bool,
}

pub(crate) struct Watcher {
    asker: Arc<Asker>,
    agent: AgentId,
    /// The counts it has been told.
    counts: Option<Counts>,
    /// Rows that wait until its question is answered.
    held: Option<Vec<Arc<Row>>>,
}

impl Inner {
    /// Takes note that a conversation changed. Cheap when nobody watches.
    pub(crate) fn feed_changed(self: &Arc<Self>, conversation: &Arc<Conversation>, counts: bool) {
        let Some(feed) = self.feed.of(conversation.site) else { return };
        let mut site = lock(&feed);
        if site.watchers.is_empty() {
            return;
        }
        site.counts_changed |= counts;
        site.known.told(conversation.id, conversation.head);
        let row = site.rows.entry(conversation.id).or_insert_with(|| conversation.clone());
        if row.head < conversation.head {
            *row = conversation.clone();
        }
        self.schedule(&feed, site, conversation.site);
    }

    /// Whether anybody watches the site's inbox here.
    pub(crate) fn inbox_is_watched(&self, site: SiteId) -> bool {
        self.feed.of(site).is_some_and(|feed| !lock(&feed).watchers.is_empty())
    }

    pub(crate) fn watch_inbox(self: &Arc<Self>, asker: &Arc<Asker>, on: bool, ticket: Ticket) {
        let reply = Reply::to(asker, ticket);
        let conversation::Subject::Agent { site, id: agent } = asker.subject else {
            return reply.send(Err(Refusal::Rejected(conversation::Rejection::Forbidden)));
        };
        let feed = self.feed.sites.entry(site).or_default().clone();
        if on {
            // In the order asked, so at once; the answer follows when the counts are read.
            let watcher = Watcher { asker: asker.clone(), agent, counts: None, held: Some(vec![]) };
            lock(&feed).watchers.entry(asker.session).or_insert(watcher);
        } else {
            lock(&feed).watchers.remove(&asker.session);
        }
        let (hub, session) = (self.clone(), asker.session);
        tokio::spawn(async move {
            let counts = hub.first_counts(site, agent).await;
            let mut site_feed = lock(&feed);
            // Under the lock: no row comes before the answer, and none is lost.
            reply.send(counts.clone().map(Answer::Counts).map_err(Refusal::from));
            if on {
                site_feed.answered(session, counts.ok());
                hub.schedule(&feed, site_feed, site);
            }
        });
    }

    /// The counts that answer a new watcher; what changes from here on is told.
    async fn first_counts(&self, site: SiteId, agent: AgentId) -> Result<Counts, StoreError> {
        self.begin_to_compare_rows(site).await?;
        let counts = self.store.open_counts(site).await?;
        Ok(counts_for(&counts, agent))
    }

    pub(crate) fn unwatch_inbox(&self, site: SiteId, session: SessionId) {
        if let Some(feed) = self.feed.of(site) {
            lock(&feed).watchers.remove(&session);
        }
    }

    pub(crate) async fn list(&self, query: InboxQuery) -> Result<(InboxRows, Counts), Refusal> {
        let (site, agent) = (query.site, query.agent);
        if self.inbox_is_watched(site) {
            // Whoever asks to watch and for a list at once must not miss what changes between the two.
            self.begin_to_compare_rows(site).await?;
        }
        let rows = self.store.list(query).await?;
        let counts = self.store.open_counts(site).await?;
        Ok((rows, counts_for(&counts, agent)))
    }

    fn schedule(
        self: &Arc<Self>,
        feed: &Arc<Mutex<SiteFeed>>,
        mut site_feed: MutexGuard<'_, SiteFeed>,
        site: SiteId,
    ) {
        if !std::mem::replace(&mut site_feed.flushing, true) {
            drop(site_feed);
            tokio::spawn(flush_until_quiet(self.clone(), feed.clone(), site));
        }
    }
}

impl Feed {
    pub(crate) fn of(&self, site: SiteId) -> Option<Arc<Mutex<SiteFeed>>> {
        self.sites.get(&site).map(|feed| feed.clone())
    }
}

impl SiteFeed {
    /// The watcher has its answer: what was held back follows. Its counts are read once more, because
    /// they may have changed meanwhile.
    fn answered(&mut self, session: SessionId, counts: Option<Counts>) {
        self.counts_changed = true;
        if counts.is_none() {
            self.watchers.remove(&session);
        }
        if let Some(watcher) = self.watchers.get_mut(&session) {
            watcher.counts = counts.or(watcher.counts);
            let held = watcher.held.take().unwrap_or_default();
            if planted::is_on(planted::Defect::ReadThenSubscribe) {
                return;
            }
            for row in held {
                watcher.asker.ear.tell(News::Row(row));
            }
        }
    }

    fn tell_rows(&mut self, rows: &[Arc<Row>]) {
        self.watchers.retain(|_, watcher| match &mut watcher.held {
            Some(held) => {
                held.extend_from_slice(rows);
                true
            }
            None => rows.iter().all(|row| watcher.asker.ear.tell(News::Row(row.clone()))),
        });
    }

    fn tell_counts(&mut self, counts: &OpenCounts) {
        self.watchers.retain(|_, watcher| {
            let counts = Some(counts_for(counts, watcher.agent));
            if watcher.held.is_some() || watcher.counts == counts {
                return true;
            }
            watcher.counts = counts;
            counts.is_none_or(|counts| watcher.asker.ear.tell(News::Counts(counts)))
        });
    }
}

/// Flushes now, and then at most every `flush_every`, until nothing has changed in between.
async fn flush_until_quiet(hub: Arc<Inner>, feed: Arc<Mutex<SiteFeed>>, site: SiteId) {
    loop {
        let next = Instant::now() + hub.settings.flush_every;
        let counts_changed = flush_rows(&hub, &feed);
        if counts_changed {
            match hub.store.open_counts(site).await {
                Ok(counts) => lock(&feed).tell_counts(&counts),
                Err(_) => {
                    lock(&feed).counts_changed = true;
                    sleep_until(Instant::now() + ASK_AGAIN).await;
                }
            }
        }
        sleep_until(next).await;
        let mut site_feed = lock(&feed);
        if site_feed.rows.is_empty() && !site_feed.counts_changed || site_feed.watchers.is_empty() {
            site_feed.rows.clear();
            site_feed.flushing = false;
            return;
        }
    }
}

fn flush_rows(hub: &Inner, feed: &Mutex<SiteFeed>) -> bool {
    let changed = std::mem::take(&mut lock(feed).rows);
    let row = |conversation: Arc<Conversation>| {
        let online = hub.online(&conversation);
        Arc::new(Row { conversation, online, encodings: Encodings::default() })
    };
    let rows: Vec<Arc<Row>> = changed.into_values().map(row).collect();
    let mut site_feed = lock(feed);
    hub.metrics.inbox_rows.inc_by((rows.len() * site_feed.watchers.len()) as u64);
    site_feed.tell_rows(&rows);
    std::mem::take(&mut site_feed.counts_changed)
}

fn counts_for(counts: &OpenCounts, agent: AgentId) -> Counts {
    Counts {
        open: counts.open(),
        mine: counts.owned.get(&agent).copied().unwrap_or(0),
        unassigned: counts.unassigned,
    }
}

pub(crate) fn lock(feed: &Mutex<SiteFeed>) -> MutexGuard<'_, SiteFeed> {
    // Whoever panicked under the lock left rows that are still states: the last one wins.
    feed.lock().unwrap_or_else(PoisonError::into_inner)
}
