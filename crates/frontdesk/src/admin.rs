//! Commands beside a running server. What was asked for stands alone on standard output; what is said
//! to people goes to standard error.

use std::io::{Read as _, Write as _};

use anyhow::{Context as _, Result};
use gateway::Credentials;
use store::Store;
use tokio::runtime::Builder;

use crate::accounts::{self, Person};
use crate::arguments::{
    AgentAdd, AgentCommand, AgentLink, SiteAdd, SiteCommand, StoreArgs, TokenAgent, TokenCommand,
    Who,
};
use crate::check;
use crate::config::Judge;
use crate::home::{Home, Opened};

/// Bytes of standard input that are looked at for a password.
const STDIN_BYTES_MAX: u64 = 4096;

pub fn site(command: SiteCommand) -> Result<()> {
    let SiteCommand::Add(SiteAdd { name, domains, store }) = command;
    let mut judge = Judge::default();
    let home = Home::from_arguments(&store, &mut judge);
    let name = judge.take("NAME", &name, check::name(&name));
    let domains: Vec<_> = domains
        .iter()
        .filter_map(|text| judge.take("--domain", text, check::domain(text)))
        .collect();
    let (home, name) = judge.verdict(home.zip(name))?;
    let id = with_store(home, async |store| accounts::add_site(store, name, domains).await)?;
    print(&id.to_string())
}

pub fn agent(command: AgentCommand) -> Result<()> {
    match command {
        AgentCommand::Add(add) => agent_add(add),
        AgentCommand::Link(link) => agent_link(link),
    }
}

fn agent_add(add: AgentAdd) -> Result<()> {
    let AgentAdd { who, name, role, password_stdin, store } = add;
    let mut judge = Judge::default();
    let home = Home::from_arguments(&store, &mut judge);
    let (site, email) = judge_who(&who, &mut judge);
    let name = judge.take("--name", &name, check::name(&name));
    let password = password_stdin.then(|| read_password(&mut judge)).transpose()?;
    let good =
        home.zip(site).zip(email).zip(name).zip(password.map_or(Some(None), |p| p.map(Some)));
    let ((((home, site), email), name), password) = judge.verdict(good)?;
    let role = role.into();
    let has_password = password.is_some();
    let id = with_store(home, async |store| {
        let person = Person { email, name, role, password };
        accounts::add_agent(store, site, person).await
    })?;
    if !has_password {
        eprintln!(
            "No password was set. To sign in to the console: frontdesk agent link --site {site} --email {}\n\
             For a program: frontdesk token agent --site {site} --email {}",
            who.email, who.email
        );
    }
    print(&id.to_string())
}

fn agent_link(link: AgentLink) -> Result<()> {
    let AgentLink { who, base_url, store } = link;
    let mut judge = Judge::default();
    let base_url = judge.take("--base-url", &base_url, check::origin(&base_url));
    let (home, site, email) = judge_all(&store, &who, &mut judge);
    let good = home.zip(site).zip(email).zip(base_url);
    let (((home, site), email), base_url) = judge.verdict(good)?;
    let link = with_store(home, async |store| {
        let agent = accounts::find_agent(store, site, email).await?;
        accounts::sign_in_link(store, &base_url, agent.agent.id).await
    })?;
    eprintln!("Signs in once, within 15 minutes:");
    print(&link)
}

pub fn token(command: TokenCommand) -> Result<()> {
    let TokenCommand::Agent(TokenAgent { who, ttl, store }) = command;
    let mut judge = Judge::default();
    let ttl = judge.take("--ttl", &ttl, check::ttl(&ttl));
    let (home, site, email) = judge_all(&store, &who, &mut judge);
    let (((home, site), email), ttl) = judge.verdict(home.zip(site).zip(email).zip(ttl))?;
    let token = with_store(home, async |store| {
        let agent = accounts::find_agent(store, site, email).await?.agent.id;
        let credentials = Credentials::new(store.secret().await?);
        Ok(credentials.mint_agent(site, agent, accounts::now_ms(), ttl))
    })?;
    print(&token)
}

type Site = protocol::SiteId;

fn judge_all(
    store: &StoreArgs,
    who: &Who,
    judge: &mut Judge,
) -> (Option<Home>, Option<Site>, Option<String>) {
    let home = Home::from_arguments(store, judge);
    let (site, email) = judge_who(who, judge);
    (home, site, email)
}

fn judge_who(who: &Who, judge: &mut Judge) -> (Option<Site>, Option<String>) {
    let site = judge.take("--site", &who.site, check::site(&who.site));
    let email = judge.take("--email", &who.email, check::email(&who.email));
    (site, email)
}

/// The first line of standard input; never shown, not even when it is refused.
fn read_password(judge: &mut Judge) -> Result<Option<String>> {
    let mut input = Vec::new();
    std::io::stdin()
        .take(STDIN_BYTES_MAX)
        .read_to_end(&mut input)
        .context("cannot read the password from standard input")?;
    let line = input.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let judged = match std::str::from_utf8(line) {
        Ok(line) => check::password(line),
        Err(_) => Err("is not UTF-8".into()),
    };
    Ok(judge.take("--password-stdin", "…", judged))
}

/// Opens the store, does the work, and closes it again, so that everything is on disk before the exit.
fn with_store<T>(home: Home, work: impl AsyncFnOnce(&dyn Store) -> Result<T>) -> Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let Opened { store, closer, .. } = home.open_beside().await?;
        let outcome = work(&*store).await;
        closer.close().await;
        outcome
    })
}

/// One line, alone, for programs to read.
fn print(line: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .context("cannot write to standard output")
}
