//! Judge, append at the head that was seen, and only then move and tell.

use std::sync::Arc;

use conversation::{
    Audience, Command, Committed, Conversation, Deed, Event, KeyScope, Rejection, Remembered, Seq,
    Verdict, VisitorSeq,
};
use fanout::Hint;
use planted::Defect;
use protocol::Key;
use protocol::limits::PAGE_EVENTS_MAX;
use store::{Append, Appended, Range, StoreError};

use super::Actor;
use crate::{Answer, Asker, Refusal};

/// Other nodes that may move first, one after the other, before the asker hears `Unavailable`.
const STALE_MAX: usize = 32;

impl Actor {
    /// Decides, appends at the head, then applies; starts over if another node moved the head.
    pub(super) async fn command(
        &mut self,
        asker: &Arc<Asker>,
        command: &Command,
        deed: Deed,
        key: Key,
    ) -> Result<Answer, Refusal> {
        let author = asker.subject.person();
        let scope = KeyScope { author, conversation: self.id, deed, key };
        for _ in 0..STALE_MAX {
            let state = self.state().await?;
            let Appending { next, events, first, outcome } =
                match state.decide(&asker.author, command) {
                    Ok(verdict) => self.begin_append(&state, asker, verdict, scope.clone()),
                    Err(rejection) => {
                        // Boxed: what is rare must not make the room larger that every command takes.
                        let refused = Box::pin(self.refuse(&state, &scope, command, rejection));
                        match refused.await? {
                            Some(first) => return Ok(answer_of(&first, asker)),
                            None => continue,
                        }
                    }
                };
            if self.is_too_early(&next, &events) {
                return Ok(answer_of(&first, asker));
            }
            match outcome.await {
                Ok(Appended::Done) => {
                    if !events.is_empty() {
                        self.committed(next, events);
                    }
                    return Ok(answer_of(&first, asker));
                }
                Ok(Appended::Repeated(first)) => {
                    self.hub.metrics.repeated_keys.inc();
                    return Ok(answer_of(&first, asker));
                }
                Ok(Appended::Stale) => {
                    self.hub.metrics.stale_appends.inc();
                    Box::pin(self.catch_up()).await?;
                }
                Err(_) if planted::is_on(Defect::UnknownIsOk) => {
                    return Ok(answer_of(&first, asker));
                }
                Err(error) => return Err(self.failed(deed, error)),
            }
        }
        Err(Refusal::UNAVAILABLE)
    }

