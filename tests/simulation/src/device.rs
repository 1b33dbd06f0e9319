//! A client: keeps its place, reconnects to any node, sends again under the same keys, resumes from its
//! number. It knows nothing but what it is told.

mod choices;
mod hearing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use conversation::{Audience, Author, Subject};
use hub::Ask;
use protocol::ConversationId;
use store::Range;
use tokio::time::{Instant, sleep, sleep_until};

use crate::connection::{Connection, Up};
use crate::dice::Dice;
use crate::history::{AttemptId, Question, What};
use crate::wish::{Want, Wish, command_of};
use crate::world::World;

/// Without an answer for so long a client gives its connection up.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Device {
    number: usize,
    subject: Subject,
    author: Author,
    dice: Dice,
    world: Arc<World>,
    keys: u64,
    /// What it has of each conversation that it watches.
    places: BTreeMap<ConversationId, Place>,
    /// Not settled yet, in the order wished.
    wishes: Vec<Wish>,
    /// Settled, and may be sent again for nothing.
    settled: Vec<Wish>,
    /// What each awaited answer is for, on this connection.
    awaited: BTreeMap<AttemptId, Awaited>,
}

/// How far it has got with one conversation.
#[derive(Default)]
struct Place {
    /// It has every number up to this one.
    upto: u64,
    /// Numbers beyond it that have come already.
    beyond: Vec<u64>,
    /// It has asked to watch it, on this connection.
    watching: bool,
    /// A page is on its way.
    paging: bool,
}

struct Awaited {
    purpose: Purpose,
    since: Instant,
}

#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    /// Whose key this is, by its number.
    Wish(u64),
    Watch(ConversationId),
    Page(ConversationId),
    /// The answer changes nothing.
    Other,
}

impl Device {
    pub fn new(number: usize, (subject, author): (Subject, Author), world: &Arc<World>) -> Self {
        let dice = Dice::new(world.shared.seed, &format!("device {number}"));
        Self {
            number,
            subject,
            author,
            dice,
            world: world.clone(),
            keys: 0,
            places: BTreeMap::new(),
            wishes: Vec::new(),
            settled: Vec::new(),
            awaited: BTreeMap::new(),
        }
    }

    /// Lives until the world ends.
    pub async fn live(mut self) {
        loop {
            let Some(node) = self.world.any_node(&mut self.dice) else {
                sleep(self.dice.millis(50..=300)).await;
                continue;
            };
            let id = self.world.next_connection();
            let who = (self.subject, self.author.clone());
            let mut connection = Connection::open(id, node, self.world.shared.clone(), who);
            self.resume(&connection);
            self.serve(&mut connection).await;
            self.world.shared.recorder.write(What::Ended { connection: id });
            drop(connection);
            sleep(self.dice.millis(10..=600)).await;
        }
    }

    /// Goes on where the last connection ended.
    fn resume(&mut self, connection: &Connection) {
        self.awaited.clear();
        for wish in &mut self.wishes {
            (wish.awaited, wish.due) = (0, Instant::now());
        }
        let watched: Vec<ConversationId> = self.places.keys().copied().collect();
        for conversation in watched {
            self.watch(connection, conversation);
        }
        if matches!(self.subject, Subject::Agent { .. }) {
            self.ask_for_the_inbox(connection);
        }
        self.send_what_is_due(connection);
    }

    /// Until the connection ends, or is given up.
    async fn serve(&mut self, connection: &mut Connection) {
        let mut next = Instant::now() + self.dice.millis(5..=250);
        loop {
            tokio::select! {
                biased;
                down = connection.down.recv() => match down {
                    Some(down) => self.hear(connection, down),
                    None => return,
                },
                () = sleep_until(next) => {
                    next = Instant::now() + self.dice.millis(5..=250);
                    if self.is_out_of_patience() || !self.act(connection).await {
                        return;
                    }
                    self.send_what_is_due(connection);
                }
            }
        }
    }

    fn is_out_of_patience(&self) -> bool {
        self.awaited.values().any(|awaited| awaited.since.elapsed() > PATIENCE)
    }

