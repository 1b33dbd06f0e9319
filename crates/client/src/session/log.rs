//! What a client has seen of one conversation, and whether it could be true.

use protocol::EventFrame;

/// The events of one conversation as one client saw them, over all its connections.
#[derive(Clone, Debug, Default)]
pub struct Log {
    events: Vec<EventFrame>,
    /// The last number that the present connection delivered live, or promised to go on from.
    live: Option<u64>,
}

impl Log {
    /// A log that the present connection delivers from the first event.
    pub(super) fn from_the_start() -> Self {
        Self { events: Vec::new(), live: Some(0) }
    }

    /// The events, numbered 1, 2, 3 …
    pub fn events(&self) -> &[EventFrame] {
        &self.events
    }

    /// The last number seen.
    pub fn seen(&self) -> u64 {
        self.events.len() as u64
    }

    /// Whether the present connection delivers it.
    pub(super) fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// The connection is gone.
    pub(super) fn cut(&mut self) {
        self.live = None;
    }

    /// A snapshot said that live events go on after `head`.
    pub(super) fn go_on_after(&mut self, head: u64) {
        self.live.get_or_insert(head);
    }

    /// Forgets everything: the server said so.
    pub(super) fn reset(&mut self) {
        self.events.clear();
    }

    /// An event that came by itself: on one connection each number once, in order.
    pub(super) fn take_live(&mut self, event: EventFrame) -> Result<(), String> {
        if let Some(last) = self.live
            && event.seq != last + 1
        {
            return Err(format!("live event {} came after {last}", event.seq));
        }
        self.live = Some(event.seq);
        self.take(event)
    }

    /// An event of a page: may be known, must not differ, must leave no gap.
    pub(super) fn take(&mut self, event: EventFrame) -> Result<(), String> {
        let next = self.seen() + 1;
        if event.seq == 0 || event.seq > next {
            return Err(format!("event {} came where {next} was due", event.seq));
        }
        let Some(known) = self.events.get(event.seq as usize - 1) else {
            if self.events.last().is_some_and(|last| last.at > event.at) {
                return Err(format!("event {} is older than the one before", event.seq));
            }
            self.events.push(event);
            return Ok(());
        };
        if *known != event {
            return Err(format!("event {} was {known:?} and is {event:?}", event.seq));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64, text: &str) -> EventFrame {
        let id = "5f2a7c1e-0000-4000-8000-000000000001";
        serde_json::from_value(serde_json::json!({
            "ev": "message.posted", "conversation": id, "seq": seq, "at": 1,
            "by": { "role": "visitor", "id": id, "name": "" }, "data": { "text": text },
        }))
        .expect("an event")
    }

    #[test]
    fn a_gap_a_repeat_and_a_change_of_mind_are_told() {
        let mut log = Log::from_the_start();
        assert_eq!(log.take_live(event(1, "a")), Ok(()));
        assert!(log.take_live(event(1, "a")).is_err(), "a live event came twice");
        assert!(log.take_live(event(3, "c")).is_err(), "a number was left out");
        assert_eq!(log.take(event(1, "a")), Ok(()), "a page may repeat what is known");
        assert!(log.take(event(1, "b")).is_err(), "a page told another story");
    }

    #[test]
    fn another_connection_goes_on_where_its_snapshot_ends() {
        let mut log = Log::from_the_start();
        log.take_live(event(1, "a")).expect("the first");
        log.cut();
        log.take(event(2, "b")).expect("from the page");
        log.go_on_after(2);
        assert!(log.take_live(event(2, "b")).is_err(), "live events start after the head");
        assert_eq!(log.take_live(event(3, "c")), Ok(()));
    }
}
