//! One conversation, one task, one change at a time.

mod command;
mod reading;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use conversation::{Author, Committed, Conversation, Seq};
use futures::channel::mpsc::UnboundedReceiver;
use futures::{FutureExt as _, StreamExt as _};
use planted::Defect;
use protocol::ConversationId;
use tokio::time::{Instant, sleep_until, timeout};

use crate::ask::Reply;
use crate::hub::Inner;
use crate::listeners::Listeners;
use crate::{Answer, Ask, Asker, Refusal};

/// Panics on one conversation within [`CALM_AFTER`] before it rests between attempts.
const PANICS_MAX: u32 = 3;
const CALM_AFTER: Duration = Duration::from_secs(60);
/// How long it rests, and how often it looks for a store that is gone.
const REST: Duration = Duration::from_millis(500);

/// The closed list of what can wake an actor.
#[derive(Debug)]
pub(crate) enum Mail {
    Asked {
        asker: Arc<Asker>,
        ask: Ask,
        reply: Reply,
    },
    /// The asker has begun this conversation and watches it from the first event on.
    Begun {
        asker: Arc<Asker>,
        state: Arc<Conversation>,
    },
    /// Another node has committed this.
    Moved {
        state: Arc<Conversation>,
        events: Arc<[Committed]>,
    },
    /// The journal's head, as read just now.
    Head(Seq),
    /// Somebody is writing on another node.
    TypingElsewhere {
        by: Author,
        active: bool,
    },
}

/// What an actor wakes up to.
enum Wake {
    Mail(Mail),
    /// Nobody listens and nobody asks.
    Idle,
    /// Listeners wait for a store that did not answer.
    Recheck,
}

pub(crate) struct Actor {
    id: ConversationId,
    hub: Arc<Inner>,
    /// What the journal last said; `None` before the first look and after any doubt.
    state: Option<Arc<Conversation>>,
    listeners: Listeners,
    /// All listeners have been told everything up to here.
    told: Seq,
    /// What other nodes' hints are measured by, while they are wanted.
    followed: Option<Seq>,
}

/// Serves one conversation until nobody needs it. A panic costs the command that caused it; listeners
/// stay, and the conversation goes on from the store.
pub(crate) async fn live(
    hub: Arc<Inner>,
    id: ConversationId,
    mut mailbox: UnboundedReceiver<Mail>,
) {
    let mut actor = Actor::new(hub.clone(), id);
    let mut panics = 0;
    let mut last_panic = Instant::now();
    loop {
        let served = AssertUnwindSafe(actor.serve(&mut mailbox)).catch_unwind().await;
        if served.is_ok() {
            break;
        }
        hub.metrics.actor_panics.inc();
        tracing::error!(conversation = %id, "the conversation's actor panicked; going on from the store");
        actor.state = None;
        panics = if last_panic.elapsed() > CALM_AFTER { 1 } else { panics + 1 };
        last_panic = Instant::now();
        if panics > PANICS_MAX {
            Box::pin(tokio::time::sleep(REST)).await;
        }
    }
    if actor.followed.is_some() {
        hub.follow_conversation(id, None);
    }
    hub.metrics.actors_retired.inc();
}

impl Actor {
    fn new(hub: Arc<Inner>, id: ConversationId) -> Self {
        let (state, listeners, told) = (None, Listeners::default(), Seq(0));
        Self { id, hub, state, listeners, told, followed: None }
    }

    async fn serve(&mut self, mailbox: &mut UnboundedReceiver<Mail>) {
        loop {
            match self.next_wake(mailbox).await {
                // Boxed: what work needs must not weigh on every idle actor.
                Wake::Mail(mail) => Box::pin(self.handle(mail)).await,
                // Listeners are owed what was committed while the store was away.
                Wake::Recheck => drop(Box::pin(self.catch_up()).await),
                Wake::Idle if self.hub.retire(self.id) => return,
                Wake::Idle => {}
            }
            self.listen_to_others();
        }
    }

    /// The only place where an actor waits for anybody but the store. Safe to cancel. Timers are boxed:
    /// an actor that is listened to needs none, and there are many of those.
    async fn next_wake(&self, mailbox: &mut UnboundedReceiver<Mail>) -> Wake {
        let asleep = !self.listeners.is_empty();
        let owed = asleep && self.state.is_none();
        let mail = match (owed, asleep) {
            (true, _) => Box::pin(timeout(REST, mailbox.next())).await.map_err(|_| Wake::Recheck),
            (false, true) => Ok(mailbox.next().await),
            (false, false) => {
                // Nothing is worth keeping of a conversation that was not found.
                let keep =
                    self.state.as_ref().map_or(Duration::ZERO, |_| self.hub.settings.idle_after);
                let until = Instant::now() + keep;
                tokio::select! {
                    biased;
                    mail = mailbox.next() => Ok(mail),
                    () = Box::pin(sleep_until(until)) => Err(Wake::Idle),
                }
            }
        };
        match mail {
            Ok(Some(mail)) => Wake::Mail(mail),
            // The registry holds the other end until the actor retires.
            Ok(None) => Wake::Idle,
            Err(wake) => wake,
        }
    }

