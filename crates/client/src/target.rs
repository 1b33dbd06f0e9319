//! Where to connect, and as what kind of client.

use std::borrow::Cow;
use std::net::IpAddr;

use protocol::Codec;
use rand::RngExt;

/// Where and how to open a connection.
#[derive(Clone, Debug)]
pub struct Target {
    /// `ws://HOST:PORT/PATH`.
    pub url: String,
    /// `HOST:PORT` of all who serve it, where there are several: each connection goes to any of them.
    pub servers: Vec<String>,
    pub codec: Codec,
    /// Sent as `Origin`; browsers always do, others never.
    pub origin: Option<String>,
    /// More headers of the handshake.
    pub headers: Vec<(String, String)>,
    /// Connect from this address of ours, so that a crowd can come from more than one.
    pub from: Option<IpAddr>,
}

impl Target {
    /// A visitor of `site` on a page of `domain`; `ws_url` is `ws://HOST:PORT`.
    pub fn visitor(ws_url: &str, site: &str, domain: &str, codec: Codec) -> Self {
        let origin = Some(format!("https://{domain}"));
        Self { origin, ..Self::at(format!("{ws_url}/v1/visitor/{site}"), codec) }
    }

    /// An agent that is not in a browser.
    pub fn agent(ws_url: &str, codec: Codec) -> Self {
        Self::at(format!("{ws_url}/v1/agent"), codec)
    }

    /// Any address, no origin, no headers.
    pub fn at(url: String, codec: Codec) -> Self {
        Self { url, servers: Vec::new(), codec, origin: None, headers: Vec::new(), from: None }
    }

    /// The same with an `Origin`.
    #[must_use]
    pub fn with_origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// The same without an `Origin`.
    #[must_use]
    pub fn without_origin(mut self) -> Self {
        self.origin = None;
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same at any of these servers, each `HOST:PORT`.
    #[must_use]
    pub fn at_any(mut self, servers: Vec<String>) -> Self {
        self.servers = servers;
        self
    }

    /// The same with the other codec.
    #[must_use]
    pub fn with_codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// `HOST:PORT` of the address.
    pub fn authority(&self) -> &str {
        let rest = self.url.trim_start_matches("ws://");
        rest.split_once('/').map_or(rest, |(authority, _)| authority)
    }

    /// One server of those that serve it.
    pub(crate) fn thrown(&self) -> Cow<'_, Self> {
        let others = self.servers.len();
        if others == 0 {
            return Cow::Borrowed(self);
        }
        let server = &self.servers[rand::rng().random_range(0..others)];
        let url = self.url.replacen(self.authority(), server, 1);
        Cow::Owned(Self { url, servers: Vec::new(), ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_goes_to_any_of_the_servers() {
        let target = Target::agent("ws://one:1", Codec::Json);
        assert_eq!(target.thrown().url, "ws://one:1/v1/agent");
        let target = target.at_any(vec!["one:1".into(), "two:2".into()]);
        let mut seen: Vec<String> = (0..100).map(|_| target.thrown().url.clone()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, ["ws://one:1/v1/agent", "ws://two:2/v1/agent"]);
    }
}
