//! Every bound of a gateway: meaning, unit and default in one place.

use std::sync::Arc;
use std::time::Duration;

use protocol::limits;

/// Bounds of one gateway. The defaults are the contract's; tests shorten them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This node's name, as `hello` answers it.
    pub node: Arc<str>,
    /// Origins besides the server's own that agents may come from: `https://console.example`.
    pub console_origins: Vec<String>,

    /// Sockets of any kind that are open at once; one more is turned away with 503.
    pub connections_max: usize,
    /// Sockets that have not said `hello` yet. A crowd that returns after a fall is one, too.
    pub unfinished_max: usize,
    /// The same from one address, so that one machine cannot take all places.
    pub unfinished_per_address_max: u32,
    /// New connections a second that one address may always make. Generous, because a proxy is one
    /// address.
    pub connects_per_second: u32,
    /// New connections one address may make in one burst.
    pub connects_burst: u32,
    /// A plain HTTP connection ends after this time, busy or not.
    pub http_life_max: Duration,

    /// From the accepted TCP connection to a complete `hello`.
    pub hello_within: Duration,
    /// Between two WebSocket pings.
    pub ping_every: Duration,
    /// Without anything from the client for so long, its connection ends.
    pub silence_max: Duration,
    /// A command that has no answer by then is answered `unavailable`. Below the contract's 10 s by
    /// more than a tick.
    pub answer_within: Duration,
    /// How coarse the gateway's clock is, and how late a deadline may be noticed.
    pub tick: Duration,

    /// Commands a second that a connection may always send.
    pub commands_per_second: u32,
    /// Commands a connection may send in one burst.
    pub commands_burst: u32,
    /// Commands in a row that are refused as `rate_limited` before the connection ends.
    pub refusals_max: u32,
    /// WebSocket pings and pongs a second that a connection may always send.
    pub controls_per_second: u32,
    /// WebSocket pings and pongs a connection may send in one burst.
    pub controls_burst: u32,
    /// Bytes read since the last complete message before the connection ends: a message, its frames'
    /// headers, and what was read ahead.
    pub unfinished_message_bytes_max: usize,
    /// Commands of one connection that may wait for their answers; then its frames wait.
    pub pending_max: usize,
    /// Pages (`history`, snapshots) of one connection that may be on their way; then its frames wait.
    pub pages_pending_max: usize,
    /// Pages of the inbox of one connection that are looked for at a time; others wait for their turn.
    pub lists_at_once: usize,
    /// A page of the inbox that is not found by then is given up.
    pub list_within: Duration,

    /// Bytes of events and signals that may wait for one connection before it ends as too slow.
    pub outbox_bytes_max: usize,
    /// A connection that takes no byte for so long, though some wait for it, ends as too slow.
    pub stalled_max: Duration,
    /// Read buffer of one WebSocket.
    pub read_buffer_bytes: usize,
    /// Frames are gathered up to so many bytes, and written with one call.
    pub write_at_once_bytes: usize,

    /// How long a visitor's token is good.
    pub visitor_token_ttl: Duration,
    /// A visitor with a token older than this is given a fresh one.
    pub visitor_token_renew_after: Duration,
    /// How long a token from signing in is good.
    pub agent_token_ttl: Duration,
    /// Wrong passwords for one e-mail from one address within [`Settings::sign_in_window`].
    pub sign_ins_max: u32,
    /// The same for one e-mail from all addresses together, and from one address for all e-mails
    /// together. Generous, because a proxy is one address.
    pub sign_ins_together_max: u32,
    /// See [`Settings::sign_ins_max`].
    pub sign_in_window: Duration,

    /// While draining, accepted commands may take this long.
    pub drain_commands_within: Duration,
    /// Draining ends after this time, whoever is left.
    pub drain_within: Duration,
    /// Clients are told to come back after at least this time …
    pub return_after_min: Duration,
    /// … and at most this, so that they do not come all at once …
    pub return_after_max: Duration,
    /// … or as much longer as it takes to have no more of them in a second than this …
    pub returns_per_second: u32,
    /// … but never longer than this.
    pub return_after_limit: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node: "node".into(),
            console_origins: Vec::new(),
            connections_max: 200_000,
            unfinished_max: 32_768,
            unfinished_per_address_max: 20_000,
            connects_per_second: 20_000,
            connects_burst: 40_000,
            http_life_max: Duration::from_secs(300),
            hello_within: limits::HELLO_WITHIN,
            ping_every: limits::PING_EVERY,
            silence_max: limits::SILENCE_MAX,
            answer_within: limits::ANSWER_WITHIN - Duration::from_secs(1),
            tick: Duration::from_millis(250),
            commands_per_second: limits::COMMANDS_PER_SECOND,
            commands_burst: limits::COMMANDS_BURST,
            refusals_max: 1000,
            controls_per_second: 100,
            controls_burst: 1000,
            unfinished_message_bytes_max: 2 * limits::FRAME_BYTES_MAX,
            pending_max: 512,
            pages_pending_max: 8,
            lists_at_once: 4,
            list_within: Duration::from_secs(5),
            outbox_bytes_max: 512 * 1024,
            stalled_max: Duration::from_secs(10),
            read_buffer_bytes: 512,
            write_at_once_bytes: 8 * 1024,
            visitor_token_ttl: Duration::from_secs(90 * 86_400),
            visitor_token_renew_after: Duration::from_secs(7 * 86_400),
            agent_token_ttl: Duration::from_secs(12 * 3600),
            sign_ins_max: 10,
            sign_ins_together_max: 100,
            sign_in_window: Duration::from_secs(300),
            drain_commands_within: Duration::from_secs(5),
            drain_within: Duration::from_secs(9),
            return_after_min: Duration::from_millis(500),
            return_after_max: Duration::from_secs(5),
            returns_per_second: 250,
            return_after_limit: Duration::from_secs(60),
        }
    }
}
