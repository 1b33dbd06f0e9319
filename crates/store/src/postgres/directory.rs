//! Sites and people.

use std::sync::Arc;

use conversation::Agent;
use futures::FutureExt as _;
use protocol::{AgentId, PersonId, SiteId, VisitorId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::PostgresStore;
use super::columns::{column, json, text, text_or_none};
use super::error::Trouble;
use super::pool::Database;
use crate::{
    AgentRecord, AgentRole, Answer, Directory, NewAgent, SignInCode, Site, StoreError,
    VisitorRecord,
};

impl Directory for PostgresStore {
    fn secret(&self) -> Answer<'_, [u8; 32]> {
        let fresh: [u8; 32] = rand::random();
        self.pool.ask(move |db| secret(db, fresh).boxed())
    }

    fn sites(&self) -> Answer<'_, Vec<Site>> {
        self.pool.ask(|db| sites(db).boxed())
    }

    fn site(&self, id: SiteId) -> Answer<'_, Option<Arc<Site>>> {
        self.pool.ask(move |db| find_site(db, id).boxed())
    }

    fn add_site(&self, site: Site, now: i64) -> Answer<'_, ()> {
        let site = Arc::new(site);
        conflict_aware(self.pool.ask_one_time(move |db| add_site(db, site.clone(), now).boxed()))
    }

    fn add_agent(&self, agent: NewAgent, now: i64) -> Answer<'_, AgentRecord> {
        let record = Arc::new(agent.into_record());
        conflict_aware(self.pool.ask_one_time(move |db| add_agent(db, record.clone(), now).boxed()))
    }

    fn agent(&self, id: AgentId) -> Answer<'_, Option<Arc<AgentRecord>>> {
        self.pool.ask(move |db| find_agent(db, id).boxed())
    }

    fn agents_by_email(&self, email: String, site: Option<SiteId>) -> Answer<'_, Vec<AgentRecord>> {
        let email: Arc<str> = email.to_lowercase().into();
        self.pool.ask(move |db| agents_by_email(db, email.clone(), site).boxed())
    }

    fn add_sign_in_code(&self, code: SignInCode) -> Answer<'_, ()> {
        let SignInCode { digest, agent, expires_at } = code;
        self.pool.ask(move |db| add_sign_in_code(db, digest, agent, expires_at).boxed())
    }

    fn take_sign_in_code(&self, digest: [u8; 32], now: i64) -> Answer<'_, Option<AgentId>> {
        self.pool.ask_one_time(move |db| take_sign_in_code(db, digest, now).boxed())
    }

    fn visitor(&self, id: VisitorId) -> Answer<'_, Option<VisitorRecord>> {
        self.pool.ask(move |db| visitor(db, id).boxed())
    }

    fn put_visitor(&self, visitor: VisitorRecord) -> Answer<'_, ()> {
        let visitor = Arc::new(visitor);
        self.pool.ask(move |db| put_visitor(db, visitor.clone()).boxed())
    }
}

