//! Sites and people.

use std::sync::Arc;

use conversation::Agent;
use futures::future::join_all;
use protocol::SiteId;
use uuid::Uuid;

use super::desk::{OTHER_SITE, SITE, agent, visitor};
use crate::{AgentRecord, AgentRole, NewAgent, SignInCode, Site, Store, StoreError, VisitorRecord};

fn site(id: SiteId, name: &str) -> Site {
    Site { id, name: name.into(), domains: vec!["shop.example".into(), "a.example".into()] }
}

fn new_agent(n: u128, site: SiteId, email: &str) -> NewAgent {
    let Agent { id, alias, name } = agent(n, "Ann");
    NewAgent {
        id,
        alias,
        site,
        email: email.into(),
        name: (*name).into(),
        role: AgentRole::Manager,
        password_hash: Some("$argon2id$…".into()),
    }
}

async fn with_two_sites(store: &Arc<dyn Store>) {
    store.add_site(site(SITE, "Shop"), 1000).await.unwrap();
    store.add_site(site(OTHER_SITE, "Bank"), 2000).await.unwrap();
}

fn ids(agents: &[AgentRecord]) -> Vec<u128> {
    agents.iter().map(|record| record.agent.id.0.as_u128()).collect()
}

pub async fn the_secret_is_made_once(store: Arc<dyn Store>) {
    let secrets = join_all((0..10).map(|_| store.secret())).await;
    let secrets: Vec<_> = secrets.into_iter().map(|secret| secret.unwrap()).collect();
    assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    assert_ne!(secrets[0], [0; 32]);
}

pub async fn sites_come_oldest_first(store: Arc<dyn Store>) {
    assert_eq!(store.sites().await.unwrap(), []);
    with_two_sites(&store).await;
    let third = site(SiteId(Uuid::from_u128(3)), "Oldest");
    store.add_site(third.clone(), 500).await.unwrap();
    let expected = [third, site(SITE, "Shop"), site(OTHER_SITE, "Bank")];
    assert_eq!(store.sites().await.unwrap(), expected);
    assert_eq!(store.site(SITE).await.unwrap().as_deref(), Some(&expected[1]));
    assert_eq!(store.site(SiteId::NOWHERE).await.unwrap(), None);
}

pub async fn a_site_is_added_once(store: Arc<dyn Store>) {
    with_two_sites(&store).await;
    let again = store.add_site(site(SITE, "Other"), 3000).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    assert_eq!(store.site(SITE).await.unwrap().unwrap().name, "Shop");
}

pub async fn an_email_is_one_agents_on_its_site(store: Arc<dyn Store>) {
    with_two_sites(&store).await;
    store.add_agent(new_agent(1, SITE, "Ann@Example.com"), 1).await.unwrap();
    store.add_agent(new_agent(2, OTHER_SITE, "ann@example.com"), 2).await.unwrap();
    let racing = (3..=10).map(|n| store.add_agent(new_agent(n, SITE, "ANN@example.com"), 3));
    for refused in join_all(racing).await {
        assert!(matches!(refused, Err(StoreError::Conflict(_))));
    }
    let agents = store.agents_by_email("ann@EXAMPLE.com".into(), None).await.unwrap();
    assert_eq!(ids(&agents), [1, 2]);
}

pub async fn an_agent_needs_a_site(store: Arc<dyn Store>) {
    let refused = store.add_agent(new_agent(1, SITE, "ann@example.com"), 1).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    assert!(store.agent(agent(1, "").id).await.unwrap().is_none());
}

pub async fn agents_are_found_by_id_and_email(store: Arc<dyn Store>) {
    with_two_sites(&store).await;
    let added = store.add_agent(new_agent(1, SITE, "Ann.Ü@Example.com"), 1).await.unwrap();
    store.add_agent(new_agent(2, OTHER_SITE, "ann.ü@example.com"), 2).await.unwrap();
    assert_eq!(added.email, "ann.ü@example.com");
    let found = store.agent(added.agent.id).await.unwrap().unwrap();
    assert_eq!(found.agent, agent(1, "Ann"));
    assert_eq!((found.site, found.role), (SITE, AgentRole::Manager));
    assert_eq!(found.email, added.email);
    assert_eq!(found.password_hash.as_deref(), Some("$argon2id$…"));
    let by_email = |site| store.agents_by_email("ANN.Ü@example.com".into(), site);
    assert_eq!(ids(&by_email(None).await.unwrap()), [1, 2]);
    assert_eq!(ids(&by_email(Some(OTHER_SITE)).await.unwrap()), [2]);
    assert!(by_email(Some(SiteId::NOWHERE)).await.unwrap().is_empty());
    assert!(store.agents_by_email("ann".into(), None).await.unwrap().is_empty());
}

pub async fn a_sign_in_code_is_taken_once(store: Arc<dyn Store>) {
    let ann = agent(1, "Ann").id;
    let code = |digest, agent| SignInCode { digest, agent, expires_at: 1000 };
    store.add_sign_in_code(code([7; 32], ann)).await.unwrap();
    store.add_sign_in_code(code([8; 32], agent(2, "Bob").id)).await.unwrap();
    let takers = join_all((0..50).map(|_| store.take_sign_in_code([7; 32], 500))).await;
    let taken: Vec<_> = takers.into_iter().filter_map(|taken| taken.unwrap()).collect();
    assert_eq!(taken, [ann]);
    assert_eq!(store.take_sign_in_code([9; 32], 500).await.unwrap(), None);
    assert_eq!(store.take_sign_in_code([8; 32], 500).await.unwrap(), Some(agent(2, "").id));
}

pub async fn a_sign_in_code_expires(store: Arc<dyn Store>) {
    let ann = agent(1, "Ann").id;
    for (n, expires_at) in [(1, 1000), (2, 1001)] {
        let code = SignInCode { digest: [n; 32], agent: ann, expires_at };
        store.add_sign_in_code(code).await.unwrap();
    }
    assert_eq!(store.take_sign_in_code([1; 32], 1000).await.unwrap(), None);
    assert_eq!(store.take_sign_in_code([2; 32], 1000).await.unwrap(), Some(ann));
}

pub async fn a_visitor_is_replaced(store: Arc<dyn Store>) {
    let id = visitor(5, "").id;
    assert_eq!(store.visitor(id).await.unwrap(), None);
    let known =
        VisitorRecord { id, site: SITE, name: "Vera".into(), email: None, first_seen_at: 10 };
    store.put_visitor(known.clone()).await.unwrap();
    assert_eq!(store.visitor(id).await.unwrap().as_ref(), Some(&known));
    let email = Some("vera@example.com".to_owned());
    let known = VisitorRecord { email, name: String::new(), first_seen_at: 20, ..known };
    store.put_visitor(known.clone()).await.unwrap();
    assert_eq!(store.visitor(id).await.unwrap(), Some(known));
}
