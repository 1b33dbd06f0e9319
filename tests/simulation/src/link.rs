//! One node's way to the store that all share: slow, cut, or silent about what it did.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use conversation::{Audience, Committed, Conversation, KeyScope, Remembered, Seq};
use protocol::{AgentId, ConversationId, Key, PersonId, SiteId, VisitorId};
use store::{
    AgentRecord, Answer, Append, Appended, BulkRecord, Changed, Directory, Inbox, InboxQuery,
    InboxRows, Journal, Mark, MemoryStore, NewAgent, OpenCounts, Range, SignInCode, Site, Start,
    StartOutcome, StoreError, VisitorRecord,
};
use tokio::time::sleep;

use crate::dice::Dice;
use crate::history::{NodeId, Recorder, What};
use crate::life::Life;
use crate::tally::Tally;

/// How well the store is reached. The default is well: within two milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reach {
    /// The longest way there, and the longest way back.
    pub slow_ms: u64,
    /// Of a hundred calls, how many fail before anything happens.
    pub refused_percent: u32,
    /// Of a hundred appends, how many happen and are answered with an error.
    pub ambiguous_percent: u32,
    /// Of a hundred appends, how many are answered with an error and happen afterwards.
    pub late_percent: u32,
}

/// What becomes of one call.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Fine,
    Refused,
    Ambiguous,
    Late,
}

type Work<T> = Box<dyn for<'s> FnOnce(&'s MemoryStore) -> Answer<'s, T> + Send>;

/// The store as one node sees it.
pub struct Link {
    pub node: NodeId,
    pub store: Arc<MemoryStore>,
    pub life: Arc<Life>,
    pub recorder: Arc<Recorder>,
    pub tally: Arc<Tally>,
    state: Mutex<(Dice, Reach)>,
}

impl Link {
    pub fn new(
        node: NodeId,
        store: Arc<MemoryStore>,
        life: Arc<Life>,
        recorder: Arc<Recorder>,
        tally: Arc<Tally>,
        dice: Dice,
    ) -> Self {
        Self { node, store, life, recorder, tally, state: Mutex::new((dice, Reach::default())) }
    }

    pub fn set(&self, reach: Reach) {
        self.lock().1 = reach;
    }

    fn lock(&self) -> MutexGuard<'_, (Dice, Reach)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read<T: Send + 'static>(&self, work: Work<T>) -> Result<T, StoreError> {
        let (fate, there, back) = self.throw(false);
        self.carry(fate, there, back, work).await
    }

    async fn write<T: Send + 'static>(&self, work: Work<T>) -> Result<T, StoreError> {
        let (fate, there, back) = self.throw(true);
        self.carry(fate, there, back, work).await
    }

    fn throw(&self, writes: bool) -> (Fate, Duration, Duration) {
        let (dice, reach) = &mut *self.lock();
        let refused = dice.percent(reach.refused_percent);
        let ambiguous = dice.percent(reach.ambiguous_percent);
        let late = dice.percent(reach.late_percent);
        let slow = reach.slow_ms.max(2);
        let fate = match (refused, writes && ambiguous, writes && late) {
            (true, ..) => Fate::Refused,
            (_, true, _) => Fate::Ambiguous,
            (.., true) => Fate::Late,
            _ => Fate::Fine,
        };
        (fate, dice.millis(0..=slow), dice.millis(0..=slow))
    }

    /// There and back. What has been sent arrives, even if its sender dies meanwhile.
    async fn carry<T: Send + 'static>(
        &self,
        fate: Fate,
        there: Duration,
        back: Duration,
        work: Work<T>,
    ) -> Result<T, StoreError> {
        self.life.running().await;
        let store = self.store.clone();
        // A task of its own: the request is on its way, whoever waits for it.
        let effect = async move {
            if fate == Fate::Refused {
                return Err(StoreError::Unavailable("as the seed says".into()));
            }
            sleep(there).await;
            work(&store).await
        };
        let outcome = match fate {
            Fate::Late => {
                self.tally.late.inc();
                tokio::spawn(async move {
                    sleep(back * 4).await;
                    effect.await
                });
                Err(StoreError::Unavailable("it happens afterwards".into()))
            }
            _ => tokio::spawn(effect).await.unwrap_or_else(|_| Err(unanswered())),
        };
        sleep(back).await;
        self.life.running().await;
        let outcome = if fate == Fate::Ambiguous && outcome.is_ok() {
            self.tally.ambiguous.inc();
            Err(unanswered())
        } else {
            outcome
        };
        self.tally.store_errors.add(u64::from(outcome.is_err()));
        outcome
    }

    /// Writes what the store has, the moment it has it.
    fn note(&self) -> impl Fn(ConversationId, Vec<Committed>) + Send + use<> {
        let (recorder, tally, by) = (self.recorder.clone(), self.tally.clone(), Some(self.node));
        move |conversation, events| {
            tally.events.add(events.len() as u64);
            recorder.write(What::Committed { by, conversation, events });
        }
    }
}

