//! One connection: what goes up in order, what comes down in order, and how either end is lost.
//!
//! It stands where sockets and gateway stand: it joins the hub, keeps what it watches, and leaves.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use conversation::{Author, Committed, Subject, Visitor};
use hub::{Ask, Asker, BulkResult, Ear, News, Reply, Ticket};
use protocol::{BulkAction, ConversationId, Key, Text};
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedReceiver, UnboundedSender};
use tokio::time::sleep;

use crate::dice::Dice;
use crate::history::{Answered, AttemptId, ConnectionId, What};
use crate::node::{Node, Shared};

/// What may wait for a client that does not read, before its connection is given up.
const TOLD_MAX: usize = 24;
/// What the network holds for it beside that.
const IN_FLIGHT_MAX: usize = 8;

/// What a client sends.
pub enum Up {
    Ask {
        attempt: AttemptId,
        conversation: ConversationId,
        ask: Ask,
    },
    Start {
        attempt: AttemptId,
        id: ConversationId,
        said: (Text, Key),
    },
    /// One attempt for each conversation.
    Bulk {
        attempts: Vec<AttemptId>,
        action: BulkAction,
        key: Key,
        conversations: Vec<String>,
    },
    WatchInbox {
        attempt: AttemptId,
    },
}

/// What a client hears.
#[derive(Debug)]
pub enum Down {
    Answer(AttemptId, Answered),
    Event(ConversationId, Committed),
    /// The inbox, or somebody is writing: nothing that a client has to act on.
    Signal,
}

/// The client's end.
pub struct Connection {
    pub id: ConnectionId,
    pub up: UnboundedSender<Up>,
    pub down: Receiver<Down>,
}

/// The node's end of it: the ear in the hub.
struct Line {
    id: ConnectionId,
    node: Arc<Node>,
    shared: Arc<Shared>,
    queue: Mutex<Queue>,
    overflowed: Notify,
}

struct Queue {
    /// `None` once it has overflowed or was left.
    down: Option<UnboundedSender<Down>>,
    /// Told without being asked for, and not taken yet.
    told: usize,
}

impl Connection {
    /// Connects to a node, which may be standing still.
    pub fn open(
        id: ConnectionId,
        node: Arc<Node>,
        shared: Arc<Shared>,
        who: (Subject, Author),
    ) -> Self {
        let (up, questions) = mpsc::unbounded_channel();
        let (queue, queued) = mpsc::unbounded_channel();
        let (client, down) = mpsc::channel(IN_FLIGHT_MAX);
        let dice = |which: &str| Dice::new(shared.seed, &format!("connection {id} {which}"));
        let (up_dice, down_dice) = (dice("up"), dice("down"));
        shared.recorder.write(What::Connected { connection: id, who: who.0, node: node.id });
        let queue = Mutex::new(Queue { down: Some(queue), told: 0 });
        let line = Arc::new(Line { id, node, shared, queue, overflowed: Notify::new() });
        tokio::spawn(carry_down(line.clone(), queued, client, down_dice));
        tokio::spawn(Session::serve(line, who, questions, up_dice));
        Self { id, up, down }
    }
}

/// What is told travels to the client, in order. Once the node is gone the client hears of it after a
/// while.
async fn carry_down(
    line: Arc<Line>,
    mut queued: UnboundedReceiver<Down>,
    client: Sender<Down>,
    mut dice: Dice,
) {
    loop {
        let down = tokio::select! {
            biased;
            () = line.node.life.over() => None,
            down = queued.recv() => down,
        };
        let Some(down) = down else { break };
        let told = !matches!(down, Down::Answer(..));
        tokio::select! {
            biased;
            () = line.node.life.over() => break,
            () = line.node.life.running() => {}
        }
        sleep(dice.millis(0..=6)).await;
        if client.send(down).await.is_err() {
            return;
        }
        if told {
            line.lock().told -= 1;
        }
    }
    sleep(dice.millis(0..=2000)).await;
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, what: What) {
        self.shared.recorder.write(what);
    }

    /// Answers go out whatever else waits: their number is bounded by the questions.
    fn answer(&self, attempt: AttemptId, answer: Answered) {
        if self.node.life.is_dead() {
            return;
        }
        self.write(What::Answered { attempt, answer: answer.clone() });
        if let Some(down) = &self.lock().down {
            let _ = down.send(Down::Answer(attempt, answer));
        }
    }

    fn record(&self, news: &News) -> Option<Down> {
        let connection = self.id;
        let (what, down) = match news {
            News::Answer { .. } | News::Typing { .. } | News::Presence { .. } => return None,
            News::Event(told) => {
                let (conversation, event) = (told.conversation, told.committed.clone());
                let down = Down::Event(conversation, event.clone());
                (What::Told { connection, conversation, event }, down)
            }
            News::Row(row) => {
                self.shared.tally.rows.inc();
                let row = Box::new((*row.conversation).clone());
                (What::Row { connection, row }, Down::Signal)
            }
            News::Counts(counts) => (What::Counts { connection, counts: *counts }, Down::Signal),
        };
        self.write(what);
        Some(down)
    }

    fn overflow(&self, queue: &mut Queue) {
        queue.down = None;
        self.shared.tally.overflows.inc();
        self.write(What::Overflowed { connection: self.id });
        self.overflowed.notify_one();
    }
}

