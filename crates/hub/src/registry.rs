//! Which conversations have a live actor, and how to reach it.

use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use protocol::ConversationId;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::actor::{self, Mail};
use crate::ask::Reply;
use crate::hub::Inner;
use crate::{Ask, Asker};

/// Live actors by conversation. Mail is boxed, so that an idle mailbox costs little.
#[derive(Default)]
pub(crate) struct Registry {
    actors: DashMap<ConversationId, Sender<Box<Mail>>>,
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
        if matches!(ask, Ask::Unwatch) && !self.registry.is_live(id) {
            return reply.send(Ok(crate::Answer::Done));
        }
        self.deliver(id, Box::new(Mail::Asked { asker: asker.clone(), ask, reply }));
    }

    /// Puts mail into the actor's box, starting the actor if need be. A full box drops the mail, and
    /// with it the reply says `Unavailable`.
    ///
    /// Mail is sent under the map's lock: an actor retires under the same lock and only with an empty
    /// box, so no mail is ever sent to one that has left, and nothing overtakes.
    pub(crate) fn deliver(self: &Arc<Self>, id: ConversationId, mail: Box<Mail>) {
        let sent = match self.registry.actors.get(&id) {
            Some(mailbox) => mailbox.try_send(mail),
            None => return self.deliver_to_new(id, mail),
        };
        match sent {
            Ok(()) => {}
            Err(TrySendError::Full(mail)) => {
                self.metrics.mailboxes_full.inc();
                drop(mail);
            }
            Err(TrySendError::Closed(mail)) => {
                // Its task died without retiring; the next one goes on from the store.
                self.registry.actors.remove_if(&id, |_, mailbox| mailbox.is_closed());
                self.deliver_to_new(id, mail);
            }
        }
    }

    fn deliver_to_new(self: &Arc<Self>, id: ConversationId, mail: Box<Mail>) {
        match self.registry.actors.entry(id) {
            Entry::Occupied(mailbox) => drop(mailbox.get().try_send(mail)),
            Entry::Vacant(place) => {
                let (sender, mailbox) = mpsc::channel(self.settings.mailbox_max);
                // A fresh box has room.
                let _ = sender.try_send(mail);
                place.insert(sender);
                tokio::spawn(actor::live(self.clone(), id, mailbox));
            }
        }
    }

    /// Lets an actor go if nothing is waiting for it.
    pub(crate) fn retire(&self, id: ConversationId, mailbox: &Receiver<Box<Mail>>) -> bool {
        self.registry.actors.remove_if(&id, |_, _| mailbox.is_empty()).is_some()
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

    /// Conversations that have an actor.
    pub(crate) fn ids(&self) -> Vec<ConversationId> {
        self.actors.iter().map(|entry| *entry.key()).collect()
    }
}
