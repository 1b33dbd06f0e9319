//! Every number of the contract. PROTOCOL section in brackets.

use std::time::Duration;

/// Largest message from a client, in bytes [2].
pub const FRAME_BYTES_MAX: usize = 65_536;
/// Deepest nesting of maps and lists in a frame; the frame itself is the first level [2].
pub const NESTING_MAX: usize = 32;
/// Memory that reading one frame may take for each byte of it, beside [`MEMORY_FLOOR`]; more is a parse
/// error. Only frames made for the purpose come near it (thousands of maps with one short entry).
pub const MEMORY_PER_BYTE: usize = 64;
/// Memory in bytes that reading a frame may take however short it is.
pub const MEMORY_FLOOR: usize = 32 * 1024;
/// The server's own frames stay under this many bytes [2].
pub const SERVER_FRAME_BYTES_MAX: usize = 1024 * 1024;
/// Frames that do not parse before the connection is closed with 4400 [2].
pub const BAD_FRAMES_MAX: u32 = 10;
/// From the accepted TCP connection to a complete `hello` [2].
pub const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// Bytes an unfinished handshake may cost [2].
pub const HANDSHAKE_BYTES_MAX: usize = 16 * 1024;
/// Between two WebSocket pings of the server [2].
pub const PING_EVERY: Duration = Duration::from_secs(25);
/// Without anything from the client for so long, the server closes with 4408 [2].
pub const SILENCE_MAX: Duration = Duration::from_secs(60);
/// A socket whose token expired is closed within this time [2].
pub const EXPIRY_NOTICED_WITHIN: Duration = Duration::from_secs(5);
/// Visitor tokens last at least this long [2].
pub const VISITOR_TOKEN_LASTS: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Every command is answered within this time, if need be with `unavailable` [3].
pub const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Characters (Unicode scalar values) in a text, after trimming [4].
pub const TEXT_CHARS_MAX: usize = 4000;
/// Characters in a `key` [4].
pub const KEY_CHARS_MAX: usize = 64;
/// Characters of `preview.text` [2].
pub const PREVIEW_CHARS_MAX: usize = 200;
/// Characters in a name, e-mail, locale, time zone, page title or other field about a visitor.
pub const PROFILE_CHARS_MAX: usize = 320;
/// Characters in the address of a page.
pub const URL_CHARS_MAX: usize = 2048;

/// Events on one page [4.1].
pub const PAGE_EVENTS_MAX: usize = 200;
/// A page of events ends at about this many bytes [2].
pub const PAGE_BYTES_MAX: usize = 256 * 1024;
/// Events on a page of `history` when the client does not say [4.1].
pub const HISTORY_LIMIT_DEFAULT: u32 = 50;
/// Largest `limit` of `history` [4.1].
pub const HISTORY_LIMIT_MAX: u32 = 200;
/// Rows on a page of `inbox.list` when the client does not say [4.3].
pub const INBOX_LIMIT_DEFAULT: u32 = 25;
/// Largest `limit` of `inbox.list` [4.3].
pub const INBOX_LIMIT_MAX: u32 = 100;
/// Characters in `search`.
pub const SEARCH_CHARS_MAX: usize = 200;
/// Conversations in one `bulk` [4.3].
pub const BULK_MAX: usize = 100;
/// Conversations in `hello.watch` [4.1].
pub const HELLO_WATCH_MAX: usize = 50;
/// Conversations one agent's socket may watch [4.1].
pub const AGENT_WATCHES_MAX: usize = 1000;
/// Conversations one visitor's socket may watch [4.1].
pub const VISITOR_WATCHES_MAX: usize = 50;

/// Commands a second that a connection may always send [4].
pub const COMMANDS_PER_SECOND: u32 = 100;
/// Commands a connection may send in one burst [4].
pub const COMMANDS_BURST: u32 = 300;
/// New connections a second that one address may always open [4].
pub const CONNECTIONS_PER_SECOND: u32 = 500;
/// Unfinished connections that one address may always have [4].
pub const CONNECTIONS_UNFINISHED: u32 = 1000;
/// Conversations a visitor may start in a minute [4].
pub const STARTS_PER_MINUTE: u32 = 10;
/// The receiver of `typing` ends it by itself after this time [5].
pub const TYPING_ENDS_AFTER: Duration = Duration::from_secs(6);
/// The last state of an inbox row is told within this time on one node [4.3].
pub const ROW_TOLD_WITHIN: Duration = Duration::from_millis(250);
/// Several nodes agree within this time, even with Redis gone [1, 4.3, 8].
pub const CONVERGED_WITHIN: Duration = Duration::from_secs(5);
/// From SIGTERM to the exit [8].
pub const DRAINED_WITHIN: Duration = Duration::from_secs(10);
