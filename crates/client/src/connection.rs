//! One socket: asks, matches answers by id, keeps what comes unasked in order.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use protocol::limits::{ANSWER_WITHIN, SERVER_FRAME_BYTES_MAX};
use protocol::{Bye, Codec, ErrorBody, Operation, ServerFrame};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::{Arrival, Ended, Failure, OpenError, Target};

/// Small: most clients of a crowd say little.
const READ_BUFFER_BYTES: usize = 2 * 1024;
/// How long after the contract's limit an answer is still waited for: the fault of a busy machine.
const ANSWER_MARGIN: Duration = Duration::from_secs(5);

/// One open socket. Nothing happens unless somebody waits for something; then pings are answered too.
pub struct Connection {
    socket: WebSocketStream<TcpStream>,
    codec: Codec,
    next_id: u32,
    answers: HashMap<u32, Result<Value, ErrorBody>>,
    arrived: VecDeque<Arrival>,
    bye: Option<Bye>,
    ended: Option<Ended>,
}

#[derive(Serialize)]
struct Asked<'a, A> {
    id: u32,
    op: &'a str,
    args: A,
}

impl Connection {
    /// Connects and upgrades; says nothing yet.
    pub async fn open(target: &Target) -> Result<Self, OpenError> {
        let target = target.thrown();
        let stream = connect(&target).await?;
        Self::over(stream, &target).await
    }