    fn audience(&self) -> Audience {
        self.subject.audience()
    }

    /// Writes down that something is asked, and waits for its answer from now on.
    fn asked(
        &mut self,
        connection: &Connection,
        conversation: ConversationId,
        question: Question,
        purpose: Purpose,
    ) -> AttemptId {
        let attempt = self.world.next_attempt();
        let connection = connection.id;
        let what = What::Asked { attempt, connection, conversation, question };
        self.world.shared.recorder.write(what);
        self.awaited.insert(attempt, Awaited { purpose, since: Instant::now() });
        attempt
    }

    fn ask(
        &mut self,
        connection: &Connection,
        conversation: ConversationId,
        (question, ask): (Question, Ask),
        purpose: Purpose,
    ) {
        let attempt = self.asked(connection, conversation, question, purpose);
        // Whoever carries it may be gone; then nobody answers.
        let _ = connection.up.send(Up::Ask { attempt, conversation, ask });
    }

    fn watch(&mut self, connection: &Connection, conversation: ConversationId) {
        let place = self.places.entry(conversation).or_default();
        (place.watching, place.paging) = (true, false);
        place.beyond.clear();
        let after = place.upto;
        let watch = (Question::Watch { after }, Ask::Watch { after });
        self.ask(connection, conversation, watch, Purpose::Watch(conversation));
    }

    fn page(&mut self, connection: &Connection, conversation: ConversationId) {
        let Some(place) = self.places.get_mut(&conversation) else { return };
        if std::mem::replace(&mut place.paging, true) {
            return;
        }
        let (range, limit) = (Range::After(place.upto), 200);
        let history = (Question::History { range, limit }, Ask::History { range, limit });
        self.ask(connection, conversation, history, Purpose::Page(conversation));
    }

    fn ask_for_the_inbox(&mut self, connection: &Connection) {
        let nowhere = ConversationId::NOWHERE;
        let attempt = self.asked(connection, nowhere, Question::WatchInbox, Purpose::Other);
        let _ = connection.up.send(Up::WatchInbox { attempt });
    }

    fn send_what_is_due(&mut self, connection: &Connection) {
        let now = Instant::now();
        let mut wishes = std::mem::take(&mut self.wishes);
        for wish in wishes.iter_mut().filter(|wish| wish.is_due(now)) {
            self.send(connection, wish);
        }
        self.wishes = wishes;
    }

    fn send(&mut self, connection: &Connection, wish: &mut Wish) {
        wish.sent += 1;
        wish.again = false;
        if wish.sent > 1 {
            self.world.shared.tally.resent.inc();
        }
        let (key, purpose) = (wish.key.clone(), Purpose::Wish(number_of(wish)));
        match wish.want.clone() {
            Want::Start { id, text } => {
                wish.awaited = 1;
                let question = Question::Start { key: key.clone(), text: text.clone() };
                let attempt = self.asked(connection, id, question, purpose);
                let _ = connection.up.send(Up::Start { attempt, id, said: (text, key) });
            }
            Want::Do { conversation, deed, command } => {
                wish.awaited = 1;
                let question =
                    Question::Command { deed, key: key.clone(), command: command.clone() };
                let ask = Ask::Command { command, deed, key };
                self.ask(connection, conversation, (question, ask), purpose);
            }
            Want::Bulk { action, conversations } => {
                wish.awaited = conversations.len();
                let (deed, command) = (conversation::Deed::Bulk, command_of(action));
                let question = Question::Command { deed, key: key.clone(), command };
                let attempt =
                    |id: &ConversationId| self.asked(connection, *id, question.clone(), purpose);
                let attempts = conversations.iter().map(attempt).collect();
                let conversations = conversations.iter().map(ToString::to_string).collect();
                let bulk = Up::Bulk { attempts, action, key, conversations };
                let _ = connection.up.send(bulk);
            }
        }
    }
}

/// Which wish of its device it is: what its key ends with.
fn number_of(wish: &Wish) -> u64 {
    let key = wish.key.as_str();
    key.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
