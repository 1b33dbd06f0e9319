//! Sites as handshakes need them, remembered for a moment: a crowd that returns at once asks the store
//! once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::SiteId;
use store::{Site, Store, StoreError};

use crate::ticker::Millis;

/// A change of a site's domains is noticed within this time.
const REMEMBERED_MS: Millis = 1000;
/// Sites remembered at once; with more, all are forgotten.
const SITES_MAX: usize = 4096;

/// Only sites that exist are remembered, so that guessing ids fills nothing, and a site that has just been
/// added is there at once.
#[derive(Default)]
pub(crate) struct Sites {
    known: Mutex<HashMap<SiteId, (Arc<Site>, Millis)>>,
}

impl Sites {
    /// The site, as of at most a second ago.
    pub async fn find(
        &self,
        store: &dyn Store,
        id: SiteId,
        now: Millis,
    ) -> Result<Option<Arc<Site>>, StoreError> {
        let known = self.lock().get(&id).cloned();
        if let Some((site, since)) = known
            && now < since + REMEMBERED_MS
        {
            return Ok(Some(site));
        }
        let found = store.site(id).await?;
        let mut known = self.lock();
        if known.len() >= SITES_MAX {
            known.clear();
        }
        match &found {
            Some(site) => known.insert(id, (site.clone(), now)),
            None => known.remove(&id),
        };
        Ok(found)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SiteId, (Arc<Site>, Millis)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use store::{Directory as _, MemoryStore};
    use uuid::Uuid;

    use super::*;

    const ID: SiteId = SiteId(Uuid::from_u128(1));

    /// The name it is found by.
    async fn found(sites: &Sites, store: &MemoryStore, now: Millis) -> Option<String> {
        let found = sites.find(store, ID, now).await.expect("a store in memory answers");
        found.map(|site| site.name.clone())
    }

    #[tokio::test]
    async fn a_site_is_remembered_for_a_second_and_its_absence_is_not() {
        let (sites, store, empty) = (Sites::default(), MemoryStore::new(), MemoryStore::new());
        assert_eq!(found(&sites, &store, 0).await, None);
        let shop = Site { id: ID, name: "Shop".into(), domains: vec!["shop.example".into()] };
        store.add_site(shop, 0).await.expect("there is none");
        assert_eq!(found(&sites, &store, 1).await.as_deref(), Some("Shop"));
        assert_eq!(found(&sites, &empty, REMEMBERED_MS).await.as_deref(), Some("Shop"));
        assert_eq!(found(&sites, &empty, REMEMBERED_MS + 1).await, None);
    }
}
