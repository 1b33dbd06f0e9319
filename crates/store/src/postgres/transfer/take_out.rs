//! All rows of a site, in the order of [`Part`], as one snapshot has them.

use conversation::{Conversation, Remembered};
use protocol::{ConversationId, Key, PersonId, SiteId};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::{Client, IsolationLevel, Portal, Row, Transaction};
use uuid::Uuid;

use crate::digest::Digest;
use crate::postgres::columns::{Number, column, json, text, unsigned};
use crate::postgres::error::Trouble;
use crate::postgres::pages::committed;
use crate::postgres::place::Carrier;
use crate::postgres::{directory, keys};
use crate::{BulkRecord, Counts, Part, StoreError};

/// Parts in a group.
const GROUP: usize = 1024;
/// Rows that are fetched together.
const ROWS: i32 = 1024;

const COUNTS: &str = "
    SELECT (SELECT count(*) FROM sites WHERE id = $1),
           (SELECT count(*) FROM agents WHERE site = $1),
           (SELECT count(*) FROM visitors WHERE site = $1),
           (SELECT count(*) FROM states WHERE site = $1),
           (SELECT coalesce(sum(head), 0)::bigint FROM states WHERE site = $1),
           (SELECT count(*) FROM keys k JOIN conversations c ON c.number = k.conversation
            WHERE c.site = $1),
           (SELECT count(*) FROM keys k JOIN conversations c ON c.id = k.about
            WHERE k.conversation = 0 AND c.site = $1),
           (SELECT count(*) FROM bulks b JOIN agents a ON a.id = b.author WHERE a.site = $1)";
const SECRET: &str = "SELECT secret FROM secrets WHERE name = 'tokens' AND $1::uuid IS NOT NULL";
const SITES: &str = "SELECT id, name, domains, created_at FROM sites WHERE id = $1";
const AGENTS: &str = "
    SELECT id, alias, name, site, email, role, password_hash, created_at FROM agents
    WHERE site = $1 ORDER BY number";
const VISITORS: &str = "
    SELECT site, name, email, first_seen_at, id FROM visitors WHERE site = $1 ORDER BY id";
const CONVERSATIONS: &str = "
    SELECT c.number, s.state FROM conversations c JOIN states s ON s.id = c.id
    WHERE c.site = $1 ORDER BY c.number";
const EVENTS: &str = "
    SELECT e.seq, e.visitor_seq, e.at, e.author, e.key, e.event, e.conversation
    FROM events e JOIN conversations c ON c.number = e.conversation
    WHERE c.site = $1 ORDER BY e.conversation, e.seq";
const KEYS: &str = "
    SELECT k.seq, k.visitor_seq, k.closed_seq, k.at, k.about, k.digest, k.conversation
    FROM keys k JOIN conversations c ON c.number = k.conversation
    WHERE c.site = $1 ORDER BY k.conversation, k.digest";
const STARTS: &str = "
    SELECT k.seq, k.visitor_seq, k.closed_seq, k.at, k.about, k.digest
    FROM keys k JOIN conversations c ON c.id = k.about
    WHERE k.conversation = 0 AND c.site = $1 ORDER BY k.digest";
const BULKS: &str = "
    SELECT b.author, b.key, b.action, b.conversations
    FROM bulks b JOIN agents a ON a.id = b.author WHERE a.site = $1 ORDER BY b.author, b.key";
/// The column of events and keys that says whose they are.
const OWNER: usize = 6;

type Groups = mpsc::Sender<Result<Vec<Part>, StoreError>>;

pub(super) async fn run(
    (mut client, _carrier): (Client, Carrier),
    site: SiteId,
    counted: oneshot::Sender<Result<Option<Counts>, StoreError>>,
    out: Groups,
) {
    let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let snapshot = match snapshot.read_only(true).start().await {
        Ok(snapshot) => snapshot,
        Err(error) => return drop(counted.send(Err(Trouble::from(error).into()))),
    };
    let counts = counts(&snapshot, site).await;
    let is_there = matches!(counts, Ok(Some(_)));
    if counted.send(counts.map_err(StoreError::from)).is_err() || !is_there {
        return;
    }
    let mut leaving = Leaving { snapshot: &snapshot, site, group: Vec::new(), out };
    if let Err(trouble) = leaving.all().await {
        let _ = leaving.out.send(Err(trouble.into())).await;
    }
}

async fn counts(db: &Transaction<'_>, site: SiteId) -> Result<Option<Counts>, Trouble> {
    let row = db.query_one(COUNTS, &[&site.0]).await?;
    Ok((unsigned(&row, 0)? > 0).then_some(Counts {
        agents: unsigned(&row, 1)?,
        visitors: unsigned(&row, 2)?,
        conversations: unsigned(&row, 3)?,
        events: unsigned(&row, 4)?,
        keys: unsigned(&row, 5)? + unsigned(&row, 6)?,
        bulks: unsigned(&row, 7)?,
    }))
}

