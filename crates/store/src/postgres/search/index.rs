//! Building the index of all texts, a slice at a time. One node does it, whichever comes first.

use std::collections::HashMap;

use tokio::task::spawn_blocking;
use tokio_postgres::{Client, Row, Transaction};
use uuid::Uuid;

use super::block;
use super::terms::{Kind, digest_of, grams, terms_of};
use crate::postgres::columns::column;
use crate::postgres::error::Trouble;

/// Bytes of text that are held in memory at once.
const BYTES_MAX: i64 = 16 << 20;

/// "Indx": whoever holds this lock builds the index.
const LOCK: i64 = 0x496e_6478;

/// Up to so many texts, and up to so many bytes, but one in any case.
const TAKE: &str = "
    DELETE FROM unindexed WHERE ctid = ANY (ARRAY (
        SELECT place FROM (
            SELECT ctid AS place, octet_length(text) AS here,
                   sum(octet_length(text)) OVER (ROWS UNBOUNDED PRECEDING) AS upto
            FROM unindexed LIMIT $1) first
        WHERE upto - here < $2))
    RETURNING site, conversation, text";
const KNOWN: &str = "
    SELECT a.n, t.number
    FROM unnest($1::uuid[], $2::smallint[], $3::bytea[]) WITH ORDINALITY AS a (site, kind, digest, n)
    JOIN terms t ON t.site = a.site AND t.kind = a.kind AND t.digest = a.digest";
const ADD: &str = "
    INSERT INTO terms (site, kind, digest, term, grams)
    SELECT site, kind, digest, term, grams::bigint[]
    FROM unnest($1::uuid[], $2::smallint[], $3::bytea[], $4::bytea[], $5::text[])
         AS a (site, kind, digest, term, grams)";
const MEMBERS: &str = "
    SELECT p.term, p.block, p.members
    FROM unnest($1::bigint[], $2::integer[]) AS a (term, block)
    JOIN postings p ON p.term = a.term AND p.block = a.block";
const PUT: &str = "
    INSERT INTO postings (term, block, members)
    SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bytea[])
    ON CONFLICT (term, block) DO UPDATE SET members = excluded.members";

/// A term of one site.
type Term = (Uuid, Kind, String);
/// A term and a block.
type Place = (i64, i32);

/// Indexes some of what waits, up to `texts`; how many there were, `None` while another node does it.
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
    let taken = step.query(TAKE, &[&limit, &BYTES_MAX]).await?;
    let count = taken.len();
    // The two that take a while do so beside the runtime.
    let (terms, places) = beside(move || terms_in(&taken)).await?;
    let numbers = numbers_of(&step, &terms).await?;
    let mut found: HashMap<Place, Vec<u16>> = HashMap::with_capacity(places.len());
    for ((term, block), places) in places {
        if let Some(number) = numbers[term] {
            found.insert((number, block), places);
        }
    }
    put(&step, found).await?;
    step.commit().await?;
    Ok(Some(count))
}

async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Trouble::Refused("indexing panicked".into())))
}

/// Where each of the terms found occurs, by its place among them and block.
type Occurrences = HashMap<(usize, i32), Vec<u16>>;

fn terms_in(taken: &[Row]) -> Result<(Vec<Term>, Occurrences), Trouble> {
    let (mut known, mut terms) = (HashMap::<Term, usize>::new(), Vec::new());
    let mut places = Occurrences::new();
    for row in taken {
        let (site, number): (Uuid, i64) = (column(row, 0)?, column(row, 1)?);
        let (block, place) = block::place_of(number);
        let text = String::from_utf8_lossy(column(row, 2)?);
        for (kind, term) in terms_of(&text) {
            let term = (site, kind, term.to_owned());
            let index = *known.entry(term).or_insert_with_key(|term| {
                terms.push(term.clone());
                terms.len() - 1
            });
            places.entry((index, block)).or_default().push(place);
        }
    }
    Ok((terms, places))
}

