//! What a client does next, as its dice say.

use conversation::{Command, Deed, Seq, Subject};
use hub::Ask;
use protocol::{BulkAction, ConversationId, Key, Text};
use store::Range;
use tokio::time::{Instant, sleep};

use super::{Device, Purpose};
use crate::connection::Connection;
use crate::history::Question;
use crate::wish::{Want, Wish, deed_of};
use crate::world::Known;

/// Wishes that a client has open at the same time.
const WISHES_MAX: usize = 4;

impl Device {
    /// One step of a life; `false`: hangs up.
    pub(super) async fn act(&mut self, connection: &Connection) -> bool {
        self.watch_what_is_not_watched(connection);
        if self.world.is_calm() {
            return true;
        }
        if self.dice.percent(3) {
            return false;
        }
        if self.dice.percent(2) {
            // Reads nothing for a while: what waits for it meanwhile has a bound.
            let asleep = self.dice.millis(500..=6000);
            sleep(asleep).await;
        }
        match self.dice.weighed(&[70, 8, 6, 5, 5, 6]) {
            0 => self.wish(),
            1 => self.say_again(connection),
            2 => self.look_back(connection),
            3 => self.look_away(connection),
            4 => self.trespass(connection),
            _ => self.type_something(connection),
        }
        true
    }

    fn watch_what_is_not_watched(&mut self, connection: &Connection) {
        let left: Vec<ConversationId> =
            self.places.iter().filter(|(_, place)| !place.watching).map(|(id, _)| *id).collect();
        for conversation in left {
            self.watch(connection, conversation);
        }
    }

    /// Conversations that are the client's business, the latest last.
    fn mine(&self) -> Vec<Known> {
        let is_mine = |known: &Known| match self.subject {
            Subject::Visitor { id, .. } => known.visitor == id,
            Subject::Agent { site, .. } => known.site == site,
        };
        self.world.board().into_iter().filter(is_mine).collect()
    }

    /// Mostly one of the latest.
    fn some_conversation(&mut self) -> Option<ConversationId> {
        let all = self.mine();
        let latest = if self.dice.percent(85) { all.len().saturating_sub(4) } else { 0 };
        self.dice.pick(&all[latest..]).map(|known| known.id)
    }

    fn wish(&mut self) {
        if self.wishes.len() >= WISHES_MAX {
            return;
        }
        match self.subject {
            Subject::Visitor { .. } => self.wish_as_a_visitor(),
            Subject::Agent { .. } => self.wish_as_an_agent(),
        }
    }

    fn wish_as_a_visitor(&mut self) {
        let latest = self.mine().last().map(|known| known.id);
        let starting = self.wishes.iter().any(|wish| matches!(wish.want, Want::Start { .. }));
        match latest {
            Some(conversation) if !self.dice.percent(12) => {
                let command = Command::Post { text: self.words(), then_close: false };
                self.want(conversation, command);
            }
            _ if !starting => {
                let (id, text) = (ConversationId(self.dice.id()), self.words());
                self.add(Want::Start { id, text });
            }
            _ => {}
        }
    }

    fn wish_as_an_agent(&mut self) {
        let Some(conversation) = self.some_conversation() else { return };
        self.places.entry(conversation).or_default();
        let head = self.places.get(&conversation).map_or(0, |place| place.upto);
        let expected = self.dice.percent(40).then_some(Seq(head));
        let command = match self.dice.weighed(&[22, 42, 14, 6, 4, 3, 6]) {
            0 => Command::Claim,
            1 => Command::Post { text: self.words(), then_close: false },
            2 => Command::Note { text: self.words() },
            3 => Command::Unclaim,
            4 => Command::Close { expected },
            5 => Command::Post { text: self.words(), then_close: true },
            _ => return self.want_many(),
        };
        self.want(conversation, command);
    }

    fn want(&mut self, conversation: ConversationId, command: Command) {
        self.places.entry(conversation).or_default();
        let deed = deed_of(&command);
        self.add(Want::Do { conversation, deed, command });
    }

