//! A whole gateway over a store in memory, and clients with real sockets.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

pub mod moody;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use conversation::{Conversation, Deed, KeyScope, Remembered, Visitor};
use futures::{SinkExt as _, StreamExt as _};
use gateway::{Credentials, Gateway, GatewayMetrics, Settings};
use protocol::{AgentId, Codec, ConversationId, Key, PersonId, SiteId, Text, VisitorId};
use serde_json::{Value, json};
use store::{
    AgentRole, Directory as _, Journal as _, MemoryStore, NewAgent, Site, Start, StartOutcome,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::http;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const PATIENCE: Duration = Duration::from_secs(8);
pub const DOMAIN: &str = "shop.example";
pub const ORIGIN: &str = "https://shop.example";

/// One node.
pub struct House {
    pub address: SocketAddr,
    pub store: Arc<MemoryStore>,
    /// The same, as the node sees it.
    pub moody: Arc<moody::Moody>,
    pub credentials: Credentials,
    pub gateway: Arc<Gateway>,
    pub metrics: GatewayMetrics,
    pub site: SiteId,
    pub stop: CancellationToken,
    pub served: tokio::task::JoinHandle<()>,
}

/// Settings whose deadlines are noticed at once.
pub fn quick() -> Settings {
    Settings { tick: Duration::from_millis(10), node: "test".into(), ..Settings::default() }
}

impl House {
    pub async fn new() -> Self {
        Self::with(quick()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let store = Arc::new(MemoryStore::new());
        let moody = moody::Moody::new(store.clone());
        let credentials = Credentials::new(store.secret().await.unwrap());
        let hub = hub::Hub::new(
            moody.clone(),
            Arc::new(fanout::Alone),
            Arc::new(hub::SystemClock),
            hub::Settings::default(),
            hub::HubMetrics::default(),
        );
        let metrics = GatewayMetrics::default();
        let (store_too, credentials_too) = (moody.clone(), credentials.clone());
        let gateway = Gateway::new(hub, store_too, credentials_too, settings, metrics.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = gateway::routes(gateway.clone());
        let serving = gateway::serve(listener, router, gateway.clone(), stop.clone());
        let served = tokio::spawn(serving);
        let site = add_site(&store, &[DOMAIN]).await;
        Self { address, store, moody, credentials, gateway, metrics, site, stop, served }
    }

    /// A new agent of the site, with a token for an hour.
    pub async fn agent(&self, name: &str) -> (AgentId, String) {
        self.agent_of(self.site, name, None).await
    }

    pub async fn agent_of(
        &self,
        site: SiteId,
        name: &str,
        password_hash: Option<String>,
    ) -> (AgentId, String) {
        let id = AgentId(Uuid::new_v4());
        let alias = PersonId(Uuid::new_v4());
        let email = format!("{}@desk.example", name.to_lowercase());
        let (name, role) = (name.to_owned(), AgentRole::Rep);
        let agent = NewAgent { id, alias, site, email, name, role, password_hash };
        self.store.add_agent(agent, 1).await.unwrap();
        let hour = Duration::from_secs(3600);
        (id, self.credentials.mint_agent(site, id, now(), hour))
    }

    /// A conversation that somebody has begun.
    pub async fn conversation(&self) -> ConversationId {
        let id = ConversationId(Uuid::new_v4());
        let visitor = Visitor { id: VisitorId(Uuid::new_v4()), name: "".into(), email: None };
        let (text, key) = (Text::new("hi").unwrap(), Key::new("k").unwrap());
        let author = visitor.id.into();
        let said = (text, key.clone());
        let (state, events) = Conversation::start((id, self.site), visitor, said, now());
        let conversation = ConversationId::NOWHERE;
        let scope = KeyScope { author, conversation, deed: Deed::Start, key };
        let (seq, visitor_seq, at) = (state.head, state.visitor_head, state.last_at);
        let remembered = Remembered { conversation: id, seq, visitor_seq, closed_seq: None, at };
        let conversation = Arc::new(state);
        let starts_per_minute = 10;
        let start = Start { conversation, events, scope, remembered, starts_per_minute };
        assert_eq!(self.store.start(start).await.unwrap(), StartOutcome::Done);
        id
    }

    /// A visitor's socket before `hello`.
    pub async fn visitor_socket(&self, codec: Codec) -> Client {
        let path = format!("/v1/visitor/{}", self.site);
        self.connect(&path, codec, &[("origin", ORIGIN)]).await.unwrap()
    }

    /// An agent's socket before `hello`.
    pub async fn agent_socket(&self, codec: Codec) -> Client {
        self.connect("/v1/agent", codec, &[]).await.unwrap()
    }

    /// A new visitor that has said hello.
    pub async fn visitor(&self, codec: Codec) -> Client {
        let mut visitor = self.visitor_socket(codec).await;
        visitor.ok("hello", json!({ "profile": { "name": "Vera" } })).await;
        visitor
    }

    /// An agent that has said hello.
    pub async fn present(&self, token: &str, codec: Codec) -> Client {
        let mut agent = self.agent_socket(codec).await;
        agent.ok("hello", json!({ "token": token })).await;
        agent
    }

    /// Opens a WebSocket, or answers the status it was refused with.
    pub async fn connect(
        &self,
        path: &str,
        codec: Codec,
        headers: &[(&str, &str)],
    ) -> Result<Client, u16> {
        let mut all = vec![("sec-websocket-protocol", codec.subprotocol())];
        all.extend_from_slice(headers);
        let (client, response) = self.connect_with(path, codec, &all).await?;
        let chosen = response.headers().get("sec-websocket-protocol").unwrap();
        assert_eq!(chosen.to_str().unwrap(), codec.subprotocol());
        Ok(client)
    }

    pub async fn connect_with(
        &self,
        path: &str,
        codec: Codec,
        headers: &[(&str, &str)],
    ) -> Result<(Client, http::Response<Option<Vec<u8>>>), u16> {
        let mut request = http::Request::get(format!("ws://{}{path}", self.address))
            .header("host", self.address.to_string())
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", generate_key());
        for (name, value) in headers {
            request =
                request.header(*name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        // A small window, so that who does not read is noticed before megabytes are under way.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        let request = request.body(()).unwrap();
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, response)) => Ok((Client::new(socket, codec), response)),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                Err(response.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends bytes as they are and answers everything that comes until the server closes.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The server may refuse before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ =
            timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("a closed connection");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// `POST` with a JSON body; answers status, head and body.
    pub async fn post(&self, path: &str, headers: &str, body: &Value) -> (u16, String, Value) {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n{headers}\r\n{body}",
            self.address,
            body.len(),
        );
        let answer = self.raw(request.as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
        let status = head[9..12].parse().unwrap();
        (status, head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
    }
}

pub async fn add_site(store: &MemoryStore, domains: &[&str]) -> SiteId {
    let id = SiteId(Uuid::new_v4());
    let domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
    store.add_site(Site { id, name: "Shop".into(), domains }, 1).await.unwrap();
    id
}

pub fn now() -> i64 {
    use hub::Clock as _;
    hub::SystemClock.now_ms()
}

/// A socket that keeps what it was not waiting for.
pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
    codec: Codec,
    last_id: u32,
    kept: VecDeque<Value>,
}

/// How the server ended it.
#[derive(Debug, PartialEq)]
pub struct Ended {
    pub code: Option<u16>,
    pub bye: Option<Value>,
}

impl Client {
    fn new(socket: WebSocketStream<TcpStream>, codec: Codec) -> Self {
        Self { socket, codec, last_id: 0, kept: VecDeque::new() }
    }

    /// Sends a request and answers its number.
    pub async fn send(&mut self, op: &str, args: Value) -> u32 {
        self.last_id += 1;
        let frame = self.codec.encode(&json!({ "id": self.last_id, "op": op, "args": args }));
        self.send_bytes(&frame).await;
        self.last_id
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let message = match self.codec {
            Codec::Json => Message::text(String::from_utf8(bytes.to_vec()).unwrap()),
            Codec::Msgpack => Message::binary(bytes.to_vec()),
        };
        self.socket.send(message).await.unwrap();
    }

    /// Asks and waits for the answer, whatever comes in between.
    pub async fn ask(&mut self, op: &str, args: Value) -> Value {
        let id = self.send(op, args).await;
        self.answer_to(id).await
    }

    /// Asks and expects `ok`.
    pub async fn ok(&mut self, op: &str, args: Value) -> Value {
        let answer = self.ask(op, args).await;
        assert!(answer.get("ok").is_some(), "{op}: {answer}");
        answer["ok"].clone()
    }

    /// Asks and expects a refusal with this code.
    pub async fn refused(&mut self, op: &str, args: Value, code: &str) -> Value {
        let answer = self.ask(op, args).await;
        assert_eq!(answer["err"]["code"], code, "{op}: {answer}");
        answer["err"].clone()
    }

    pub async fn answer_to(&mut self, id: u32) -> Value {
        self.find(|frame| frame.get("re") == Some(&json!(id))).await
    }

    /// The next event, whatever else comes before it.
    pub async fn event(&mut self) -> Value {
        self.find(|frame| frame.get("ev").is_some()).await
    }

    pub async fn signal(&mut self, name: &str) -> Value {
        self.find(|frame| frame.get("sig") == Some(&json!(name))).await
    }

    /// Waits for a frame and keeps the others for later.
    pub async fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(place) = self.kept.iter().position(&wanted) {
            return self.kept.remove(place).unwrap();
        }
        loop {
            let frame = self.frame().await.unwrap_or_else(|ended| panic!("ended: {ended:?}"));
            if wanted(&frame) {
                return frame;
            }
            self.kept.push_back(frame);
        }
    }

    /// The next frame from the socket, or how it ended.
    pub async fn frame(&mut self) -> Result<Value, Ended> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("a frame in time");
            match message {
                Some(Ok(Message::Text(text))) if self.codec == Codec::Json => {
                    return Ok(self.codec.parse(text.as_bytes()).unwrap());
                }
                Some(Ok(Message::Binary(bytes))) if self.codec == Codec::Msgpack => {
                    return Ok(self.codec.parse(&bytes).unwrap());
                }
                Some(Ok(Message::Close(frame))) => {
                    let bye = self.kept.iter().find_map(|frame| frame.get("bye").cloned());
                    return Err(Ended { code: frame.map(|frame| frame.code.into()), bye });
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => panic!("{other:?}"),
                Some(Err(_)) | None => return Err(Ended { code: None, bye: None }),
            }
        }
    }

    /// Reads until the end; frames on the way are kept.
    pub async fn ended(&mut self) -> Ended {
        loop {
            match self.frame().await {
                Ok(frame) => self.kept.push_back(frame),
                Err(ended) => return ended,
            }
        }
    }

    /// Reads until the end and expects this close code and bye.
    pub async fn ends_with(&mut self, code: u16, bye: Option<&str>) {
        let ended = self.ended().await;
        let said = ended.bye.as_ref().map(|bye| bye["code"].as_str().unwrap());
        assert_eq!((ended.code, said), (Some(code), bye), "{ended:?}, {:?}", self.kept);
    }

    /// Nothing is kept that matches, and nothing comes before the answer to a ping.
    pub async fn has_heard_nothing_like(&mut self, unwanted: impl Fn(&Value) -> bool) {
        self.ok("ping", json!({})).await;
        let found = self.kept.iter().find(|frame| unwanted(frame));
        assert!(found.is_none(), "{found:?}");
    }
}
