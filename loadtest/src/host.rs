//! The server under test: started here on a temporary folder, or somewhere at a given address.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use client::Target;
use protocol::Codec;
use throwaway::{Server, ServerOptions};

use crate::arguments::Common;

const DOMAIN: &str = "shop.example";

/// Where the crowd goes, and as whom.
pub struct Host {
    pub ws_url: String,
    pub site: String,
    domain: String,
    /// One for each account; agents take them in turn.
    pub agent_tokens: Vec<String>,
    pub codec: Codec,
    /// The server's process, if it can be measured.
    pub pid: Option<u32>,
    /// Where the store is, as far as is known: whose disk is flushed to.
    pub data: PathBuf,
    pub described: String,
    pub runtime: tokio::runtime::Runtime,
    /// Ours, unless one was given; lives as long as we do, or as whoever takes it.
    pub server: Option<Server>,
}

impl Host {
    /// Starts a server with `accounts` agents, or takes the one that was given.
    pub fn ready(common: &Common, accounts: usize) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        match &common.url {
            Some(url) => Self::given(common, url, runtime),
            None => Self::started(common, accounts, runtime),
        }
    }

    /// A visitor's way in.
    pub fn visitor(&self) -> Target {
        Target::visitor(&self.ws_url, &self.site, &self.domain, self.codec)
    }

    /// An agent's way in.
    pub fn agent(&self) -> Target {
        Target::agent(&self.ws_url, self.codec)
    }

    /// The token of the `nth` agent.
    pub fn agent_token(&self, nth: usize) -> &str {
        &self.agent_tokens[nth % self.agent_tokens.len()]
    }

    fn given(common: &Common, url: &str, runtime: tokio::runtime::Runtime) -> Result<Self> {
        let site = common.site.clone().context("--url needs --site")?;
        ensure!(!common.agent_token.is_empty(), "--url needs at least one --agent-token");
        let authority = url.rsplit("//").next().unwrap_or_default().trim_end_matches('/');
        Ok(Self {
            ws_url: format!("ws://{authority}"),
            site,
            domain: common.domain.clone().unwrap_or_else(|| DOMAIN.into()),
            agent_tokens: common.agent_token.clone(),
            codec: common.codec.into(),
            pid: common.pid,
            data: std::env::temp_dir(),
            described: format!("the server at {authority}"),
            runtime,
            server: None,
        })
    }

    fn started(common: &Common, accounts: usize, runtime: tokio::runtime::Runtime) -> Result<Self> {
        let bin = binary()?;
        let options = ServerOptions { args: common.server_arg.clone(), ..ServerOptions::of(&bin) };
        let started = runtime.block_on(Server::try_start(options));
        let server =
            started.map_err(|words| anyhow::anyhow!("the server did not start: {words}"))?;
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
        Ok(Self {
            ws_url: server.ws_url.clone(),
            site,
            domain: DOMAIN.into(),
            agent_tokens,
            codec: common.codec.into(),
            pid: Some(server.pid),
            data: server.data().to_owned(),
            described: bin.display().to_string(),
            runtime,
            server: Some(server),
        })
    }
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
