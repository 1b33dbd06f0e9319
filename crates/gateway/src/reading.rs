//! What comes from the client: frames, judged in the order of the contract.

use std::task::{Context, Poll};

use bytes::Bytes;
use protocol::limits::BAD_FRAMES_MAX;
use protocol::{Answer, Codec, ErrorBody, ErrorCode, Operation, Ponged, Refused, Request};
use serde::Serialize;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::asked::Asked;
use crate::connection::{Connection, Stage};
use crate::farewell::End;
use crate::gateway::now_ms;
use crate::outbox::Item;
use crate::ticker::Millis;
use crate::{access, refusal};

/// Messages read before it is looked whether something waits to be written.
const MESSAGES_AT_ONCE: usize = 16;

impl Connection {
    /// Reads what has come. `true`: there may be more, or there is something to write.
    pub(crate) fn read(&mut self, context: &mut Context<'_>, now: Millis) -> Result<bool, End> {
        for _ in 0..MESSAGES_AT_ONCE {
            if !self.may_read() {
                return Ok(self.may_write() && (!self.waiting.is_empty() || self.unflushed));
            }
            match self.socket.poll_next(context) {
                Poll::Pending => return Ok(false),
                Poll::Ready(None) => return Err(End::PeerLeft),
                Poll::Ready(Some(Err(error))) => return Err(self.failed(&error)),
                Poll::Ready(Some(Ok(message))) => self.take_in(message, now)?,
            }
        }
        Ok(true)
    }

    /// A client that does not read its answers is not asked for more questions, and what must go first
    /// goes first.
    fn may_read(&self) -> bool {
        let settings = &self.gateway.settings;
        self.waiting.is_empty()
            && !self.unflushed
            && !self.pending.is_busy()
            && !self.is_draining()
            && self.pending.len() < settings.pending_max
            && self.pending.pages() < settings.pages_pending_max
    }

    /// Not while the socket takes nothing: it wakes this task when it does.
    fn may_write(&self) -> bool {
        self.times.stalled.is_none()
    }

