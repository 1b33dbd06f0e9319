//! A client that outlives its connections: comes back, resumes, and sends again under the same key.

mod log;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use protocol::limits::{HELLO_WATCH_MAX, HISTORY_LIMIT_MAX};
use protocol::{ConversationId, Hello, HistoryPage, Remedy, Started, WatchOutcome, Watched};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};

pub use log::Log;

use crate::raw::{Frame, opcode};
use crate::{Arrival, Connection, Failure, Target};

/// How long a session tries to come back, and to get an answer, before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE_FIRST: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// One visitor or agent over many connections.
pub struct Session {
    target: Target,
    token: Option<String>,
    connection: Option<Connection>,
    /// The last answer to `hello`.
    pub hello: Option<Hello>,
    /// What was seen of each conversation that is followed.
    pub logs: BTreeMap<ConversationId, Log>,
    /// Promises that the server broke, in words.
    pub broken: Vec<String>,
    /// Connections made so far.
    pub connections: u64,
    /// How long it took to come back each time that something was followed already.
    pub resumes: Vec<Duration>,
    /// Commands sent more than once.
    pub resent: u64,
    /// Commands that were not answered within the contract's time on a connection that stood.
    pub late: u64,
    patience: Duration,
}

/// Where in the life of a command a connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vanish {
    BeforeSending,
    /// A part of the frame is sent.
    MidFrame,
    /// All of it is sent, and nobody waits for the answer.
    AfterSending,
    AfterAnswer,
}

impl Session {
    /// Somebody who comes to `target`; an agent has a token already. Connects when there is need.
    pub fn new(target: Target, token: Option<String>) -> Self {
        Self {
            target,
            token,
            connection: None,
            hello: None,
            logs: BTreeMap::new(),
            broken: Vec::new(),
            connections: 0,
            resumes: Vec::new(),
            resent: 0,
            late: 0,
            patience: PATIENCE,
        }
    }

    /// The token that makes it the same person next time.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Comes back to another address from the next connection on.
    pub fn retarget(&mut self, target: Target) {
        self.target = target;
    }

    /// Gives up after so long.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The connection, made if there is none.
    pub async fn connected(&mut self) -> Result<&mut Connection, Failure> {
        if self.connection.as_ref().is_some_and(|connection| connection.ended().is_some()) {
            self.vanish();
        }
        if self.connection.is_none() {
            let connection = self.come_back().await?;
            self.connection = Some(connection);
            self.file_arrivals();
        }
        // Just made, if there was none.
        self.connection.as_mut().ok_or_else(|| Failure::Malformed("no connection".into()))
    }

    /// Loses the connection without a word, whatever is on its way.
    pub fn vanish(&mut self) {
        self.connection = None;
        self.logs.values_mut().for_each(Log::cut);
    }

    /// Asks until there is an answer, over as many connections as it takes, always with the same
    /// arguments, hence the same key. Answers the `ok`, or the refusal that retrying does not mend.
    pub async fn command(&mut self, op: &str, args: &Value) -> Result<Value, Failure> {
        let deadline = Instant::now() + self.patience;
        let mut tries = 0_u64;
        loop {
            let first = tries == 0;
            tries += 1;
            self.resent += u64::from(!first);
            let failure = match self.connected().await?.ask::<Value>(op, args).await {
                Ok(ok) => {
                    self.note_start(op, &ok, first);
                    self.file_arrivals();
                    return Ok(ok);
                }
                Err(failure) => failure,
            };
            self.file_arrivals();
            self.late += u64::from(matches!(failure, Failure::Late(_)));
            match &failure {
                Failure::Refused(error) if error.remedy == Remedy::Retry => {
                    sleep(Duration::from_millis(error.retry_after_ms.max(1))).await;
                }
                Failure::Refused(error) if error.remedy == Remedy::Reconnect => self.vanish(),
                Failure::Ended(_) | Failure::Late(_) => self.vanish(),
                Failure::Refused(_) | Failure::Malformed(_) => return Err(failure),
            }
            if Instant::now() > deadline {
                return Err(failure);
            }
        }
    }

