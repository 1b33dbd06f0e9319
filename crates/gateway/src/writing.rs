//! What goes to the client: answers and news, written as the socket takes them.

use std::task::{Context, Poll};

use bytes::Bytes;
use conversation::Subject;
use hub::{Answer, Ask, News, Refusal, Reply, Ticket};
use protocol::{Bulked, CountsAnswer, Empty, ErrorBody, Refused, Sent, SeqAnswer};
use serde::Serialize;

use crate::asked::{Asked, Done, Question};
use crate::connection::{Connection, Stage};
use crate::farewell::End;
use crate::gateway::now_ms;
use crate::hello::{HelloRefused, Welcome};
use crate::metrics::RoleLabel;
use crate::outbox::Item;
use crate::page::{self, PAGE_WIRE_BYTES_MAX};
use crate::socket::{Batch, Frame};
use crate::ticker::{Millis, millis};
use crate::{encoding, refusal};

impl Connection {
    /// Writes everything that waits, many frames with one call. What the socket does not take stays.
    pub(crate) fn write(&mut self, context: &mut Context<'_>, now: Millis) -> Result<(), End> {
        if self.outbox.has_overflowed() {
            self.gateway.metrics.outbox_overflows.inc();
            return Err(End::TooSlow);
        }
        loop {
            if self.unflushed && self.flush(context, now)?.is_pending() {
                return Ok(());
            }
            if self.waiting.is_empty() {
                self.outbox.take(&mut self.waiting);
            }
            if self.waiting.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::begin();
            let gathered = self.gather(&mut batch, now);
            match self.socket.poll_write(context, &batch) {
                Poll::Ready(written) => written.map_err(|_| End::PeerLeft)?,
                Poll::Pending => self.unflushed = true,
            }
            gathered?;
        }
    }

    /// As much of what waits as is written with one call.
    fn gather(&mut self, batch: &mut Batch, now: Millis) -> Result<(), End> {
        while batch.bytes().len() < self.gateway.settings.write_at_once_bytes
            && let Some(item) = self.waiting.pop_front()
        {
            if let Some(frame) = self.frame_of(item, now)? {
                batch.push(&frame);
            }
        }
        Ok(())
    }

    fn flush(&mut self, context: &mut Context<'_>, now: Millis) -> Result<Poll<()>, End> {
        match self.socket.poll_flush(context) {
            Poll::Ready(Ok(())) => {
                self.unflushed = false;
                self.times.stalled = None;
                Ok(Poll::Ready(()))
            }
            Poll::Ready(Err(_)) => Err(End::PeerLeft),
            Poll::Pending => {
                let written = self.socket.raw().written;
                self.times.stalled.get_or_insert((now, written));
                Ok(Poll::Pending)
            }
        }
    }

    /// The frame that says it, if there is anything to say.
    pub(crate) fn frame_of(&mut self, item: Item, now: Millis) -> Result<Option<Frame>, End> {
        let frame = match item {
            Item::Ping => return Ok(Some(Frame::ping())),
            Item::Frame(frame) => Some(frame),
            Item::News(News::Answer { ticket, answer }) => self.answered(ticket, answer),
            Item::News(news) => match &self.stage {
                Stage::Present(session) => {
                    encoding::frame_of(news, self.codec, &session.asker.subject)
                }
                Stage::Stranger(_) | Stage::Gone => None,
            },
            Item::Done(ticket, done) => self.done(ticket, *done, now)?,
        };
        Ok(frame.map(|frame| Frame::data(self.codec, frame)))
    }

    /// What nobody will hear any more; what it has begun is undone.
    pub(crate) fn forget(&mut self, item: Item) {
        if let Item::Done(_, done) = item
            && let Done::Started(Ok(started)) = *done
            && let Stage::Present(session) = &mut self.stage
        {
            session.began(started.conversation.id);
        }
    }

    /// Answers `unavailable` to whatever has waited too long; a late answer finds nobody.
    pub(crate) fn answer_overdue(&mut self, now: Millis) {
        let Some(latest) = now.checked_sub(millis(self.gateway.settings.answer_within)) else {
            return;
        };
        while let Some(question) = self.pending.take_older(latest) {
            if question.asked == Asked::Hello {
                self.outbox.release();
                self.times.ends = now + millis(self.gateway.settings.answer_within);
            }
            if question.asked == Asked::Watch
                && let Stage::Present(session) = &mut self.stage
            {
                // Otherwise a stream might begin that nobody has a beginning of.
                let id = question.conversation;
                session.unwatch(id);
                self.gateway.hub.ask(id, &session.asker, Ask::Leave, Reply::nobody());
            }
            self.refuse(question.re, Some(question.asked), refusal::unavailable(500));
        }
    }

