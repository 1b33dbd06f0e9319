//! The beginning of conversations: many at once, each of another visitor.
//!
//! A visitor's lock is held from the judgement to the commit, so that nodes judge one after another; locks
//! are taken in the order of their numbers. The index of open conversations is the last word.

use std::collections::HashMap;

use conversation::{Remembered, Seq, VisitorSeq};
use protocol::{ConversationId, Sort, VisitorId};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use super::append::EventRows;
use super::columns::{Number, column, digest_column, text_rank, unsigned};
use super::error::Trouble;
use super::session::Session;
use crate::digest::digest;
use crate::{InboxQuery, Rank, Start, StartOutcome, VisitorRecord, journal};

/// "Star": what the locks of visitors are called.
const LOCKS: i32 = 0x5374_6172;

const LOCK: &str = "SELECT pg_advisory_xact_lock($1, hash) FROM unnest($2::integer[]) AS hash";

/// Only starts of the last minute count.
const JUDGE: &str = "
    SELECT a.n, k.seq, k.visitor_seq, k.closed_seq, k.at, k.about, o.id, t.starts,
           nextval('conversation_numbers')
    FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) WITH ORDINALITY AS a (visitor, digest, now, n)
    LEFT JOIN keys k ON k.conversation = 0 AND k.digest = a.digest
    LEFT JOIN conversations o ON o.visitor = a.visitor AND NOT o.closed
    LEFT JOIN LATERAL (
        SELECT array_agg(c.started_at ORDER BY c.started_at DESC) AS starts FROM conversations c
        WHERE c.visitor = a.visitor AND c.started_at > a.now - 60000) t ON true";

const BEGIN: &str = "
    WITH begun AS (
        SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::boolean[], $6::uuid[],
                             $7::bigint[], $8::bytea[], $9::bytea[], $10::bigint[], $11::bigint[],
                             $12::bigint[], $13::text[], $14::bytea[])
             AS a (number, id, site, visitor, closed, owner, started_at, visitor_name, owner_name,
                   head, visitor_head, activity_at, state, about_visitor)
    ), listed AS (
        INSERT INTO conversations
            (number, id, site, visitor, closed, owner, started_at, visitor_name, owner_name)
        SELECT number, id, site, visitor, closed, owner, started_at, visitor_name, owner_name FROM begun
    ), said AS (
        INSERT INTO unindexed (site, conversation, text)
        SELECT site, number, about_visitor FROM begun WHERE about_visitor IS NOT NULL
    ), counted AS (
        INSERT INTO count_changes (site, closed, owner, n)
        SELECT site, closed, coalesce(owner, '00000000-0000-0000-0000-000000000000'), 1 FROM begun
    )
    INSERT INTO states
        (id, number, site, closed, owner, head, visitor_head, activity_at, activity_slot, state)
    SELECT id, number, site, closed, owner, head, visitor_head, activity_at, activity_at >> 16, state
    FROM begun";

const LOG: &str = "
    WITH e AS (
        SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[],
                             $6::boolean[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::bytea[])
             AS e (number, site, attempt, seq, visitor_seq, hidden, at, author, key, event, text)
    ), said AS (
        INSERT INTO unindexed (site, conversation, text)
        SELECT site, number, text FROM e WHERE text IS NOT NULL
    )
    INSERT INTO events (conversation, seq, visitor_seq, hidden, at, attempt, author, key, event)
    SELECT number, seq, visitor_seq, hidden, at, attempt, author, key, event FROM e";

const REMEMBER: &str = "
    INSERT INTO keys (conversation, digest, seq, visitor_seq, closed_seq, at, about)
    SELECT 0, * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::uuid[])";

/// What a start knows of its visitor is added to what is known.
const KNOW: &str = "
    INSERT INTO visitors AS v (id, site, name, email, first_seen_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[], $5::bigint[]) AS a (id)
    ORDER BY a.id
    ON CONFLICT (id) DO UPDATE SET
        name = CASE WHEN excluded.name = '' THEN v.name ELSE excluded.name END,
        email = coalesce(excluded.email, v.email)";

pub(super) struct Statements {
    lock: Statement,
    judge: Statement,
    begin: Statement,
    log: Statement,
    remember: Statement,
    know: Statement,
}

impl Statements {
    pub(super) async fn prepare(client: &Client) -> Result<Self, Trouble> {
        Ok(Self {
            lock: client.prepare(LOCK).await?,
            judge: client.prepare(JUDGE).await?,
            begin: client.prepare(BEGIN).await?,
            log: client.prepare(LOG).await?,
            remember: client.prepare(REMEMBER).await?,
            know: client.prepare(KNOW).await?,
        })
    }
}

