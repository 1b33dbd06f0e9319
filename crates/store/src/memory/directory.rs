//! Sites and people, in memory.

use std::collections::HashMap;
use std::sync::Arc;

use conversation::Agent;
use protocol::{AgentId, SiteId, VisitorId};

use super::MemoryStore;
use crate::{
    AgentRecord, Answer, Directory, NewAgent, SignInCode, Site, StoreError, VisitorRecord,
};

#[derive(Default)]
pub(super) struct People {
    pub(super) secret: Option<[u8; 32]>,
    /// Oldest first.
    pub(super) sites: Vec<(i64, Arc<Site>)>,
    /// With the times they were added.
    pub(super) agents: Vec<(i64, Arc<AgentRecord>)>,
    codes: HashMap<[u8; 32], SignInCode>,
    pub(super) visitors: HashMap<VisitorId, VisitorRecord>,
}

impl Directory for MemoryStore {
    fn secret(&self) -> Answer<'_, [u8; 32]> {
        self.answer(|inner| Ok(*inner.directory.secret.get_or_insert_with(rand::random)))
    }

    fn sites(&self) -> Answer<'_, Vec<Site>> {
        self.answer(|inner| {
            Ok(inner.directory.sites.iter().map(|(_, site)| (**site).clone()).collect())
        })
    }

    fn site(&self, id: SiteId) -> Answer<'_, Option<Arc<Site>>> {
        self.answer(|inner| Ok(inner.directory.site(id)))
    }

    fn add_site(&self, site: Site, now: i64) -> Answer<'_, ()> {
        self.answer(|inner| inner.directory.add_site(site, now))
    }

    fn add_agent(&self, agent: NewAgent, now: i64) -> Answer<'_, AgentRecord> {
        self.answer(|inner| inner.directory.add_agent(agent.into_record(), now))
    }

    fn agent(&self, id: AgentId) -> Answer<'_, Option<Arc<AgentRecord>>> {
        self.answer(|inner| {
            Ok(inner.directory.agents().find(|record| record.agent.id == id).cloned())
        })
    }

    fn agents_by_email(&self, email: String, site: Option<SiteId>) -> Answer<'_, Vec<AgentRecord>> {
        self.answer(|inner| {
            let email = email.to_lowercase();
            let agents = inner.directory.agents();
            let here = agents.filter(|agent| site.is_none_or(|site| agent.site == site));
            let named = here.filter(|agent| agent.email == email);
            Ok(named.map(|agent| (**agent).clone()).collect())
        })
    }

    fn add_sign_in_code(&self, code: SignInCode) -> Answer<'_, ()> {
        self.answer(|inner| {
            inner.directory.codes.insert(code.digest, code);
            Ok(())
        })
    }

    fn take_sign_in_code(&self, digest: [u8; 32], now: i64) -> Answer<'_, Option<AgentId>> {
        self.answer(|inner| {
            let codes = &mut inner.directory.codes;
            codes.retain(|_, code| now < code.expires_at);
            Ok(codes.remove(&digest).map(|code| code.agent))
        })
    }

    fn visitor(&self, id: VisitorId) -> Answer<'_, Option<VisitorRecord>> {
        self.answer(|inner| Ok(inner.directory.visitors.get(&id).cloned()))
    }

    fn put_visitor(&self, visitor: VisitorRecord) -> Answer<'_, ()> {
        self.answer(|inner| {
            inner.directory.visitors.insert(visitor.id, visitor);
            Ok(())
        })
    }
}

impl People {
    /// What a start knows of its visitor is added to what is known.
    pub(super) fn put_visitor(&mut self, record: VisitorRecord) {
        let known = self.visitors.entry(record.id).or_insert_with(|| record.clone());
        if !record.name.is_empty() {
            known.name = record.name;
        }
        if record.email.is_some() {
            known.email = record.email;
        }
    }

    pub(super) fn site(&self, id: SiteId) -> Option<Arc<Site>> {
        self.sites.iter().find(|(_, site)| site.id == id).map(|(_, site)| site.clone())
    }

    pub(super) fn add_site(&mut self, site: Site, now: i64) -> Result<(), StoreError> {
        if self.site(site.id).is_some() {
            return Err(StoreError::site_is_there(site.id));
        }
        let place = self.sites.partition_point(|(at, _)| *at <= now);
        self.sites.insert(place, (now, Arc::new(site)));
        Ok(())
    }

    pub(super) fn agents(&self) -> impl Iterator<Item = &Arc<AgentRecord>> {
        self.agents.iter().map(|(_, agent)| agent)
    }

    pub(super) fn add_agent(
        &mut self,
        record: AgentRecord,
        now: i64,
    ) -> Result<AgentRecord, StoreError> {
        if self.site(record.site).is_none() {
            return Err(StoreError::no_such_site(record.site));
        }
        if self.agents().any(|agent| agent.agent.id == record.agent.id) {
            return Err(StoreError::agent_is_there(record.agent.id));
        }
        if self.agents().any(|agent| agent.site == record.site && agent.email == record.email) {
            return Err(StoreError::email_taken(&record.email));
        }
        self.agents.push((now, Arc::new(record.clone())));
        Ok(record)
    }
}

impl NewAgent {
    /// The agent as it will be remembered.
    pub(crate) fn into_record(self) -> AgentRecord {
        let agent = Agent { id: self.id, alias: self.alias, name: self.name.into() };
        let email = self.email.to_lowercase();
        let (site, role, password_hash) = (self.site, self.role, self.password_hash);
        AgentRecord { agent, site, email, role, password_hash }
    }
}
