//! How much is too much, as whoever runs the server says: the limits that have a flag.

use protocol::limits::{COMMANDS_BURST, COMMANDS_PER_SECOND, STARTS_PER_MINUTE};

use crate::arguments::LimitArgs;
use crate::check;
use crate::config::Judge;

/// One number for each flag of [`LimitArgs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub commands_per_second: u32,
    pub commands_burst: u32,
    pub connections_per_second: u32,
    pub connections_unfinished: u32,
    pub starts_per_minute: u32,
}

impl Limits {
    /// The contract's, and far above what it asks for where a proxy makes one address of everybody.
    pub const DEFAULT: Self = Self {
        commands_per_second: COMMANDS_PER_SECOND,
        commands_burst: COMMANDS_BURST,
        connections_per_second: 20_000,
        connections_unfinished: 20_000,
        starts_per_minute: STARTS_PER_MINUTE,
    };

    /// Judges all of them before complaining about any.
    pub fn from_arguments(arguments: &LimitArgs, judge: &mut Judge) -> Option<Self> {
        let (said, default) = (arguments, Self::DEFAULT);
        let judged = [
            ("commands-per-second", &said.commands_per_second, default.commands_per_second),
            ("commands-burst", &said.commands_burst, default.commands_burst),
            (
                "connections-per-second",
                &said.connections_per_second,
                default.connections_per_second,
            ),
            (
                "connections-unfinished",
                &said.connections_unfinished,
                default.connections_unfinished,
            ),
            ("starts-per-minute", &said.starts_per_minute, default.starts_per_minute),
        ]
        .map(|(flag, text, default)| one(flag, text.trim(), default, judge));
        let [commands_per_second, commands_burst, connections_per_second, ..] = judged;
        let [.., connections_unfinished, starts_per_minute] = judged;
        Some(Self {
            commands_per_second: commands_per_second?,
            commands_burst: commands_burst?,
            connections_per_second: connections_per_second?,
            connections_unfinished: connections_unfinished?,
            starts_per_minute: starts_per_minute?,
        })
    }
}

fn one(flag: &str, text: &str, default: u32, judge: &mut Judge) -> Option<u32> {
    // An empty variable is one that is not set.
    if text.is_empty() {
        return Some(default);
    }
    let variable = flag.to_uppercase().replace('-', "_");
    judge.take(&format!("--{flag} (FRONTDESK_{variable})"), text, check::limit(text))
}
