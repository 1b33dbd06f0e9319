//! The same command for many conversations.

use std::sync::Arc;

use conversation::{Command, Deed};
use futures::future::join_all;
use protocol::{BulkAction, ConversationId, Key};
use store::BulkRecord;

use crate::ask::Reply;
use crate::hub::Inner;
use crate::{Ask, Asker, BulkResult, Refusal};

impl Inner {
    pub(crate) async fn bulk(
        self: &Arc<Self>,
        asker: &Arc<Asker>,
        key: Key,
        action: BulkAction,
        conversations: Vec<String>,
    ) -> Result<Vec<BulkResult>, Refusal> {
        let author = asker.subject.person();
        let asked = BulkRecord { action, conversations };
        // A repeated key means what it meant the first time, whatever comes with it now.
        let first = self.store.remember_bulk(author, key.clone(), asked).await?;
        let items = first.conversations.into_iter();
        let results = items.map(|id| self.bulk_item(asker, &key, first.action, id));
        Ok(join_all(results.collect::<Vec<_>>()).await)
    }

    /// Asks at once, in order; the future only waits for the answer.
    fn bulk_item(
        self: &Arc<Self>,
        asker: &Arc<Asker>,
        key: &Key,
        action: BulkAction,
        conversation: String,
    ) -> impl Future<Output = BulkResult> + use<> {
        let command = match action {
            BulkAction::Claim => Command::Claim,
            BulkAction::Unclaim => Command::Unclaim,
            BulkAction::Close => Command::Close { expected: None },
        };
        let (reply, answer) = Reply::waiting();
        let id = ConversationId::parse(&conversation).unwrap_or(ConversationId::NOWHERE);
        let ask = Ask::Command { command, deed: Deed::Bulk, key: key.clone() };
        self.ask(id, asker, ask, reply);
        async move {
            let outcome = answer.await.unwrap_or(Err(Refusal::UNAVAILABLE));
            BulkResult { conversation, outcome }
        }
    }
}
