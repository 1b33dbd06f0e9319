//! Sites, agents and what they sign in with: for administrators and for the first start.

use anyhow::{Context as _, Result, anyhow, bail};
use argon2::{Argon2, PasswordHasher as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use protocol::{AgentId, PersonId, SiteId};
use sha2::{Digest as _, Sha256};
use store::{AgentRecord, AgentRole, NewAgent, SignInCode, Site, Store, StoreError};
use uuid::Uuid;

/// How long a one-time code is good, in milliseconds.
const CODE_GOOD_FOR_MS: i64 = 15 * 60 * 1000;
/// Where the console is.
pub const CONSOLE: &str = "/dashboard/chat/inbox";
/// 32 characters that nobody mistakes for each other.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Who is to be added.
pub struct Person {
    pub email: String,
    pub name: String,
    pub role: AgentRole,
    pub password: Option<String>,
}

/// Adds a site; `domains` have been checked.
pub async fn add_site(store: &dyn Store, name: String, mut domains: Vec<String>) -> Result<SiteId> {
    let mut seen = std::collections::HashSet::new();
    domains.retain(|domain| seen.insert(domain.clone()));
    let id = SiteId(Uuid::new_v4());
    store.add_site(Site { id, name, domains }, now_ms()).await?;
    Ok(id)
}

/// Adds an agent.
pub async fn add_agent(store: &dyn Store, site: SiteId, person: Person) -> Result<AgentId> {
    if store.site(site).await?.is_none() {
        bail!("there is no site {site}; `frontdesk site add` adds one and prints its id");
    }
    let Person { email, name, role, password } = person;
    let password_hash = match password {
        Some(password) => Some(hash(password).await?),
        None => None,
    };
    let (id, alias) = (AgentId(Uuid::new_v4()), PersonId(Uuid::new_v4()));
    let agent = NewAgent { id, alias, site, email: email.clone(), name, role, password_hash };
    match store.add_agent(agent, now_ms()).await {
        Ok(added) => Ok(added.agent.id),
        Err(StoreError::Conflict(_)) => {
            bail!("the site has an agent with the e-mail {email} already")
        }
        Err(error) => Err(error.into()),
    }
}

/// The agent of a site with this e-mail.
pub async fn find_agent(store: &dyn Store, site: SiteId, email: String) -> Result<AgentRecord> {
    let found = store.agents_by_email(email.clone(), Some(site)).await?;
    found.into_iter().next().with_context(|| {
        format!("site {site} has no agent with the e-mail {email}; `frontdesk agent add` adds one")
    })
}

/// A link that signs the agent in once, within a quarter of an hour. The code is in the fragment,
/// which browsers do not send anywhere.
pub async fn sign_in_link(store: &dyn Store, base_url: &str, agent: AgentId) -> Result<String> {
    let code = BASE64.encode(rand::random::<[u8; 16]>());
    let digest = Sha256::digest(&code).into();
    let expires_at = now_ms().saturating_add(CODE_GOOD_FOR_MS);
    store.add_sign_in_code(SignInCode { digest, agent, expires_at }).await?;
    Ok(format!("{base_url}{CONSOLE}#code={code}"))
}

/// A password with 80 random bits that can be typed.
pub fn random_password() -> String {
    let letters = rand::random::<[u8; 16]>().map(|byte| LETTERS[usize::from(byte % 32)]);
    let groups: Vec<_> = letters.chunks(4).map(String::from_utf8_lossy).collect();
    groups.join("-")
}

/// The hash of a password in PHC form. Slow on purpose, so beside the runtime.
async fn hash(password: String) -> Result<String> {
    let hash =
        move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string());
    let hash = tokio::task::spawn_blocking(hash).await?;
    hash.map_err(|error| anyhow!("cannot hash the password: {error}"))
}

/// Unix milliseconds.
pub fn now_ms() -> i64 {
    hub::Clock::now_ms(&hub::SystemClock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_differ() {
        let (one, two) = (random_password(), random_password());
        assert_eq!(one.len(), 19);
        assert_ne!(one, two);
    }
}