struct Leaving<'a> {
    snapshot: &'a Transaction<'a>,
    site: SiteId,
    group: Vec<Part>,
    out: Groups,
}

impl<'a> Leaving<'a> {
    async fn all(&mut self) -> Result<(), Trouble> {
        self.each(SECRET, |row| {
            let secret: &[u8] = column(row, 0)?;
            let secret = secret.try_into();
            secret
                .map(Part::Secret)
                .map_err(|_| Trouble::Refused("the secret has not 32 bytes".into()))
        })
        .await?;
        self.each(SITES, |row| {
            Ok(Part::Site { site: directory::site(row)?, created_at: column(row, 3)? })
        })
        .await?;
        self.each(AGENTS, |row| {
            Ok(Part::Agent { agent: directory::agent(row)?, created_at: column(row, 7)? })
        })
        .await?;
        self.each(VISITORS, |row| Ok(Part::Visitor(directory::visitor_of(row)?))).await?;
        self.conversations().await?;
        self.each(STARTS, |row| {
            let (digest, answer) = key(row, ConversationId::NOWHERE)?;
            Ok(Part::Start { digest, answer })
        })
        .await?;
        self.each(BULKS, bulk).await?;
        self.send().await
    }

    async fn each(
        &mut self,
        sql: &str,
        part: impl Fn(&Row) -> Result<Part, Trouble>,
    ) -> Result<(), Trouble> {
        let mut rows = self.rows(sql).await?;
        while let Some(row) = rows.next().await? {
            self.put(part(&row)?).await?;
        }
        Ok(())
    }

    /// Three lists side by side, all of them in the order of conversations.
    async fn conversations(&mut self) -> Result<(), Trouble> {
        let mut conversations = self.rows(CONVERSATIONS).await?;
        let (mut events, mut keys) = (self.rows(EVENTS).await?, self.rows(KEYS).await?);
        while let Some(row) = conversations.next().await? {
            let (number, state): (Number, Conversation) = (column(&row, 0)?, json(&row, 1)?);
            let (id, head) = (state.id, state.head.0);
            self.put(Part::Conversation(Box::new(state))).await?;
            let mut found = 0;
            while let Some(row) = events.next_of(number).await? {
                found += 1;
                self.put(Part::Event(Box::new(committed(&row)?))).await?;
            }
            if found != head {
                return Err(Trouble::Refused(format!("conversation {id} has not all its events")));
            }
            while let Some(row) = keys.next_of(number).await? {
                let (digest, answer) = key(&row, id)?;
                self.put(Part::Key { digest, answer }).await?;
            }
        }
        Ok(())
    }

    async fn rows(&self, sql: &str) -> Result<Rows<'a>, Trouble> {
        let portal = self.snapshot.bind(sql, &[&self.site.0]).await?;
        Ok(Rows { snapshot: self.snapshot, portal, fetched: Vec::new().into_iter(), next: None })
    }

    async fn put(&mut self, part: Part) -> Result<(), Trouble> {
        self.group.push(part);
        if self.group.len() < GROUP { Ok(()) } else { self.send().await }
    }

    async fn send(&mut self) -> Result<(), Trouble> {
        let group = std::mem::take(&mut self.group);
        let sent = self.out.send(Ok(group)).await;
        sent.map_err(|_| Trouble::Refused("nobody waits for it any more".into()))
    }
}

/// What a statement finds, some of it at a time.
struct Rows<'a> {
    snapshot: &'a Transaction<'a>,
    portal: Portal,
    fetched: std::vec::IntoIter<Row>,
    /// Has been looked at, and is still to come.
    next: Option<Row>,
}

impl Rows<'_> {
    async fn next(&mut self) -> Result<Option<Row>, Trouble> {
        if let Some(row) = self.next.take().or_else(|| self.fetched.next()) {
            return Ok(Some(row));
        }
        self.fetched = self.snapshot.query_portal(&self.portal, ROWS).await?.into_iter();
        Ok(self.fetched.next())
    }

    /// The next one, if it belongs to this conversation.
    async fn next_of(&mut self, number: Number) -> Result<Option<Row>, Trouble> {
        let Some(row) = self.next().await? else { return Ok(None) };
        if column::<Number>(&row, OWNER)? == number {
            return Ok(Some(row));
        }
        self.next = Some(row);
        Ok(None)
    }
}

fn key(row: &Row, of: ConversationId) -> Result<(Digest, Remembered), Trouble> {
    let digest: Uuid = column(row, 5)?;
    Ok((digest.into_bytes(), keys::answer(row, of)?))
}

fn bulk(row: &Row) -> Result<Part, Trouble> {
    let (author, key) = (PersonId(column(row, 0)?), Key::new(&text(row, 1)?));
    let bulk = BulkRecord { action: json(row, 2)?, conversations: json(row, 3)? };
    Ok(Part::Bulk { author, key: key.map_err(|why| Trouble::Refused(why.into()))?, bulk })
}
