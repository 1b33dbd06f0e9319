//! A tenant of its own for each test, with visitors and agents.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use client::{Agent, Target, Visitor};
use protocol::{Codec, ConversationId};
use throwaway::{Server, ServerOptions};
use tokio::sync::OnceCell;

use crate::cluster::Cluster;
use crate::{Expect as _, binary, key};

/// Where the widgets of every site stand.
pub const DOMAIN: &str = "shop.example";
/// An origin that the shared server takes for a console.
pub const CONSOLE_ORIGIN: &str = "https://console.example";

/// One server for all tests of a program that do not need one of their own.
pub async fn shared_server() -> &'static Server {
    static SHARED: OnceCell<Server> = OnceCell::const_new();
    SHARED.get_or_init(|| Server::start(options())).await
}

/// How a server of ours is started.
pub fn options() -> ServerOptions {
    ServerOptions::of(binary::frontdesk()).arg("--console-origin").arg(CONSOLE_ORIGIN)
}

/// The administrative side of one store.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The flag that names it, and its value.
    store: [OsString; 2],
}

/// A tenant.
#[derive(Clone, Debug)]
pub struct Site {
    pub desk: Desk,
    /// `ws://HOST:PORT`.
    pub ws_url: String,
    /// `http://HOST:PORT`.
    pub base_url: String,
    pub id: String,
    /// `HOST:PORT` of all nodes that serve it, where there are several; each client goes to any.
    pub nodes: Vec<String>,
    /// Kept for as long as the site is used.
    _cluster: Option<Arc<Cluster>>,
}

/// Where a story takes place.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// One node with everything in its folder.
    OneNode,
    /// Three nodes on one database, joined through Redis; each client comes to any of them.
    ThreeNodes,
}

/// An agent's account.
#[derive(Clone, Debug)]
pub struct Account {
    pub name: String,
    pub email: String,
    pub token: String,
}

impl Desk {
    /// Of the store in this folder.
    pub fn at(data: &Path) -> Self {
        Self { store: ["--data".into(), data.into()] }
    }

    /// Of this database.
    pub fn of_database(url: &str) -> Self {
        Self { store: ["--database-url".into(), url.into()] }
    }

    /// Runs an administrative command; its output, trimmed.
    pub async fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> String {
        self.run_with_input(args, "").await
    }

    /// The same with something to read.
    pub async fn run_with_input<S: AsRef<OsStr>>(&self, args: &[S], input: &str) -> String {
        let output = self.try_run(args, input).await;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{errors}", output.status);
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// The same, whatever its outcome.
    pub async fn try_run<S: AsRef<OsStr>>(&self, args: &[S], input: &str) -> Output {
        let mut command = Command::new(binary::frontdesk());
        command.args(args).args(&self.store);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        let run = move || {
            let mut child = command.spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                // It may end without reading it.
                let _ = stdin.write_all(input.as_bytes());
            }
            child.wait_with_output()
        };
        let output = tokio::task::spawn_blocking(run).await.expect("waiting does not panic");
        output.expect("the binary can be started")
    }
}

impl Place {
    /// A new site there, on nodes that the tests of a program share.
    pub async fn site(self) -> Site {
        match self {
            Place::OneNode => Site::new().await,
            Place::ThreeNodes => {
                let cluster = Cluster::shared().await;
                let site = cluster.site().await;
                Site { _cluster: Some(cluster), ..site }
            }
        }
    }
}

impl Site {
    /// A new one on the shared server.
    pub async fn new() -> Self {
        Self::of(shared_server().await).await
    }

    /// A new one on this server.
    pub async fn of(server: &Server) -> Self {
        Self::at(Desk::at(server.data()), server).await
    }

    /// A new one on these nodes, which share what the desk administers.
    pub async fn on(desk: Desk, nodes: &[&Server]) -> Self {
        let site = Self::at(desk, nodes[0]).await;
        Self { nodes: nodes.iter().map(|node| node.address().to_owned()).collect(), ..site }
    }

