//! What is in the log but not yet in the rows that are made from it.
//!
//! A message is one row at the end of the log: that alone is what a commit writes and an answer waits for.
//! Its position, its key and the conversation's new state are written a little later, those of many
//! messages at a time (`settle.rs`). Until then they are here, and whoever reads looks here first.
//!
//! What is here is always committed, and newer than the rows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use conversation::{Committed, Conversation, Remembered, Seq};
use protocol::{ConversationId, SiteId};

use super::columns::Number;
use super::keys::Digest;

/// One message or note.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Its row in the log.
    pub row: i64,
    pub event: Committed,
    /// Its key.
    pub digest: Digest,
}

/// What one conversation's rows do not have yet.
#[derive(Clone, Debug)]
pub(super) struct Behind {
    pub number: Number,
    /// As of the last of `said`.
    pub state: Arc<Conversation>,
    /// In their order, without a gap; never empty.
    pub said: Vec<Said>,
    since: Instant,
}

/// By conversation. Shared between the thread that writes and those that read.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    conversations: HashMap<ConversationId, Behind>,
    /// By the row of the first thing said.
    oldest: BTreeMap<i64, ConversationId>,
    events: usize,
}

impl Behind {
    pub fn new(number: Number, state: Arc<Conversation>, said: Vec<Said>) -> Self {
        Self { number, state, said, since: Instant::now() }
    }

    /// The first answer under a key, if the key is one of these.
    pub fn remembered(&self, digest: &Digest) -> Option<Remembered> {
        let said = self.said.iter().find(|said| said.digest == *digest)?;
        Some(remembered(self.state.id, &said.event))
    }

    pub fn first_row(&self) -> i64 {
        self.said.first().map_or(i64::MAX, |said| said.row)
    }
}

/// What is answered to whoever said this.
pub(super) fn remembered(conversation: ConversationId, said: &Committed) -> Remembered {
    let Committed { seq, visitor_seq, at, .. } = *said;
    Remembered { conversation, seq, visitor_seq, closed_seq: None, at }
}

impl Unsettled {
    /// The state of a conversation that has something here.
    pub fn state(&self, id: ConversationId) -> Option<Arc<Conversation>> {
        self.lock().conversations.get(&id).map(|behind| behind.state.clone())
    }

    /// All that is here of a conversation.
    pub fn behind(&self, id: ConversationId) -> Option<Behind> {
        self.lock().conversations.get(&id).cloned()
    }

    /// The events here of a conversation.
    pub fn events(&self, id: ConversationId) -> Vec<Committed> {
        let inner = self.lock();
        let said = inner.conversations.get(&id).map_or(&[][..], |behind| &behind.said);
        said.iter().map(|said| said.event.clone()).collect()
    }

    /// The head of a conversation that has something here, and the first answer under a key.
    pub fn look(&self, id: ConversationId, digest: &Digest) -> Option<(Seq, Option<Remembered>)> {
        let inner = self.lock();
        let behind = inner.conversations.get(&id)?;
        Some((behind.state.head, behind.remembered(digest)))
    }

    /// The states of a site's conversations that have something here.
    pub fn of_site(&self, site: SiteId) -> HashMap<Number, Arc<Conversation>> {
        let inner = self.lock();
        let of_site = inner.conversations.values().filter(|behind| behind.state.site == site);
        of_site.map(|behind| (behind.number, behind.state.clone())).collect()
    }

    /// At most `max` conversations that have waited for at least `age`, or are too many; the oldest first.
    pub fn due(&self, age: Duration, events_max: usize, max: usize) -> Vec<ConversationId> {
        let (inner, now) = (self.lock(), Instant::now());
        let all = inner.events > events_max;
        let is_due = |id: &&ConversationId| {
            let since = inner.conversations.get(id).map(|behind| behind.since);
            all || since.is_some_and(|since| now.duration_since(since) >= age)
        };
        inner.oldest.values().take(max).take_while(is_due).copied().collect()
    }

    /// The first row of the log that is not settled, other than those of `settled`.
    pub fn first_row(&self, settled: &HashSet<ConversationId>) -> Option<i64> {
        let inner = self.lock();
        inner.oldest.iter().find(|(_, id)| !settled.contains(id)).map(|(row, _)| *row)
    }

    /// A transaction is committed that settled all that was here of `settled`, and added `said`.
    pub fn publish(&self, settled: HashSet<ConversationId>, said: HashMap<ConversationId, Behind>) {
        let mut inner = self.lock();
        for id in settled {
            inner.remove(id);
        }
        for (id, behind) in said {
            inner.add(id, behind);
        }
    }

    /// All of it is in the rows.
    pub fn clear(&self) {
        *self.lock() = Inner::default();
    }

    /// How many events are here.
    pub fn len(&self) -> usize {
        self.lock().events
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add(&mut self, id: ConversationId, behind: Behind) {
        self.events += behind.said.len();
        if let Some(before) = self.conversations.get_mut(&id) {
            before.state = behind.state;
            before.said.extend(behind.said);
        } else {
            self.oldest.insert(behind.first_row(), id);
            self.conversations.insert(id, behind);
        }
    }

    fn remove(&mut self, id: ConversationId) {
        if let Some(behind) = self.conversations.remove(&id) {
            self.oldest.remove(&behind.first_row());
            self.events -= behind.said.len();
        }
        if self.conversations.is_empty() {
            // What a burst needed is given back.
            *self = Self::default();
        }
    }
}
