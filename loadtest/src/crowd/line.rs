//! One connection of the crowd: what it still has to write, and the part of a frame it has read.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use client::Target;
use client::raw::opcode;
use protocol::Codec;
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, connect, ipproto, socket_with, sockopt,
};

/// Where the connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// TCP and the upgrade are under way.
    Shaking,
    Open,
}

/// One connection.
pub struct Line {
    stream: TcpStream,
    pub stage: Stage,
    /// Text or binary, as the codec asks.
    pub opcode: u8,
    /// Read, but not yet a whole frame.
    pub inbox: Vec<u8>,
    /// Not yet written.
    outbox: Vec<u8>,
    /// Whether the poll has been asked to tell when it can be written.
    pub awaits_writing: bool,
}

impl Line {
    /// Begins to connect; the upgrade goes out as soon as there is a connection.
    pub fn dial(to: SocketAddr, from: IpAddr, target: &Target) -> io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        if to.ip().is_loopback() && to.is_ipv4() {
            bind(&socket, &SocketAddr::new(from, 0))?;
        }
        match connect(&socket, &to) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Self {
            stream: TcpStream::from(socket),
            stage: Stage::Shaking,
            opcode: if target.codec == Codec::Json { opcode::TEXT } else { opcode::BINARY },
            inbox: Vec::new(),
            outbox: upgrade(to, target),
            awaits_writing: true,
        })
    }

    /// Reads once; `Ok(0)` is the end.
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.read(into)
    }

    /// Writes, or keeps for later what does not go out at once.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = if self.outbox.is_empty() { written(self.stream.write(bytes))? } else { 0 };
        self.outbox.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    /// Writes what was kept.
    pub fn flush(&mut self) -> io::Result<()> {
        let written = written(self.stream.write(&self.outbox))?;
        self.outbox.drain(..written);
        if self.outbox.is_empty() {
            self.outbox = Vec::new();
        }
        Ok(())
    }

    /// Whether something waits to be written.
    pub fn owes(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Ends without a word and without `TIME_WAIT`, as a machine that loses its network.
    pub fn vanish(self) {
        // If the option cannot be set, the connection ends in the usual way.
        let _ = sockopt::set_socket_linger(&self.stream, Some(std::time::Duration::ZERO));
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn written(outcome: io::Result<usize>) -> io::Result<usize> {
    match outcome {
        Err(error) if would_wait(&error) => Ok(0),
        outcome => outcome,
    }
}

/// Whether it is only not yet possible.
pub fn would_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected | io::ErrorKind::Interrupted
    )
}

fn upgrade(to: SocketAddr, target: &Target) -> Vec<u8> {
    let path = target.url.splitn(4, '/').nth(3).unwrap_or_default();
    let mut head = format!(
        "GET /{path} HTTP/1.1\r\nHost: {to}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {}\r\n",
        target.codec.subprotocol()
    );
    if let Some(origin) = &target.origin {
        head.push_str(&format!("Origin: {origin}\r\n"));
    }
    for (name, value) in &target.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}