    /// Hands what was judged to the journal. Not `async`: an append is large, and must not wait here as
    /// well as there.
    fn begin_append(
        &self,
        state: &Conversation,
        asker: &Asker,
        verdict: Verdict,
        scope: KeyScope,
    ) -> Appending<'_> {
        let now = self.hub.clock.now_ms();
        let (events, first) = match verdict {
            Verdict::Commit(events) => {
                let events = state.stamp(&asker.author, Some(&scope.key), now, events);
                let first = remembered_for(self.id, &events, state);
                (events, first)
            }
            // An answer, too, is given once and for all: after a change of owner the same key must
            // still be answered with the claim it saw.
            Verdict::Already { seq, at } => {
                let visitor_seq = VisitorSeq(0);
                let conversation = self.id;
                let closed_seq = None;
                (vec![], Remembered { conversation, seq, visitor_seq, closed_seq, at })
            }
        };
        let mut next = state.clone();
        events.iter().for_each(|event| next.apply(event));
        let next = Arc::new(next);
        let outcome = self.hub.store.append(Append {
            conversation: next.clone(),
            at_head: state.head,
            events: events.clone(),
            key: Some((scope, first)).filter(|_| !planted::is_on(Defect::KeyForgotten)),
        });
        Appending { next, events, first, outcome }
    }

    /// Two planted defects: other nodes are told, or the asker is answered, before the journal has it.
    fn is_too_early(&self, next: &Arc<Conversation>, events: &[Committed]) -> bool {
        if planted::is_on(Defect::PublishBeforeCommit) {
            let (state, events) = (next.clone(), events.into());
            self.hub.fanout.announce(Hint::Moved { state, events });
        }
        planted::is_on(Defect::AckBeforeCommit)
    }

    /// It may have happened all the same: look before judging again.
    fn failed(&mut self, deed: Deed, error: StoreError) -> Refusal {
        tracing::warn!(conversation = %self.id, ?deed, %error, "append failed");
        self.state = None;
        if planted::is_on(Defect::UnknownIsRefused) {
            return Refusal::Rejected(Rejection::Closed);
        }
        error.into()
    }

    /// Moves past what the journal has, and tells: listeners here, the inbox, other nodes.
    fn committed(&mut self, next: Arc<Conversation>, events: Vec<Committed>) {
        for event in &events {
            tracing::debug!(
                conversation = %self.id, seq = event.seq.0, event = kind(&event.event), "committed"
            );
        }
        let counts = events.iter().any(|event| changes_counts(&event.event));
        self.state = Some(next.clone());
        if self.hub.has_others {
            let events = events.clone().into();
            self.hub.fanout.announce(Hint::Moved { state: next.clone(), events });
        }
        self.tell(events);
        self.hub.feed_changed(&next, counts);
    }

    /// A refusal is only true at the head, and only if the key has not been used: then its first
    /// answer counts. `None`: the head has moved, judge again.
    async fn refuse(
        &mut self,
        state: &Conversation,
        scope: &KeyScope,
        command: &Command,
        rejection: Rejection,
    ) -> Result<Option<Remembered>, Refusal> {
        let used = self.hub.store.remembered(scope.clone()).await?;
        if let Some(first) = used.filter(|_| !planted::is_on(Defect::KeyAfterFence)) {
            self.hub.metrics.repeated_keys.inc();
            return Ok(Some(first));
        }
        let others = self.hub.has_others && !planted::is_on(Defect::ClaimFromCache);
        if others && self.catch_up().await?.head != state.head {
            return Ok(None);
        }
        tracing::debug!(conversation = %self.id, deed = ?scope.deed, ?rejection, "refused");
        match (rejection, command) {
            (Rejection::Conflict { head }, Command::Close { expected: Some(expected) }) => {
                Err(self.conflict(head, *expected).await?)
            }
            (rejection, _) => Err(Refusal::Rejected(rejection)),
        }
    }

    /// The refusal brings what came meanwhile, so that the agent can be asked at once.
    async fn conflict(&self, head: Seq, expected: Seq) -> Result<Refusal, Refusal> {
        let after = Range::After(expected.0);
        let page = self.hub.store.events(self.id, Audience::Agents, after, PAGE_EVENTS_MAX);
        Ok(Refusal::Conflict { head, events: page.await? })
    }
}

/// An append on its way to the disk, and what follows from it.
struct Appending<'a> {
    next: Arc<Conversation>,
    events: Vec<Committed>,
    /// The answer, if nobody used the key before.
    first: Remembered,
    outcome: store::Answer<'a, Appended>,
}

fn remembered_for(
    conversation: protocol::ConversationId,
    events: &[Committed],
    state: &Conversation,
) -> Remembered {
    let named = events.first();
    let with_close = events.iter().skip(1).find(|e| matches!(e.event, Event::Closed { .. }));
    Remembered {
        conversation,
        seq: named.map_or(state.head, |event| event.seq),
        visitor_seq: named.map_or(state.visitor_head, |event| event.visitor_seq),
        closed_seq: with_close.map(|event| event.seq),
        at: named.map_or(state.last_at, |event| event.at),
    }
}

fn answer_of(first: &Remembered, asker: &Asker) -> Answer {
    let seq = first.number_for(asker.subject.audience());
    Answer::Committed { seq, at: first.at, closed_seq: first.closed_seq.map(|seq| seq.0) }
}

/// Whether the site's numbers of open, mine and unassigned conversations may change by it.
fn changes_counts(event: &Event) -> bool {
    !matches!(event, Event::Posted { .. } | Event::Noted { .. })
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::Started { .. } => "started",
        Event::Posted { .. } => "posted",
        Event::Noted { .. } => "noted",
        Event::Claimed => "claimed",
        Event::Unclaimed => "unclaimed",
        Event::Closed { .. } => "closed",
    }
}
