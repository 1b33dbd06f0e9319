//! Which conversations have a live actor, and how to reach it.

use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use futures::channel::mpsc::{self, UnboundedSender};
use protocol::ConversationId;

use crate::actor::{self, Mail};
use crate::ask::Reply;
use crate::hub::Inner;
use crate::{Ask, Asker};

/// Live actors by conversation. A mailbox takes room for each mail only while it waits, so an idle one
/// costs next to nothing (tokio's would keep room for 32); its bound is kept here.
#[derive(Default)]
pub(crate) struct Registry {
    actors: DashMap<ConversationId, UnboundedSender<Mail>>,
}

impl Inner {
    pub(crate) fn ask(
        self: &Arc<Self>,
        id: ConversationId,
        asker: &Arc<Asker>,
        ask: Ask,
        reply: Reply,
    ) {
        if id == ConversationId::NOWHERE {
            return reply.send(Err(crate::Refusal::NotFound));
        }
        // Whom nobody listens for needs no actor to say so.
        if matches!(ask, Ask::Leave) && !self.registry.is_live(id) {
            return reply.send(Ok(crate::Answer::Done));
        }
        self.deliver(id, Mail::Asked { asker: asker.clone(), ask, reply });
    }

    /// Puts mail into the actor's box, starting the actor if need be. A full box drops the mail, and
    /// with it the reply says `Unavailable`.
    ///
    /// Mail is sent under the map's lock: an actor retires under the same lock and only with an empty
    /// box, so no mail is ever sent to one that has left, and nothing overtakes.
    pub(crate) fn deliver(self: &Arc<Self>, id: ConversationId, mail: Mail) {
        let refused = match self.registry.actors.get(&id) {
            Some(mailbox) if mailbox.len() >= self.settings.mailbox_max => {
                self.metrics.mailboxes_full.inc();
                return;
            }
            Some(mailbox) => mailbox.unbounded_send(mail).err(),
            None => return self.deliver_to_new(id, mail),
        };
        if let Some(refused) = refused {
            // Its task died without retiring; the next one goes on from the store.
            self.registry.actors.remove_if(&id, |_, mailbox| mailbox.is_closed());
            self.deliver_to_new(id, refused.into_inner());
        }
    }

    fn deliver_to_new(self: &Arc<Self>, id: ConversationId, mail: Mail) {
        match self.registry.actors.entry(id) {
            Entry::Occupied(mailbox) => drop(mailbox.get().unbounded_send(mail)),
            Entry::Vacant(place) => {
                let (sender, mailbox) = mpsc::unbounded();
                // The other end is still in our hands.
                let _ = sender.unbounded_send(mail);
                place.insert(sender);
                tokio::spawn(actor::live(self.clone(), id, mailbox));
            }
        }
    }

    /// Lets an actor go if nothing is waiting for it.
    pub(crate) fn retire(&self, id: ConversationId) -> bool {
        self.registry.actors.remove_if(&id, |_, mailbox| mailbox.is_empty()).is_some()
    }
}

impl Registry {
    /// Actors right now.
    pub(crate) fn len(&self) -> usize {
        self.actors.len()
    }

    pub(crate) fn is_live(&self, id: ConversationId) -> bool {
        self.actors.contains_key(&id)
    }
}
