//! Other nodes on the same store: what their hints set in motion here.

use std::sync::{Arc, Weak};
use std::time::Duration;

use fanout::{Hint, NodeId, Topic};
use tokio::sync::mpsc::Receiver;

use crate::actor::Mail;
use crate::hub::Inner;
use crate::{heads, presence};

/// Follows other nodes for as long as the hub lives.
pub(crate) fn follow(hub: &Arc<Inner>) {
    let hints = hub.fanout.hints();
    tokio::spawn(take_hints(Arc::downgrade(hub), hints));
    tokio::spawn(heads::compare_now_and_then(Arc::downgrade(hub), hub.heads.clone()));
    tokio::spawn(presence::tell_others(Arc::downgrade(hub), hub.presence.news.clone()));
}

/// Never waits for anything but hints: they come faster than a store answers.
async fn take_hints(hub: Weak<Inner>, mut hints: Receiver<Hint>) {
    while let Some(hint) = hints.recv().await {
        let Some(hub) = hub.upgrade() else { return };
        match hint {
            Hint::Moved { state, events } => {
                hub.feed_changed(&state, true);
                hub.deliver_if_live(state.id, Mail::Moved { state, events });
            }
            Hint::Head { conversation, site, head } => {
                hub.heads.compare_rows(site);
                hub.deliver_if_live(conversation, Mail::Head(head));
            }
            Hint::Typing { conversation, by, active, .. } => {
                hub.deliver_if_live(conversation, Mail::TypingElsewhere { by, active });
            }
            Hint::Presence(presence) => hub.hear_presence(&presence),
            Hint::WhoIsThere { site, node } => {
                if node.is_none_or(|node| node == hub.fanout.node()) {
                    hub.say_who_is_here(site);
                }
            }
            Hint::Joined(topics) => topics.iter().for_each(|topic| hub.joined(*topic)),
            Hint::Lost => hub.heads.compare_everything(),
        }
    }
}

impl Inner {
    /// What became true before hints of this topic arrive may have been missed.
    fn joined(&self, topic: Topic) {
        match topic {
            Topic::Conversation(id) => self.heads.compare(id),
            Topic::Site(site) => {
                self.heads.compare_rows(site);
                self.fanout.announce(Hint::WhoIsThere { site, node: None });
            }
            Topic::Team(site) => self.fanout.announce(Hint::WhoIsThere { site, node: None }),
        }
    }
}

/// When to do again what is done `every` so often: up to a quarter earlier. Nodes that started together
/// must not ask together.
pub(crate) fn pace(every: Duration, round: u32, node: NodeId) -> Duration {
    let spread = u64::from(round).wrapping_mul(37).wrapping_add(node.0 % 25) % 25;
    every.saturating_sub(every.mul_f64(spread as f64 / 100.0)).max(Duration::from_millis(1))
}