    /// Upgrades a TCP connection that is there.
    pub async fn over(stream: TcpStream, target: &Target) -> Result<Self, OpenError> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(READ_BUFFER_BYTES)
            .max_message_size(Some(SERVER_FRAME_BYTES_MAX))
            .max_frame_size(Some(SERVER_FRAME_BYTES_MAX));
        let opened = client_async_with_config(request(target)?, stream, Some(config)).await;
        let (socket, _) = opened.map_err(|error| match error {
            SocketError::Http(response) => OpenError::Http { status: response.status().as_u16() },
            error => OpenError::Broken(error.to_string()),
        })?;
        Ok(Self {
            socket,
            codec: target.codec,
            next_id: 1,
            answers: HashMap::new(),
            arrived: VecDeque::new(),
            bye: None,
            ended: None,
        })
    }

    /// How frames are written here.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Asks and waits for the answer.
    pub async fn request<T: DeserializeOwned>(
        &mut self,
        operation: &Operation,
    ) -> Result<T, Failure> {
        self.ask(operation.name(), operation.args()).await
    }

    /// The same for any operation with any arguments, right or wrong.
    pub async fn ask<T: DeserializeOwned>(
        &mut self,
        op: &str,
        args: impl Serialize,
    ) -> Result<T, Failure> {
        let id = self.send_request(op, args).await?;
        self.answer_as(id).await
    }

    /// Asks without waiting; the id is for [`Self::answer`].
    pub async fn send_request(&mut self, op: &str, args: impl Serialize) -> Result<u32, Ended> {
        let id = self.feed_request(op, args).await?;
        self.flush().await?;
        Ok(id)
    }

    /// Puts a request behind others that leave together with the next [`Self::flush`].
    pub async fn feed_request(&mut self, op: &str, args: impl Serialize) -> Result<u32, Ended> {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        let message = self.message_of(self.codec.encode(&Asked { id, op, args }));
        self.feed(message).await?;
        Ok(id)
    }

    /// The next request's frame as it would be sent, for those who send only a part of it.
    pub fn encode_request(&mut self, op: &str, args: impl Serialize) -> (u32, Bytes) {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        (id, self.codec.encode(&Asked { id, op, args }))
    }

    /// Waits for the answer to `id`; events that come meanwhile are kept for [`Self::next`].
    pub async fn answer(&mut self, id: u32) -> Result<Value, Failure> {
        let patience = ANSWER_WITHIN + ANSWER_MARGIN;
        let wait = async {
            loop {
                if let Some(answer) = self.answers.remove(&id) {
                    return answer.map_err(|error| Failure::Refused(Box::new(error)));
                }
                self.take_in().await?;
            }
        };
        timeout(patience, wait).await.unwrap_or(Err(Failure::Late(patience)))
    }

    /// The same, read as what the operation answers.
    pub async fn answer_as<T: DeserializeOwned>(&mut self, id: u32) -> Result<T, Failure> {
        let ok = self.answer(id).await?;
        serde_json::from_value(ok).map_err(|error| Failure::Malformed(error.to_string()))
    }

    /// The next frame that is not an answer, in the order of arrival.
    pub async fn next(&mut self) -> Result<Arrival, Ended> {
        loop {
            if let Some(arrival) = self.arrived.pop_front() {
                return Ok(arrival);
            }
            self.take_in().await?;
        }
    }

    /// What has arrived and has been read from the socket, without waiting.
    pub fn next_read(&mut self) -> Option<Arrival> {
        self.arrived.pop_front()
    }

    /// The next frame of any kind as it comes from the socket, past what [`Self::next`] still holds.
    pub async fn next_frame(&mut self) -> Result<ServerFrame, Ended> {
        loop {
            let bytes = match self.next_message().await? {
                Message::Text(text) if self.codec == Codec::Json => Bytes::from(text),
                Message::Binary(bytes) if self.codec == Codec::Msgpack => bytes,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) | Message::Close(_) => {
                    continue;
                }
                Message::Text(_) | Message::Binary(_) => {
                    return Err(self.end_with(None, "the server sent a frame of the wrong kind"));
                }
            };
            match ServerFrame::decode(self.codec, &bytes) {
                Ok(frame) => return Ok(frame),
                Err(error) => {
                    let why = format!("a frame that cannot be read: {}", error.0);
                    return Err(self.end_with(None, &why));
                }
            }
        }
    }

    /// The next WebSocket message, pings and pongs among them. A close is an end, and answered.
    pub async fn next_message(&mut self) -> Result<Message, Ended> {
        if let Some(ended) = &self.ended {
            return Err(ended.clone());
        }
        match self.socket.next().await {
            Some(Ok(Message::Close(frame))) => {
                // The library answers the close while it waits for the end of TCP.
                let _ = timeout(Duration::from_secs(1), self.socket.next()).await;
                let (code, why) = match frame {
                    Some(CloseFrame { code, reason }) => {
                        (Some(u16::from(code)), reason.to_string())
                    }
                    None => (Some(1005), String::new()),
                };
                Err(self.end_with(code, &why))
            }
            Some(Ok(message)) => Ok(message),
            Some(Err(error)) => Err(self.end_with(None, &error.to_string())),
            None => Err(self.end_with(None, "end of stream")),
        }
    }

    /// Sends any WebSocket message.
    pub async fn send_message(&mut self, message: Message) -> Result<(), Ended> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Sends bytes as one message of the codec's kind.
    pub async fn send_bytes(&mut self, bytes: impl Into<Bytes>) -> Result<(), Ended> {
        let message = self.message_of(bytes.into());
        self.send_message(message).await
    }

    /// Sends what was fed.
    pub async fn flush(&mut self) -> Result<(), Ended> {
        let flushed = self.socket.flush().await;
        flushed.map_err(|error| self.end_by(&error))
    }

    /// Says goodbye as a client that leaves of its own will; answers the code the server closed with.
    pub async fn leave(mut self) -> Option<u16> {
        // It may be gone already; then there is nobody to say it to.
        let _ = self.socket.close(None).await;
        loop {
            match timeout(ANSWER_MARGIN, self.next_message()).await {
                Ok(Ok(_)) => {}
                Ok(Err(ended)) => return ended.code,
                Err(_) => return None,
            }
        }
    }

    /// The TCP connection below, past all buffers.
    pub fn tcp(&mut self) -> &mut TcpStream {
        self.socket.get_mut()
    }

    /// The end, if it has been seen.
    pub fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// Reads one frame and files it.
    async fn take_in(&mut self) -> Result<(), Ended> {
        let arrival = match self.next_frame().await? {
            ServerFrame::Ok { re, ok } => {
                self.answers.insert(re, Ok(ok));
                return Ok(());
            }
            ServerFrame::Err { re: Some(re), err } => {
                self.answers.insert(re, Err(err));
                return Ok(());
            }
            ServerFrame::Err { re: None, err } => Arrival::BadFrame(Box::new(err)),
            ServerFrame::Event(event) => Arrival::Event(event),
            ServerFrame::Signal(signal) => Arrival::Signal(signal),
            ServerFrame::Bye(bye) => {
                self.bye = Some(bye.clone());
                Arrival::Bye(bye)
            }
            ServerFrame::Unknown(frame) => Arrival::Unknown(frame),
        };
        self.arrived.push_back(arrival);
        Ok(())
    }

    async fn feed(&mut self, message: Message) -> Result<(), Ended> {
        if let Some(ended) = &self.ended {
            return Err(ended.clone());
        }
        let fed = self.socket.feed(message).await;
        fed.map_err(|error| self.end_by(&error))
    }

    fn message_of(&self, bytes: Bytes) -> Message {
        match self.codec {
            Codec::Json => match Utf8Bytes::try_from(bytes) {
                Ok(text) => Message::Text(text),
                // Only tests of what is wrong get here: JSON that is not text goes as binary.
                Err(_) => Message::Binary(Bytes::new()),
            },
            Codec::Msgpack => Message::Binary(bytes),
        }
    }

    /// A write failed: what the server said before it closed may still be there to be read.
    fn end_by(&mut self, error: &SocketError) -> Ended {
        Ended { bye: self.bye.clone(), code: None, why: format!("could not write: {error}") }
    }

    fn end_with(&mut self, code: Option<u16>, why: &str) -> Ended {
        let ended = Ended { bye: self.bye.clone(), code, why: why.to_owned() };
        self.ended = Some(ended.clone());
        ended
    }
}

async fn connect(target: &Target) -> Result<TcpStream, OpenError> {
    let broken = |error: std::io::Error| OpenError::Broken(error.to_string());
    let address = lookup_host(target.authority()).await.map_err(broken)?.next();
    let address = address.ok_or_else(|| OpenError::Address(target.url.clone()))?;
    let stream = match target.from {
        None => TcpStream::connect(address).await.map_err(broken)?,
        Some(from) => {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
            let socket = socket.map_err(broken)?;
            socket.bind((from, 0).into()).map_err(broken)?;
            socket.connect(address).await.map_err(broken)?
        }
    };
    stream.set_nodelay(true).map_err(broken)?;
    Ok(stream)
}

fn request(target: &Target) -> Result<Request, OpenError> {
    let unusable = || OpenError::Address(target.url.clone());
    let mut request = target.url.as_str().into_client_request().map_err(|_| unusable())?;
    let headers = request.headers_mut();
    let subprotocol = HeaderValue::from_static(target.codec.subprotocol());
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    if let Some(origin) = &target.origin {
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin).map_err(|_| unusable())?);
    }
    for (name, value) in &target.headers {
        let name = HeaderName::try_from(name).map_err(|_| unusable())?;
        headers.insert(name, HeaderValue::from_str(value).map_err(|_| unusable())?);
    }
    Ok(request)
}
