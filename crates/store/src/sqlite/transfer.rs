//! Whole sites, out of the file and into it: each on a thread and a connection of its own, in one transaction.
//!
//! A site on its way in holds up everybody else who writes; so it is brought in while nobody serves.

mod bring_in;
mod take_out;

use futures::future::BoxFuture;
use futures::{StreamExt as _, stream};
use protocol::SiteId;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::error::{Trouble, stopped};
use super::{Running, SqliteStore, beside};
use crate::{
    Answer, Counts, Directory as _, Incoming, Outgoing, Part, StoreError, Transfer, TransferError,
};
use bring_in::Arriving;

/// Groups that may wait for whoever writes or reads the file.
const GROUPS_MAX: usize = 4;
/// Parts in a group.
const GROUP: usize = 1024;

/// What the thread that brings in is told.
enum Message {
    Parts(Vec<Part>),
    /// That was all of it.
    Commit,
}

impl Transfer for SqliteStore {
    fn take_out(&self, site: SiteId) -> Answer<'_, Option<Outgoing>> {
        if self.is_beside {
            return beside();
        }
        Box::pin(async move {
            // There is one from now on.
            self.secret().await?;
            self.writer.settle().await?;
            let db = self.place.to_read_log().map_err(unavailable)?;
            let running = self.running.upgrade().ok_or_else(stopped)?;
            let (counted, counts) = oneshot::channel();
            let (out, groups) = mpsc::channel(GROUPS_MAX);
            let thread = Leaving { db, site, group: Vec::new(), out };
            spawn(running, move || thread.run(counted)).map_err(unavailable)?;
            let Some(counts) = counts.await.map_err(|_| stopped())?? else { return Ok(None) };
            let next = |mut groups: mpsc::Receiver<_>| async move {
                groups.recv().await.map(|group| (group, groups))
            };
            Ok(Some(Outgoing { counts, parts: stream::unfold(groups, next).boxed() }))
        })
    }

    fn bring_in(&self, parts: Incoming) -> BoxFuture<'_, Result<(), TransferError>> {
        if self.is_beside {
            return Box::pin(async { Ok(beside().await?) });
        }
        Box::pin(async move {
            let running = self.running.upgrade().ok_or_else(stopped)?;
            let (place, unsettled) = (self.place.clone(), self.unsettled.clone());
            let (to, messages) = mpsc::channel(GROUPS_MAX);
            let (done, outcome) = oneshot::channel();
            let bring_in = move || {
                let arriving = Arriving::begin(&place, &unsettled);
                let _ = done.send(arriving.and_then(|arriving| take_all(arriving, messages)));
            };
            spawn(running, bring_in)?;
            let handed_over = hand_over(parts, to).await;
            let outcome = outcome.await.unwrap_or_else(|_| Err(stopped().into()));
            handed_over.and(outcome)
        })
    }
}

fn spawn(running: Running, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let named = std::thread::Builder::new().name("store-transfer".into());
    let thread = named.spawn(move || {
        work();
        drop(running);
    });
    thread.map(drop)
}

fn unavailable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// Hands on all groups, and at a good end says so. A thread that takes no more has a reason, and tells it.
async fn hand_over(mut parts: Incoming, to: mpsc::Sender<Message>) -> Result<(), TransferError> {
    while let Some(group) = parts.next().await {
        if to.send(Message::Parts(group?)).await.is_err() {
            return Ok(());
        }
    }
    let _ = to.send(Message::Commit).await;
    Ok(())
}

/// Without a word that it was all, nothing of it stays.
fn take_all(
    mut arriving: Arriving,
    mut messages: mpsc::Receiver<Message>,
) -> Result<(), TransferError> {
    while let Some(message) = messages.blocking_recv() {
        match message {
            Message::Parts(group) => group.iter().try_for_each(|part| arriving.put(part))?,
            Message::Commit => return arriving.commit(),
        }
    }
    Ok(())
}

/// The thread that takes a site out.
struct Leaving {
    db: Connection,
    site: SiteId,
    group: Vec<Part>,
    out: mpsc::Sender<Result<Vec<Part>, StoreError>>,
}

impl Leaving {
    fn run(mut self, counted: oneshot::Sender<Result<Option<Counts>, StoreError>>) {
        let counts = self.count();
        let is_there = matches!(counts, Ok(Some(_)));
        let is_wanted = counted.send(counts.map_err(|trouble| (&trouble).into())).is_ok();
        if is_there
            && is_wanted
            && let Err(trouble) = self.send_all()
        {
            let _ = self.out.blocking_send(Err((&trouble).into()));
        }
    }

    /// From here on the file stands still for this connection.
    fn count(&self) -> Result<Option<Counts>, Trouble> {
        self.db.execute_batch("BEGIN")?;
        take_out::counts(&self.db, self.site)
    }

    fn send_all(&mut self) -> Result<(), Trouble> {
        let Self { db, site, group, out } = self;
        let send = |group: &mut Vec<Part>| {
            out.blocking_send(Ok(std::mem::take(group))).map_err(|_| Trouble::Unwanted)
        };
        take_out::all(db, *site, &mut |part| {
            group.push(part);
            if group.len() < GROUP { Ok(()) } else { send(group) }
        })?;
        send(group)
    }
}
