//! What became of work whose answer was lost. Asked only after the backend that had it is gone, so what is
//! not there now will never be.

use uuid::Uuid;

use super::append::Attempt;
use super::columns::{column, digest_column};
use super::error::Trouble;
use super::session::Session;
use crate::Start;
use crate::digest::digest;

/// The event that an append put first bears the number of the attempt.
const APPENDED: &str = "
    SELECT a.n FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS a (id, seq, attempt, n)
    JOIN states s ON s.id = a.id
    JOIN events e ON e.conversation = s.number AND e.seq = a.seq AND e.attempt = a.attempt";

/// Every start has a conversation of its own.
const STARTED: &str = "
    SELECT a.n FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS a (digest, id, n)
    JOIN keys k ON k.conversation = 0 AND k.digest = a.digest AND k.about = a.id";

/// Which of these appends have happened. One that adds no event is not told apart, and need not be: asked
/// again it hears the answer that it gave.
pub(super) async fn appended(
    session: &Session,
    unknown: &[Attempt<'_>],
) -> Result<Vec<bool>, Trouble> {
    let ids: Vec<Uuid> = unknown.iter().map(|one| one.append.conversation.id.0).collect();
    let after = |one: &Attempt<'_>| one.append.at_head.0.saturating_add(1).cast_signed();
    let seqs: Vec<i64> = unknown.iter().map(after).collect();
    let attempts: Vec<i64> = unknown.iter().map(|one| one.number).collect();
    let there = session.client.query(APPENDED, &[&ids, &seqs, &attempts]).await?;
    marked(unknown.len(), &there)
}

/// Which of these starts have happened.
pub(super) async fn started(session: &Session, unknown: &[&Start]) -> Result<Vec<bool>, Trouble> {
    let digests: Vec<Uuid> =
        unknown.iter().map(|start| digest_column(digest(&start.scope))).collect();
    let ids: Vec<Uuid> = unknown.iter().map(|start| start.remembered.conversation.0).collect();
    let there = session.client.query(STARTED, &[&digests, &ids]).await?;
    marked(unknown.len(), &there)
}

fn marked(count: usize, there: &[tokio_postgres::Row]) -> Result<Vec<bool>, Trouble> {
    let mut marked = vec![false; count];
    for row in there {
        let place = usize::try_from(column::<i64>(row, 0)? - 1).ok();
        if let Some(mark) = place.and_then(|place| marked.get_mut(place)) {
            *mark = true;
        }
    }
    Ok(marked)
}
