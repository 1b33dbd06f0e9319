//! What can be said on the command line and in the environment, as it came: judged in `config.rs`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::limits::Limits;

/// Frontdesk: a live-chat server in one file.
///
/// Without a command it serves; the flags of `serve` are accepted with and without the word.
#[derive(Debug, Parser)]
#[command(name = "frontdesk", version, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve visitors and agents until SIGTERM or SIGINT (the default)
    Serve(ServeArgs),
    /// Sites: one for each team, with its own widget, agents and conversations
    #[command(subcommand)]
    Site(SiteCommand),
    /// Agents: the people who answer
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Tokens: what programs sign in with
    #[command(subcommand)]
    Token(TokenCommand),
    /// Write a whole site to a file, for another database; on a folder only while no server runs
    Export(Export),
    /// Read a whole site from a file that `export` wrote; prints its id, alone on its line
    Import(Import),
}

#[derive(Debug, Subcommand)]
pub enum SiteCommand {
    /// Add a site; prints its id, alone on its line
    Add(SiteAdd),
}

#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Add an agent to a site; prints its id, alone on its line
    Add(AgentAdd),
    /// Print a link, alone on its line, that signs an agent in to the console once, within 15 minutes
    Link(AgentLink),
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Print a token for an agent, alone on its line
    Agent(TokenAgent),
}

/// Where everything is remembered.
#[derive(Clone, Debug, Args)]
pub struct StoreArgs {
    /// Folder of the embedded database; made if it is not there
    #[arg(long, value_name = "DIR", env = "FRONTDESK_DATA", default_value = "./frontdesk-data")]
    pub data: PathBuf,
    /// A shared database, `postgres://…`, with `?sslmode=verify-full` if it has to prove who it is; goes
    /// before --data
    #[arg(long, value_name = "URL", env = "FRONTDESK_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// How much is too much.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Commands a second that a connection may always send
    #[arg(long, value_name = "N", env = "FRONTDESK_COMMANDS_PER_SECOND", allow_negative_numbers = true,
          default_value_t = Limits::DEFAULT.commands_per_second.to_string())]
    pub commands_per_second: String,
    /// Commands a connection may send in one burst
    #[arg(long, value_name = "N", env = "FRONTDESK_COMMANDS_BURST", allow_negative_numbers = true,
          default_value_t = Limits::DEFAULT.commands_burst.to_string())]
    pub commands_burst: String,
    /// New connections a second that one address may always make; a proxy is one address
    #[arg(long, value_name = "N", env = "FRONTDESK_CONNECTIONS_PER_SECOND", allow_negative_numbers = true,
          default_value_t = Limits::DEFAULT.connections_per_second.to_string())]
    pub connections_per_second: String,
    /// Connections of one address that have not said hello yet
    #[arg(long, value_name = "N", env = "FRONTDESK_CONNECTIONS_UNFINISHED", allow_negative_numbers = true,
          default_value_t = Limits::DEFAULT.connections_unfinished.to_string())]
    pub connections_unfinished: String,
    /// Conversations a visitor may start in a minute
    #[arg(long, value_name = "N", env = "FRONTDESK_STARTS_PER_MINUTE", allow_negative_numbers = true,
          default_value_t = Limits::DEFAULT.starts_per_minute.to_string())]
    pub starts_per_minute: String,
}

#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "FRONTDESK_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: String,
    /// Carries hints between several nodes on one database: `redis://HOST:PORT`,
    /// `redis+sentinel://HOST,HOST/MASTER` or `redis+cluster://HOST,HOST`; with TLS `rediss://…` and
    /// `rediss+cluster://…`
    #[arg(long, value_name = "URL", env = "FRONTDESK_REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,
    /// This node's name, as clients and logs see it [default: the host's name]
    #[arg(long, value_name = "NAME", env = "FRONTDESK_NODE")]
    pub node: Option<String>,
    /// An origin besides the server's own that may hold the agents' console; may be repeated, in the
    /// environment separated by commas
    #[arg(long, value_name = "URL", env = "FRONTDESK_CONSOLE_ORIGIN", value_delimiter = ',')]
    pub console_origin: Vec<String>,
    /// How the log is written to standard error
    #[arg(long, value_name = "FORMAT", env = "FRONTDESK_LOG_FORMAT", default_value = "text")]
    pub log: LogFormat,
    /// What is logged: a level, or levels by module (`info,gateway=debug`)
    #[arg(long, value_name = "FILTER", env = "FRONTDESK_LOG", default_value = "info")]
    pub log_filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct SiteAdd {
    /// What the team is called
    pub name: String,
    /// A host whose pages may hold the widget, exactly; may be repeated
    #[arg(long = "domain", value_name = "HOST", required = true, value_delimiter = ',')]
    pub domains: Vec<String>,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Debug, Args)]
pub struct AgentAdd {
    #[command(flatten)]
    pub who: Who,
    /// The name that visitors see
    #[arg(long)]
    pub name: String,
    /// Over conversations all roles have the same rights
    #[arg(long, default_value = "rep")]
    pub role: Role,
    /// Read a password from the first line of standard input; without one the agent signs in by link
    #[arg(long)]
    pub password_stdin: bool,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Debug, Args)]
pub struct AgentLink {
    #[command(flatten)]
    pub who: Who,
    /// Where browsers reach the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub base_url: String,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Debug, Args)]
pub struct TokenAgent {
    #[command(flatten)]
    pub who: Who,
    /// How long the token is good: a number and s, m, h or d
    #[arg(long, default_value = "12h")]
    pub ttl: String,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Debug, Args)]
pub struct Export {
    /// The site's id, as `site add` printed it
    #[arg(long, value_name = "ID")]
    pub site: String,
    /// The file to write: a new one, readable by its owner only, for it holds secrets
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    #[command(flatten)]
    pub store: StoreArgs,
}

#[derive(Debug, Args)]
pub struct Import {
    /// The file to read
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// Leave the secret that signs tokens in the file: agents sign in anew, visitors come as new ones
    #[arg(long)]
    pub new_tokens: bool,
    #[command(flatten)]
    pub store: StoreArgs,
}

/// One agent of one site.
#[derive(Debug, Args)]
pub struct Who {
    /// The site's id, as `site add` printed it
    #[arg(long, value_name = "ID")]
    pub site: String,
    /// The agent's e-mail, in any case
    #[arg(long)]
    pub email: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    Admin,
    Manager,
    Rep,
}

impl From<Role> for store::AgentRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Manager => Self::Manager,
            Role::Rep => Self::Rep,
        }
    }
}
