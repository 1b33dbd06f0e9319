//! From a file into a store.

use std::io::{BufRead, Seek};

use futures::StreamExt as _;
use protocol::SiteId;

use super::lines::{Header, Reading};
use super::order::Order;
use super::{Counts, Incoming, Part, Transfer, TransferError};

/// Parts that are handed on together.
const GROUP: usize = 1024;

/// What becomes of the secret in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// It comes along: tokens of the site stay good.
    Keep,
    /// It stays behind: everybody signs in anew, and visitors are strangers.
    Forget,
}

/// Reads a site into a store, all or nothing, and answers which one and how much. The file is looked
/// through once before anything is asked of the store.
pub async fn import(
    store: &dyn Transfer,
    mut from: impl BufRead + Seek + Send + 'static,
    tokens: Tokens,
) -> Result<(SiteId, Counts), TransferError> {
    let mut first = Reading::begin(&mut from)?;
    while first.next_line()?.is_some() {}
    let Header { site, counts, .. } = first.header;
    from.rewind()?;
    let lines = Reading::begin(from)?;
    let parts =
        Parts { lines, tokens, order: Order::default(), counts: Counts::default(), ended: false };
    store.bring_in(parts.in_groups()).await?;
    Ok((site, counts))
}

/// What the file holds, a line at a time.
struct Parts<R> {
    lines: Reading<R>,
    tokens: Tokens,
    order: Order,
    counts: Counts,
    ended: bool,
}

impl<R: BufRead + Send + 'static> Parts<R> {
    fn in_groups(self) -> Incoming {
        let next = |mut parts: Self| async move {
            let group = parts.group().transpose()?;
            Some((group, parts))
        };
        futures::stream::unfold(self, next).boxed()
    }

    /// The next ones; `None` if there are no more.
    fn group(&mut self) -> Result<Option<Vec<Part>>, TransferError> {
        let mut group = Vec::with_capacity(GROUP);
        while group.len() < GROUP
            && let Some(part) = self.next()?
        {
            let stays_behind = matches!(part, Part::Secret(_)) && self.tokens == Tokens::Forget;
            group.extend(Some(part).filter(|_| !stays_behind));
        }
        Ok(Some(group).filter(|group| !group.is_empty()))
    }

    fn next(&mut self) -> Result<Option<Part>, TransferError> {
        if self.ended {
            return Ok(None);
        }
        let next = self.lines.next_part()?;
        let line = self.lines.read_so_far();
        let wrong = |why: &str| TransferError::Line { line, why: why.to_owned() };
        if let Some(part) = &next {
            self.order.follow(self.lines.header.site, part).map_err(wrong)?;
            self.counts.add(part);
        } else {
            self.order.end().map_err(wrong)?;
            if self.counts != self.lines.header.counts {
                return Err(wrong("there is not as much before it as it says"));
            }
            self.ended = true;
        }
        Ok(next)
    }
}
