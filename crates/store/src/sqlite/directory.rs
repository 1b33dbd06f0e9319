//! Sites and people.

use std::sync::Arc;

use conversation::Agent;
use protocol::{AgentId, PersonId, SiteId, VisitorId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::columns::{all, execute, first, json, uuid};
use super::error::Trouble;
use crate::{
    AgentRecord, AgentRole, Answer, Directory, NewAgent, SignInCode, Site, StoreError,
    VisitorRecord,
};

impl Directory for SqliteStore {
    fn secret(&self) -> Answer<'_, [u8; 32]> {
        let fresh: [u8; 32] = rand::random();
        self.writer.write(move |db| secret(db, &fresh))
    }

    fn sites(&self) -> Answer<'_, Vec<Site>> {
        let sites = "SELECT id, name, domains FROM sites ORDER BY created_at, number";
        self.readers.read(|db| all(db, sites, [], site))
    }

    fn site(&self, id: SiteId) -> Answer<'_, Option<Arc<Site>>> {
        let find = "SELECT id, name, domains FROM sites WHERE id = ?1";
        self.readers.read(move |db| Ok(all(db, find, [id.0.as_bytes()], site)?.pop().map(Arc::new)))
    }

    fn add_site(&self, site: Site, now: i64) -> Answer<'_, ()> {
        self.conflict_aware(move |db| add_site(db, &site, now))
    }

    fn add_agent(&self, agent: NewAgent, now: i64) -> Answer<'_, AgentRecord> {
        let record = agent.into_record();
        self.conflict_aware(move |db| add_agent(db, &record, now))
    }

    fn agent(&self, id: AgentId) -> Answer<'_, Option<Arc<AgentRecord>>> {
        let find = agents("WHERE id = ?1");
        self.readers
            .read(move |db| Ok(all(db, &find, [id.0.as_bytes()], agent)?.pop().map(Arc::new)))
    }

    fn agents_by_email(&self, email: String, site: Option<SiteId>) -> Answer<'_, Vec<AgentRecord>> {
        let find = agents("WHERE email = ?1 AND (?2 IS NULL OR site = ?2) ORDER BY number");
        let email = email.to_lowercase();
        self.readers.read(move |db| {
            all(db, &find, params![email, site.map(|site| *site.0.as_bytes())], agent)
        })
    }

    fn add_sign_in_code(&self, code: SignInCode) -> Answer<'_, ()> {
        let add =
            "INSERT OR REPLACE INTO sign_in_codes (digest, agent, expires_at) VALUES (?1, ?2, ?3)";
        self.writer.write(move |db| {
            execute(db, add, params![code.digest, code.agent.0.as_bytes(), code.expires_at])
                .map(drop)
        })
    }

    fn take_sign_in_code(&self, digest: [u8; 32], now: i64) -> Answer<'_, Option<AgentId>> {
        self.writer.write(move |db| take_sign_in_code(db, digest, now))
    }

    fn visitor(&self, id: VisitorId) -> Answer<'_, Option<VisitorRecord>> {
        self.readers.read(move |db| visitor(db, id))
    }

    fn put_visitor(&self, visitor: VisitorRecord) -> Answer<'_, ()> {
        self.writer.write(move |db| put_visitor(db, &visitor))
    }
}

impl SqliteStore {
    /// A write that may answer that it contradicts what is there.
    fn conflict_aware<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Connection) -> Result<Result<T, StoreError>, Trouble> + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(async move { self.writer.write(move |db| work(db)).await? })
    }
}

fn secret(db: &Connection, fresh: &[u8; 32]) -> Result<[u8; 32], Trouble> {
    let name = "tokens";
    let keep = "INSERT INTO secrets (name, secret) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    execute(db, keep, params![name, fresh])?;
    Ok(first(db, "SELECT secret FROM secrets WHERE name = ?1", [name])?.unwrap_or(*fresh))
}

pub(super) fn site(row: &Row<'_>) -> Result<Site, Trouble> {
    Ok(Site { id: SiteId(uuid(row, 0)?), name: row.get(1)?, domains: json(row, 2)? })
}

pub(super) fn add_site(
    db: &Connection,
    site: &Site,
    now: i64,
) -> Result<Result<(), StoreError>, Trouble> {
    let add = "INSERT INTO sites (id, name, domains, created_at) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO NOTHING";
    let domains = serde_json::to_string(&site.domains)?;
    let added = execute(db, add, params![site.id.0.as_bytes(), site.name, domains, now])?;
    Ok(if added == 1 { Ok(()) } else { Err(StoreError::site_is_there(site.id)) })
}

