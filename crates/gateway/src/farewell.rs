//! How a connection ends: the last frames, the close, and time for both to arrive.

use std::time::Duration;

use protocol::{Bye, ByeCode, ByeFrame, CloseCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode as Code;

use crate::connection::Connection;
use crate::metrics::ReasonLabel;
use crate::outbox::Item;
use crate::socket::Frame;
use crate::ticker::millis;

/// For the last frames to be taken.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The same for somebody who reads too slowly: a reader that only paused gets its close code.
const LAST_WORDS_TO_THE_SLOW: Duration = Duration::from_secs(8);
/// For the client's own close, or for what it is still sending to be read: closing on unread bytes
/// would take back what was written.
const LINGER: Duration = Duration::from_secs(1);
/// Read and thrown away meanwhile.
const LINGER_BYTES_MAX: usize = 1024 * 1024;

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It closed, or is gone.
    PeerLeft,
    /// What came is no WebSocket.
    BrokeProtocol,
    NotUtf8,
    TooLarge,
    WrongKind,
    BadFrames,
    Unauthorized,
    Idle,
    TooSlow,
    GoingAway,
}

impl End {
    /// The number in the close frame, and its name in metrics.
    fn code(self) -> Option<(u16, &'static str)> {
        let ours = |code: CloseCode| Some((code.number(), code.as_str()));
        match self {
            End::PeerLeft => None,
            End::BrokeProtocol => Some((Code::Protocol.into(), "Protocol")),
            End::NotUtf8 => Some((Code::Invalid.into(), "NotUtf8")),
            End::TooLarge => ours(CloseCode::TooLarge),
            End::WrongKind => ours(CloseCode::WrongFrameKind),
            End::BadFrames => ours(CloseCode::BadFrames),
            End::Unauthorized => ours(CloseCode::Unauthorized),
            End::Idle => ours(CloseCode::Idle),
            End::TooSlow => ours(CloseCode::TooSlow),
            End::GoingAway => ours(CloseCode::GoingAway),
        }
    }

    /// The last frame before the close, if there is one: code, words, whether to come back.
    fn bye(self) -> Option<(ByeCode, &'static str, bool)> {
        match self {
            End::PeerLeft | End::BrokeProtocol | End::NotUtf8 | End::TooLarge | End::WrongKind => {
                None
            }
            End::BadFrames => Some((ByeCode::BadFrames, "Too many frames did not parse.", false)),
            End::Unauthorized => {
                Some((ByeCode::Unauthorized, "Say hello with a good token.", false))
            }
            End::Idle => Some((ByeCode::Idle, "No sign of life.", true)),
            End::TooSlow => Some((ByeCode::TooSlow, "Too slow, or too many frames.", true)),
            End::GoingAway => Some((ByeCode::GoingAway, "The server is going away.", true)),
        }
    }

    /// Whether what still waits is written first. A client that is too slow gets it by resuming.
    fn says_the_rest(self) -> bool {
        !matches!(self, End::PeerLeft | End::TooSlow)
    }
}

impl Connection {
    /// Says goodbye as the contract wants it, and goes.
    pub(crate) async fn farewell(&mut self, end: End) {
        let name = end.code().map_or("peer", |(_, name)| name);
        self.gateway.metrics.closes.get_or_create(&ReasonLabel { reason: name }).inc();
        tracing::debug!(role = self.role(), reason = name, "connection ended");
        let last_words = if end.says_the_rest() { self.rest() } else { Vec::new() };
        // Nothing of this connection is in anybody's way while it says goodbye.
        self.leave();
        let within = if matches!(end, End::TooSlow) { LAST_WORDS_TO_THE_SLOW } else { LAST_WORDS };
        let Ok(Ok(())) = timeout(within, self.say(end, last_words)).await else { return };
        let _ = timeout(LINGER, self.linger(end)).await;
    }

    fn rest(&mut self) -> Vec<Frame> {
        let mut rest: Vec<Item> = std::mem::take(&mut self.waiting).into();
        rest.extend(self.outbox.close());
        let now = self.gateway.ticker.now();
        rest.into_iter().filter_map(|item| self.frame_of(item, now).ok().flatten()).collect()
    }

    async fn say(&mut self, end: End, last_words: Vec<Frame>) -> Result<(), Error> {
        for frame in last_words {
            self.socket.send(&frame).await?;
        }
        if let Some((code, message, reconnect)) = end.bye()
            && self.times.stalled.is_none()
        {
            let retry_after_ms = if reconnect { millis(self.gateway.return_after()) } else { 0 };
            let bye = Bye { code, message: message.into(), reconnect, retry_after_ms };
            let frame = self.codec.encode(&ByeFrame { bye });
            self.socket.send(&Frame::data(self.codec, frame)).await?;
        }
        self.socket.close(end.code().map(|(code, _)| code)).await
    }

    /// Waits until the client has closed too, or at least has had time to read.
    async fn linger(&mut self, end: End) {
        if matches!(end, End::PeerLeft) {
            return;
        }
        self.socket.read_to_the_end().await;
        // After a message that was refused tungstenite reads no more; what is under way has to go
        // somewhere all the same.
        let raw = self.socket.raw_mut();
        let _ = raw.shutdown().await;
        let mut scratch = [0; 2048];
        let mut left = LINGER_BYTES_MAX;
        while let Ok(bytes @ 1..) = raw.read(&mut scratch).await {
            left = left.saturating_sub(bytes);
            if left == 0 {
                return;
            }
        }
    }
}
