//! What this node listens to, and what Redis has yet to be told of it.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::Topic;

/// Topics that somebody here wants.
#[derive(Default)]
pub(super) struct Wanted {
    topics: Mutex<Topics>,
    changed: Notify,
}

#[derive(Default)]
struct Topics {
    wanted: HashSet<Topic>,
    /// What the server has been asked for on this line.
    asked: HashSet<Topic>,
    /// Where the two may differ. Holds a topic once, however often it changes.
    changed: HashSet<Topic>,
}

/// What to tell the server next.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub join: Vec<Topic>,
    pub leave: Vec<Topic>,
    /// Given up and wanted again before the server heard of it.
    pub kept: Vec<Topic>,
}

impl Wanted {
    /// Wants a topic, or wants it no longer.
    pub fn set(&self, topic: Topic, wanted: bool) {
        let mut topics = self.lock();
        let news = match wanted {
            true => topics.wanted.insert(topic),
            false => topics.wanted.remove(&topic),
        };
        if news {
            topics.changed.insert(topic);
            drop(topics);
            self.changed.notify_one();
        }
    }

    /// How many topics there are.
    pub fn len(&self) -> usize {
        self.lock().wanted.len()
    }

    /// A new line: the server knows nothing of us.
    pub fn start_over(&self) {
        let mut topics = self.lock();
        topics.asked.clear();
        topics.changed = topics.wanted.clone();
    }

    /// The server has stopped this one by itself.
    pub fn was_stopped(&self, topic: Topic) {
        let mut topics = self.lock();
        if topics.asked.remove(&topic) && topics.wanted.contains(&topic) {
            topics.changed.insert(topic);
            drop(topics);
            self.changed.notify_one();
        }
    }

    /// The next changes, at most `max` topics; `None` if there are none. They count as told.
    pub fn take(&self, max: usize) -> Option<Changes> {
        let mut topics = self.lock();
        let some: Vec<Topic> = topics.changed.iter().take(max).copied().collect();
        if some.is_empty() {
            // What a crowd needed is given back.
            topics.changed = HashSet::new();
            return None;
        }
        let mut changes = Changes::default();
        for topic in some {
            topics.changed.remove(&topic);
            match (topics.wanted.contains(&topic), topics.asked.contains(&topic)) {
                (true, true) => changes.kept.push(topic),
                (true, false) => changes.join.push(topic),
                (false, true) => changes.leave.push(topic),
                (false, false) => {}
            }
        }
        topics.asked.extend(&changes.join);
        for topic in &changes.leave {
            topics.asked.remove(topic);
        }
        Some(changes)
    }

    /// Waits until there may be changes to take.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Topics> {
        // Nothing panics under the lock.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::conversation;

    fn join(topics: &[Topic]) -> Option<Changes> {
        Some(Changes { join: topics.to_vec(), ..Changes::default() })
    }

    #[test]
    fn who_changes_its_mind_before_anybody_was_told_changes_nothing() {
        let wanted = Wanted::default();
        wanted.set(conversation(1), true);
        wanted.set(conversation(1), false);
        assert_eq!(wanted.take(10), Some(Changes::default()));
        assert_eq!(wanted.take(10), None);
    }

    #[test]
    fn a_new_line_is_told_everything_and_only_once() {
        let wanted = Wanted::default();
        wanted.set(conversation(1), true);
        assert_eq!(wanted.take(10), join(&[conversation(1)]));
        wanted.set(conversation(1), true);
        assert_eq!(wanted.take(10), None);
        wanted.start_over();
        assert_eq!(wanted.take(10), join(&[conversation(1)]));
        wanted.set(conversation(1), false);
        let leave = Changes { leave: vec![conversation(1)], ..Changes::default() };
        assert_eq!(wanted.take(10), Some(leave));
    }

    #[test]
    fn what_is_given_up_and_wanted_again_is_kept_and_said() {
        let wanted = Wanted::default();
        wanted.set(conversation(1), true);
        wanted.take(10);
        wanted.set(conversation(1), false);
        wanted.set(conversation(1), true);
        let kept = Changes { kept: vec![conversation(1)], ..Changes::default() };
        assert_eq!(wanted.take(10), Some(kept));
    }

    #[test]
    fn what_the_server_stops_is_asked_for_again_while_it_is_wanted() {
        let wanted = Wanted::default();
        wanted.set(conversation(1), true);
        wanted.take(10);
        wanted.was_stopped(conversation(1));
        assert_eq!(wanted.take(10), join(&[conversation(1)]));
        wanted.set(conversation(1), false);
        wanted.take(10);
        wanted.was_stopped(conversation(1));
        assert_eq!(wanted.take(10), None);
    }
}