impl Ear for Line {
    fn tell(&self, news: News) -> bool {
        if let News::Answer { ticket, answer } = news {
            self.answer(AttemptId::from(ticket), Answered::of(answer));
            return true;
        }
        if self.node.life.is_dead() {
            return true;
        }
        let mut queue = self.lock();
        if queue.down.is_none() {
            if let News::Event(told) = &news {
                let conversation = told.conversation;
                self.write(What::ToldInVain { connection: self.id, conversation });
            }
            return false;
        }
        if queue.told >= TOLD_MAX {
            self.overflow(&mut queue);
            return false;
        }
        let Some(told) = self.record(&news) else { return true };
        queue.told += 1;
        queue.down.as_ref().is_some_and(|down| down.send(told).is_ok())
    }
}

/// What a gateway keeps for a connection.
struct Session {
    line: Arc<Line>,
    asker: Arc<Asker>,
    watching: BTreeSet<ConversationId>,
}

impl Session {
    async fn serve(
        line: Arc<Line>,
        (subject, author): (Subject, Author),
        mut questions: UnboundedReceiver<Up>,
        mut dice: Dice,
    ) {
        let node = line.node.clone();
        let asker = Arc::new(Asker { session: line.id, subject, author, ear: line.clone() });
        let mut session = Self { line: line.clone(), asker, watching: BTreeSet::new() };
        node.life.running().await;
        node.hub.join(&session.asker);
        loop {
            let question = tokio::select! {
                biased;
                () = line.overflowed.notified() => break,
                question = questions.recv() => question,
            };
            let Some(question) = question else { break };
            sleep(dice.millis(0..=6)).await;
            node.life.running().await;
            session.ask(question).await;
        }
        // A node notices at once that a client is gone, or only after a while.
        let unnoticed = if dice.percent(70) { 20 } else { 3000 };
        sleep(dice.millis(0..=unnoticed)).await;
        node.life.running().await;
        line.lock().down = None;
        node.hub.leave(&session.asker, session.watching);
    }

    async fn ask(&mut self, question: Up) {
        let hub = &self.line.node.hub;
        let arrived = |attempt| self.line.write(What::Arrived { attempt });
        match question {
            Up::Ask { attempt, conversation, ask } => {
                arrived(attempt);
                match ask {
                    Ask::Watch { .. } => drop(self.watching.insert(conversation)),
                    Ask::Unwatch => drop(self.watching.remove(&conversation)),
                    _ => {}
                }
                let reply = Reply::to(&self.asker, ticket(attempt));
                hub.ask(conversation, &self.asker, ask, reply);
            }
            Up::Start { attempt, id, said } => {
                arrived(attempt);
                self.start(attempt, id, said).await;
            }
            Up::Bulk { attempts, action, key, conversations } => {
                attempts.iter().for_each(|attempt| arrived(*attempt));
                self.bulk(attempts, action, key, conversations).await;
            }
            Up::WatchInbox { attempt } => {
                arrived(attempt);
                hub.watch_inbox(&self.asker, true, ticket(attempt));
            }
        }
    }

    /// Later questions of the connection wait for it, as in the gateway.
    async fn start(&mut self, attempt: AttemptId, id: ConversationId, said: (Text, Key)) {
        let (Author::Visitor { id: visitor, name }, hub) =
            (self.asker.author.clone(), self.line.node.hub.clone())
        else {
            return self.line.answer(attempt, Answered::NotFound);
        };
        let visitor = Visitor { id: visitor, name, email: None };
        let asker = self.asker.clone();
        let started = tokio::spawn(async move { hub.start(id, &asker, visitor, said).await });
        let Ok(started) = started.await else { return };
        self.line.node.life.running().await;
        if let Ok(started) = &started {
            self.watching.insert(started.conversation.id);
        }
        self.line.answer(attempt, Answered::of_start(started));
    }

    async fn bulk(
        &mut self,
        attempts: Vec<AttemptId>,
        action: BulkAction,
        key: Key,
        conversations: Vec<String>,
    ) {
        let (hub, asker) = (self.line.node.hub.clone(), self.asker.clone());
        let done = tokio::spawn(async move { hub.bulk(&asker, key, action, conversations).await });
        let Ok(done) = done.await else { return };
        self.line.node.life.running().await;
        match done {
            Ok(results) => {
                for (attempt, BulkResult { outcome, .. }) in attempts.into_iter().zip(results) {
                    self.line.answer(attempt, Answered::of(outcome));
                }
            }
            Err(refusal) => {
                for attempt in attempts {
                    self.line.answer(attempt, Answered::of(Err(refusal.clone())));
                }
            }
        }
    }
}

/// Attempts are counted from 1, and no world has four thousand million of them.
fn ticket(attempt: AttemptId) -> Ticket {
    Ticket::try_from(attempt).unwrap_or(Ticket::MAX)
}