    /// Starts a conversation and follows it.
    pub async fn start(&mut self, key: &str, text: &str) -> Result<Started, Failure> {
        let ok = self.command("conversation.start", &json!({ "key": key, "text": text })).await?;
        let started: Started = read(ok)?;
        // On another connection than the first try, watching is not a part of the answer.
        self.follow(started.conversation.id).await?;
        Ok(started)
    }

    /// Watches a conversation from where it is known to, on this connection and all that follow.
    pub async fn follow(&mut self, conversation: ConversationId) -> Result<(), Failure> {
        let known = self.logs.get(&conversation);
        if known.is_some_and(Log::is_live) {
            return Ok(());
        }
        let after = known.map_or(0, Log::seen);
        let args = json!({ "conversation": conversation, "after": after });
        let watched = self.command("conversation.watch", &args).await?;
        // A lost connection on the way has caught up with it already, if it was known.
        let mut log = self.logs.remove(&conversation).unwrap_or_default();
        let outcome = match self.connection.as_mut() {
            Some(connection) => catch_up(connection, &mut log, after, read(watched)?).await,
            None => Ok(Vec::new()),
        };
        self.logs.insert(conversation, log);
        match outcome {
            Ok(faults) => self.broken.extend(faults),
            // The next connection resumes it.
            Err(Failure::Ended(_) | Failure::Late(_)) => self.vanish(),
            Err(failure) => return Err(failure),
        }
        self.file_arrivals();
        Ok(())
    }

    /// Sends a command and loses the connection at that point of its life.
    pub async fn command_and_vanish(&mut self, op: &str, args: &Value, when: Vanish) {
        // Whatever goes wrong on the way: the connection was to be lost anyhow.
        let _ = self.lose(op, args, when).await;
        if op != "conversation.start" {
            self.file_arrivals();
        }
        self.vanish();
    }

    /// Reads until `head` has been seen, coming back if the connection ends.
    pub async fn catch_up_to(
        &mut self,
        conversation: ConversationId,
        head: u64,
    ) -> Result<(), Failure> {
        self.catch_up_until(conversation, |log| log.seen() >= head).await
    }

    /// Reads until what has been seen of a conversation is `enough`, coming back if the connection ends.
    pub async fn catch_up_until(
        &mut self,
        conversation: ConversationId,
        enough: impl Fn(&Log) -> bool,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + self.patience;
        while self.logs.get(&conversation).is_some_and(|log| !enough(log)) {
            let left = deadline.saturating_duration_since(Instant::now());
            let connection = self.connected().await?;
            let arrival = timeout(left, connection.next()).await;
            match arrival {
                Ok(Ok(arrival)) => self.file(arrival),
                Ok(Err(_)) => self.vanish(),
                Err(_) => return Err(Failure::Late(self.patience)),
            }
        }
        Ok(())
    }

    /// Takes in what the connection has read while it waited for answers.
    pub fn file_arrivals(&mut self) {
        while let Some(arrival) = self.connection.as_mut().and_then(Connection::next_read) {
            self.file(arrival);
        }
    }

    fn file(&mut self, arrival: Arrival) {
        let Arrival::Event(event) = arrival else { return };
        let Some(log) = self.logs.get_mut(&event.conversation) else {
            self.broken.push(format!("an event of {}, which is not watched", event.conversation));
            return;
        };
        if let Err(fault) = log.take_live(*event) {
            self.broken.push(fault);
        }
    }

    /// The starter is watching from then on, if this is the socket that started.
    fn note_start(&mut self, op: &str, ok: &Value, first: bool) {
        if op != "conversation.start" {
            return;
        }
        let id = ok["conversation"]["id"].as_str().and_then(ConversationId::parse);
        let log = if first { Log::from_the_start() } else { Log::default() };
        if let Some(id) = id {
            self.logs.entry(id).or_insert(log);
        }
    }