    fn want_many(&mut self) {
        let all = self.mine();
        let latest = all.len().saturating_sub(3);
        let conversations: Vec<_> = all[latest..].iter().map(|known| known.id).collect();
        let action = match self.dice.weighed(&[8, 2, 1]) {
            0 => BulkAction::Claim,
            1 => BulkAction::Unclaim,
            _ => BulkAction::Close,
        };
        if !conversations.is_empty() {
            self.add(Want::Bulk { action, conversations });
        }
    }

    fn add(&mut self, want: Want) {
        self.keys += 1;
        let key = self.key(self.keys);
        self.wishes.push(Wish::new(key, want));
    }

    #[expect(clippy::expect_used, reason = "short and not empty: a key by construction")]
    fn key(&self, number: u64) -> Key {
        Key::new(&format!("{}-{number}", self.number)).expect("a key")
    }

    /// No two texts are alike.
    #[expect(clippy::expect_used, reason = "short and not empty: a text by construction")]
    fn words(&self) -> Text {
        let (number, next) = (self.number, self.keys + 1);
        Text::new(&format!("device {number} says {next}")).expect("a text")
    }

    /// The same command under the same key, although it has been granted.
    fn say_again(&mut self, connection: &Connection) {
        let Some(mut wish) = self.dice.pick(&self.settled).cloned() else { return };
        (wish.due, wish.awaited, wish.sent) = (Instant::now(), 0, 0);
        self.send(connection, &mut wish);
    }

    fn look_back(&mut self, connection: &Connection) {
        let Some(conversation) = self.some_conversation() else { return };
        let (bound, limit) = (self.dice.below(40), 1 + self.dice.below(20) as usize);
        let range = if self.dice.percent(50) {
            Range::After(bound)
        } else {
            Range::Before(if bound == 0 { u64::MAX } else { bound })
        };
        let history = (Question::History { range, limit }, Ask::History { range, limit });
        self.ask(connection, conversation, history, Purpose::Other);
    }

    /// Stops watching, or watches anew what it watches already.
    fn look_away(&mut self, connection: &Connection) {
        let Some(conversation) = self.some_conversation() else { return };
        let Some(place) = self.places.get_mut(&conversation) else { return };
        if self.dice.percent(50) {
            self.watch(connection, conversation);
        } else if place.watching {
            // Watches again at its next step, from where it is.
            place.watching = false;
            let unwatch = (Question::Unwatch, Ask::Unwatch);
            self.ask(connection, conversation, unwatch, Purpose::Other);
        }
    }

    /// Asks for what is somebody else's.
    fn trespass(&mut self, connection: &Connection) {
        let board = self.world.board();
        let Some(known) = self.dice.pick(&board).copied() else { return };
        let mine = match self.subject {
            Subject::Visitor { id, .. } => known.visitor == id,
            Subject::Agent { site, .. } => known.site == site,
        };
        if mine {
            return;
        }
        self.keys += 1;
        let (key, text) = (self.key(self.keys), self.words());
        let command = match self.dice.below(3) {
            0 => Command::Claim,
            1 => Command::Note { text },
            _ => Command::Post { text, then_close: false },
        };
        let deed: Deed = deed_of(&command);
        let asked = match self.dice.below(4) {
            0 => (Question::Watch { after: 0 }, Ask::Watch { after: 0 }),
            1 => {
                let (range, limit) = (Range::After(0), 10);
                (Question::History { range, limit }, Ask::History { range, limit })
            }
            2 => (Question::Typing { active: true }, Ask::Typing { active: true }),
            _ => {
                let question =
                    Question::Command { deed, key: key.clone(), command: command.clone() };
                (question, Ask::Command { command, deed, key })
            }
        };
        self.ask(connection, known.id, asked, Purpose::Other);
    }

    fn type_something(&mut self, connection: &Connection) {
        let Some(conversation) = self.some_conversation() else { return };
        let active = self.dice.percent(50);
        let typing = (Question::Typing { active }, Ask::Typing { active });
        self.ask(connection, conversation, typing, Purpose::Other);
    }
}
