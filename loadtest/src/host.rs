//! The server under test: started here on a temporary folder, or somewhere at a given address.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use client::Target;
use protocol::Codec;
use throwaway::{Server, ServerOptions};

use crate::arguments::Common;
use crate::cluster::Cluster;
use crate::meter::Nodes;
use crate::spread::{Comes, Spread};

const DOMAIN: &str = "shop.example";

/// Where the crowd goes, and as whom.
pub struct Host {
    /// Of every node.
    pub ws_urls: Vec<String>,
    spread: Spread,
    pub site: String,
    domain: String,
    /// One for each account; agents take them in turn.
    pub agent_tokens: Vec<String>,
    pub codec: Codec,
    /// The server's processes, as far as they can be measured.
    pub nodes: Nodes,
    /// Where the store is, as far as is known: whose disk is flushed to.
    pub data: PathBuf,
    pub described: String,
    pub runtime: tokio::runtime::Runtime,
    /// Ours, unless one was given; lives as long as we do, or as whoever takes it.
    pub server: Option<Server>,
    /// The same for several nodes; they live as long as we do.
    _cluster: Option<Cluster>,
}

/// So many nodes of our own, and who comes to which.
pub struct Several {
    pub nodes: usize,
    pub spread: Spread,
}

impl Host {
    /// Starts a server with `accounts` agents, or takes the one that was given.
    pub fn ready(common: &Common, accounts: usize) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        match &common.url[..] {
            [] => Self::started(common, accounts, runtime),
            urls => Self::given(common, urls, runtime),
        }
    }

    /// A visitor's way in.
    pub fn visitor(&self) -> Target {
        Target::visitor(self.url(Comes::ToLookOn), &self.site, &self.domain, self.codec)
    }

    /// An agent's way in.
    pub fn agent(&self) -> Target {
        Target::agent(self.url(Comes::ToAct), self.codec)
    }

    /// The way in of an agent who only looks on.
    pub fn onlooker(&self) -> Target {
        Target::agent(self.url(Comes::ToLookOn), self.codec)
    }

    /// The site's own page, which its visitors come from.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    fn url(&self, comes: Comes) -> &str {
        &self.ws_urls[self.spread.next(self.ws_urls.len(), comes)]
    }

    /// The token of the `nth` agent.
    pub fn agent_token(&self, nth: usize) -> &str {
        &self.agent_tokens[nth % self.agent_tokens.len()]
    }

    fn given(common: &Common, urls: &[String], runtime: tokio::runtime::Runtime) -> Result<Self> {
        let site = common.site.clone().context("--url needs --site")?;
        ensure!(!common.agent_token.is_empty(), "--url needs at least one --agent-token");
        let authority = |url: &String| {
            url.rsplit("//").next().unwrap_or_default().trim_end_matches('/').to_owned()
        };
        let nodes: Vec<String> = urls.iter().map(authority).collect();
        Ok(Self {
            ws_urls: nodes.iter().map(|node| format!("ws://{node}")).collect(),
            spread: Spread::in_turn(),
            site,
            domain: common.domain.clone().unwrap_or_else(|| DOMAIN.into()),
            agent_tokens: common.agent_token.clone(),
            codec: common.codec.into(),
            nodes: Nodes::of(common.pid.clone()),
            data: std::env::temp_dir(),
            described: format!("the server at {}", nodes.join(" and ")),
            runtime,
            server: None,
            _cluster: None,
        })
    }

    fn started(common: &Common, accounts: usize, runtime: tokio::runtime::Runtime) -> Result<Self> {
        let bin = binary()?;
        let options = ServerOptions { args: common.server_arg.clone(), ..ServerOptions::of(&bin) };
        let started = runtime.block_on(Server::try_start(options));
        let server =
            started.map_err(|words| anyhow::anyhow!("the server did not start: {words}"))?;
        let (site, agent_tokens) = furnish(&server, accounts, &runtime);
        Ok(Self {
            ws_urls: vec![server.ws_url.clone()],
            spread: Spread::in_turn(),
            site,
            domain: DOMAIN.into(),
            agent_tokens,
            codec: common.codec.into(),
            nodes: Nodes::of(vec![server.pid]),
            data: server.data().to_owned(),
            described: bin.display().to_string(),
            runtime,
            server: Some(server),
            _cluster: None,
        })
    }

    /// Starts several nodes with a PostgreSQL and a Redis of their own.
    pub fn of_several(common: &Common, accounts: usize, several: Several) -> Result<Self> {
        ensure!(common.url.is_empty(), "--nodes starts nodes of our own, and --url names others");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let bin = binary()?;
        let cluster = Cluster::start(&bin, several.nodes, common, &runtime)?;
        let (site, agent_tokens) = furnish(&cluster.nodes[0], accounts, &runtime);
        Ok(Self {
            ws_urls: cluster.nodes.iter().map(|node| node.ws_url.clone()).collect(),
            spread: several.spread,
            site,
            domain: DOMAIN.into(),
            agent_tokens,
            codec: common.codec.into(),
            nodes: cluster.processes(),
            data: std::env::temp_dir(),
            described: format!("{} nodes of {}", several.nodes, bin.display()),
            runtime,
            server: None,
            _cluster: Some(cluster),
        })
    }
}

/// Makes a site with so many agents; its id, and their tokens.
fn furnish(
    server: &Server,
    accounts: usize,
    runtime: &tokio::runtime::Runtime,
) -> (String, Vec<String>) {
    let admin = |args: Vec<String>| runtime.block_on(server.admin(args));
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let site = admin(words(&format!("site add load --domain {DOMAIN}")));
    let agent_tokens = (0..accounts.max(1))
        .map(|nth| {
            let who = format!("--site {site} --email agent{nth}@example.com");
            admin(words(&format!("agent add {who} --name Agent{nth}")));
            admin(words(&format!("token agent {who}")))
        })
        .collect();
    (site, agent_tokens)
}

/// FRONTDESK_BIN, or the release build, which is made if it is not there.
fn binary() -> Result<PathBuf> {
    if let Some(bin) = std::env::var_os("FRONTDESK_BIN") {
        let bin = PathBuf::from(bin);
        ensure!(bin.is_file(), "FRONTDESK_BIN is {}, which is not there", bin.display());
        return Ok(bin);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let bin = target.join("release/frontdesk");
    if !bin.is_file() {
        eprintln!("no {}: building it", bin.display());
        let mut build = Command::new("cargo");
        build.args(["build", "--release", "-p", "frontdesk"]).current_dir(&root);
        if !build.status().context("cargo")?.success() {
            bail!("the server does not build; FRONTDESK_BIN names one that is built already");
        }
    }
    bin.canonicalize().with_context(|| bin.display().to_string())
}
