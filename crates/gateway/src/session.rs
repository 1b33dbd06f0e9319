//! Somebody who has said `hello`: what it watches, and its place in the hub until it is gone.

use std::sync::Arc;

use conversation::{Author, Subject, Visitor};
use hub::{Asker, Hub, SessionId};
use protocol::limits::{AGENT_WATCHES_MAX, VISITOR_WATCHES_MAX};
use protocol::{ConversationId, Profile, VisitorId};
use tokio::sync::Semaphore;

use crate::outbox::Outbox;
use crate::translate;

/// One authenticated connection. Dropping it leaves the hub, whatever ended the connection.
pub(crate) struct Session {
    hub: Hub,
    pub asker: Arc<Asker>,
    /// Sorted.
    watching: Vec<ConversationId>,
    /// What is known of a visitor.
    pub known: Option<Box<Known>>,
    /// Turns for pages of the inbox; from the first one on.
    lists: Option<Arc<Semaphore>>,
}

/// A visitor's name and e-mail; empty and absent until they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub name: Arc<str>,
    pub email: Option<Arc<str>>,
}

impl Session {
    /// Joins the hub.
    pub fn join(
        hub: &Hub,
        session: SessionId,
        (subject, author): (Subject, Author),
        outbox: Arc<Outbox>,
        known: Option<Known>,
    ) -> Self {
        let asker = Arc::new(Asker { session, subject, author, ear: outbox });
        hub.join(&asker);
        let known = known.map(Box::new);
        Self { hub: hub.clone(), asker, watching: Vec::new(), known, lists: None }
    }

    /// Takes note that it watches (or is about to); `false` if it watches too many.
    pub fn watch(&mut self, conversation: ConversationId) -> bool {
        let max = match self.asker.subject {
            Subject::Agent { .. } => AGENT_WATCHES_MAX,
            Subject::Visitor { .. } => VISITOR_WATCHES_MAX,
        };
        match self.watching.binary_search(&conversation) {
            Ok(_) => true,
            Err(_) if self.watching.len() >= max => false,
            Err(place) => {
                self.watching.insert(place, conversation);
                true
            }
        }
    }

    /// Takes note that it watches a conversation of its own beginning, however many there are.
    pub fn began(&mut self, conversation: ConversationId) {
        if let Err(place) = self.watching.binary_search(&conversation) {
            self.watching.insert(place, conversation);
        }
    }

    /// Takes note that it watches no longer.
    pub fn unwatch(&mut self, conversation: ConversationId) {
        if let Ok(place) = self.watching.binary_search(&conversation) {
            self.watching.remove(place);
        }
    }

    /// Where pages of the inbox wait for their turn.
    pub fn lists(&mut self, at_once: usize) -> Arc<Semaphore> {
        self.lists.get_or_insert_with(|| Arc::new(Semaphore::new(at_once))).clone()
    }

    /// The visitor has told its name: what it says from now on carries it.
    pub fn introduce(&mut self, id: VisitorId, known: Known, outbox: &Arc<Outbox>) {
        let name = known.name.clone();
        if self.known.as_deref() != Some(&known) {
            let author = Author::Visitor { id, name };
            let (session, subject) = (self.asker.session, self.asker.subject);
            let ear = outbox.clone();
            // The same session to the hub: who watches already goes on watching.
            self.asker = Arc::new(Asker { session, subject, author, ear });
            self.known = Some(Box::new(known));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Nobody waits for pages any more.
        self.lists.iter().for_each(|lists| lists.close());
        self.hub.leave(&self.asker, std::mem::take(&mut self.watching));
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({:?})", self.asker)
    }
}

impl Known {
    /// With what the visitor says of itself now; what it does not say stays.
    pub fn merged(&self, profile: &Profile) -> Self {
        let said = |text: &Option<String>| {
            let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
            text.map(<Arc<str>>::from)
        };
        Self {
            name: said(&profile.name).unwrap_or_else(|| self.name.clone()),
            email: said(&profile.email).or_else(|| self.email.clone()),
        }
    }

    /// Nothing is known.
    pub fn nothing() -> Self {
        Self { name: translate::no_name(), email: None }
    }

    /// As the rules know a visitor.
    pub fn visitor(&self, id: VisitorId) -> Visitor {
        Visitor { id, name: self.name.clone(), email: self.email.clone() }
    }
}
