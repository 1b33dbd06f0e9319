//! From an operation to the hub: everything that is not answered at once.

use std::sync::Arc;

use conversation::{Command, Deed, Seq, Subject};
use hub::{Ask, Reply, Ticket};
use protocol::limits::{HISTORY_LIMIT_DEFAULT, INBOX_LIMIT_DEFAULT};
use protocol::{
    AgentId, Bulk, Close, ConversationId, HelloArgs, History, InboxList, InboxPage, Key, Note,
    Operation, Send, Start, Typing, VisitorId, Watch,
};
use store::{InboxQuery, Range};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::asked::{Asked, Done};
use crate::connection::{Connection, Stage};
use crate::hello;
use crate::session::Session;
use crate::ticker::{Millis, NEVER};
use crate::{Gateway, cursor, refusal, translate};

/// How a command reads to the hub.
fn command(command: Command, deed: Deed, key: Key) -> Ask {
    Ask::Command { command, deed, key }
}

impl Connection {
    /// Begins `hello`; nothing else is read or written until it is answered.
    pub(crate) fn hello(&mut self, re: u32, args: HelloArgs, now: Millis) {
        let Stage::Stranger(door) = &self.stage else { return };
        let (gateway, door, outbox) = (self.gateway.clone(), door.clone(), self.outbox.clone());
        let ticket = self.pending.ask(re, Asked::Hello, ConversationId::NOWHERE, now);
        // It came in time; how long the answer takes is not the client's fault.
        self.times.hello_came();
        outbox.hold();
        tokio::spawn(async move {
            let outcome = hello::greet(&gateway, &door, args, outbox.clone()).await;
            // Whoever hung up meanwhile is dropped here, and so leaves the hub.
            drop(outbox.welcome(ticket, Box::new(Done::Hello(outcome))));
        });
    }

    /// Asks what the operation says. Who asks has been found to have the operation.
    pub(crate) fn ask(&mut self, re: u32, operation: Operation, now: Millis) {
        let asked = Asked::of(&operation);
        match operation {
            // Answered at once, before they get here.
            Operation::Hello(_) | Operation::Ping(_) => {}
            Operation::Watch(watch) => self.watch(re, &watch, now),
            Operation::Unwatch(unwatch) => {
                if let Stage::Present(session) = &mut self.stage {
                    session.unwatch(unwatch.conversation);
                }
                self.ask_hub(re, asked, unwatch.conversation, Ask::Unwatch, now);
            }
            Operation::History(history) => {
                let (id, ask) = page_of(&history);
                self.ask_hub(re, asked, id, ask, now);
            }
            Operation::Send(Send { conversation, key, text, then }) => {
                let post = Command::Post { text, then_close: then.is_some() };
                self.ask_hub(re, asked, conversation, command(post, Deed::Send, key), now);
            }
            Operation::Typing(Typing { conversation, active }) => {
                self.ask_hub(re, asked, conversation, Ask::Typing { active }, now);
            }
            Operation::Claim(keyed) => {
                let ask = command(Command::Claim, Deed::Claim, keyed.key);
                self.ask_hub(re, asked, keyed.conversation, ask, now);
            }
            Operation::Unclaim(keyed) => {
                let ask = command(Command::Unclaim, Deed::Unclaim, keyed.key);
                self.ask_hub(re, asked, keyed.conversation, ask, now);
            }
            Operation::Close(Close { conversation, key, expected_seq }) => {
                let close = Command::Close { expected: expected_seq.map(Seq) };
                self.ask_hub(re, asked, conversation, command(close, Deed::Close, key), now);
            }
            Operation::Note(Note { conversation, key, text }) => {
                let ask = command(Command::Note { text }, Deed::Note, key);
                self.ask_hub(re, asked, conversation, ask, now);
            }
            Operation::Start(start) => self.start(re, start, now),
            Operation::InboxList(list) => self.list(re, list, now),
            Operation::InboxWatch(watch) => {
                let ticket = self.pending.ask(re, asked, ConversationId::NOWHERE, now);
                if let Stage::Present(session) = &self.stage {
                    self.gateway.hub.watch_inbox(&session.asker, watch.on, ticket);
                }
            }
            Operation::Bulk(bulk) => self.bulk(re, bulk, now),
        }
    }

    fn ask_hub(&mut self, re: u32, asked: Asked, id: ConversationId, ask: Ask, now: Millis) {
        let Stage::Present(session) = &self.stage else { return };
        let ticket = self.pending.ask(re, asked, id, now);
        let reply = Reply::to(&session.asker, ticket);
        self.gateway.hub.ask(id, &session.asker, ask, reply);
    }

    fn watch(&mut self, re: u32, watch: &Watch, now: Millis) {
        let &Watch { conversation, after } = watch;
        let Stage::Present(session) = &mut self.stage else { return };
        if !session.watch(conversation) {
            let body = refusal::bad_request("this socket watches as many conversations as it may");
            return self.refuse(re, Some(Asked::Watch), body);
        }
        self.gateway.metrics.resumes.inc_by(u64::from(after > 0));
        self.ask_hub(re, Asked::Watch, conversation, Ask::Watch { after }, now);
    }

