//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use protocol::Codec;

use crate::scenario::{
    accept, capacity, close, commit, growth, idle, inbox, mixed, relay, slow, storm,
};
use crate::{compare, holder, plot};

/// Puts load on a Frontdesk server, checks every promise while it does, and says what it cost.
///
/// Without --url it starts a server of its own (FRONTDESK_BIN, or the release build, which is made if
/// it is not there) on a temporary folder, with a site and agents, and throws it away afterwards. The
/// server runs on one core and the generator on another, unless --no-pin.
///
/// Read the table like this: median, least and most of the rounds; the same of the floor, which is a
/// bare relay between two sockets without protocol, acknowledgement or store; and the ratio of the two,
/// which means the same on a slow machine and on a fast one. A round in which the generator itself was
/// late is void. A broken promise ends the run with the story of its conversation.
#[derive(Debug, Parser)]
#[command(name = "loadtest", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub scenario: Scenario,
    #[command(flatten)]
    pub common: Common,
}

/// What to do to the server.
#[derive(Debug, Subcommand)]
pub enum Scenario {
    /// Memory and processor time of N visitors who watch their conversations and say nothing
    Idle(idle::Options),
    /// Memory for each connection, and the cost of a message, among 1,000 to 18,000 who are quiet
    Growth(growth::Options),
    /// Latency and cost of messages at a fixed rate, visitor to agent, durable and acknowledged
    Relay(relay::Options),
    /// Messages per second with one in flight in every conversation
    Capacity(capacity::Options),
    /// Durable commands per second with nobody watching
    Commit(commit::Options),
    /// From an agent's close to the last of K receivers
    Close(close::Options),
    /// Connections per second, each up to the end of its first watch
    Accept(accept::Options),
    /// Everybody loses the connection and returns at once, each having missed something
    Storm(storm::Options),
    /// Agents who watch the inbox while conversations change
    Inbox(inbox::Options),
    /// One conversation, a thousand readers, some of whom stop reading: do the others notice?
    Slow(slow::Options),
    /// A day of a support team, compressed; with --chaos while the server is killed again and again
    Mixed(mixed::Options),
    /// What changed between two results, beyond the noise
    Compare(compare::Options),
    /// Pictures (SVG) of latency against load, memory against connections and memory over time
    Plot(plot::Options),
    /// The bare relay, in a process of its own
    #[command(hide = true)]
    FloorServer,
    /// Quiet people, in a process of its own
    #[command(hide = true)]
    Hold(holder::Options),
}

/// What all scenarios share.
#[derive(Debug, Args)]
#[command(next_help_heading = "For every scenario")]
pub struct Common {
    /// A running server instead of one of our own, like http://127.0.0.1:8080; given several times,
    /// they are nodes of one system and take people in turn
    #[arg(long, global = true, requires = "site", requires = "agent_token")]
    pub url: Vec<String>,
    /// Its site
    #[arg(long, global = true)]
    pub site: Option<String>,
    /// A domain that the site allows
    #[arg(long, global = true)]
    pub domain: Option<String>,
    /// A token of an agent of the site; may be given several times
    #[arg(long, global = true)]
    pub agent_token: Vec<String>,
    /// Its process, if it runs on this machine, so that its time and memory are measured; of several
    /// nodes the sum
    #[arg(long, global = true)]
    pub pid: Vec<u32>,
    /// One more flag for a server of our own, like --server-arg=--node=a
    #[arg(long, global = true, allow_hyphen_values = true)]
    pub server_arg: Vec<String>,
    /// How frames are written
    #[arg(long, global = true, value_enum, default_value_t = Written::Json)]
    pub codec: Written,
    /// Let the system choose cores
    #[arg(long, global = true)]
    pub no_pin: bool,
    /// Leave the floor out
    #[arg(long, global = true)]
    pub no_floor: bool,
    /// Write all figures of all rounds to this file
    #[arg(long, global = true, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Written {
    Json,
    Msgpack,
}

impl From<Written> for Codec {
    fn from(written: Written) -> Self {
        match written {
            Written::Json => Codec::Json,
            Written::Msgpack => Codec::Msgpack,
        }
    }
}
