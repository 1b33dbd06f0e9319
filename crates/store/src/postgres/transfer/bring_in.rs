//! A site on its way in: one transaction, a group of parts in each round.

use conversation::{Conversation, Remembered};
use futures::StreamExt as _;
use protocol::{ConversationId, Key, PersonId, SiteId};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement, Transaction};
use uuid::Uuid;

use crate::digest::Digest;
use crate::postgres::columns::{Number, column, digest_column};
use crate::postgres::error::Trouble;
use crate::postgres::start::{self, Rows};
use crate::{
    AgentRecord, BulkRecord, Incoming, Part, Site, StoreError, TransferError, VisitorRecord,
};

const NUMBERS: &str = "SELECT nextval('conversation_numbers') FROM generate_series(1, $1::bigint)";
const ADD_SITE: &str = "
    INSERT INTO sites (id, name, domains, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const ADD_AGENT: &str = "
    INSERT INTO agents (id, alias, site, email, name, role, password_hash, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const KNOW: &str = "
    INSERT INTO visitors (id, site, name, email, first_seen_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[], $5::bigint[])";
const REMEMBER: &str = "
    INSERT INTO keys (conversation, digest, seq, visitor_seq, closed_seq, at, about)
    SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                         $7::uuid[])";
const REMEMBER_BULKS: &str = "
    INSERT INTO bulks (author, key, action, conversations)
    SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[])";
const ANALYZE: &str = "ANALYZE conversations, states, events, keys, visitors";
/// Drawn for appends whose answer is lost; nobody looks for these.
const NO_ATTEMPT: i64 = 0;

pub(super) async fn all(client: &mut Client, parts: Incoming) -> Result<(), TransferError> {
    put_all(client, parts).await?;
    // Otherwise the server would plan for a minute as if there were nothing.
    let _ = client.batch_execute(ANALYZE).await;
    Ok(())
}

async fn put_all(client: &mut Client, mut parts: Incoming) -> Result<(), TransferError> {
    let mut arriving = Arriving::begin(client).await.map_err(failed)?;
    while let Some(group) = parts.next().await {
        arriving.put(group?).await?;
    }
    let committed = arriving.transaction.commit().await.map_err(Trouble::from);
    committed.map_err(|trouble| match trouble {
        Trouble::Lost(words) => TransferError::Unknown(words),
        trouble => failed(trouble),
    })
}

/// Dropped, it leaves no trace.
struct Arriving<'a> {
    transaction: Transaction<'a>,
    statements: Statements,
    site: SiteId,
    /// The conversation whose events are coming in.
    current: (Number, ConversationId),
}

struct Statements {
    know: Statement,
    begin: Statement,
    log: Statement,
    remember: Statement,
    remember_bulks: Statement,
}

impl<'a> Arriving<'a> {
    async fn begin(client: &'a mut Client) -> Result<Self, Trouble> {
        let transaction = client.transaction().await?;
        let statements = Statements {
            know: transaction.prepare(KNOW).await?,
            begin: transaction.prepare(start::BEGIN).await?,
            log: transaction.prepare(start::LOG).await?,
            remember: transaction.prepare(REMEMBER).await?,
            remember_bulks: transaction.prepare(REMEMBER_BULKS).await?,
        };
        let current = (0, ConversationId::NOWHERE);
        Ok(Self { transaction, statements, site: SiteId::NOWHERE, current })
    }

    async fn put(&mut self, group: Vec<Part>) -> Result<(), TransferError> {
        let begun = group.iter().filter(|part| matches!(part, Part::Conversation(_))).count();
        let mut numbers = self.numbers(begun).await.map_err(failed)?.into_iter();
        let mut columns = Columns::default();
        for part in group {
            match part {
                Part::Secret(secret) => put_secret(&self.transaction, &secret).await?,
                Part::Site { site, created_at } => {
                    self.site = site.id;
                    add_site(&self.transaction, &site, created_at).await?;
                }
                Part::Agent { agent, created_at } => {
                    add_agent(&self.transaction, &agent, created_at).await.map_err(failed)?;
                }
                Part::Conversation(state) => {
                    self.current = (numbers.next().unwrap_or_default(), state.id);
                    columns.begin(&state, self.current.0).map_err(failed)?;
                }
                part => columns.add(part, self.site, self.current).map_err(failed)?,
            }
        }
        self.write(&columns).await.map_err(failed)
    }

