//! Filter and sort, in memory: slow, and plainly what the trait says.

use std::time::Instant;

use conversation::{Conversation, Event};
use protocol::{Queue, SiteId, StatusFilter};

use super::{Logged, MemoryStore};
use crate::{Answer, Changed, Inbox, InboxQuery, InboxRows, Mark, OpenCounts, Place, StoreError};

impl Inbox for MemoryStore {
    fn list(&self, query: InboxQuery) -> Answer<'_, InboxRows> {
        self.answer(|inner| {
            if query.until.is_some_and(|until| until <= Instant::now()) {
                return Err(StoreError::TooSlow);
            }
            let wanted = inner.conversations.values().filter(|found| found.matches(&query));
            let mut rows: Vec<(Place, &Conversation)> =
                wanted.map(|found| (query.place_of(&found.state), &*found.state)).collect();
            let total = rows.len() as u64;
            rows.sort_by(|(a, _), (b, _)| query.compare(a, b));
            if let Some(after) = &query.after {
                rows.retain(|(place, _)| query.compare(place, after).is_gt());
            }
            let more = rows.len() > query.limit;
            rows.truncate(query.limit);
            let next = rows.last().filter(|_| more).map(|(place, _)| place.clone());
            let rows = rows.into_iter().map(|(_, conversation)| conversation.clone()).collect();
            Ok(InboxRows { rows, next, total })
        })
    }

    fn open_counts(&self, site: SiteId) -> Answer<'_, OpenCounts> {
        self.answer(|inner| {
            let mut counts = OpenCounts::default();
            for Logged { state, .. } in inner.conversations.values() {
                match &state.owner {
                    _ if state.site != site || state.is_closed() => {}
                    Some(owner) => *counts.owned.entry(owner.agent.id).or_default() += 1,
                    None => counts.unassigned += 1,
                }
            }
            Ok(counts)
        })
    }

    fn changed_since(&self, site: SiteId, mark: Option<Mark>) -> Answer<'_, Changed> {
        self.answer(|inner| {
            let Mark(since) = mark.unwrap_or(Mark(inner.commits));
            let all = inner.conversations.values();
            let changed = all.filter(|found| found.state.site == site && found.commit > since);
            let heads = changed.map(|found| (found.state.id, found.state.head)).collect();
            Ok(Changed { heads, mark: Mark(inner.commits) })
        })
    }
}

impl Logged {
    fn matches(&self, query: &InboxQuery) -> bool {
        let owner = self.state.owner.as_ref().map(|owner| owner.agent.id);
        let in_queue = match query.queue {
            Queue::All => true,
            Queue::Mine => owner == Some(query.agent),
            Queue::Unassigned => owner.is_none(),
        };
        let in_status = match query.status {
            StatusFilter::All => true,
            StatusFilter::Open => !self.state.is_closed(),
            StatusFilter::Closed => self.state.is_closed(),
            StatusFilter::Converted => false,
        };
        let here = self.state.site == query.site;
        here && in_queue && in_status && query.words.iter().all(|word| self.says(word))
    }

    fn says(&self, word: &str) -> bool {
        let visitor = &self.state.visitor;
        let about = [Some(&*visitor.name), visitor.email.as_deref()];
        let said = self.events.values().map(|event| match &event.event {
            Event::Posted { text } | Event::Noted { text } => Some(text.as_str()),
            _ => None,
        });
        about.into_iter().chain(said).flatten().any(|text| InboxQuery::fold(text).contains(word))
    }
}