fn unanswered() -> StoreError {
    StoreError::Unavailable("the answer was lost".into())
}

macro_rules! passed_on {
    ($($how:ident fn $name:ident(&self $(, $arg:ident: $type:ty)*) -> $answer:ty;)*) => {
        $(fn $name(&self $(, $arg: $type)*) -> Answer<'_, $answer> {
            Box::pin(self.$how(Box::new(move |store| store.$name($($arg),*))))
        })*
    };
}

impl Journal for Link {
    fn start(&self, start: Start) -> Answer<'_, StartOutcome> {
        let note = self.note();
        Box::pin(self.write(Box::new(move |store| {
            let (id, events) = (start.conversation.id, start.events.clone());
            Box::pin(async move {
                let outcome = store.start(start).await?;
                if outcome == StartOutcome::Done {
                    note(id, events);
                }
                Ok(outcome)
            })
        })))
    }

    fn append(&self, append: Append) -> Answer<'_, Appended> {
        let note = self.note();
        Box::pin(self.write(Box::new(move |store| {
            let (id, events) = (append.conversation.id, append.events.clone());
            Box::pin(async move {
                let outcome = store.append(append).await?;
                if outcome == Appended::Done && !events.is_empty() {
                    note(id, events);
                }
                Ok(outcome)
            })
        })))
    }

    passed_on! {
        read fn find(&self, id: ConversationId) -> Option<Conversation>;
        read fn remembered(&self, scope: KeyScope) -> Option<Remembered>;
        read fn events(&self, id: ConversationId, audience: Audience, range: Range, limit: usize) -> Vec<Committed>;
        read fn heads(&self, ids: Vec<ConversationId>) -> Vec<(ConversationId, Seq)>;
        read fn conversations_of(&self, visitor: VisitorId, limit: usize) -> Vec<Conversation>;
        write fn remember_bulk(&self, author: PersonId, key: Key, bulk: BulkRecord) -> BulkRecord;
    }
}

impl Inbox for Link {
    passed_on! {
        read fn list(&self, query: InboxQuery) -> InboxRows;
        read fn open_counts(&self, site: SiteId) -> OpenCounts;
        read fn changed_since(&self, site: SiteId, mark: Option<Mark>) -> Changed;
    }
}

impl Directory for Link {
    passed_on! {
        read fn secret(&self) -> [u8; 32];
        read fn sites(&self) -> Vec<Site>;
        read fn site(&self, id: SiteId) -> Option<Arc<Site>>;
        write fn add_site(&self, site: Site, now: i64) -> ();
        write fn add_agent(&self, agent: NewAgent, now: i64) -> AgentRecord;
        read fn agent(&self, id: AgentId) -> Option<Arc<AgentRecord>>;
        read fn agents_by_email(&self, email: String, site: Option<SiteId>) -> Vec<AgentRecord>;
        write fn add_sign_in_code(&self, code: SignInCode) -> ();
        write fn take_sign_in_code(&self, digest: [u8; 32], now: i64) -> Option<AgentId>;
        read fn visitor(&self, id: VisitorId) -> Option<VisitorRecord>;
        write fn put_visitor(&self, visitor: VisitorRecord) -> ();
    }
}
