//! Whole sites, out of memory and into it.

use std::collections::BTreeMap;
use std::sync::Arc;

use conversation::{Committed, Conversation};
use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use protocol::{ConversationId, SiteId};

use super::directory::People;
use super::{Inner, Logged, MemoryStore};
use crate::{
    Answer, Counts, Incoming, Outgoing, Part, StoreError, Transfer, TransferError, VisitorRecord,
};

impl Transfer for MemoryStore {
    fn take_out(&self, site: SiteId) -> Answer<'_, Option<Outgoing>> {
        self.answer(|inner| {
            let Some(parts) = inner.parts(site) else { return Ok(None) };
            let mut counts = Counts::default();
            parts.iter().for_each(|part| counts.add(part));
            Ok(Some(Outgoing { counts, parts: stream::once(async { Ok(parts) }).boxed() }))
        })
    }

    fn bring_in(&self, parts: Incoming) -> BoxFuture<'_, Result<(), TransferError>> {
        let all = parts.try_concat();
        async move {
            let parts = all.await?;
            let mut inner = self.lock();
            inner.judge(&parts)?;
            inner.put(parts);
            Ok(())
        }
        .boxed()
    }
}

impl Inner {
    fn parts(&mut self, site: SiteId) -> Option<Vec<Part>> {
        let mut parts = self.directory.parts(site)?;
        let of_site = self.conversations.values().filter(|found| found.state.site == site);
        let mut conversations: Vec<&Logged> = of_site.collect();
        conversations.sort_by_key(|found| found.number);
        for Logged { state, events, .. } in conversations {
            parts.push(Part::Conversation(Box::new((**state).clone())));
            parts.extend(events.values().cloned().map(|event| Part::Event(Box::new(event))));
            let (first, last) = ((state.id, [0; 16]), (state.id, [0xff; 16]));
            let keys = self.keys.range(first..=last);
            parts.extend(
                keys.map(|((_, digest), answer)| Part::Key { digest: *digest, answer: *answer }),
            );
        }
        let (first, last) =
            ((ConversationId::NOWHERE, [0; 16]), (ConversationId::NOWHERE, [0xff; 16]));
        let starts = self.keys.range(first..=last).filter(|(_, answer)| {
            self.conversations.get(&answer.conversation).is_some_and(|of| of.state.site == site)
        });
        parts.extend(
            starts.map(|((_, digest), answer)| Part::Start { digest: *digest, answer: *answer }),
        );
        let bulks = self.bulks.iter().filter(|((author, _), _)| {
            self.directory.agents().any(|agent| agent.site == site && agent.agent.id.0 == author.0)
        });
        parts.extend(bulks.map(|((author, key), bulk)| Part::Bulk {
            author: *author,
            key: key.clone(),
            bulk: bulk.clone(),
        }));
        Some(parts)
    }

    /// Whether all of it can be put in.
    fn judge(&self, parts: &[Part]) -> Result<(), TransferError> {
        let people = &self.directory;
        for part in parts {
            match part {
                Part::Secret(secret) if people.has_another_secret(secret) => {
                    return Err(TransferError::OtherSecret);
                }
                Part::Site { site, .. } if people.site(site.id).is_some() => {
                    return Err(StoreError::site_is_there(site.id).into());
                }
                Part::Agent { agent, .. }
                    if people.agents().any(|a| a.agent.id == agent.agent.id) =>
                {
                    return Err(StoreError::agent_is_there(agent.agent.id).into());
                }
                Part::Visitor(visitor) if people.visitors.contains_key(&visitor.id) => {
                    return Err(StoreError::is_there("visitor", visitor.id).into());
                }
                Part::Conversation(state) if self.conversations.contains_key(&state.id) => {
                    return Err(StoreError::is_there("conversation", state.id).into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn put(&mut self, parts: Vec<Part>) {
        self.commits += 1;
        let mut current: Option<(Arc<Conversation>, BTreeMap<_, Committed>)> = None;
        for part in parts {
            match part {
                Part::Event(event) => {
                    if let Some((_, events)) = &mut current {
                        events.insert(event.seq, *event);
                    }
                }
                Part::Key { digest, answer } => {
                    let of = current.as_ref().map_or(answer.conversation, |(state, _)| state.id);
                    self.keys.insert((of, digest), answer);
                }
                Part::Conversation(state) => {
                    let before = current.replace((Arc::new(*state), BTreeMap::new()));
                    before.into_iter().for_each(|(state, events)| self.insert(state, events));
                }
                Part::Start { digest, answer } => {
                    self.keys.insert((ConversationId::NOWHERE, digest), answer);
                }
                Part::Bulk { author, key, bulk } => drop(self.bulks.insert((author, key), bulk)),
                part => self.directory.put(part),
            }
        }
        current.into_iter().for_each(|(state, events)| self.insert(state, events));
    }
}

impl People {
    fn parts(&mut self, site: SiteId) -> Option<Vec<Part>> {
        let (created_at, found) = self.sites.iter().find(|(_, found)| found.id == site)?;
        let (created_at, found) = (*created_at, (**found).clone());
        let secret = *self.secret.get_or_insert_with(rand::random);
        let mut parts = vec![Part::Secret(secret), Part::Site { site: found, created_at }];
        let agents = self.agents.iter().filter(|(_, agent)| agent.site == site);
        parts.extend(
            agents.map(|(at, agent)| Part::Agent { agent: (**agent).clone(), created_at: *at }),
        );
        let mut visitors: Vec<&VisitorRecord> =
            self.visitors.values().filter(|visitor| visitor.site == site).collect();
        visitors.sort_by_key(|visitor| visitor.id);
        parts.extend(visitors.into_iter().cloned().map(Part::Visitor));
        Some(parts)
    }

    fn has_another_secret(&self, secret: &[u8; 32]) -> bool {
        !self.sites.is_empty() && self.secret.is_some_and(|own| own != *secret)
    }

    fn put(&mut self, part: Part) {
        match part {
            Part::Secret(secret) => self.secret = Some(secret),
            Part::Site { site, created_at } => drop(self.add_site(site, created_at)),
            Part::Agent { agent, created_at } => drop(self.add_agent(agent, created_at)),
            Part::Visitor(visitor) => drop(self.visitors.insert(visitor.id, visitor)),
            _ => {}
        }
    }
}
