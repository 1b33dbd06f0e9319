//! One WebSocket on an upgraded connection. tungstenite reads, and answers pings and closes by itself;
//! what the server says is written here, many frames with one call, so that no connection has a buffer of
//! its own.
//!
//! Two write to one connection, so each waits for the other: nothing is read, and nothing new written, while
//! a frame has been written in part.

mod batch;
mod counted;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use futures::{Sink as _, SinkExt as _, Stream as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use tokio::io::AsyncWrite as _;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};

use crate::Settings;
use counted::Counted;

pub(crate) use batch::{Batch, Frame};

/// For what tungstenite writes by itself: pongs, and the answer to a close.
const CONTROL_BYTES_MAX: usize = 8 * 1024;

pub(crate) struct Socket {
    stream: WebSocketStream<Counted>,
    /// What the operating system has not taken.
    rest: Bytes,
    /// tungstenite has something to write.
    replies: bool,
}

/// Begins to speak WebSocket on a connection whose handshake is done.
pub(crate) async fn open(upgraded: Upgraded, settings: &Settings) -> Socket {
    let config = WebSocketConfig::default()
        .read_buffer_size(settings.read_buffer_bytes)
        .write_buffer_size(0)
        .max_write_buffer_size(CONTROL_BYTES_MAX)
        .max_message_size(Some(protocol::limits::FRAME_BYTES_MAX))
        .max_frame_size(Some(protocol::limits::FRAME_BYTES_MAX));
    let counted = Counted::new(upgraded, settings.unfinished_message_bytes_max);
    let stream = WebSocketStream::from_raw_socket(counted, Role::Server, Some(config)).await;
    Socket { stream, rest: Bytes::new(), replies: false }
}

impl Socket {
    /// The connection below.
    pub fn raw(&self) -> &Counted {
        self.stream.get_ref()
    }

    /// The connection below, when nothing more is written as frames.
    pub fn raw_mut(&mut self) -> &mut Counted {
        self.stream.get_mut()
    }

    /// The next message; not while something is unflushed.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        debug_assert!(self.rest.is_empty() && !self.replies, "nothing is read between two writes");
        let message = ready!(Pin::new(&mut self.stream).poll_next(context));
        self.stream.get_mut().message_read();
        self.replies = matches!(message, Some(Ok(Message::Ping(_) | Message::Close(_))));
        Poll::Ready(message)
    }

    /// Writes what has been kept; ready when the operating system has it all.
    pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.rest.is_empty() {
            let rest = &self.rest[..];
            let written = ready!(Pin::new(self.stream.get_mut()).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.rest.advance(written);
        }
        // What has been written keeps no room.
        self.rest = Bytes::new();
        if self.replies {
            ready!(Pin::new(&mut self.stream).poll_flush(context)).map_err(io::Error::other)?;
            self.replies = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes a batch after a flush has been ready. What the operating system does not take is kept, and
    /// then it is pending: flush until it is ready.
    pub fn poll_write(&mut self, context: &mut Context<'_>, batch: &Batch) -> Poll<io::Result<()>> {
        let bytes = batch.bytes();
        if bytes.is_empty() {
            return Poll::Ready(Ok(()));
        }
        debug_assert!(self.rest.is_empty() && !self.replies, "a flush comes first");
        let written = match Pin::new(self.stream.get_mut()).poll_write(context, bytes) {
            Poll::Ready(written) => written?,
            Poll::Pending => 0,
        };
        if written < bytes.len() {
            self.rest = Bytes::copy_from_slice(&bytes[written..]);
        }
        self.poll_flush(context)
    }

    /// Writes one frame after all that has been kept.
    pub async fn send(&mut self, frame: &Frame) -> io::Result<()> {
        poll_fn(|context| self.poll_flush(context)).await?;
        let mut batch = Batch::begin();
        batch.push(frame);
        let mut batch = Some(batch);
        poll_fn(|context| match batch.take() {
            Some(batch) => self.poll_write(context, &batch),
            None => self.poll_flush(context),
        })
        .await
    }

    /// Writes what has been kept, and then a close frame if there is a code.
    pub async fn close(&mut self, code: Option<u16>) -> Result<(), Error> {
        poll_fn(|context| self.poll_flush(context)).await?;
        match code {
            Some(code) => {
                let frame = CloseFrame { code: code.into(), reason: Default::default() };
                self.stream.send(Message::Close(Some(frame))).await
            }
            None => self.stream.flush().await,
        }
    }

    /// Reads on, and throws it away, until the client has closed too, breaks the protocol, or has sent as
    /// much as one unfinished message may have.
    pub async fn read_to_the_end(&mut self) {
        while let Some(Ok(_)) = self.stream.next().await {}
    }
}
