//! The hot path: many appends, each of another conversation, in one statement that commits by itself.
//!
//! Rows are locked in the order of ids, whoever writes, so that nodes wait for each other and never in a
//! circle. A row that moved while its lock was waited for is left alone, and its append is stale. Keys are read without one: a key that moved
//! the head was there before anybody could know that head, and one that did not is caught by its index.

use conversation::{Committed, Event, Remembered, Seq, VisitorSeq};
use protocol::{ConversationId, Sort};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::columns::{column, digest_column, text_rank, unsigned};
use super::error::Trouble;
use super::session::Session;
use crate::digest::digest;
use crate::{Append, Appended, InboxQuery, Rank};

/// `$1` to `$23` are columns with a row for each append, the rest for events that are not the first of
/// theirs. CTEs hand on all that is needed, because joining them again by number would be slow.
pub(super) const APPEND: &str = include_str!("append.sql");

/// An append under a number of its own.
pub(super) struct Attempt<'a> {
    pub(super) append: &'a Append,
    pub(super) number: i64,
}

/// What became of each. Every conversation may be there once.
pub(super) async fn append(
    session: &Session,
    attempts: &[Attempt<'_>],
) -> Result<Vec<Appended>, Trouble> {
    let mut order: Vec<usize> = (0..attempts.len()).collect();
    order.sort_unstable_by_key(|index| attempts[*index].append.conversation.id);
    let mut rows = Rows::default();
    for (n, index) in (1..).zip(&order) {
        rows.add(n, &attempts[*index])?;
    }
    let found = session.client.query(&session.appends, &rows.parameters()).await?;
    let mut answers = vec![Appended::Stale; attempts.len()];
    for row in &found {
        let n: i64 = column(row, 0)?;
        let index = usize::try_from(n - 1).ok().and_then(|place| order.get(place));
        let Some(&index) = index else { continue };
        answers[index] = match column::<Option<i64>>(row, 1)? {
            None => Appended::Done,
            Some(_) => Appended::Repeated(first_answer(row, attempts[index].append)?),
        };
    }
    Ok(answers)
}

fn first_answer(row: &Row, append: &Append) -> Result<Remembered, Trouble> {
    let about: Option<Uuid> = column(row, 5)?;
    Ok(Remembered {
        conversation: about.map_or(append.conversation.id, ConversationId),
        seq: Seq(unsigned(row, 1)?),
        visitor_seq: VisitorSeq(unsigned(row, 2)?),
        closed_seq: column::<Option<i64>>(row, 3)?.map(|seq| Seq(seq.cast_unsigned())),
        at: column(row, 4)?,
    })
}

/// Whether the columns that lists filter by may change.
fn moves_between_lists(event: &Committed) -> bool {
    !matches!(event.event, Event::Posted { .. } | Event::Noted { .. })
}

/// The statement's parameters, column by column.
#[derive(Default)]
struct Rows {
    id: Vec<Uuid>,
    at_head: Vec<i64>,
    head: Vec<i64>,
    visitor_head: Vec<i64>,
    activity_at: Vec<i64>,
    state: Vec<String>,
    moves: Vec<bool>,
    closed: Vec<bool>,
    owner: Vec<Option<Uuid>>,
    owner_name: Vec<Option<Vec<u8>>>,
    digest: Vec<Option<Uuid>>,
    key_seq: Vec<Option<i64>>,
    key_visitor_seq: Vec<Option<i64>>,
    key_closed_seq: Vec<Option<i64>>,
    key_at: Vec<Option<i64>>,
    key_about: Vec<Option<Uuid>>,
    attempt: Vec<i64>,
    first: EventRows,
    more_of: Vec<i64>,
    more_attempt: Vec<i64>,
    more: EventRows,
}

/// Events, column by column; all of them empty where there is none.
#[derive(Default)]
pub(super) struct EventRows {
    pub(super) seq: Vec<Option<i64>>,
    pub(super) visitor_seq: Vec<Option<i64>>,
    pub(super) hidden: Vec<Option<bool>>,
    pub(super) at: Vec<Option<i64>>,
    pub(super) author: Vec<Option<String>>,
    pub(super) key: Vec<Option<String>>,
    pub(super) event: Vec<Option<String>>,
    pub(super) text: Vec<Option<Vec<u8>>>,
}

impl Rows {
    fn add(&mut self, n: i64, attempt: &Attempt<'_>) -> Result<(), Trouble> {
        let Append { conversation: state, at_head, events, key } = attempt.append;
        self.id.push(state.id.0);
        self.at_head.push(at_head.0.cast_signed());
        self.head.push(state.head.0.cast_signed());
        self.visitor_head.push(state.visitor_head.0.cast_signed());
        self.activity_at.push(state.activity_at);
        self.state.push(serde_json::to_string(state)?);
        self.moves.push(events.iter().any(moves_between_lists));
        self.closed.push(state.is_closed());
        self.owner.push(state.owner.as_ref().map(|owner| owner.agent.id.0));
        self.owner_name.push(text_rank(Rank::of(state, Sort::Assignee)));
        self.attempt.push(attempt.number);
        let answer = key.as_ref().map(|(_, answer)| answer);
        self.digest.push(key.as_ref().map(|(scope, _)| digest_column(digest(scope))));
        self.key_seq.push(answer.map(|answer| answer.seq.0.cast_signed()));
        self.key_visitor_seq.push(answer.map(|answer| answer.visitor_seq.0.cast_signed()));
        let closed_seq = answer.and_then(|answer| answer.closed_seq);
        self.key_closed_seq.push(closed_seq.map(|seq| seq.0.cast_signed()));
        self.key_at.push(answer.map(|answer| answer.at));
        let elsewhere = answer.map(|answer| answer.conversation).filter(|id| *id != state.id);
        self.key_about.push(elsewhere.map(|id| id.0));
        self.first.add_or_none(events.first())?;
        for event in events.iter().skip(1) {
            self.more_of.push(n);
            self.more_attempt.push(attempt.number);
            self.more.add_or_none(Some(event))?;
        }
        Ok(())
    }

    fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        let mut all: Vec<&(dyn ToSql + Sync)> = vec![
            &self.id,
            &self.at_head,
            &self.head,
            &self.visitor_head,
            &self.activity_at,
            &self.state,
            &self.moves,
            &self.closed,
            &self.owner,
            &self.owner_name,
            &self.digest,
            &self.key_seq,
            &self.key_visitor_seq,
            &self.key_closed_seq,
            &self.key_at,
            &self.key_about,
            &self.attempt,
        ];
        all.extend(self.first.parameters());
        all.extend::<[&(dyn ToSql + Sync); 2]>([&self.more_of, &self.more_attempt]);
        all.extend(self.more.parameters());
        all
    }
}

impl EventRows {
    pub(super) fn add(&mut self, event: &Committed) -> Result<(), Trouble> {
        self.add_or_none(Some(event))
    }

    fn add_or_none(&mut self, event: Option<&Committed>) -> Result<(), Trouble> {
        self.seq.push(event.map(|event| event.seq.0.cast_signed()));
        self.visitor_seq.push(event.map(|event| event.visitor_seq.0.cast_signed()));
        self.hidden.push(event.map(|event| !event.event.is_for_visitors()));
        self.at.push(event.map(|event| event.at));
        self.author.push(event.map(|event| serde_json::to_string(&event.by)).transpose()?);
        let key = event.and_then(|event| event.key.as_ref());
        self.key.push(key.map(serde_json::to_string).transpose()?);
        self.event.push(event.map(|event| serde_json::to_string(&event.event)).transpose()?);
        self.text.push(event.and_then(|event| match &event.event {
            Event::Posted { text } | Event::Noted { text } => {
                Some(InboxQuery::fold(text.as_str()).into_bytes())
            }
            _ => None,
        }));
        Ok(())
    }

    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 8] {
        let Self { seq, visitor_seq, hidden, at, author, key, event, text } = self;
        [seq, visitor_seq, hidden, at, author, key, event, text]
    }
}