    async fn numbers(&self, count: usize) -> Result<Vec<Number>, Trouble> {
        let count = i64::try_from(count).unwrap_or(0);
        let rows = self.transaction.query(NUMBERS, &[&count]).await?;
        let mut numbers =
            rows.iter().map(|row| column(row, 0)).collect::<Result<Vec<Number>, _>>()?;
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// In one go, in this order on the wire.
    async fn write(&self, columns: &Columns) -> Result<(), Trouble> {
        let Self { transaction: db, statements, .. } = self;
        let (know, begin, log) = (columns.know(), columns.rows.begin(), columns.rows.log());
        let (remember, bulks) = (columns.remember(), columns.bulks());
        futures::try_join!(
            db.execute(&statements.know, &know),
            db.execute(&statements.begin, &begin),
            db.execute(&statements.log, &log),
            db.execute(&statements.remember, &remember),
            db.execute(&statements.remember_bulks, &bulks),
        )?;
        Ok(())
    }
}

async fn put_secret(db: &Transaction<'_>, secret: &[u8; 32]) -> Result<(), TransferError> {
    let put = "INSERT INTO secrets (name, secret) SELECT 'tokens', $1
               ON CONFLICT (name) DO UPDATE SET secret = excluded.secret
               WHERE secrets.secret = excluded.secret OR NOT EXISTS (SELECT FROM sites)";
    match db.execute(put, &[&secret.as_slice()]).await.map_err(|error| failed(error.into()))? {
        0 => Err(TransferError::OtherSecret),
        _ => Ok(()),
    }
}

async fn add_site(db: &Transaction<'_>, site: &Site, at: i64) -> Result<(), TransferError> {
    let domains = serde_json::to_string(&site.domains).map_err(|error| failed(error.into()))?;
    let added = db.execute(ADD_SITE, &[&site.id.0, &site.name.as_bytes(), &domains, &at]).await;
    match added.map_err(|error| failed(error.into()))? {
        0 => Err(StoreError::site_is_there(site.id).into()),
        _ => Ok(()),
    }
}

async fn add_agent(db: &Transaction<'_>, record: &AgentRecord, at: i64) -> Result<(), Trouble> {
    let AgentRecord { agent, site, email, role, password_hash } = record;
    let (id, alias, role) = (&agent.id.0, &agent.alias.0, role.as_str());
    let (email, name) = (email.as_bytes(), agent.name.as_bytes());
    let row: [&(dyn ToSql + Sync); 8] =
        [id, alias, &site.0, &email, &name, &role, password_hash, &at];
    db.execute(ADD_AGENT, &row).await?;
    Ok(())
}

/// A group, column by column.
#[derive(Default)]
struct Columns {
    visitor: Vec<Uuid>,
    visitor_site: Vec<Uuid>,
    name: Vec<Vec<u8>>,
    email: Vec<Option<Vec<u8>>>,
    first_seen_at: Vec<i64>,
    rows: Rows,
    key_of: Vec<Number>,
    digest: Vec<Uuid>,
    seq: Vec<i64>,
    visitor_seq: Vec<i64>,
    closed_seq: Vec<Option<i64>>,
    at: Vec<i64>,
    about: Vec<Option<Uuid>>,
    author: Vec<Uuid>,
    bulk_key: Vec<Vec<u8>>,
    action: Vec<String>,
    conversations: Vec<String>,
}

impl Columns {
    fn begin(&mut self, state: &Conversation, number: Number) -> Result<(), Trouble> {
        self.rows.add_conversation(state, number)
    }

    fn add(
        &mut self,
        part: Part,
        site: SiteId,
        (number, id): (Number, ConversationId),
    ) -> Result<(), Trouble> {
        match part {
            Part::Visitor(visitor) => self.add_visitor(visitor),
            Part::Event(event) => self.rows.add_event(&event, (number, site), NO_ATTEMPT)?,
            Part::Key { digest, answer } => self.add_key((number, id), digest, &answer),
            Part::Start { digest, answer } => {
                self.add_key((0, ConversationId::NOWHERE), digest, &answer);
            }
            Part::Bulk { author, key, bulk } => self.add_bulk(author, &key, &bulk)?,
            Part::Secret(_) | Part::Site { .. } | Part::Agent { .. } | Part::Conversation(_) => {}
        }
        Ok(())
    }

    fn add_visitor(&mut self, visitor: VisitorRecord) {
        let VisitorRecord { id, site, name, email, first_seen_at } = visitor;
        self.visitor.push(id.0);
        self.visitor_site.push(site.0);
        self.name.push(name.into_bytes());
        self.email.push(email.map(String::into_bytes));
        self.first_seen_at.push(first_seen_at);
    }

    fn add_key(
        &mut self,
        (number, of): (Number, ConversationId),
        digest: Digest,
        answer: &Remembered,
    ) {
        self.key_of.push(number);
        self.digest.push(digest_column(digest));
        self.seq.push(answer.seq.0.cast_signed());
        self.visitor_seq.push(answer.visitor_seq.0.cast_signed());
        self.closed_seq.push(answer.closed_seq.map(|seq| seq.0.cast_signed()));
        self.at.push(answer.at);
        self.about.push((answer.conversation != of).then_some(answer.conversation.0));
    }

    fn add_bulk(&mut self, author: PersonId, key: &Key, bulk: &BulkRecord) -> Result<(), Trouble> {
        self.author.push(author.0);
        self.bulk_key.push(key.as_str().as_bytes().to_vec());
        self.action.push(serde_json::to_string(&bulk.action)?);
        self.conversations.push(serde_json::to_string(&bulk.conversations)?);
        Ok(())
    }

    fn know(&self) -> [&(dyn ToSql + Sync); 5] {
        let Self { visitor, visitor_site, name, email, first_seen_at, .. } = self;
        [visitor, visitor_site, name, email, first_seen_at]
    }

    fn remember(&self) -> [&(dyn ToSql + Sync); 7] {
        let Self { key_of, digest, seq, visitor_seq, closed_seq, at, about, .. } = self;
        [key_of, digest, seq, visitor_seq, closed_seq, at, about]
    }

    fn bulks(&self) -> [&(dyn ToSql + Sync); 4] {
        let Self { author, bulk_key, action, conversations, .. } = self;
        [author, bulk_key, action, conversations]
    }
}

/// Every row here is to be a new one.
fn failed(trouble: Trouble) -> TransferError {
    match trouble {
        Trouble::Again(words) => {
            StoreError::Conflict(format!("some of the site is there already: {words}")).into()
        }
        trouble => StoreError::from(trouble).into(),
    }
}