/// What became of each. Every visitor may be there once.
pub(super) async fn start(
    session: &Session,
    asked: &[(&Start, i64)],
) -> Result<Vec<StartOutcome>, Trouble> {
    match try_all(session, asked).await {
        Err(trouble @ (Trouble::Again(_) | Trouble::Refused(_) | Trouble::TooSlow)) => {
            session.client.batch_execute("ROLLBACK").await?;
            Err(trouble)
        }
        outcome => outcome,
    }
}

async fn try_all(session: &Session, asked: &[(&Start, i64)]) -> Result<Vec<StartOutcome>, Trouble> {
    let judged = judge(session, asked).await?;
    let (mut rows, mut outcomes) = (Rows::default(), Vec::with_capacity(asked.len()));
    for ((start, attempt), (refusal, number)) in asked.iter().zip(judged) {
        if refusal.is_none() {
            rows.add(start, *attempt, number)?;
        }
        outcomes.push(refusal.unwrap_or(StartOutcome::Done));
    }
    rows.write(session).await?;
    Ok(outcomes)
}

/// Takes the locks and judges, in one go: a refusal for each, or none and a number to begin with.
async fn judge(
    session: &Session,
    asked: &[(&Start, i64)],
) -> Result<Vec<(Option<StartOutcome>, Number)>, Trouble> {
    let Session { client, starts, .. } = session;
    let mut locks: Vec<i32> = asked.iter().map(|(start, _)| lock_of(start)).collect();
    locks.sort_unstable();
    let visitors: Vec<Uuid> = asked.iter().map(|(start, _)| visitor_of(start).0).collect();
    let digests: Vec<Uuid> =
        asked.iter().map(|(start, _)| digest_column(digest(&start.scope))).collect();
    let times: Vec<i64> = asked.iter().map(|(start, _)| start.conversation.started_at).collect();
    let lock: [&(dyn ToSql + Sync); 2] = [&LOCKS, &locks];
    let judge: [&(dyn ToSql + Sync); 3] = [&visitors, &digests, &times];
    // In this order on the wire; what is judged is what stands when the locks are held.
    let (_, _, rows) = futures::try_join!(
        client.batch_execute("BEGIN"),
        client.execute(&starts.lock, &lock),
        client.query(&starts.judge, &judge),
    )?;
    let mut judged = HashMap::with_capacity(rows.len());
    for row in &rows {
        judged.insert(column::<i64>(row, 0)?, row);
    }
    let verdict = |(n, (start, _)): (i64, &(&Start, i64))| {
        let row =
            judged.get(&n).ok_or_else(|| Trouble::Refused("a start was not judged".into()))?;
        Ok((refusal(row, start)?, column(row, 8)?))
    };
    (1..).zip(asked).map(verdict).collect()
}

fn refusal(row: &Row, start: &Start) -> Result<Option<StartOutcome>, Trouble> {
    if column::<Option<i64>>(row, 1)?.is_some() {
        return Ok(Some(StartOutcome::Repeated(first_answer(row, start)?)));
    }
    if let Some(open) = column::<Option<Uuid>>(row, 6)? {
        return Ok(Some(StartOutcome::AlreadyOpen(ConversationId(open))));
    }
    let starts: Option<Vec<i64>> = column(row, 7)?;
    let now = start.conversation.started_at;
    let wait = journal::too_many(&starts.unwrap_or_default(), start.starts_per_minute, now);
    Ok(wait.map(|retry_after_ms| StartOutcome::TooMany { retry_after_ms }))
}

fn first_answer(row: &Row, start: &Start) -> Result<Remembered, Trouble> {
    let about: Option<Uuid> = column(row, 5)?;
    Ok(Remembered {
        conversation: about.map_or(start.scope.conversation, ConversationId),
        seq: Seq(unsigned(row, 1)?),
        visitor_seq: VisitorSeq(unsigned(row, 2)?),
        closed_seq: column::<Option<i64>>(row, 3)?.map(|seq| Seq(seq.cast_unsigned())),
        at: column(row, 4)?,
    })
}

/// The visitor whose lock a start needs: of one lane's starts each has another.
pub(super) fn visitor_of(start: &Start) -> VisitorId {
    start.conversation.visitor.id
}

/// Two visitors with one lock only wait for each other.
fn lock_of(start: &Start) -> i32 {
    let bytes = visitor_of(start).0.into_bytes();
    let word =
        |at: usize| i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    word(0) ^ word(4) ^ word(8) ^ word(12)
}