    /// As a task of its own, so that it finishes even if the connection does not last as long.
    fn start(&mut self, re: u32, start: Start, now: Millis) {
        let Start { key, text, prechat } = start;
        let Stage::Present(session) = &mut self.stage else { return };
        let Subject::Visitor { id, .. } = session.asker.subject else { return };
        let visitor = introduced(session, id, prechat, &self.outbox);
        let (hub, outbox) = (self.gateway.hub.clone(), self.outbox.clone());
        let asker = session.asker.clone();
        let ticket = self.pending.ask(re, Asked::Start, ConversationId::NOWHERE, now);
        tokio::spawn(async move {
            let fresh = ConversationId(Uuid::new_v4());
            let started = hub.start(fresh, &asker, visitor, (text, key)).await;
            let begun = started.as_ref().ok().map(|started| started.conversation.id);
            let nobody_there = outbox.done(ticket, Box::new(Done::Started(started))).is_err();
            if let Some(begun) = begun.filter(|_| nobody_there) {
                hub.ask(begun, &asker, Ask::Unwatch, Reply::nobody());
            }
        });
    }

    fn bulk(&mut self, re: u32, bulk: Bulk, now: Millis) {
        let Bulk { key, action, conversations } = bulk;
        let Stage::Present(session) = &self.stage else { return };
        let (hub, asker) = (self.gateway.hub.clone(), session.asker.clone());
        let outbox = self.outbox.clone();
        let ticket = self.pending.ask(re, Asked::Bulk, ConversationId::NOWHERE, now);
        tokio::spawn(async move {
            let results = hub.bulk(&asker, key, action, conversations).await;
            drop(outbox.done(ticket, Box::new(Done::Bulked(results))));
        });
    }

    fn list(&mut self, re: u32, list: InboxList, now: Millis) {
        let Stage::Present(session) = &mut self.stage else { return };
        let Some(mut query) = query_of(&self.gateway, &session.asker.subject, &list) else {
            let body = refusal::bad_request("inbox.list: this cursor belongs to other filters");
            return self.refuse(re, Some(Asked::InboxList), body);
        };
        let (gateway, subject) = (self.gateway.clone(), session.asker.subject);
        let (outbox, turns) = (self.outbox.clone(), session.lists(gateway.settings.lists_at_once));
        let until = Instant::now() + gateway.settings.list_within;
        let ticket: Ticket = self.pending.ask(re, Asked::InboxList, ConversationId::NOWHERE, now);
        tokio::spawn(async move {
            let done = match timeout_at(until, turns.acquire_owned()).await {
                Ok(Ok(turn)) => {
                    query.until = Some(until.into_std());
                    Done::Listed(page_of_inbox(&gateway, &subject, query).await, Some(turn))
                }
                // Whoever asked is gone.
                Ok(Err(_)) => return,
                Err(_) => Done::Listed(Err(refusal::too_slow()), None),
            };
            drop(outbox.done(ticket, Box::new(done)));
        });
    }
}

fn introduced(
    session: &mut Session,
    id: VisitorId,
    prechat: Option<protocol::Profile>,
    outbox: &Arc<crate::outbox::Outbox>,
) -> conversation::Visitor {
    let known = session.known.as_deref().cloned().unwrap_or_default();
    let known = prechat.map_or_else(|| known.clone(), |prechat| known.merged(&prechat));
    let visitor = known.visitor(id);
    session.introduce(id, known, outbox);
    visitor
}

fn page_of(history: &History) -> (ConversationId, Ask) {
    let limit = history.limit.unwrap_or(HISTORY_LIMIT_DEFAULT) as usize;
    let range = match (history.after, history.before) {
        (Some(after), _) => Range::After(after),
        (None, before) => Range::Before(before.unwrap_or(u64::MAX)),
    };
    (history.conversation, Ask::History { range, limit })
}

/// The query of a list; `None` if its cursor is not for it.
fn query_of(gateway: &Gateway, subject: &Subject, list: &InboxList) -> Option<InboxQuery> {
    let agent = match *subject {
        Subject::Agent { id, .. } => id,
        Subject::Visitor { .. } => AgentId::NOWHERE,
    };
    let mut query = InboxQuery {
        site: subject.site(),
        agent,
        queue: list.queue,
        status: list.status,
        words: InboxQuery::words_of(list.search.as_deref().unwrap_or_default()),
        sort: list.sort,
        order: list.order,
        after: None,
        limit: list.limit.unwrap_or(INBOX_LIMIT_DEFAULT) as usize,
        until: None,
    };
    if let Some(cursor) = &list.cursor {
        query.after = Some(cursor::decode(&gateway.credentials, &query, cursor)?);
    }
    Some(query)
}

async fn page_of_inbox(
    gateway: &Gateway,
    subject: &Subject,
    query: InboxQuery,
) -> Result<InboxPage, protocol::ErrorBody> {
    let listed = gateway.hub.list(query.clone()).await;
    let (found, counts) =
        listed.map_err(|refused| refusal::body(&refused, ConversationId::NOWHERE, subject))?;
    let row = |conversation: &conversation::Conversation| {
        let online = gateway.hub.visitor_online(conversation.site, conversation.visitor.id);
        translate::summary(conversation, subject.audience(), online)
    };
    let next = found.next.as_ref().map(|place| cursor::encode(&gateway.credentials, &query, place));
    Ok(InboxPage { rows: found.rows.iter().map(row).collect(), next, total: found.total, counts })
}

impl crate::connection::Times {
    fn hello_came(&mut self) {
        self.ends = NEVER;
    }
}
