//! What a client makes of what it is told.

use std::time::Duration;

use conversation::Committed;
use protocol::ConversationId;
use tokio::time::Instant;

use super::{Device, Place, Purpose, number_of};
use crate::connection::{Connection, Down};
use crate::history::{Answered, AttemptId};
use crate::wish::{Want, Wish};
use crate::world::Known;

/// Settled wishes that may be sent again.
const SETTLED_MAX: usize = 6;

impl Device {
    pub(super) fn hear(&mut self, connection: &Connection, down: Down) {
        match down {
            Down::Answer(attempt, answer) => self.answered(connection, attempt, answer),
            Down::Event(conversation, event) => {
                self.take(conversation, &[event]);
                self.fill_a_gap(connection, conversation);
            }
            Down::Signal => {}
        }
    }

    fn answered(&mut self, connection: &Connection, attempt: AttemptId, answer: Answered) {
        let Some(awaited) = self.awaited.remove(&attempt) else { return };
        match awaited.purpose {
            Purpose::Wish(number) => self.settle(number, answer),
            Purpose::Watch(conversation) => self.watched(connection, conversation, answer),
            Purpose::Page(conversation) => self.paged(connection, conversation, answer),
            Purpose::Other => {}
        }
    }

    fn watched(&mut self, connection: &Connection, conversation: ConversationId, answer: Answered) {
        let Some(place) = self.places.get_mut(&conversation) else { return };
        match answer {
            Answered::Watched { events, more, reset, .. } => {
                if reset {
                    place.upto = 0;
                } else if place.upto > 0 && !events.is_empty() {
                    self.world.shared.tally.resumed.inc();
                }
                self.take(conversation, &events);
                if more {
                    self.page(connection, conversation);
                }
            }
            // Asks again, now and then.
            Answered::Later { .. } => place.watching = false,
            _ => drop(self.places.remove(&conversation)),
        }
    }

    fn paged(&mut self, connection: &Connection, conversation: ConversationId, answer: Answered) {
        if let Some(place) = self.places.get_mut(&conversation) {
            place.paging = false;
        }
        if let Answered::Page { events, more, .. } = answer {
            self.take(conversation, &events);
            if more && !events.is_empty() {
                self.page(connection, conversation);
            }
        }
        self.fill_a_gap(connection, conversation);
    }

    /// A client that finds a number missing asks for it.
    pub(super) fn fill_a_gap(&mut self, connection: &Connection, conversation: ConversationId) {
        let gap = self.places.get(&conversation).is_some_and(|place| !place.beyond.is_empty());
        if gap {
            self.page(connection, conversation);
        }
    }

    /// Keeps what is new.
    fn take(&mut self, conversation: ConversationId, events: &[Committed]) {
        let audience = self.audience();
        let place = self.places.entry(conversation).or_default();
        for number in events.iter().filter_map(|event| event.number_for(audience)) {
            place.take(number);
        }
        let upto = place.upto;
        self.world.view(self.number, self.subject, conversation, upto);
    }

    fn settle(&mut self, number: u64, answer: Answered) {
        let found = self.wishes.iter().position(|wish| number_of(wish) == number);
        let Some(index) = found else { return };
        let wish = &mut self.wishes[index];
        wish.awaited = wish.awaited.saturating_sub(1);
        if let Answered::Later { retry_after_ms, .. } = answer {
            wish.again = true;
            // A client that waits a minute for its turn tells nothing new.
            let after = Duration::from_millis(retry_after_ms.min(1500));
            wish.due = Instant::now() + after;
        }
        let (over, granted) = (wish.awaited == 0 && !wish.again, granted(&answer));
        self.learn(&answer);
        if over {
            let wish = self.wishes.remove(index);
            if granted {
                self.keep(wish);
            }
        }
    }

    /// A conversation of one's own.
    fn learn(&mut self, answer: &Answered) {
        let conversation::Subject::Visitor { site, id: visitor } = self.subject else { return };
        if let Answered::Started { conversation: id, .. } | Answered::AlreadyOpen(id) = *answer {
            self.world.announce(Known { id, site, visitor });
            let started = matches!(answer, Answered::Started { .. });
            let place = self.places.entry(id).or_default();
            place.watching |= started;
        }
    }

    fn keep(&mut self, wish: Wish) {
        if !matches!(wish.want, Want::Bulk { .. }) {
            self.settled.push(wish);
        }
        if self.settled.len() > SETTLED_MAX {
            self.settled.remove(0);
        }
    }
}

impl Place {
    fn take(&mut self, number: u64) {
        if number > self.upto {
            self.beyond.push(number);
        }
        self.beyond.sort_unstable();
        for number in std::mem::take(&mut self.beyond) {
            match number {
                _ if number == self.upto + 1 => self.upto = number,
                _ if number > self.upto => self.beyond.push(number),
                _ => {}
            }
        }
    }
}

fn granted(answer: &Answered) -> bool {
    matches!(answer, Answered::Committed { .. } | Answered::Started { .. })
}