fn agents(which: &str) -> String {
    format!("SELECT id, alias, name, site, email, role, password_hash FROM agents {which}")
}

pub(super) fn agent(row: &Row<'_>) -> Result<AgentRecord, Trouble> {
    let name: String = row.get(2)?;
    let agent =
        Agent { id: AgentId(uuid(row, 0)?), alias: PersonId(uuid(row, 1)?), name: name.into() };
    let role = AgentRole::parse(row.get_ref(5)?.as_str()?).unwrap_or(AgentRole::Rep);
    let (site, email, password_hash) = (SiteId(uuid(row, 3)?), row.get(4)?, row.get(6)?);
    Ok(AgentRecord { agent, site, email, role, password_hash })
}

pub(super) fn add_agent(
    db: &Connection,
    record: &AgentRecord,
    now: i64,
) -> Result<Result<AgentRecord, StoreError>, Trouble> {
    let AgentRecord { agent, site, email, role, password_hash } = record;
    let there = |sql, id: &[u8; 16]| Ok::<_, Trouble>(first::<i64>(db, sql, [id])?.is_some());
    if !there("SELECT 1 FROM sites WHERE id = ?1", site.0.as_bytes())? {
        return Ok(Err(StoreError::no_such_site(*site)));
    }
    if there("SELECT 1 FROM agents WHERE id = ?1", agent.id.0.as_bytes())? {
        return Ok(Err(StoreError::agent_is_there(agent.id)));
    }
    let add = "INSERT INTO agents (id, alias, site, email, name, role, password_hash, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (email, site) DO NOTHING";
    let (id, alias, site) = (agent.id.0.as_bytes(), agent.alias.0.as_bytes(), site.0.as_bytes());
    let row = params![id, alias, site, email, agent.name, role.as_str(), password_hash, now];
    let added = execute(db, add, row)?;
    Ok(if added == 1 { Ok(record.clone()) } else { Err(StoreError::email_taken(email)) })
}

fn take_sign_in_code(
    db: &Connection,
    digest: [u8; 32],
    now: i64,
) -> Result<Option<AgentId>, Trouble> {
    execute(db, "DELETE FROM sign_in_codes WHERE expires_at <= ?1", [now])?;
    let take = "DELETE FROM sign_in_codes WHERE digest = ?1 RETURNING agent";
    Ok(all(db, take, [digest], |row| Ok(AgentId(uuid(row, 0)?)))?.pop())
}

pub(super) fn visitor(db: &Connection, id: VisitorId) -> Result<Option<VisitorRecord>, Trouble> {
    let find = "SELECT site, name, email, first_seen_at, id FROM visitors WHERE id = ?1";
    Ok(db.prepare_cached(find)?.query_row([id.0.as_bytes()], visitor_of).optional()?)
}

pub(super) fn visitor_of(row: &Row<'_>) -> rusqlite::Result<VisitorRecord> {
    let (site, name, email) = (SiteId(uuid(row, 0)?), row.get(1)?, row.get(2)?);
    let (first_seen_at, id) = (row.get(3)?, VisitorId(uuid(row, 4)?));
    Ok(VisitorRecord { id, site, name, email, first_seen_at })
}

pub(super) fn put_visitor(db: &Connection, record: &VisitorRecord) -> Result<(), Trouble> {
    let put = "INSERT OR REPLACE INTO visitors (id, site, name, email, first_seen_at)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    insert_visitor(db, put, record)
}

/// What a start knows of its visitor is added to what is known.
pub(super) fn put_visitor_at_start(db: &Connection, record: &VisitorRecord) -> Result<(), Trouble> {
    let put = "INSERT INTO visitors (id, site, name, email, first_seen_at)
               VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT DO UPDATE SET
                   name = ifnull(nullif(excluded.name, ''), name),
                   email = ifnull(excluded.email, email)";
    insert_visitor(db, put, record)
}

fn insert_visitor(db: &Connection, sql: &str, record: &VisitorRecord) -> Result<(), Trouble> {
    let VisitorRecord { id, site, name, email, first_seen_at } = record;
    let row = params![id.0.as_bytes(), site.0.as_bytes(), name, email, first_seen_at];
    execute(db, sql, row).map(drop)
}
