//! What people read first: where to click, and on the very first start somebody to be.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Result;
use protocol::SiteId;
use sha2::{Digest as _, Sha256};
use store::{AgentRole, Site, Store, StoreError};
use uuid::Builder;

use crate::accounts::{self, CONSOLE, Person};

const DEMO_SITE: &str = "Fernweh Outdoor";
const DEMO_DOMAINS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
const DEMO_AGENTS: [(&str, &str, AgentRole); 2] =
    [("Ada", "ada@demo.example", AgentRole::Admin), ("Ben", "ben@demo.example", AgentRole::Rep)];

/// Says where to click. On a store without sites that only this machine can reach it first adds a demo
/// site with two agents, whose passwords and links are shown this once.
pub async fn people(store: &dyn Store, listening: SocketAddr) -> Result<()> {
    let base_url = base_url(listening);
    let is_empty = store.sites().await?.is_empty();
    if is_empty && !listening.ip().is_loopback() {
        eprintln!(
            "There is no site yet. Add one: frontdesk site add NAME --domain HOST\n\
             The inbox: {base_url}{CONSOLE}"
        );
        return Ok(());
    }
    match if is_empty { add_demo(store, &base_url).await? } else { None } {
        Some(lines) => eprint!("{}", boxed(&lines)),
        None => eprintln!("The inbox: {base_url}{CONSOLE}\nA demo page: {base_url}/demo"),
    }
    Ok(())
}

/// Where a browser on this machine finds a server that listens there.
fn base_url(listening: SocketAddr) -> String {
    let mut address = listening;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

/// Adds the site and its agents, and answers what to show; nothing, if another node that started at the
/// same time was first.
async fn add_demo(store: &dyn Store, base_url: &str) -> Result<Option<Vec<String>>> {
    let site = demo_id(&store.secret().await?);
    let domains = DEMO_DOMAINS.map(str::to_owned).to_vec();
    let demo = Site { id: site, name: DEMO_SITE.to_owned(), domains };
    match store.add_site(demo, accounts::now_ms()).await {
        Err(StoreError::Conflict(_)) => return Ok(None),
        added => added?,
    }
    let mut lines = vec![
        "Frontdesk is ready to be tried. This is shown once, so keep the passwords.".to_owned(),
        String::new(),
        format!("Be the visitor:  {base_url}/demo"),
        format!("Be the agent:    {base_url}{CONSOLE}"),
    ];
    let [ada, ben] = DEMO_AGENTS.map(|agent| add_demo_agent(store, base_url, site, agent));
    let (ada, ben) = tokio::try_join!(ada, ben)?;
    lines.extend(ada.into_iter().chain(ben));
    lines.extend([String::new(), "A link signs in once, within 15 minutes.".to_owned()]);
    Ok(Some(lines))
}

/// The same for all nodes of one store, and different everywhere else.
fn demo_id(secret: &[u8; 32]) -> SiteId {
    let digest = Sha256::new().chain_update("the demo site of ").chain_update(secret).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    SiteId(Builder::from_random_bytes(bytes).into_uuid())
}

async fn add_demo_agent(
    store: &dyn Store,
    base_url: &str,
    site: SiteId,
    (name, email, role): (&str, &str, AgentRole),
) -> Result<[String; 3]> {
    let password = accounts::random_password();
    let (email, name) = (email.to_owned(), name.to_owned());
    let shown = format!("{name}  {email}  password {password}");
    let person = Person { email, name, role, password: Some(password) };
    let id = accounts::add_agent(store, site, person).await?;
    let link = accounts::sign_in_link(store, base_url, id).await?;
    Ok([String::new(), shown, format!("     {link}")])
}

fn boxed(lines: &[String]) -> String {
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let rule = "─".repeat(width + 2);
    let inside: String = lines.iter().map(|line| format!("│ {line:<width$} │\n")).collect();
    format!("┌{rule}┐\n{inside}└{rule}┘\n")
}

#[cfg(test)]
mod tests {
    use store::{Directory as _, MemoryStore};

    use super::*;

    #[tokio::test]
    async fn of_two_nodes_that_find_nothing_one_makes_the_demo() {
        let store = MemoryStore::new();
        let first = add_demo(&store, "http://127.0.0.1:1").await.unwrap();
        assert!(first.unwrap().iter().any(|line| line.contains("ada@demo.example")));
        assert_eq!(add_demo(&store, "http://127.0.0.1:2").await.unwrap(), None);
        assert_eq!(store.sites().await.unwrap().len(), 1);
    }

    #[test]
    fn a_box_is_as_wide_as_its_longest_line() {
        let lines = ["a".to_owned(), "bcd".to_owned()];
        assert_eq!(boxed(&lines), "┌─────┐\n│ a   │\n│ bcd │\n└─────┘\n");
    }

    #[test]
    fn a_server_that_listens_everywhere_is_found_here() {
        assert_eq!(base_url("0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80");
        assert_eq!(base_url("[::]:80".parse().unwrap()), "http://[::1]:80");
        assert_eq!(base_url("10.0.0.1:80".parse().unwrap()), "http://10.0.0.1:80");
    }
}