/// The numbers of terms, old ones and new ones.
async fn numbers_of(step: &Transaction<'_>, terms: &[Term]) -> Result<Vec<Option<i64>>, Trouble> {
    let mut numbers = vec![None; terms.len()];
    let all: Vec<usize> = (0..terms.len()).collect();
    look_up(step, terms, &all, &mut numbers).await?;
    let new: Vec<usize> = all.into_iter().filter(|index| numbers[*index].is_none()).collect();
    if new.is_empty() {
        return Ok(numbers);
    }
    let (sites, kinds, digests) = columns_of(terms, &new);
    let bytes: Vec<&[u8]> = new.iter().map(|index| terms[*index].2.as_bytes()).collect();
    let grams: Vec<Option<String>> = new.iter().map(|index| grams_column(&terms[*index])).collect();
    step.execute(ADD, &[&sites, &kinds, &digests, &bytes, &grams]).await?;
    look_up(step, terms, &new, &mut numbers).await?;
    Ok(numbers)
}

/// Finds the numbers of `some` of the terms.
async fn look_up(
    step: &Transaction<'_>,
    terms: &[Term],
    some: &[usize],
    numbers: &mut [Option<i64>],
) -> Result<(), Trouble> {
    let (sites, kinds, digests) = columns_of(terms, some);
    for row in step.query(KNOWN, &[&sites, &kinds, &digests]).await? {
        let place = usize::try_from(column::<i64>(&row, 0)? - 1).unwrap_or(usize::MAX);
        if let Some(index) = some.get(place) {
            numbers[*index] = Some(column(&row, 1)?);
        }
    }
    Ok(())
}

fn columns_of(terms: &[Term], some: &[usize]) -> (Vec<Uuid>, Vec<i16>, Vec<Vec<u8>>) {
    let some = || some.iter().map(|index| &terms[*index]);
    let sites = some().map(|(site, _, _)| *site).collect();
    let kinds = some().map(|(_, kind, _)| *kind as i16).collect();
    let digests = some().map(|(_, _, term)| digest_of(term)).collect();
    (sites, kinds, digests)
}

/// As PostgreSQL writes arrays: one for each row cannot be a parameter.
fn grams_column((site, kind, term): &Term) -> Option<String> {
    if *kind == Kind::Short {
        return None;
    }
    let grams: Vec<String> = grams(*site, *kind, term).iter().map(i64::to_string).collect();
    Some(format!("{{{}}}", grams.join(",")))
}

/// Adds places to what the blocks have.
async fn put(step: &Transaction<'_>, found: HashMap<Place, Vec<u16>>) -> Result<(), Trouble> {
    let mut places: Vec<Place> = found.keys().copied().collect();
    places.sort_unstable();
    let (terms, blocks): (Vec<i64>, Vec<i32>) = places.iter().copied().unzip();
    let known = step.query(MEMBERS, &[&terms, &blocks]).await?;
    let (terms, blocks, members) = beside(move || merged(&places, &found, &known)).await?;
    step.execute(PUT, &[&terms, &blocks, &members]).await?;
    Ok(())
}

type Columns = (Vec<i64>, Vec<i32>, Vec<Vec<u8>>);

/// The rows that change, column by column.
fn merged(
    places: &[Place],
    found: &HashMap<Place, Vec<u16>>,
    known: &[Row],
) -> Result<Columns, Trouble> {
    let mut before: HashMap<Place, &[u8]> = HashMap::with_capacity(known.len());
    for row in known {
        before.insert((column(row, 0)?, column(row, 1)?), column(row, 2)?);
    }
    let (mut terms, mut blocks, mut members) = Columns::default();
    for place in places {
        let before = before.get(place).copied().unwrap_or_default();
        if let Some(after) = block::with(before, &found[place]) {
            terms.push(place.0);
            blocks.push(place.1);
            members.push(after);
        }
    }
    Ok((terms, blocks, members))
}
