//! From a store into a file.

use std::io::Write;

use futures::TryStreamExt as _;
use protocol::SiteId;

use super::lines::{Header, Writing};
use super::{Counts, Transfer, TransferError};

/// Writes a site and answers how much there was of it. `to` is complete only if there is an answer.
pub async fn export(
    store: &dyn Transfer,
    site: SiteId,
    to: impl Write,
) -> Result<Counts, TransferError> {
    let outgoing = store.take_out(site).await?.ok_or(TransferError::NoSuchSite(site))?;
    let (expected, mut groups) = (outgoing.counts, outgoing.parts);
    let mut lines = Writing::begin(to, &Header::of(site, expected))?;
    let mut counts = Counts::default();
    while let Some(group) = groups.try_next().await? {
        for part in group {
            counts.add(&part);
            lines.put(&part)?;
        }
    }
    if counts != expected {
        let why = format!("of {expected} it gave {counts}");
        return Err(TransferError::Incomplete(why));
    }
    lines.end(counts)?;
    Ok(counts)
}
