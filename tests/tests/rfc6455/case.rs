//! One case: bytes, and what must come of them.

use std::time::Duration;

use client::raw::{Frame, opcode};
use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use system_tests::Site;
use system_tests::socket::{Ending, Heard, RawSocket};

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(5);
/// The id of the requests in cases, and of the one that asks whether the connection lives.
pub const ASKED: u32 = 7;
const PROBE: u32 = 99;

/// What must come of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The request in it is answered, and the connection lives.
    Answered,
    /// It is no request, is told so, and the connection lives.
    BadRequest,
    /// Nothing is said, and the connection lives.
    Nothing,
    /// A pong with this payload, and the connection lives.
    Pong(Vec<u8>),
    /// The connection is failed with one of these codes.
    Failed(Vec<u16>),
    /// The request is answered, or the connection is failed with one of these codes: the standard
    /// binds only the sender.
    AnsweredOrFailed(Vec<u16>),
    /// The close is answered by one with one of these codes (none: an empty one) or an empty one.
    ClosedBack(Vec<u16>),
}

/// Bytes after `hello`, sent one chunk after the other.
pub struct Case {
    pub name: String,
    pub chunks: Vec<Vec<u8>>,
    pub outcome: Outcome,
}

impl Case {
    /// Frames that leave together.
    pub fn new<'a>(
        name: impl Into<String>,
        frames: impl IntoIterator<Item = &'a Frame>,
        outcome: Outcome,
    ) -> Self {
        let bytes: Vec<u8> = frames.into_iter().flat_map(Frame::bytes).collect();
        Self { name: name.into(), chunks: vec![bytes], outcome }
    }

    /// The same, a byte at a time.
    #[must_use]
    pub fn byte_by_byte(mut self) -> Self {
        self.chunks = self.chunks.concat().into_iter().map(|byte| vec![byte]).collect();
        self
    }
}

/// A request whose frame carries `filling`.
pub fn request(filling: &str) -> Vec<u8> {
    json!({ "id": ASKED, "op": "ping", "args": { "x": filling } }).to_string().into_bytes()
}

/// A final text frame with a request.
pub fn text() -> Frame {
    Frame::new(opcode::TEXT, request("x"))
}

/// Failed as a violation of the protocol.
pub fn violation() -> Outcome {
    Outcome::Failed(vec![1002])
}

/// Runs every case on a connection of its own; all that went wrong, in one panic.
pub async fn run(cases: Vec<Case>) {
    let site = &Site::new().await;
    let count = cases.len();
    assert!(count > 0, "no cases");
    let judged = stream::iter(cases).map(async |case| judge(site, &case).await.err());
    let wrong: Vec<String> =
        judged.buffer_unordered(8).filter_map(async |wrong| wrong).collect().await;
    println!("{count} cases");
    assert!(wrong.is_empty(), "{} of {count} went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

async fn judge(site: &Site, case: &Case) -> Result<(), String> {
    let mut socket = RawSocket::greeted(site).await;
    for chunk in &case.chunks {
        socket.send(chunk).await;
    }
    let (ends, lives) = match &case.outcome {
        Outcome::Failed(codes) | Outcome::ClosedBack(codes) => (Some(codes), false),
        Outcome::AnsweredOrFailed(codes) => (Some(codes), true),
        _ => (None, true),
    };
    if lives {
        socket.say(&json!({ "id": PROBE, "op": "ping" })).await;
    }
    let (heard, ending) = listen(&mut socket).await;
    let told = || format!("{}: {heard:?}, then {ending:?}", case.name);
    match (&ending, ends) {
        (None, _) if lives && fits(&heard, &case.outcome) => Ok(()),
        (Some(Ending::Close(Some(code))), Some(codes))
            if codes.contains(code) && heard.is_empty() =>
        {
            Ok(())
        }
        (Some(Ending::Close(None)), Some(_)) if matches!(case.outcome, Outcome::ClosedBack(_)) => {
            Ok(())
        }
        _ => Err(told()),
    }
}

/// Everything up to the answer of the probe, or to the end.
async fn listen(socket: &mut RawSocket) -> (Vec<Heard>, Option<Ending>) {
    let mut heard = Vec::new();
    loop {
        let Some(frame) = socket.heard(LIMIT).await else { return (heard, Some(Ending::Tcp)) };
        if frame.opcode == opcode::CLOSE {
            let code = frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            return (heard, Some(Ending::Close(code)));
        }
        if value(&frame)["re"] == PROBE {
            return (heard, None);
        }
        heard.push(frame);
    }
}

fn value(frame: &Heard) -> Value {
    serde_json::from_slice(&frame.payload).unwrap_or_default()
}

fn fits(heard: &[Heard], outcome: &Outcome) -> bool {
    let answered =
        || heard.iter().any(|frame| value(frame)["re"] == ASKED && value(frame)["ok"].is_object());
    match outcome {
        Outcome::Answered | Outcome::AnsweredOrFailed(_) => answered(),
        Outcome::BadRequest => {
            matches!(heard, [frame] if value(frame)["err"]["code"] == "bad_request")
        }
        Outcome::Nothing => heard.is_empty(),
        Outcome::Pong(payload) => {
            heard.iter().any(|frame| frame.opcode == opcode::PONG && frame.payload == *payload)
        }
        Outcome::Failed(_) | Outcome::ClosedBack(_) => false,
    }
}