    fn ok(&self, question: &Question, ok: &impl Serialize) -> Bytes {
        self.gateway.metrics.answered(question.asked, None);
        self.codec.encode(&protocol::Answer { re: question.re, ok })
    }

    fn err(&self, question: &Question, err: ErrorBody) -> Bytes {
        self.gateway.metrics.answered(question.asked, Some(err.code));
        let (asked, conversation) = (question.asked, question.conversation);
        tracing::debug!(?asked, %conversation, code = err.code.as_str(), "refused");
        self.codec.encode(&Refused { re: Some(question.re), err })
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, Refusal>) -> Option<Bytes> {
        let question = self.pending.take(ticket)?;
        let Stage::Present(session) = &mut self.stage else { return None };
        let subject = session.asker.subject;
        let answer = match answer {
            Ok(answer) => answer,
            Err(refused) => {
                if question.asked == Asked::Watch && refused == Refusal::NotFound {
                    session.unwatch(question.conversation);
                }
                let body = refusal::body(&refused, question.conversation, &subject);
                return Some(self.err(&question, body));
            }
        };
        Some(match (answer, question.asked) {
            (Answer::Committed { seq, at, closed_seq }, Asked::Send) => {
                self.ok(&question, &Sent { seq, at, closed_seq })
            }
            (Answer::Committed { seq, at, .. }, _) => self.ok(&question, &SeqAnswer { seq, at }),
            (Answer::Watched(snapshot), _) => {
                let mut budget = PAGE_WIRE_BYTES_MAX;
                self.ok(&question, &page::watched(&snapshot, &subject, &mut budget))
            }
            (Answer::Page(page), Asked::History(keep)) => {
                let page = page::history(question.conversation, &page, &subject, keep);
                self.ok(&question, &page)
            }
            (Answer::Counts(counts), _) => self.ok(&question, &CountsAnswer { counts }),
            (Answer::Done | Answer::Page(_), _) => self.ok(&question, &Empty {}),
        })
    }

    fn done(&mut self, ticket: Ticket, done: Done, now: Millis) -> Result<Option<Bytes>, End> {
        let question = self.pending.take(ticket);
        if let (Done::Started(Ok(started)), Stage::Present(session)) = (&done, &mut self.stage) {
            session.began(started.conversation.id);
        }
        let Some(question) = question else { return Ok(None) };
        if let Done::Hello(outcome) = done {
            return self.greeted(&question, outcome, now).map(Some);
        }
        let Stage::Present(session) = &self.stage else { return Ok(None) };
        let subject = session.asker.subject;
        let refused = |refused| refusal::body(&refused, question.conversation, &subject);
        Ok(Some(match done {
            Done::Started(Ok(started)) => self.ok(&question, &encoding::begun(&started, &subject)),
            Done::Started(Err(no)) | Done::Bulked(Err(no)) => self.err(&question, refused(no)),
            Done::Listed(Ok(page), _turn) => self.ok(&question, &page),
            Done::Listed(Err(body), _turn) => self.err(&question, body),
            Done::Bulked(Ok(results)) => {
                let results =
                    results.into_iter().map(|result| encoding::bulk_item(result, &subject));
                self.ok(&question, &Bulked { results: results.collect() })
            }
            Done::Hello(_) => return Ok(None),
        }))
    }

    fn greeted(
        &mut self,
        question: &Question,
        outcome: Result<Welcome, HelloRefused>,
        now: Millis,
    ) -> Result<Bytes, End> {
        match outcome {
            Ok(Welcome { hello, session, expires_at }) => {
                let left = u64::try_from(expires_at.saturating_sub(now_ms())).unwrap_or(0);
                // The coarse clock may be a tick behind; a token is good to its last millisecond.
                let tick = millis(self.gateway.settings.tick);
                self.times.ends = now.saturating_add(left).saturating_add(tick);
                self.arrival.finished();
                self.stage = Stage::Present(session);
                let role = self.role();
                self.gateway.metrics.present.get_or_create(&RoleLabel { role }).inc();
                Ok(self.ok(question, &*hello))
            }
            Err(HelloRefused::Unavailable) => {
                // Time enough to say it again.
                self.times.ends = now + millis(self.gateway.settings.hello_within);
                Ok(self.err(question, refusal::unavailable(500)))
            }
            Err(HelloRefused::Unauthorized) => {
                let frame = self.err(question, refusal::unauthorized());
                self.waiting.push_front(Item::Frame(frame));
                Err(End::Unauthorized)
            }
        }
    }

    /// What it came as.
    pub(crate) fn role(&self) -> &'static str {
        match &self.stage {
            Stage::Stranger(door) => door.role(),
            Stage::Present(session) => match session.asker.subject {
                Subject::Visitor { .. } => "visitor",
                Subject::Agent { .. } => "agent",
            },
            Stage::Gone => "gone",
        }
    }
}
