//! Other nodes on the same store: takes their hints, and compares heads because the last hint can be
//! lost too.

use std::sync::{Arc, Weak};
use std::time::Duration;

use fanout::Hint;
use protocol::ConversationId;

use crate::actor::Mail;
use crate::hub::Inner;

/// Conversations compared in one question to the store.
const COMPARE_MAX: usize = 500;

/// Follows other nodes for as long as the hub lives.
pub(crate) fn follow_others(hub: &Arc<Inner>) {
    let hints = hub.fanout.hints();
    tokio::spawn(take_hints(Arc::downgrade(hub), hints));
    tokio::spawn(compare_now_and_then(Arc::downgrade(hub)));
}

async fn take_hints(hub: Weak<Inner>, mut hints: tokio::sync::mpsc::Receiver<Hint>) {
    while let Some(hint) = hints.recv().await {
        let Some(hub) = hub.upgrade() else { return };
        match hint {
            Hint::Moved { state, events } => {
                hub.feed_changed(&state, true);
                hub.deliver_if_live(state.id, Mail::Moved { state, events });
            }
            Hint::Typing { conversation, by, active, .. } => {
                hub.deliver_if_live(conversation, Mail::TypingElsewhere { by, active });
            }
            Hint::Lost => compare(&hub).await,
        }
    }
}

async fn compare_now_and_then(hub: Weak<Inner>) {
    let mut round: u32 = 0;
    loop {
        let Some(every) = hub.upgrade().map(|hub| hub.settings.compare_every) else { return };
        // Nodes that started together must not ask together.
        round = round.wrapping_add(1);
        let jitter = every.mul_f64(f64::from(round.wrapping_mul(37) % 25) / 100.0);
        tokio::time::sleep(every.saturating_sub(jitter).max(Duration::from_millis(1))).await;
        let Some(hub) = hub.upgrade() else { return };
        if planted::is_on(planted::Defect::LostHintNotRepaired) {
            continue;
        }
        compare(&hub).await;
    }
}

async fn compare(hub: &Arc<Inner>) {
    let live = hub.registry.ids();
    for some in live.chunks(COMPARE_MAX) {
        let Ok(heads) = hub.store.heads(some.to_vec()).await else { return };
        for (id, head) in heads {
            hub.deliver_if_live(id, Mail::Head(head));
        }
    }
}

impl Inner {
    /// Mail that only a live actor has a use for.
    fn deliver_if_live(self: &Arc<Self>, id: ConversationId, mail: Mail) {
        if self.registry.is_live(id) {
            self.deliver(id, mail);
        }
    }
}