    fn failed(&mut self, error: &Error) -> End {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                self.refuse_frame(ErrorBody::new(ErrorCode::TooLarge, "The message is too large."));
                End::TooLarge
            }
            Error::Io(_) if self.socket.raw().is_flooded() => End::TooSlow,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::PeerLeft,
            Error::Protocol(_) => End::BrokeProtocol,
            Error::Utf8(_) => End::NotUtf8,
            _ => End::PeerLeft,
        }
    }

    fn take_in(&mut self, message: Message, now: Millis) -> Result<(), End> {
        match (message, self.codec) {
            (Message::Text(text), Codec::Json) => self.frame(&Bytes::from(text), now),
            (Message::Binary(bytes), Codec::Msgpack) => self.frame(&bytes, now),
            (Message::Text(_) | Message::Binary(_), _) => Err(End::WrongKind),
            (Message::Ping(_), _) => {
                // tungstenite has put the pong in; it has to go out.
                self.unflushed = true;
                self.control(now)
            }
            (Message::Pong(_), _) => self.control(now),
            (Message::Close(_), _) => Err(End::PeerLeft),
            // Only ever written, never read.
            (Message::Frame(_), _) => Ok(()),
        }
    }

    fn control(&mut self, now: Millis) -> Result<(), End> {
        let (bucket, rate) = (&mut self.excess.controls, &self.gateway.control_rate);
        let taken =
            bucket.take(rate, now).or_else(|_| bucket.take(rate, self.gateway.ticker.exact()));
        taken.map_err(|_| End::TooSlow)
    }

    fn frame(&mut self, bytes: &[u8], now: Millis) -> Result<(), End> {
        let Request { id, operation } = match Request::decode(self.codec, bytes) {
            Ok(request) => request,
            Err(bad) => return self.bad_frame(&bad.0),
        };
        if let Err(wait) = self.take_from_the_allowance(now) {
            return self.too_fast(id, operation.as_ref().ok(), wait);
        }
        self.excess.refused = 0;
        match (&self.stage, operation) {
            (Stage::Stranger(_), Ok(Operation::Hello(hello))) => self.hello(id, hello, now),
            (Stage::Stranger(_), Err(problem)) if self.is_hello(bytes) => {
                self.refuse(id, Some(Asked::Hello), refusal::bad_request(problem));
            }
            (Stage::Stranger(_), operation) => {
                let asked = operation.ok().map(|operation| Asked::of(&operation));
                self.refuse(id, asked, refusal::unauthorized());
                return Err(End::Unauthorized);
            }
            (_, Err(problem)) => self.refuse(id, None, refusal::bad_request(problem)),
            (_, Ok(operation)) => self.judge(id, operation, now),
        }
        Ok(())
    }

    /// A client never pays for a clock that lags: before it is refused, the exact one is asked.
    fn take_from_the_allowance(&mut self, now: Millis) -> Result<(), u64> {
        let (bucket, rate) = (&mut self.excess.commands, &self.gateway.command_rate);
        bucket.take(rate, now).or_else(|_| bucket.take(rate, self.gateway.ticker.exact()))
    }

    fn judge(&mut self, id: u32, operation: Operation, now: Millis) {
        let asked = Asked::of(&operation);
        let Stage::Present(session) = &self.stage else { return };
        if !access::allows(&session.asker.subject, &operation) {
            return self.refuse(id, Some(asked), refusal::forbidden());
        }
        match operation {
            Operation::Ping(_) => self.answer(id, asked, &Ponged { at: now_ms() }),
            Operation::Hello(_) => {
                let body = refusal::bad_request("hello has been said already");
                self.refuse(id, Some(asked), body);
            }
            operation => self.ask(id, operation, now),
        }
    }

    /// Whether a frame that does not decode was meant as a `hello`.
    fn is_hello(&self, bytes: &[u8]) -> bool {
        Request::operation_named(self.codec, bytes).as_deref() == Some("hello")
    }

    fn bad_frame(&mut self, problem: &str) -> Result<(), End> {
        self.gateway.metrics.bad_frames.inc();
        self.refuse_frame(refusal::bad_request(problem));
        self.excess.bad_frames += 1;
        if self.excess.bad_frames >= BAD_FRAMES_MAX { Err(End::BadFrames) } else { Ok(()) }
    }

    fn too_fast(&mut self, id: u32, operation: Option<&Operation>, wait: u64) -> Result<(), End> {
        self.refuse(id, operation.map(Asked::of), refusal::rate_limited(wait));
        self.excess.refused += 1;
        let enough = self.excess.refused >= self.gateway.settings.refusals_max;
        if enough { Err(End::TooSlow) } else { Ok(()) }
    }

    /// Answers a question at once.
    pub(crate) fn answer(&mut self, re: u32, asked: Asked, ok: &impl Serialize) {
        self.gateway.metrics.answered(asked, None);
        let frame = self.codec.encode(&Answer { re, ok });
        self.waiting.push_back(Item::Frame(frame));
    }

    /// Refuses a question at once. `asked` is not known of an operation that does not decode.
    pub(crate) fn refuse(&mut self, re: u32, asked: Option<Asked>, err: ErrorBody) {
        if let Some(asked) = asked {
            self.gateway.metrics.answered(asked, Some(err.code));
        }
        tracing::debug!(?asked, code = err.code.as_str(), "refused");
        let frame = self.codec.encode(&Refused { re: Some(re), err });
        self.waiting.push_back(Item::Frame(frame));
    }

    /// Refuses a frame that has no usable number.
    fn refuse_frame(&mut self, err: ErrorBody) {
        let frame = self.codec.encode(&Refused { re: None, err });
        self.waiting.push_back(Item::Frame(frame));
    }
}
