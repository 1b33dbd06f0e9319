//! A WebSocket without a library: sends any bytes, reads frames as they are.

use std::time::Duration;

use client::raw::{Frame, opcode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::{Response, read_head};
use crate::site::DOMAIN;
use crate::{SOON, Site};

/// The key of the standard's own example, and what must be answered to it.
pub const EXAMPLE_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub const EXAMPLE_ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub fin: bool,
    pub reserved: u8,
    pub opcode: u8,
    pub masked: bool,
    pub payload: Vec<u8>,
}

/// How the server ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A close frame, with its code if it has one.
    Close(Option<u16>),
    /// The end of TCP without a close frame.
    Tcp,
}

/// A TCP connection that may have been upgraded.
pub struct RawSocket {
    stream: TcpStream,
    read: Vec<u8>,
}

impl RawSocket {
    /// Only TCP.
    pub async fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a TCP option");
        Self { stream, read: Vec::new() }
    }

    /// Upgraded as a visitor of `site` on JSON; nothing said yet.
    pub async fn upgraded(site: &Site) -> Self {
        let address = site.base_url.trim_start_matches("http://");
        let mut socket = Self::connect(address).await;
        socket.send(handshake(site, "").as_bytes()).await;
        let response = socket.response().await;
        assert_eq!(response.status, 101, "{response:?}");
        socket
    }

    /// The same, and `hello` has been answered.
    pub async fn greeted(site: &Site) -> Self {
        let mut socket = Self::upgraded(site).await;
        socket.say(&json!({ "id": 1, "op": "hello", "args": {} })).await;
        let hello = socket.json().await;
        assert_eq!(hello["re"], 1, "{hello}");
        assert_eq!(hello["ok"]["protocol"], 1, "{hello}");
        socket
    }

    /// Sends bytes as they stand; a server that has closed already does not mind.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(SOON, self.stream.write_all(bytes)).await;
    }

    /// Sends one frame.
    pub async fn frame(&mut self, frame: &Frame) {
        self.send(&frame.bytes()).await;
    }

    /// Sends one value as a text frame.
    pub async fn say(&mut self, value: &Value) {
        self.frame(&Frame::new(opcode::TEXT, value.to_string())).await;
    }

    /// The head of an HTTP response; what came after it is kept.
    pub async fn response(&mut self) -> Response {
        let read = timeout(SOON, read_head(&mut self.stream)).await;
        let mut response = read.expect("an answer to the handshake in time");
        self.read.append(&mut response.body);
        response
    }

    /// The next frame; `None` at the end of TCP.
    pub async fn heard(&mut self, limit: Duration) -> Option<Heard> {
        let wait = async {
            loop {
                if let Some((frame, length)) = parse(&self.read) {
                    self.read.drain(..length);
                    return Some(frame);
                }
                let mut buffer = [0; 4096];
                match self.stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return None,
                    Ok(n) => self.read.extend(&buffer[..n]),
                }
            }
        };
        timeout(limit, wait).await.unwrap_or_else(|_| panic!("nothing was heard within {limit:?}"))
    }

    /// The next text frame as a value; pings in between are passed over.
    pub async fn json(&mut self) -> Value {
        loop {
            let frame = self.heard(SOON).await.expect("a frame before the end");
            match frame.opcode {
                opcode::TEXT => return serde_json::from_slice(&frame.payload).expect("JSON"),
                opcode::CLOSE => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Reads to the end; what came before it, and how it ended.
    pub async fn ending(&mut self, limit: Duration) -> (Vec<Heard>, Ending) {
        let mut before = Vec::new();
        loop {
            match self.heard(limit).await {
                None => return (before, Ending::Tcp),
                Some(frame) if frame.opcode == opcode::CLOSE => {
                    let code = frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                    return (before, Ending::Close(code));
                }
                Some(frame) => before.push(frame),
            }
        }
    }

    /// Waits until the server has closed TCP too; what it sent meanwhile does not count.
    pub async fn gone(&mut self, limit: Duration) {
        let wait = async {
            let mut buffer = [0; 4096];
            while let Ok(1..) = self.stream.read(&mut buffer).await {}
        };
        timeout(limit, wait).await.unwrap_or_else(|_| panic!("TCP was still open after {limit:?}"));
    }
}

/// The handshake of a visitor; `more` are whole header lines.
pub fn handshake(site: &Site, more: &str) -> String {
    let (id, host) = (&site.id, site.base_url.trim_start_matches("http://"));
    format!(
        "GET /v1/visitor/{id} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: {EXAMPLE_KEY}\r\nSec-WebSocket-Version: 13\r\n\
         Origin: https://{DOMAIN}\r\n{more}\r\n"
    )
}

/// The first whole frame in `bytes`, and how many of them it takes.
fn parse(bytes: &[u8]) -> Option<(Heard, usize)> {
    let [first, second, rest @ ..] = bytes else { return None };
    let (length, rest) = match second & 0x7f {
        126 => rest.split_first_chunk().map(|(n, rest)| (u16::from_be_bytes(*n).into(), rest))?,
        127 => rest.split_first_chunk().map(|(n, rest)| (u64::from_be_bytes(*n), rest))?,
        short => (short.into(), rest),
    };
    let masked = second & 0x80 != 0;
    let payload = rest.get(..usize::try_from(length).ok()?)?;
    let frame = Heard {
        fin: first & 0x80 != 0,
        reserved: first >> 4 & 7,
        opcode: first & 0x0f,
        masked,
        payload: payload.to_vec(),
    };
    let taken = bytes.len() - rest.len() + payload.len();
    Some((frame, taken))
}