    async fn at(desk: Desk, server: &Server) -> Self {
        let id = desk.run(&["site", "add", "A shop", "--domain", DOMAIN]).await;
        let (ws_url, base_url) = (server.ws_url.clone(), server.base_url.clone());
        Self { desk, ws_url, base_url, id, nodes: Vec::new(), _cluster: None }
    }

    /// The same after it has moved to this server.
    #[must_use]
    pub fn moved_to(&self, server: &Server) -> Self {
        let (ws_url, base_url) = (server.ws_url.clone(), server.base_url.clone());
        Self { desk: Desk::at(server.data()), ws_url, base_url, nodes: Vec::new(), ..self.clone() }
    }

    /// The same for those who come to one node only.
    #[must_use]
    pub fn at_node(&self, number: usize) -> Self {
        self.at_nodes(&[number])
    }

    /// The same for those who come to these nodes only.
    #[must_use]
    pub fn at_nodes(&self, numbers: &[usize]) -> Self {
        let nodes: Vec<String> = numbers.iter().map(|number| self.nodes[*number].clone()).collect();
        let (ws_url, base_url) = (format!("ws://{}", nodes[0]), format!("http://{}", nodes[0]));
        Self { nodes, ws_url, base_url, ..self.clone() }
    }

    /// Where its visitors connect.
    pub fn for_visitors(&self, codec: Codec) -> Target {
        Target::visitor(&self.ws_url, &self.id, DOMAIN, codec).at_any(self.nodes.clone())
    }

    /// Where its agents connect.
    pub fn for_agents(&self, codec: Codec) -> Target {
        Target::agent(&self.ws_url, codec).at_any(self.nodes.clone())
    }

    /// A new visitor.
    pub async fn visitor(&self, codec: Codec) -> Visitor {
        Visitor::enter(&self.for_visitors(codec)).await.expect("a visitor gets in")
    }

    /// A new visitor who says who it is.
    pub async fn visitor_named(&self, name: &str, email: &str) -> Visitor {
        let target = self.for_visitors(Codec::Json);
        Visitor::enter_named(&target, Some((name, email))).await.expect("a visitor gets in")
    }

    /// The same visitor on one more socket.
    pub async fn visitor_again(&self, visitor: &Visitor, codec: Codec) -> Visitor {
        let target = self.for_visitors(codec);
        Visitor::return_with(&target, &visitor.token).await.expect("a visitor comes back")
    }

    /// A new agent's account.
    pub async fn hire(&self, name: &str) -> Account {
        let email = format!("{}@agents.example", key());
        self.desk
            .run(&["agent", "add", "--site", &self.id, "--email", &email, "--name", name])
            .await;
        let token = self.token(&email, "12h").await;
        Account { name: name.to_owned(), email, token }
    }

    /// A token for an account.
    pub async fn token(&self, email: &str, ttl: &str) -> String {
        self.desk.run(&["token", "agent", "--site", &self.id, "--email", email, "--ttl", ttl]).await
    }

    /// An account's agent on one more socket.
    pub async fn sign_in(&self, account: &Account, codec: Codec) -> Agent {
        Agent::enter(&self.for_agents(codec), &account.token).await.expect("an agent gets in")
    }

    /// A new agent, signed in.
    pub async fn agent(&self, name: &str, codec: Codec) -> Agent {
        let account = self.hire(name).await;
        self.sign_in(&account, codec).await
    }

    /// A visitor with an open conversation of two events.
    pub async fn asking(&self, codec: Codec) -> (Visitor, ConversationId) {
        let mut visitor = self.visitor(codec).await;
        let started = visitor.start(&key(), "Is anybody there?").await.granted();
        (visitor, started.conversation.id)
    }

    /// A visitor, an agent who owns the conversation (three events), and the conversation.
    pub async fn talking(&self, codec: Codec) -> (Visitor, Agent, ConversationId) {
        let (visitor, conversation) = self.asking(codec).await;
        let mut agent = self.agent("Ann", codec).await;
        agent.claim(conversation, &key()).await.granted();
        (visitor, agent, conversation)
    }
}