    async fn handle(&mut self, mail: Mail) {
        match mail {
            Mail::Asked { asker, ask, reply } => self.answer(&asker, ask, reply).await,
            // Boxed, here and below: what is rare must not make the room larger that every mail takes.
            Mail::Begun { asker, state } => Box::pin(self.begin(&asker, state)).await,
            Mail::Moved { state, events } => {
                Box::pin(self.moved_elsewhere(state, &events)).await;
            }
            Mail::Head(head) => {
                let known = self.state.as_ref().map(|state| state.head);
                if known.is_none_or(|known| known < head) {
                    self.hub.metrics.repaired.inc_by(u64::from(known.is_some()));
                    drop(Box::pin(self.catch_up()).await);
                }
            }
            Mail::TypingElsewhere { by, active } => {
                self.listeners.tell_typing(self.id, &by, active);
            }
        }
    }

    async fn answer(&mut self, asker: &Arc<Asker>, ask: Ask, reply: Reply) {
        if matches!(ask, Ask::Unwatch | Ask::Leave) {
            self.listeners.remove(asker.session);
        }
        if matches!(ask, Ask::Leave) {
            return reply.send(Ok(Answer::Done));
        }
        // The one place where access is decided.
        let admitted = match self.state().await {
            Ok(state)
                if matches!(ask, Ask::History { .. })
                    && planted::is_on(Defect::AccessNotChecked) =>
            {
                Ok(state)
            }
            Ok(state) => Inner::admit(&state, &asker.subject).map(|()| state),
            Err(refusal) => Err(refusal),
        };
        let state = match admitted {
            Ok(state) => state,
            Err(refusal) => return reply.send(Err(refusal)),
        };
        match ask {
            Ask::Command { command, deed, key } => {
                let answer = self.command(asker, &command, deed, key).await;
                reply.send(answer);
            }
            Ask::Watch { after } => reply.send(Box::pin(self.watch(asker, after)).await),
            Ask::History { range, limit } => self.history(asker, &state, range, limit, reply),
            Ask::Typing { active } => reply.send(self.typing(asker, &state, active)),
            Ask::Unwatch | Ask::Leave => reply.send(Ok(Answer::Done)),
        }
    }

    /// The state to judge by: what is known, or what the store says.
    async fn state(&mut self) -> Result<Arc<Conversation>, Refusal> {
        if let Some(state) = &self.state {
            return Ok(state.clone());
        }
        Box::pin(self.catch_up()).await
    }

    /// Reads where the conversation stands, and tells listeners what they have missed.
    async fn catch_up(&mut self) -> Result<Arc<Conversation>, Refusal> {
        self.state = None;
        let found = self.hub.store.find(self.id).await?.ok_or(Refusal::NotFound)?;
        if self.listeners.is_empty() {
            self.told = found.head;
        }
        while self.told < found.head {
            self.tell_from_journal(found.head).await?;
        }
        self.hub.metrics.caught_up.inc();
        let state = Arc::new(found);
        self.state = Some(state.clone());
        Ok(state)
    }

    /// Tells the next page, up to `head`: what another node has committed beyond it comes with its own turn,
    /// so that nobody has been told more than the state says.
    async fn tell_from_journal(&mut self, head: Seq) -> Result<(), Refusal> {
        let after = store::Range::After(self.told.0);
        let limit = protocol::limits::PAGE_EVENTS_MAX;
        let audience = conversation::Audience::Agents;
        let events = self.hub.store.events(self.id, audience, after, limit).await?;
        if events.is_empty() {
            return Err(Refusal::UNAVAILABLE);
        }
        let events: Vec<_> = events.into_iter().filter(|event| event.seq <= head).collect();
        self.observe_age(&events);
        self.tell(events);
        Ok(())
    }

    /// Tells listeners, and remembers that they know.
    fn tell(&mut self, events: impl IntoIterator<Item = Committed>) {
        for event in events {
            self.told = event.seq;
            self.listeners.tell(self.id, event);
        }
    }

    /// Applies what another node committed if it follows on, else reads the journal.
    async fn moved_elsewhere(&mut self, state: Arc<Conversation>, events: &[Committed]) {
        let Some(known) = &self.state else { return };
        if state.head <= known.head {
            self.hub.metrics.hints_old.inc();
            return;
        }
        let follows = events.iter().position(|event| event.seq == known.head.next());
        match follows {
            Some(first) => {
                self.hub.metrics.hints_applied.inc();
                self.observe_age(&events[first..]);
                self.tell(events[first..].iter().cloned());
                self.state = Some(state);
            }
            None => drop(self.catch_up().await),
        }
    }

    /// How late listeners hear of what another node committed.
    fn observe_age(&self, events: &[Committed]) {
        let now = self.hub.clock.now_ms();
        for event in events.iter().filter(|_| !self.listeners.is_empty()) {
            self.hub.metrics.staleness.observe((now - event.at).max(0) as f64 / 1000.0);
        }
    }

    /// Other nodes' hints are wanted while somebody here listens, and what is known is kept where heads
    /// are compared.
    fn listen_to_others(&mut self) {
        let known = || self.state.as_ref().map_or(Seq(0), |state| state.head);
        let wanted = (!self.listeners.is_empty() && self.hub.has_others).then(known);
        if wanted != self.followed {
            self.hub.follow_conversation(self.id, wanted);
            self.followed = wanted;
        }
    }
}
