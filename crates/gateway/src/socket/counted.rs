//! The bytes of a connection, counted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// An upgraded connection that counts. A message that never ends, in however many fragments, ends the
/// connection instead: tungstenite reads fragments without ever returning in between.
pub(crate) struct Counted {
    inner: TokioIo<Upgraded>,
    /// Bytes read and written so far.
    pub read: u64,
    pub written: u64,
    unfinished: usize,
    unfinished_max: usize,
}

impl Counted {
    pub fn new(upgraded: Upgraded, unfinished_max: usize) -> Self {
        let inner = TokioIo::new(upgraded);
        Self { inner, read: 0, written: 0, unfinished: 0, unfinished_max }
    }

    /// A whole message has been read.
    pub fn message_read(&mut self) {
        self.unfinished = 0;
    }

    /// Whether reading failed because a message has too many pieces.
    pub fn is_flooded(&self) -> bool {
        self.unfinished > self.unfinished_max
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_flooded() {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let bytes = buffer.filled().len() - before;
        self.read += bytes as u64;
        self.unfinished += bytes;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(context, buffer))?;
        self.written += written as u64;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
