//! Everything in one map under one lock: for simulation and for tests. No threads, no randomness but
//! the secret's, and every answer is there at once.

mod directory;
mod inbox;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use conversation::{Audience, Committed, Conversation, KeyScope, Remembered, Seq};
use futures::FutureExt as _;
use planted::Defect;
use protocol::limits::PAGE_BYTES_MAX;
use protocol::{ConversationId, Key, PersonId, VisitorId};

use crate::{
    Answer, Append, Appended, BulkRecord, Journal, Range, Start, StartOutcome, StoreError,
    VisitorRecord, journal,
};

/// A store that forgets everything when it is dropped.
#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    conversations: BTreeMap<ConversationId, Logged>,
    /// Numbers of each visitor's conversations, in the order they began.
    begun: HashMap<VisitorId, Vec<ConversationId>>,
    keys: HashMap<KeyScope, Remembered>,
    bulks: HashMap<(PersonId, Key), BulkRecord>,
    directory: directory::People,
    /// Commits so far.
    commits: i64,
}

struct Logged {
    state: Arc<Conversation>,
    /// The number of its last commit.
    commit: i64,
    events: BTreeMap<Seq, Committed>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn answer<T>(&self, work: impl FnOnce(&mut Inner) -> Result<T, StoreError>) -> Answer<'_, T>
    where
        T: Send + 'static,
    {
        std::future::ready(work(&mut self.lock())).boxed()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing below panics between two changes that belong together.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryStore {
    fn start(&self, start: Start) -> Answer<'_, StartOutcome> {
        self.answer(|inner| Ok(inner.start(start)))
    }

    fn append(&self, append: Append) -> Answer<'_, Appended> {
        self.answer(|inner| Ok(inner.append(append)))
    }

    fn find(&self, id: ConversationId) -> Answer<'_, Option<Conversation>> {
        self.answer(|inner| Ok(inner.conversations.get(&id).map(|found| (*found.state).clone())))
    }

    fn remembered(&self, scope: KeyScope) -> Answer<'_, Option<Remembered>> {
        self.answer(|inner| Ok(inner.keys.get(&scope).copied()))
    }

    fn events(
        &self,
        id: ConversationId,
        audience: Audience,
        range: Range,
        limit: usize,
    ) -> Answer<'_, Vec<Committed>> {
        self.answer(|inner| {
            let found = inner.conversations.get(&id);
            Ok(found.map(|found| found.page(audience, range, limit)).unwrap_or_default())
        })
    }

    fn heads(&self, ids: Vec<ConversationId>) -> Answer<'_, Vec<(ConversationId, Seq)>> {
        self.answer(|inner| {
            let head = |id| Some((id, inner.conversations.get(&id)?.state.head));
            Ok(ids.into_iter().filter_map(head).collect())
        })
    }

    fn conversations_of(&self, visitor: VisitorId, limit: usize) -> Answer<'_, Vec<Conversation>> {
        self.answer(|inner| {
            // The sort is stable: of two that began at the same time the later one comes first.
            let mut found: Vec<_> = inner.of_visitor(visitor).rev().collect();
            found.sort_by_key(|state| (state.is_closed(), std::cmp::Reverse(state.started_at)));
            found.truncate(limit);
            Ok(found.into_iter().cloned().collect())
        })
    }

    fn remember_bulk(
        &self,
        author: PersonId,
        key: Key,
        bulk: BulkRecord,
    ) -> Answer<'_, BulkRecord> {
        self.answer(|inner| Ok(inner.bulks.entry((author, key)).or_insert(bulk).clone()))
    }
}

impl Inner {
    fn start(&mut self, start: Start) -> StartOutcome {
        let Start { conversation, events, scope, remembered, starts_per_minute } = start;
        if let Some(first) = self.keys.get(&scope) {
            return StartOutcome::Repeated(*first);
        }
        let visitor = conversation.visitor.id;
        let open = |state: &&Conversation| {
            !state.is_closed() && !planted::is_on(Defect::TwoOpenConversations)
        };
        if let Some(open) = self.of_visitor(visitor).find(open) {
            return StartOutcome::AlreadyOpen(open.id);
        }
        let mut times: Vec<_> = self.of_visitor(visitor).map(|state| state.started_at).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        let now = conversation.started_at;
        if let Some(retry_after_ms) = journal::too_many(&times, starts_per_minute, now) {
            return StartOutcome::TooMany { retry_after_ms };
        }
        self.directory.put_visitor(VisitorRecord::at_start(&conversation));
        self.begun.entry(visitor).or_default().push(conversation.id);
        self.keys.insert(scope, remembered);
        let events = events.into_iter().map(|event| (event.seq, event)).collect();
        self.commits += 1;
        let logged = Logged { commit: self.commits, state: conversation, events };
        self.conversations.insert(logged.state.id, logged);
        StartOutcome::Done
    }

    fn append(&mut self, append: Append) -> Appended {
        let Append { conversation, at_head, events, key } = append;
        if let Some(first) = key.as_ref().and_then(|(scope, _)| self.keys.get(scope)) {
            return Appended::Repeated(*first);
        }
        let Some(found) = self.conversations.get_mut(&conversation.id) else {
            return Appended::Stale;
        };
        if found.state.head != at_head && !planted::is_on(Defect::NoHeadCheck) {
            return Appended::Stale;
        }
        if !events.is_empty() {
            found.events.extend(events.into_iter().map(|event| (event.seq, event)));
            found.state = conversation;
            self.commits += 1;
            found.commit = self.commits;
        }
        self.keys.extend(key);
        Appended::Done
    }

    /// The visitor's conversations in the order they began.
    fn of_visitor(&self, visitor: VisitorId) -> impl DoubleEndedIterator<Item = &Conversation> {
        let ids = self.begun.get(&visitor).into_iter().flatten();
        ids.filter_map(|id| self.conversations.get(id)).map(|found| &*found.state)
    }
}

impl Logged {
    fn page(&self, audience: Audience, range: Range, limit: usize) -> Vec<Committed> {
        let number = |event: &&Committed| event.number_for(audience);
        let all = self.events.values();
        match range {
            Range::After(after) => {
                let asked = all.filter(|event| number(event).is_some_and(|n| n > after));
                up_to_a_page(asked.take(limit))
            }
            Range::Before(before) => {
                let asked = all.rev().filter(|event| number(event).is_some_and(|n| n < before));
                let mut page = up_to_a_page(asked.take(limit));
                page.reverse();
                page
            }
        }
    }
}

fn up_to_a_page<'a>(events: impl Iterator<Item = &'a Committed>) -> Vec<Committed> {
    let mut bytes = 0;
    let fits = |event: &&Committed| {
        let fits = bytes < PAGE_BYTES_MAX;
        bytes += serde_json::to_string(&event.event).map_or(0, |json| json.len());
        fits
    };
    events.take_while(fits).cloned().collect()
}
