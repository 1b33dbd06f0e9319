//! What the tests of the binary share: running it, and talking to it with as little as possible.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use throwaway::{Server, ServerOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

pub const BIN: &str = env!("CARGO_BIN_EXE_frontdesk");

pub fn options() -> ServerOptions {
    ServerOptions::of(BIN)
}

/// Runs the binary to its end, without any FRONTDESK_* of ours.
pub fn run(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = command(env);
    command.args(args).stdin(Stdio::null()).output().expect("the binary can be started")
}

pub fn command(env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(BIN);
    let inherited = std::env::vars_os().map(|variable| variable.0);
    for name in inherited.filter(|name| name.to_string_lossy().starts_with("FRONTDESK_")) {
        command.env_remove(name);
    }
    command.envs(env.iter().copied());
    command
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn text(path: &Path) -> String {
    path.to_str().expect("a temporary folder has a plain name").to_owned()
}

/// An answer over HTTP.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

pub async fn get(server: &Server, path: &str) -> Answer {
    ask(server.address(), &format!("GET {path} HTTP/1.1\r\n"), "").await
}

pub async fn post(server: &Server, path: &str, body: &Value) -> Answer {
    let head = format!("POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n");
    ask(server.address(), &head, &body.to_string()).await
}

/// One request on a connection of its own. `head` is the request line and any headers.
pub async fn ask(address: &str, head: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("the server takes connections");
    let length = body.len();
    let request = format!(
        "{head}Host: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the server answers");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let pairs = lines.filter_map(|line| line.split_once(": "));
    Answer {
        status: status.parse().expect("a number"),
        headers: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: body.to_owned(),
    }
}

pub type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>;

/// An agent's socket and the answer to its `hello`.
pub async fn hello(server: &Server, token: &str) -> (Socket, Value) {
    let url = format!("{}/v1/agent", server.ws_url);
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("an upgrade");
    let frame = json!({ "id": 1, "op": "hello", "args": { "token": token } });
    socket.send(Message::text(frame.to_string())).await.expect("the server reads");
    let answer = next(&mut socket).await;
    (socket, answer)
}

/// The next frame.
pub async fn next(socket: &mut Socket) -> Value {
    loop {
        let message = socket.next().await.expect("a frame").expect("no broken connection");
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).expect("frames are JSON");
        }
    }
}
