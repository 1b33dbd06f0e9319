//! Where to connect, and as what kind of client.

use std::net::IpAddr;

use protocol::Codec;

/// Where and how to open a connection.
#[derive(Clone, Debug)]
pub struct Target {
    /// `ws://HOST:PORT/PATH`.
    pub url: String,
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
        Self { url, codec, origin: None, headers: Vec::new(), from: None }
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
}
