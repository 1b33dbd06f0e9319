//! All rows of a site, in the order of [`Part`].

use conversation::{Conversation, Remembered};
use protocol::{ConversationId, Key, PersonId, SiteId};
use rusqlite::{Connection, Row, params};

use crate::sqlite::columns::{Number, first, json, uuid};
use crate::sqlite::directory;
use crate::sqlite::error::Trouble;
use crate::sqlite::events::committed;
use crate::sqlite::keys::{self, Digest};
use crate::{BulkRecord, Counts, Part};

/// Takes a part; an error ends it all.
type Each<'a> = &'a mut dyn FnMut(Part) -> Result<(), Trouble>;

// Conversations are walked through in the order of their numbers, which is that of the table itself.
const CONVERSATIONS: &str =
    "SELECT number, state FROM conversations NOT INDEXED WHERE site = ?1 ORDER BY number";
const EVENTS: &str = "SELECT e.seq, e.visitor_seq, e.at, e.author, e.key, e.event
     FROM positions p CROSS JOIN events e ON e.id = p.event WHERE p.conversation = ?1 ORDER BY p.seq";
const KEYS: &str = "SELECT seq, visitor_seq, closed_seq, at, about, digest
     FROM keys WHERE conversation = ?1 ORDER BY digest";
const STARTS: &str = "SELECT k.seq, k.visitor_seq, k.closed_seq, k.at, k.about, k.digest
     FROM keys k CROSS JOIN conversations c ON c.id = k.about
     WHERE k.conversation = 0 AND c.site = ?1 ORDER BY k.digest";
const BULKS: &str = "SELECT b.author, b.key, b.action, b.conversations
     FROM bulks b CROSS JOIN agents a ON a.id = b.author WHERE a.site = ?1 ORDER BY b.author, b.key";

/// How much there is; `None` if there is no such site.
pub(super) fn counts(db: &Connection, site: SiteId) -> Result<Option<Counts>, Trouble> {
    let count = |sql: &str| -> Result<u64, Trouble> {
        let n: Option<i64> = first(db, sql, [site.0.as_bytes()])?;
        Ok(n.unwrap_or(0).cast_unsigned())
    };
    if count("SELECT count(*) FROM sites WHERE id = ?1")? == 0 {
        return Ok(None);
    }
    let keys = "SELECT count(*) FROM conversations c JOIN keys k ON k.conversation = c.number
                WHERE c.site = ?1";
    Ok(Some(Counts {
        agents: count("SELECT count(*) FROM agents WHERE site = ?1")?,
        visitors: count("SELECT count(*) FROM visitors WHERE site = ?1")?,
        conversations: count("SELECT count(*) FROM conversations WHERE site = ?1")?,
        events: count("SELECT ifnull(sum(head), 0) FROM conversations WHERE site = ?1")?,
        keys: count(keys)? + count(&format!("SELECT count(*) FROM ({STARTS})"))?,
        bulks: count(&format!("SELECT count(*) FROM ({BULKS})"))?,
    }))
}

pub(super) fn all(db: &Connection, site: SiteId, each: Each<'_>) -> Result<(), Trouble> {
    people(db, site, each)?;
    let mut conversations = db.prepare_cached(CONVERSATIONS)?;
    let mut rows = conversations.query([site.0.as_bytes()])?;
    while let Some(row) = rows.next()? {
        conversation(db, row.get(0)?, json(row, 1)?, each)?;
    }
    for_each(db, STARTS, params![site.0.as_bytes()], |row| {
        let (digest, answer) = key(row, ConversationId::NOWHERE)?;
        each(Part::Start { digest, answer })
    })?;
    for_each(db, BULKS, params![site.0.as_bytes()], |row| each(bulk(row)?))
}

fn people(db: &Connection, site: SiteId, each: Each<'_>) -> Result<(), Trouble> {
    let secret = first(db, "SELECT secret FROM secrets WHERE name = 'tokens'", [])?;
    secret.map_or(Ok(()), |secret| each(Part::Secret(secret)))?;
    let site = params![site.0.as_bytes()];
    let sites = "SELECT id, name, domains, created_at FROM sites WHERE id = ?1";
    for_each(db, sites, site, |row| {
        each(Part::Site { site: directory::site(row)?, created_at: row.get(3)? })
    })?;
    let agents = "SELECT id, alias, name, site, email, role, password_hash, created_at FROM agents
                  WHERE site = ?1 ORDER BY number";
    for_each(db, agents, site, |row| {
        each(Part::Agent { agent: directory::agent(row)?, created_at: row.get(7)? })
    })?;
    let visitors = "SELECT site, name, email, first_seen_at, id FROM visitors
                    WHERE site = ?1 ORDER BY id";
    for_each(db, visitors, site, |row| each(Part::Visitor(directory::visitor_of(row)?)))
}

fn conversation(
    db: &Connection,
    number: Number,
    state: Conversation,
    each: Each<'_>,
) -> Result<(), Trouble> {
    let (id, head) = (state.id, state.head);
    each(Part::Conversation(Box::new(state)))?;
    let mut events = 0;
    for_each(db, EVENTS, params![number], |row| {
        events += 1;
        each(Part::Event(Box::new(committed(row)?)))
    })?;
    if events != head.0 {
        return Err(Trouble::Gap);
    }
    for_each(db, KEYS, params![number], |row| {
        let (digest, answer) = key(row, id)?;
        each(Part::Key { digest, answer })
    })
}

fn key(row: &Row<'_>, of: ConversationId) -> Result<(Digest, Remembered), Trouble> {
    Ok((row.get(5)?, keys::answer(row, of)?))
}

fn bulk(row: &Row<'_>) -> Result<Part, Trouble> {
    let author = PersonId(uuid(row, 0)?);
    let key = Key::new(row.get_ref(1)?.as_str()?).map_err(serde::de::Error::custom);
    let bulk = BulkRecord { action: json(row, 2)?, conversations: json(row, 3)? };
    Ok(Part::Bulk { author, key: key.map_err(Trouble::Json)?, bulk })
}

fn for_each(
    db: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    mut each: impl FnMut(&Row<'_>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        each(row)?;
    }
    Ok(())
}
