//! Lists that are given up when their time is over: here, and on the server.

use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt as _;

use super::error::{Trouble, too_late};
use super::pool::{ANSWER_WITHIN, Database, Pool};
use super::{inbox, search};
use crate::{InboxQuery, InboxRows, StoreError};

/// One page, in time or not at all.
pub(super) async fn list(pool: &Pool, query: InboxQuery) -> Result<InboxRows, StoreError> {
    let at_last = Instant::now() + ANSWER_WITHIN;
    let until = query.until.map_or(at_last, |until| until.min(at_last));
    if until <= Instant::now() {
        return Err(StoreError::TooSlow);
    }
    let asked = Arc::new(query);
    let answer = pool.ask_by(until.into(), move |db| {
        let query = asked.clone();
        async move { look(db, &query, until).await }.boxed()
    });
    match answer.await {
        Err(Trouble::TooSlow) if until == at_last => Err(too_late("a list took too long")),
        answer => answer.map_err(StoreError::from),
    }
}

async fn look(db: &Database, query: &InboxQuery, until: Instant) -> Result<InboxRows, Trouble> {
    if query.words.is_empty() && query.until.is_none() {
        return inbox::list(db, query, None).await;
    }
    let left = until.saturating_duration_since(Instant::now()).as_millis().max(1);
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {left}"
    );
    let found = async {
        match query.words.is_empty() {
            true => inbox::list(db, query, None).await,
            false => search::list(db, query).await,
        }
    };
    let (began, found) = futures::join!(db.batch_execute(&begin), found);
    // Nothing was changed, so it does not matter how it ends.
    db.batch_execute("ROLLBACK").await?;
    began?;
    found
}
