//! The beginning of a conversation.

use std::sync::Arc;

use conversation::{
    Committed, Conversation, Deed, KeyScope, Rejection, Remembered, Subject, Visitor,
};
use fanout::Hint;
use protocol::{ConversationId, Key, Text};
use store::{Start, StartOutcome};

use crate::actor::Mail;
use crate::hub::Inner;
use crate::{Asker, Refusal, Started};

impl Inner {
    pub(crate) async fn start(
        self: &Arc<Self>,
        id: ConversationId,
        asker: &Arc<Asker>,
        visitor: Visitor,
        (text, key): (Text, Key),
    ) -> Result<Started, Refusal> {
        let Subject::Visitor { site, id: author } = asker.subject else {
            return Err(Refusal::Rejected(Rejection::Forbidden));
        };
        let now = self.clock.now_ms();
        let (state, events) = Conversation::start((id, site), visitor, (text, key.clone()), now);
        let state = Arc::new(state);
        let conversation = ConversationId::NOWHERE;
        let scope = KeyScope { author: author.into(), conversation, deed: Deed::Start, key };
        let remembered = remembered(&state);
        let outcome = self.store.start(Start {
            conversation: state.clone(),
            events: events.clone(),
            scope,
            remembered,
            starts_per_minute: self.settings.starts_per_minute,
        });
        match outcome.await? {
            StartOutcome::Done => {
                self.begun(asker, &state, events);
                Ok(started(state, &remembered))
            }
            StartOutcome::Repeated(first) => self.begun_before(asker, &first).await,
            StartOutcome::AlreadyOpen(open) => Err(Refusal::AlreadyOpen(open)),
            StartOutcome::TooMany { retry_after_ms } => {
                Err(Refusal::RateLimited { retry_after_ms })
            }
        }
    }

    fn begun(
        self: &Arc<Self>,
        asker: &Arc<Asker>,
        state: &Arc<Conversation>,
        events: Vec<Committed>,
    ) {
        tracing::debug!(conversation = %state.id, visitor = %state.visitor.id, "started");
        let mail = Mail::Begun { asker: asker.clone(), state: state.clone() };
        self.deliver(state.id, mail);
        self.feed_changed(state, true);
        if self.has_others {
            self.fanout.announce(Hint::Moved { state: state.clone(), events: events.into() });
        }
    }

    /// The same key again: the same conversation, as it is by now. The starter watches it, whichever
    /// socket it asks from.
    async fn begun_before(
        self: &Arc<Self>,
        asker: &Arc<Asker>,
        first: &Remembered,
    ) -> Result<Started, Refusal> {
        self.metrics.repeated_keys.inc();
        let found = self.store.find(first.conversation).await?.ok_or(Refusal::NotFound)?;
        let state = Arc::new(found);
        let mail = Mail::Begun { asker: asker.clone(), state: state.clone() };
        self.deliver(state.id, mail);
        Ok(started(state, first))
    }
}

fn started(conversation: Arc<Conversation>, first: &Remembered) -> Started {
    Started { conversation, seq: first.visitor_seq.0, at: first.at }
}

/// The answer names the first message, the last event so far.
fn remembered(state: &Conversation) -> Remembered {
    Remembered {
        conversation: state.id,
        seq: state.head,
        visitor_seq: state.visitor_head,
        closed_seq: None,
        at: state.last_at,
    }
}
