//! Who is told what one conversation commits, and up to where each has been told.

use std::sync::Arc;

use conversation::{Audience, Author, Committed};
use protocol::ConversationId;

use crate::{Asker, News, SessionId, Told};

/// The connections that watch one conversation. Each hears every number of its audience once.
#[derive(Default)]
pub(crate) struct Listeners {
    /// Sorted by session. Most conversations have two, and room for no more.
    all: Vec<Listener>,
}

struct Listener {
    asker: Arc<Asker>,
    /// The last number told, in the listener's own numbering.
    told: u64,
}

impl Listeners {
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Listens from after `told` on. Who listens already goes on where it is.
    pub fn add(&mut self, asker: &Arc<Asker>, told: u64) {
        if let Err(place) = self.place_of(asker.session) {
            if self.all.len() == self.all.capacity() {
                self.all.reserve_exact(self.all.len().max(1));
            }
            self.all.insert(place, Listener { asker: asker.clone(), told });
        }
    }

    pub fn remove(&mut self, session: SessionId) {
        if let Ok(place) = self.place_of(session) {
            self.all.remove(place);
        }
        if self.all.is_empty() {
            self.all = Vec::new();
        }
    }

    pub fn contains(&self, session: SessionId) -> bool {
        self.place_of(session).is_ok()
    }

    fn place_of(&self, session: SessionId) -> Result<usize, usize> {
        self.all.binary_search_by_key(&session, |listener| listener.asker.session)
    }

    /// Tells one event to everybody who may see it and has not been told. Repeats are harmless.
    pub fn tell(&mut self, conversation: ConversationId, committed: Committed) {
        if self.all.is_empty() {
            return;
        }
        let numbers = [Audience::Agents, Audience::Visitor].map(|a| committed.number_for(a));
        let told = Told::new(conversation, committed);
        self.all.retain_mut(|listener| {
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
        for listener in &self.all {
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
                if !planted::is_on(planted::Defect::CursorNotMoved) {
                    self.told = number;
                }
                self.asker.ear.tell(News::Event(told.clone()))
            }
            _ => true,
        }
    }
}
