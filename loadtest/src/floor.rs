//! The floor: a bare relay between two sockets on tokio-tungstenite, and nothing else.
//!
//! `/pair/N/a` and `/pair/N/b` belong together; what one sends the other gets. No protocol, no
//! authentication, no acknowledgement, no store: what remains is the cost of the sockets. It is this
//! program again in a process of its own, so that it is measured exactly as the server is.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The hidden subcommand.
pub const SUBCOMMAND: &str = "floor-server";
const READ_BUFFER_BYTES: usize = 4 * 1024;
const BACKLOG: u32 = 4096;
/// Messages that may wait for one socket.
const QUEUE: usize = 16;

/// The relay in a process of its own; dropped, it ends.
pub struct Floor {
    pub ws_url: String,
    pub pid: u32,
    child: Child,
}

impl Floor {
    /// Starts it and waits until it is ready.
    pub fn start() -> Result<Self> {
        let ourselves = std::env::current_exe().context("our own program")?;
        let mut command = Command::new(ourselves);
        command.arg(SUBCOMMAND).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("start the floor")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("stdout is piped")?;
        BufReader::new(stdout).read_line(&mut line).context("the floor's address")?;
        Ok(Self { ws_url: format!("ws://{}", line.trim()), pid: child.id(), child })
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until standard input ends, which it does when the generator is gone.
pub fn serve() -> Result<()> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let listener = socket.listen(BACKLOG)?;
        println!("{}", listener.local_addr()?);
        accept(listener).await
    })
}

type Pairs = Arc<Mutex<HashMap<String, mpsc::Sender<Message>>>>;

async fn accept(listener: TcpListener) -> Result<()> {
    let pairs = Pairs::default();
    loop {
        let (stream, _) = listener.accept().await?;
        let pairs = pairs.clone();
        // A pair that breaks is noticed by the generator.
        tokio::spawn(async move { relay(stream, pairs).await.ok() });
    }
}

async fn relay(stream: TcpStream, pairs: Pairs) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut path = String::new();
    #[expect(clippy::result_large_err, reason = "the library's own signature")]
    let note = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        request.uri().path().clone_into(&mut path);
        // A client that offered a subprotocol waits for the answer.
        if let Some(offered) = request.headers().get("sec-websocket-protocol") {
            response.headers_mut().insert("sec-websocket-protocol", HeaderValue::clone(offered));
        }
        Ok(response)
    };
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
    let mut socket = Box::pin(accept_hdr_async_with_config(stream, note, Some(config))).await?;
    let (queue, mut waiting) = mpsc::channel(QUEUE);
    let other = match path.strip_suffix("/a") {
        Some(pair) => format!("{pair}/b"),
        None => format!("{}/a", path.trim_end_matches("/b")),
    };
    lock(&pairs).insert(path, queue);
    let mut peer = None;
    loop {
        tokio::select! {
            message = waiting.recv() => {
                let Some(message) = message else { return Ok(()) };
                socket.send(message).await?;
            }
            message = socket.next() => {
                let message = message.context("end of stream")??;
                if peer.is_none() {
                    peer = lock(&pairs).get(&other).cloned();
                }
                if let (Some(peer), true) = (&peer, message.is_text() || message.is_binary()) {
                    peer.send(message).await?;
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
