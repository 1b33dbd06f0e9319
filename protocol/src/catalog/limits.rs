//! The limits a client may want to know.

use crate::limits::*;

/// Every limit a client can run into or should keep to, by name; times in milliseconds.
pub const LIMITS: &[(&str, u64)] = &[
    ("frame_bytes_max", FRAME_BYTES_MAX as u64),
    ("nesting_max", NESTING_MAX as u64),
    ("bad_frames_max", BAD_FRAMES_MAX as u64),
    ("hello_within_ms", HELLO_WITHIN.as_millis() as u64),
    ("silence_max_ms", SILENCE_MAX.as_millis() as u64),
    ("answer_within_ms", ANSWER_WITHIN.as_millis() as u64),
    ("text_chars_max", TEXT_CHARS_MAX as u64),
    ("key_chars_max", KEY_CHARS_MAX as u64),
    ("preview_chars_max", PREVIEW_CHARS_MAX as u64),
    ("profile_chars_max", PROFILE_CHARS_MAX as u64),
    ("url_chars_max", URL_CHARS_MAX as u64),
    ("search_chars_max", SEARCH_CHARS_MAX as u64),
    ("history_limit_default", HISTORY_LIMIT_DEFAULT as u64),
    ("history_limit_max", HISTORY_LIMIT_MAX as u64),
    ("inbox_limit_default", INBOX_LIMIT_DEFAULT as u64),
    ("inbox_limit_max", INBOX_LIMIT_MAX as u64),
    ("bulk_max", BULK_MAX as u64),
    ("hello_watch_max", HELLO_WATCH_MAX as u64),
    ("agent_watches_max", AGENT_WATCHES_MAX as u64),
    ("visitor_watches_max", VISITOR_WATCHES_MAX as u64),
    ("typing_ends_after_ms", TYPING_ENDS_AFTER.as_millis() as u64),
];
