//! Rows of the inbox that changed on other nodes and of which no hint came: also of conversations that
//! nobody has open here, and of those that have only just begun.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use conversation::Seq;
use protocol::{ConversationId, SiteId};
use store::{Changed, Mark, StoreError};

use crate::hub::Inner;
use crate::inbox::{Feed, lock};

/// What a site's watchers have been told, as far as the store may still tell it again.
#[derive(Default)]
pub(crate) struct Known {
    /// Up to where the store has been asked; `None` while nobody needs it.
    mark: Option<Mark>,
    /// Heads of the rows told since that question, and in the time before it.
    told: [BTreeMap<ConversationId, Seq>; 2],
}

impl Known {
    /// A row is on its way to the watchers.
    pub fn told(&mut self, id: ConversationId, head: Seq) {
        if self.mark.is_some() {
            let told = self.told[0].entry(id).or_default();
            *told = head.max(*told);
        }
    }

    fn knows(&self, id: ConversationId, head: Seq) -> bool {
        self.told.iter().any(|told| told.get(&id).is_some_and(|told| *told >= head))
    }

    /// The store has told all of this. A mark may be held back by a commit that takes long, and then the
    /// next answer tells some of it again.
    fn ask_on_from(&mut self, changed: Changed) {
        self.mark = Some(changed.mark);
        let mut before = std::mem::take(&mut self.told[0]);
        for (id, head) in changed.heads {
            let told = before.entry(id).or_default();
            *told = head.max(*told);
        }
        self.told[1] = before;
    }
}

impl Feed {
    /// Sites whose inbox somebody here watches.
    pub fn watched(&self) -> BTreeSet<SiteId> {
        let watched = self.sites.iter().filter(|feed| !lock(feed.value()).watchers.is_empty());
        watched.map(|feed| *feed.key()).collect()
    }
}

impl Inner {
    /// From here on the rows of the site can be compared; before its first watcher is answered.
    pub(crate) async fn begin_to_compare_rows(&self, site: SiteId) -> Result<(), StoreError> {
        let Some(feed) = self.feed.of(site).filter(|_| self.has_others) else {
            return Ok(());
        };
        if lock(&feed).known.mark.is_some() {
            return Ok(());
        }
        let Changed { mark, .. } = self.store.changed_since(site, None).await?;
        // Somebody may have been faster; an older mark tells more.
        lock(&feed).known.mark.get_or_insert(mark);
        Ok(())
    }

    /// Tells the site's watchers what the store knows and they do not.
    pub(crate) async fn compare_rows(self: &Arc<Self>, site: SiteId) -> Result<(), StoreError> {
        let Some(feed) = self.feed.of(site) else { return Ok(()) };
        let mark = {
            let mut feed = lock(&feed);
            if feed.watchers.is_empty() {
                feed.known = Known::default();
            }
            feed.known.mark
        };
        // Who begins to watch right now asks for a mark first.
        let Some(mark) = mark else { return Ok(()) };
        let changed = self.store.changed_since(site, Some(mark)).await?;
        let is_news = |(id, head): &&(ConversationId, Seq)| !lock(&feed).known.knows(*id, *head);
        for (id, _) in changed.heads.iter().filter(is_news) {
            if let Some(state) = self.store.find(*id).await? {
                self.metrics.repaired.inc();
                self.feed_changed(&Arc::new(state), true);
            }
        }
        lock(&feed).known.ask_on_from(changed);
        Ok(())
    }
}
