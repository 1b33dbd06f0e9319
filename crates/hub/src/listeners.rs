//! Who is told what one conversation commits, and up to where each has been told.

use std::collections::HashMap;
use std::sync::Arc;

use conversation::{Audience, Author, Committed};
use protocol::ConversationId;

use crate::{Asker, News, SessionId, Told};

/// The connections that watch one conversation. Each hears every number of its audience once.
#[derive(Default)]
pub(crate) struct Listeners {
    by_session: HashMap<SessionId, Listener>,
}

struct Listener {
    asker: Arc<Asker>,
    /// The last number told, in the listener's own numbering.
    told: u64,
}

impl Listeners {
    pub fn is_empty(&self) -> bool {
        self.by_session.is_empty()
    }

    /// Listens from after `told` on. Who listens already goes on where it is.
    pub fn add(&mut self, asker: &Arc<Asker>, told: u64) {
        self.by_session
            .entry(asker.session)
            .or_insert_with(|| Listener { asker: asker.clone(), told });
    }

    pub fn remove(&mut self, session: SessionId) {
        self.by_session.remove(&session);
        if self.by_session.is_empty() {
            self.by_session.shrink_to_fit();
        }
    }

    pub fn contains(&self, session: SessionId) -> bool {
        self.by_session.contains_key(&session)
    }

    /// Tells one event to everybody who may see it and has not been told. Repeats are harmless.
    pub fn tell(&mut self, conversation: ConversationId, committed: Committed) {
        if self.by_session.is_empty() {
            return;
        }
        let numbers = [Audience::Agents, Audience::Visitor].map(|a| committed.number_for(a));
        let told = Told::new(conversation, committed);
        self.by_session.retain(|_, listener| {
            let number = match listener.asker.subject.audience() {
                Audience::Agents => numbers[0],
                Audience::Visitor => numbers[1],
            };
            listener.hear(&told, number)
        });
    }

    /// Tells who is writing: visitors' typing to agents, an agent's to the visitor.
    pub fn tell_typing(&self, conversation: ConversationId, by: &Author, active: bool) {
        let to = match by {
            Author::Visitor { .. } => Audience::Agents,
            Author::Agent(_) | Author::System => Audience::Visitor,
        };
        for listener in self.by_session.values() {
            if listener.asker.subject.audience() == to {
                listener.asker.ear.tell(News::Typing { conversation, by: by.clone(), active });
            }
        }
    }
}

impl Listener {
    fn hear(&mut self, told: &Arc<Told>, number: Option<u64>) -> bool {
        match number {
            Some(number) if number > self.told => {
                self.told = number;
                self.asker.ear.tell(News::Event(told.clone()))
            }
            _ => true,
        }
    }
}
