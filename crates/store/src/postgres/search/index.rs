//! Building the index of all texts, a slice at a time. One node does it, whichever comes first.

use std::collections::HashMap;

use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::block;
use super::terms::{Kind, digest_of, grams, terms_of};
use crate::postgres::columns::column;
use crate::postgres::error::Trouble;

/// "Indx": whoever holds this lock builds the index.
const LOCK: i64 = 0x496e_6478;

const TAKE: &str = "
    DELETE FROM unindexed WHERE ctid = ANY (ARRAY (SELECT ctid FROM unindexed LIMIT $1))
    RETURNING site, conversation, text";
const KNOWN: &str = "
    SELECT a.n, t.number
    FROM unnest($1::uuid[], $2::smallint[], $3::bytea[]) WITH ORDINALITY AS a (site, kind, digest, n)
    JOIN terms t ON t.site = a.site AND t.kind = a.kind AND t.digest = a.digest";
const ADD: &str = "
    INSERT INTO terms (site, kind, digest, term, grams)
    SELECT site, kind, digest, term, grams::bigint[]
    FROM unnest($1::uuid[], $2::smallint[], $3::bytea[], $4::bytea[], $5::text[])
         AS a (site, kind, digest, term, grams)
    RETURNING site, kind, digest, number";
const MEMBERS: &str = "
    SELECT p.term, p.block, p.members
    FROM unnest($1::bigint[], $2::integer[]) AS a (term, block)
    JOIN postings p ON p.term = a.term AND p.block = a.block";
const PUT: &str = "
    INSERT INTO postings (term, block, members)
    SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bytea[])
    ON CONFLICT (term, block) DO UPDATE SET members = excluded.members";

/// A term of one site.
type Term<'a> = (Uuid, Kind, &'a str);
/// Places in each block.
type Places = HashMap<i32, Vec<u16>>;

/// Indexes up to `texts` of what waits; how many there were, `None` while another node does it.
pub(in crate::postgres) async fn slice(
    client: &mut Client,
    texts: usize,
) -> Result<Option<usize>, Trouble> {
    let step = client.transaction().await?;
    let free = step.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&LOCK]).await?;
    if !column::<bool>(&free, 0)? {
        return Ok(None);
    }
    let limit = i64::try_from(texts).unwrap_or(i64::MAX);
    let taken = step.query(TAKE, &[&limit]).await?;
    let mut waiting = Vec::with_capacity(taken.len());
    for row in &taken {
        let text = String::from_utf8_lossy(column(row, 2)?);
        waiting.push((column::<Uuid>(row, 0)?, column::<i64>(row, 1)?, text));
    }
    let mut found: HashMap<Term<'_>, Places> = HashMap::new();
    for (site, number, text) in &waiting {
        let (block, place) = block::place_of(*number);
        for (kind, term) in terms_of(text) {
            let places = found.entry((*site, kind, term)).or_default();
            places.entry(block).or_default().push(place);
        }
    }
    let terms: Vec<Term<'_>> = found.keys().copied().collect();
    let numbers = numbers_of(&step, &terms).await?;
    let mut places = HashMap::with_capacity(found.len());
    for (term, of_term) in found {
        let Some(number) = numbers.get(&term) else { continue };
        places.extend(of_term.into_iter().map(|(block, places)| ((*number, block), places)));
    }
    put(&step, &places).await?;
    step.commit().await?;
    Ok(Some(taken.len()))
}

/// The numbers of terms, old ones and new ones.
async fn numbers_of<'a>(
    step: &Transaction<'_>,
    terms: &[Term<'a>],
) -> Result<HashMap<Term<'a>, i64>, Trouble> {
    let mut numbers = HashMap::with_capacity(terms.len());
    let (sites, kinds, digests) = columns_of(terms);
    for row in step.query(KNOWN, &[&sites, &kinds, &digests]).await? {
        let place = usize::try_from(column::<i64>(&row, 0)? - 1).unwrap_or(usize::MAX);
        if let Some(term) = terms.get(place) {
            numbers.insert(*term, column(&row, 1)?);
        }
    }
    let new: Vec<Term<'a>> =
        terms.iter().filter(|term| !numbers.contains_key(*term)).copied().collect();
    if new.is_empty() {
        return Ok(numbers);
    }
    let (sites, kinds, digests) = columns_of(&new);
    let bytes: Vec<&[u8]> = new.iter().map(|(_, _, term)| term.as_bytes()).collect();
    let grams: Vec<Option<String>> = new.iter().map(grams_column).collect();
    let added = step.query(ADD, &[&sites, &kinds, &digests, &bytes, &grams]).await?;
    let mut by_digest: HashMap<(Uuid, i16, &[u8]), i64> = HashMap::with_capacity(added.len());
    for row in &added {
        let term = (column(row, 0)?, column(row, 1)?, column(row, 2)?);
        by_digest.insert(term, column(row, 3)?);
    }
    for (term, digest) in new.iter().zip(&digests) {
        if let Some(number) = by_digest.get(&(term.0, term.1 as i16, digest.as_slice())) {
            numbers.insert(*term, *number);
        }
    }
    Ok(numbers)
}

fn columns_of(terms: &[Term<'_>]) -> (Vec<Uuid>, Vec<i16>, Vec<Vec<u8>>) {
    let sites = terms.iter().map(|(site, _, _)| *site).collect();
    let kinds = terms.iter().map(|(_, kind, _)| *kind as i16).collect();
    let digests = terms.iter().map(|(_, _, term)| digest_of(term)).collect();
    (sites, kinds, digests)
}

/// As PostgreSQL writes arrays: one for each row cannot be a parameter.
fn grams_column((site, kind, term): &Term<'_>) -> Option<String> {
    if *kind == Kind::Short {
        return None;
    }
    let grams: Vec<String> = grams(*site, *kind, term).iter().map(i64::to_string).collect();
    Some(format!("{{{}}}", grams.join(",")))
}

/// Adds places to what the blocks have.
async fn put(
    step: &Transaction<'_>,
    places: &HashMap<(i64, i32), Vec<u16>>,
) -> Result<(), Trouble> {
    let mut blocks: Vec<&(i64, i32)> = places.keys().collect();
    blocks.sort_unstable();
    let terms: Vec<i64> = blocks.iter().map(|(term, _)| *term).collect();
    let numbers: Vec<i32> = blocks.iter().map(|(_, block)| *block).collect();
    let mut known = HashMap::new();
    let rows = step.query(MEMBERS, &[&terms, &numbers]).await?;
    for row in &rows {
        known.insert((column::<i64>(row, 0)?, column::<i32>(row, 1)?), column::<&[u8]>(row, 2)?);
    }
    let (mut terms, mut numbers, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for key in blocks {
        let before = known.get(key).copied().unwrap_or_default();
        if let Some(after) = block::with(before, &places[key]) {
            terms.push(key.0);
            numbers.push(key.1);
            members.push(after);
        }
    }
    step.execute(PUT, &[&terms, &numbers, &members]).await?;
    Ok(())
}