    async fn lose(&mut self, op: &str, args: &Value, when: Vanish) -> Result<(), Failure> {
        if when == Vanish::BeforeSending {
            return Ok(());
        }
        let connection = self.connected().await?;
        let (id, bytes) = connection.encode_request(op, args);
        if when == Vanish::MidFrame {
            let kind = match connection.codec() {
                protocol::Codec::Json => opcode::TEXT,
                protocol::Codec::Msgpack => opcode::BINARY,
            };
            let frame = Frame::new(kind, bytes).bytes();
            let sent = rand::rng().random_range(1..frame.len());
            // Gone is gone: nobody minds if the part does not get out.
            let _ = connection.tcp().write_all(&frame[..sent]).await;
            return Ok(());
        }
        connection.send_bytes(bytes).await?;
        if when == Vanish::AfterAnswer {
            connection.answer(id).await?;
        }
        Ok(())
    }

    async fn come_back(&mut self) -> Result<Connection, Failure> {
        let (left, is_return) = (Instant::now(), !self.logs.is_empty());
        let deadline = left + self.patience;
        let mut pause = PAUSE_FIRST;
        loop {
            let failure = match self.resume().await {
                Ok(connection) => {
                    self.resumes.extend(is_return.then(|| left.elapsed()));
                    return Ok(connection);
                }
                Err(failure) => failure,
            };
            let lasting = |error: &protocol::ErrorBody| error.remedy != Remedy::Retry;
            if matches!(&failure, Failure::Refused(error) if lasting(error))
                || Instant::now() > deadline
            {
                return Err(failure);
            }
            let jittered = pause.mul_f64(rand::rng().random_range(0.5..1.0));
            sleep(jittered).await;
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    /// One connection with everything caught up.
    async fn resume(&mut self) -> Result<Connection, Failure> {
        self.logs.values_mut().for_each(Log::cut);
        let mut connection = Connection::open(&self.target).await?;
        self.connections += 1;
        let cursor =
            |(id, log): (&ConversationId, &Log)| json!({ "conversation": id, "after": log.seen() });
        let watch: Vec<Value> = self.logs.iter().take(HELLO_WATCH_MAX).map(cursor).collect();
        let mut args = json!({ "watch": watch });
        if let Some(token) = &self.token {
            args["token"] = token.as_str().into();
        }
        let hello = connection.hello(args).await?;
        self.token = hello.token.clone().or(self.token.take());
        let mut outcomes = hello.watching.iter().cloned();
        for (id, log) in &mut self.logs {
            let after = log.seen();
            let watched = match outcomes.next() {
                Some(WatchOutcome::Watched(watched)) => *watched,
                Some(WatchOutcome::Refused { err, .. }) => {
                    return Err(Failure::Refused(Box::new(err)));
                }
                None => connection.watch(id, after).await?,
            };
            self.broken.extend(catch_up(&mut connection, log, after, watched).await?);
        }
        self.hello = Some(hello);
        Ok(connection)
    }
}

/// Takes in a snapshot and the pages that it leaves to be had; answers the promises it breaks.
async fn catch_up(
    connection: &mut Connection,
    log: &mut Log,
    after: u64,
    watched: Watched,
) -> Result<Vec<String>, Failure> {
    let mut faults = Vec::new();
    let Watched { conversation, events, head, more, reset } = watched;
    if reset {
        faults.push(format!("reset at {after} while the head is {head}"));
        log.reset();
    }
    let due = head.saturating_sub(if reset { 0 } else { after });
    if !more && events.len() as u64 != due {
        faults.push(format!("{} events and no more, where {due} were due", events.len()));
    }
    faults.extend(events.into_iter().filter_map(|event| log.take(event).err()));
    while log.seen() < head {
        let bounds = json!({ "after": log.seen(), "limit": HISTORY_LIMIT_MAX });
        let page: HistoryPage = connection.history(conversation.id, bounds).await?;
        let missing = page.events.into_iter().filter(|event| event.seq <= head);
        let before = log.seen();
        faults.extend(missing.filter_map(|event| log.take(event).err()));
        if log.seen() == before {
            faults.push(format!("history ends at {before} while the head is {head}"));
            break;
        }
    }
    log.go_on_after(head);
    Ok(faults)
}

fn read<T: serde::de::DeserializeOwned>(ok: Value) -> Result<T, Failure> {
    serde_json::from_value(ok).map_err(|error| Failure::Malformed(error.to_string()))
}
