//! Whole sites, out of the database and into it: each on a connection of its own, in one transaction. Servers
//! may be at work beside both; what they write after a site began to leave does not leave with it.

mod bring_in;
mod take_out;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use protocol::SiteId;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Client;

use super::PostgresStore;
use super::error::{Trouble, stopped};
use super::place::{Carrier, Place};
use crate::{Answer, Directory as _, Incoming, Outgoing, StoreError, Transfer, TransferError};

/// Groups that may wait for whoever writes the file.
const GROUPS_MAX: usize = 4;
/// What is done here takes as long as it takes, and is durable when it is answered.
const PREPARE: &str = "
    SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local')";

impl Transfer for PostgresStore {
    fn take_out(&self, site: SiteId) -> Answer<'_, Option<Outgoing>> {
        async move {
            // There is one from now on.
            self.secret().await?;
            let connection = connect(&self.place).await?;
            let (counted, counts) = oneshot::channel();
            let (out, groups) = mpsc::channel(GROUPS_MAX);
            tokio::spawn(take_out::run(connection, site, counted, out));
            let Some(counts) = counts.await.map_err(|_| stopped())?? else { return Ok(None) };
            let next = |mut groups: mpsc::Receiver<_>| async move {
                groups.recv().await.map(|group| (group, groups))
            };
            Ok(Some(Outgoing { counts, parts: stream::unfold(groups, next).boxed() }))
        }
        .boxed()
    }

    fn bring_in(&self, parts: Incoming) -> BoxFuture<'_, Result<(), TransferError>> {
        async move {
            // If anything fails the connection is dropped, and with it all that was done.
            let (mut client, _carrier) = connect(&self.place).await.map_err(TransferError::from)?;
            bring_in::all(&mut client, parts).await
        }
        .boxed()
    }
}

async fn connect(place: &Place) -> Result<(Client, Carrier), StoreError> {
    let connect = async {
        let connection = place.connect().await?;
        connection.0.batch_execute(PREPARE).await?;
        Ok::<_, Trouble>(connection)
    };
    Ok(connect.await?)
}