/// A write that may answer that it contradicts what is there.
fn conflict_aware<'a, T: Send + 'a>(asked: Answer<'a, Result<T, StoreError>>) -> Answer<'a, T> {
    Box::pin(async move { asked.await? })
}

async fn secret(db: &Database, fresh: [u8; 32]) -> Result<[u8; 32], Trouble> {
    let keep = "INSERT INTO secrets (name, secret) VALUES ('tokens', $1) ON CONFLICT DO NOTHING";
    db.execute(&db.prepare_cached(keep).await?, &[&fresh.as_slice()]).await?;
    let find = "SELECT secret FROM secrets WHERE name = 'tokens'";
    let row = db.query_one(&db.prepare_cached(find).await?, &[]).await?;
    let secret: &[u8] = column(&row, 0)?;
    secret.try_into().map_err(|_| Trouble::Refused("the secret has not 32 bytes".into()))
}

async fn sites(db: &Database) -> Result<Vec<Site>, Trouble> {
    let all = "SELECT id, name, domains FROM sites ORDER BY created_at, number";
    db.query(&db.prepare_cached(all).await?, &[]).await?.iter().map(site).collect()
}

async fn find_site(db: &Database, id: SiteId) -> Result<Option<Arc<Site>>, Trouble> {
    let find = "SELECT id, name, domains FROM sites WHERE id = $1";
    let row = db.query_opt(&db.prepare_cached(find).await?, &[&id.0]).await?;
    row.map(|row| site(&row).map(Arc::new)).transpose()
}

fn site(row: &Row) -> Result<Site, Trouble> {
    Ok(Site { id: SiteId(column(row, 0)?), name: text(row, 1)?, domains: json(row, 2)? })
}

async fn add_site(
    db: &Database,
    site: Arc<Site>,
    now: i64,
) -> Result<Result<(), StoreError>, Trouble> {
    let add = "INSERT INTO sites (id, name, domains, created_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT DO NOTHING";
    let domains = serde_json::to_string(&site.domains)?;
    let add = db.prepare_cached(add).await?;
    let added = db.execute(&add, &[&site.id.0, &site.name.as_bytes(), &domains, &now]).await?;
    Ok(if added == 1 { Ok(()) } else { Err(StoreError::site_is_there(site.id)) })
}

const AGENTS: &str = "SELECT id, alias, name, site, email, role, password_hash FROM agents";

fn agent(row: &Row) -> Result<AgentRecord, Trouble> {
    let (id, alias) = (AgentId(column(row, 0)?), PersonId(column(row, 1)?));
    let agent = Agent { id, alias, name: text(row, 2)?.into() };
    let role = AgentRole::parse(column(row, 5)?).unwrap_or(AgentRole::Rep);
    let (site, email, password_hash) = (SiteId(column(row, 3)?), text(row, 4)?, column(row, 6)?);
    Ok(AgentRecord { agent, site, email, role, password_hash })
}

async fn find_agent(db: &Database, id: AgentId) -> Result<Option<Arc<AgentRecord>>, Trouble> {
    let find = db.prepare_cached(&format!("{AGENTS} WHERE id = $1")).await?;
    let row = db.query_opt(&find, &[&id.0]).await?;
    row.map(|row| agent(&row).map(Arc::new)).transpose()
}

async fn agents_by_email(
    db: &Database,
    email: Arc<str>,
    site: Option<SiteId>,
) -> Result<Vec<AgentRecord>, Trouble> {
    let which = "WHERE email = $1 AND ($2::uuid IS NULL OR site = $2) ORDER BY number";
    let find = db.prepare_cached(&format!("{AGENTS} {which}")).await?;
    let site: Option<Uuid> = site.map(|site| site.0);
    db.query(&find, &[&email.as_bytes(), &site]).await?.iter().map(agent).collect()
}

async fn add_agent(
    db: &Database,
    record: Arc<AgentRecord>,
    now: i64,
) -> Result<Result<AgentRecord, StoreError>, Trouble> {
    let AgentRecord { agent, site, email, role, password_hash } = &*record;
    if find_site(db, *site).await?.is_none() {
        return Ok(Err(StoreError::no_such_site(*site)));
    }
    if find_agent(db, agent.id).await?.is_some() {
        return Ok(Err(StoreError::agent_is_there(agent.id)));
    }
    let add = "INSERT INTO agents (id, alias, site, email, name, role, password_hash, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    let add = db.prepare_cached(add).await?;
    let (email_bytes, name) = (email.as_bytes(), agent.name.as_bytes());
    let (id, alias, role) = (&agent.id.0, &agent.alias.0, role.as_str());
    let added = db
        .execute(&add, &[id, alias, &site.0, &email_bytes, &name, &role, password_hash, &now])
        .await?;
    Ok(if added == 1 { Ok((*record).clone()) } else { Err(StoreError::email_taken(email)) })
}

async fn add_sign_in_code(
    db: &Database,
    digest: [u8; 32],
    agent: AgentId,
    expires_at: i64,
) -> Result<(), Trouble> {
    let add = "INSERT INTO sign_in_codes (digest, agent, expires_at) VALUES ($1, $2, $3)
               ON CONFLICT (digest) DO UPDATE
               SET agent = excluded.agent, expires_at = excluded.expires_at";
    let add = db.prepare_cached(add).await?;
    db.execute(&add, &[&digest.as_slice(), &agent.0, &expires_at]).await?;
    Ok(())
}

async fn take_sign_in_code(
    db: &Database,
    digest: [u8; 32],
    now: i64,
) -> Result<Option<AgentId>, Trouble> {
    let take = "WITH expired AS (DELETE FROM sign_in_codes WHERE expires_at <= $2)
                DELETE FROM sign_in_codes WHERE digest = $1 AND expires_at > $2 RETURNING agent";
    let take = db.prepare_cached(take).await?;
    let row = db.query_opt(&take, &[&digest.as_slice(), &now]).await?;
    row.map(|row| column(&row, 0).map(AgentId)).transpose()
}

async fn visitor(db: &Database, id: VisitorId) -> Result<Option<VisitorRecord>, Trouble> {
    let find = "SELECT site, name, email, first_seen_at FROM visitors WHERE id = $1";
    let row = db.query_opt(&db.prepare_cached(find).await?, &[&id.0]).await?;
    let read = |row: Row| {
        let (site, name, email) =
            (SiteId(column(&row, 0)?), text(&row, 1)?, text_or_none(&row, 2)?);
        Ok(VisitorRecord { id, site, name, email, first_seen_at: column(&row, 3)? })
    };
    row.map(read).transpose()
}

async fn put_visitor(db: &Database, record: Arc<VisitorRecord>) -> Result<(), Trouble> {
    let put =
        "INSERT INTO visitors (id, site, name, email, first_seen_at) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (id) DO UPDATE SET site = excluded.site, name = excluded.name,
                   email = excluded.email, first_seen_at = excluded.first_seen_at";
    let VisitorRecord { id, site, name, email, first_seen_at } = &*record;
    let (name, email) = (name.as_bytes(), email.as_deref().map(str::as_bytes));
    let put = db.prepare_cached(put).await?;
    db.execute(&put, &[&id.0, &site.0, &name, &email, first_seen_at]).await?;
    Ok(())
}