/// What is to be written, column by column.
#[derive(Default)]
struct Rows {
    number: Vec<i64>,
    id: Vec<Uuid>,
    site: Vec<Uuid>,
    visitor: Vec<Uuid>,
    closed: Vec<bool>,
    owner: Vec<Option<Uuid>>,
    started_at: Vec<i64>,
    visitor_rank: Vec<Option<Vec<u8>>>,
    owner_rank: Vec<Option<Vec<u8>>>,
    head: Vec<i64>,
    visitor_head: Vec<i64>,
    activity_at: Vec<i64>,
    state: Vec<String>,
    about_visitor: Vec<Option<Vec<u8>>>,
    digest: Vec<Uuid>,
    key_seq: Vec<i64>,
    key_visitor_seq: Vec<i64>,
    key_closed_seq: Vec<Option<i64>>,
    key_at: Vec<i64>,
    about: Vec<Uuid>,
    name: Vec<Vec<u8>>,
    email: Vec<Option<Vec<u8>>>,
    event_number: Vec<i64>,
    event_site: Vec<Uuid>,
    event_attempt: Vec<i64>,
    events: EventRows,
}

impl Rows {
    fn add(&mut self, start: &Start, attempt: i64, number: Number) -> Result<(), Trouble> {
        let Start { conversation: state, events, scope, remembered, .. } = start;
        self.number.push(number);
        self.id.push(state.id.0);
        self.site.push(state.site.0);
        self.visitor.push(state.visitor.id.0);
        self.closed.push(state.is_closed());
        self.owner.push(state.owner.as_ref().map(|owner| owner.agent.id.0));
        self.started_at.push(state.started_at);
        self.visitor_rank.push(text_rank(Rank::of(state, Sort::Visitor)));
        self.owner_rank.push(text_rank(Rank::of(state, Sort::Assignee)));
        self.head.push(state.head.0.cast_signed());
        self.visitor_head.push(state.visitor_head.0.cast_signed());
        self.activity_at.push(state.activity_at);
        self.state.push(serde_json::to_string(state)?);
        self.about_visitor.push(about_visitor(start));
        self.digest.push(digest_column(digest(scope)));
        self.key_seq.push(remembered.seq.0.cast_signed());
        self.key_visitor_seq.push(remembered.visitor_seq.0.cast_signed());
        self.key_closed_seq.push(remembered.closed_seq.map(|seq| seq.0.cast_signed()));
        self.key_at.push(remembered.at);
        self.about.push(remembered.conversation.0);
        let visitor = VisitorRecord::at_start(state);
        self.name.push(visitor.name.into_bytes());
        self.email.push(visitor.email.map(String::into_bytes));
        for event in events {
            self.event_number.push(number);
            self.event_site.push(state.site.0);
            self.event_attempt.push(attempt);
            self.events.add(event)?;
        }
        Ok(())
    }

    /// Writes all and commits, in one go.
    async fn write(&self, session: &Session) -> Result<(), Trouble> {
        let Session { client, starts, .. } = session;
        if self.number.is_empty() {
            return Ok(client.batch_execute("COMMIT").await?);
        }
        let (know, begin, log, remember) = (self.know(), self.begin(), self.log(), self.remember());
        futures::try_join!(
            client.execute(&starts.know, &know),
            client.execute(&starts.begin, &begin),
            client.execute(&starts.log, &log),
            client.execute(&starts.remember, &remember),
            client.batch_execute("COMMIT"),
        )?;
        Ok(())
    }

    fn begin(&self) -> [&(dyn ToSql + Sync); 14] {
        [
            &self.number,
            &self.id,
            &self.site,
            &self.visitor,
            &self.closed,
            &self.owner,
            &self.started_at,
            &self.visitor_rank,
            &self.owner_rank,
            &self.head,
            &self.visitor_head,
            &self.activity_at,
            &self.state,
            &self.about_visitor,
        ]
    }

    fn log(&self) -> Vec<&(dyn ToSql + Sync)> {
        let mut all: Vec<&(dyn ToSql + Sync)> =
            vec![&self.event_number, &self.event_site, &self.event_attempt];
        all.extend(self.events.parameters());
        all
    }

    fn remember(&self) -> [&(dyn ToSql + Sync); 6] {
        let Self { digest, key_seq, key_visitor_seq, key_closed_seq, key_at, about, .. } = self;
        [digest, key_seq, key_visitor_seq, key_closed_seq, key_at, about]
    }

    fn know(&self) -> [&(dyn ToSql + Sync); 5] {
        [&self.visitor, &self.site, &self.name, &self.email, &self.started_at]
    }
}

/// What can be searched for of the visitor, folded. No word of a search has a line break in it.
fn about_visitor(start: &Start) -> Option<Vec<u8>> {
    let visitor = &start.conversation.visitor;
    let email = InboxQuery::fold(visitor.email.as_deref().unwrap_or_default());
    let both = format!("{}\n{email}", InboxQuery::fold(&visitor.name));
    (both.len() > 1).then(|| both.into_bytes())
}
