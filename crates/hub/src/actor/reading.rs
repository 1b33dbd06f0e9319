//! Looking: snapshots, pages, typing. Changes nothing.

use std::sync::Arc;

use conversation::{Audience, Author, Committed, Conversation, Seq};
use fanout::Hint;
use planted::Defect;
use protocol::limits::PAGE_EVENTS_MAX;
use store::Range;

use super::Actor;
use crate::ask::Reply;
use crate::hub::Inner;
use crate::{Answer, Asker, Page, Refusal, Snapshot};

impl Actor {
    /// A snapshot; from then on the asker is told every event. Nothing is committed here in between,
    /// because this is the task that commits.
    pub(super) async fn watch(
        &mut self,
        asker: &Arc<Asker>,
        after: u64,
    ) -> Result<Answer, Refusal> {
        if self.hub.has_others && self.followed.is_none() {
            // Listen first, then look: what other nodes commit in between must not be missed.
            self.hub.follow_conversation(self.id, Some(Seq(0)));
            self.followed = Some(Seq(0));
        }
        let audience = asker.subject.audience();
        // Another node may have answered what has not been heard of here, also to this very asker: what a
        // snapshot shows, and whether it must say "start afresh", only the journal knows.
        let conversation = match self.hub.has_others {
            true => self.catch_up().await?,
            false => self.state().await?,
        };
        let head = conversation.head_for(audience);
        let reset = after > head;
        let after = if reset { 0 } else { after };
        let events = self.events_up_to(head, audience, after).await?;
        self.listeners.add(asker, head);
        self.told = conversation.head;
        let last = events.last().and_then(|event| event.number_for(audience));
        let more = last.unwrap_or(after) < head;
        let online = self.hub.online(&conversation);
        let snapshot = Snapshot { conversation, online, events, head, more, reset };
        Ok(Answer::Watched(Box::new(snapshot)))
    }

    /// The first page after `after`. What another node has committed beyond `head` by now is left for later:
    /// it will be told live.
    async fn events_up_to(
        &self,
        head: u64,
        audience: Audience,
        after: u64,
    ) -> Result<Vec<Committed>, Refusal> {
        if after >= head {
            return Ok(Vec::new());
        }
        let off = u64::from(after > 0 && planted::is_on(Defect::ResumeOffByOne));
        let range = Range::After(after + off);
        let mut events = self.hub.store.events(self.id, audience, range, PAGE_EVENTS_MAX).await?;
        let head = if planted::is_on(Defect::SnapshotBeyondHead) { u64::MAX } else { head };
        events.retain(|event| event.number_for(audience).is_some_and(|number| number <= head));
        Ok(events)
    }

    /// The asker has begun this conversation: it hears everything from the first event on.
    pub(super) async fn begin(&mut self, asker: &Arc<Asker>, state: Arc<Conversation>) {
        // Listeners who are owed something are told it first: what is in doubt stays so until then.
        if self.state.is_none() && self.listeners.is_empty() {
            self.told = state.head;
            self.state = Some(state);
        }
        if self.listeners.contains(asker.session) {
            return;
        }
        self.listeners.add(asker, 0);
        if self.tell_the_beginning().await.is_err() {
            // It is owed everything, and looked for until it is there; who has heard it hears nothing.
            self.told = Seq(0);
            self.state = None;
        }
    }

    /// Tells everything from the first event to what has been told; who knows it hears nothing.
    async fn tell_the_beginning(&mut self) -> Result<(), Refusal> {
        let mut after = Seq(0);
        while after < self.told {
            let (audience, range) = (Audience::Agents, Range::After(after.0));
            let page = self.hub.store.events(self.id, audience, range, PAGE_EVENTS_MAX).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            page.into_iter().for_each(|event| self.listeners.tell(self.id, event));
        }
        Ok(())
    }

    /// A page of events, read beside the actor so that paging never delays a command.
    pub(super) fn history(
        &self,
        asker: &Arc<Asker>,
        state: &Arc<Conversation>,
        range: Range,
        limit: usize,
        reply: Reply,
    ) {
        let (hub, asker, state) = (self.hub.clone(), asker.clone(), state.clone());
        tokio::spawn(async move { reply.send(page(&hub, &asker, &state, range, limit).await) });
    }

    /// Passes on that somebody is writing. Nothing from an agent who is not the owner, nothing on a
    /// closed conversation.
    pub(super) fn typing(
        &self,
        asker: &Asker,
        state: &Conversation,
        active: bool,
    ) -> Result<Answer, Refusal> {
        let allowed = match &asker.author {
            Author::Visitor { .. } => true,
            Author::Agent(agent) => {
                state.owner.as_ref().is_some_and(|owner| owner.agent.id == agent.id)
            }
            Author::System => false,
        };
        if allowed && !state.is_closed() {
            self.listeners.tell_typing(self.id, &asker.author, active);
            if self.hub.has_others {
                let (site, conversation) = (state.site, self.id);
                let by = asker.author.clone();
                self.hub.fanout.announce(Hint::Typing { site, conversation, by, active });
            }
        }
        Ok(Answer::Done)
    }
}

async fn page(
    hub: &Inner,
    asker: &Asker,
    state: &Conversation,
    range: Range,
    limit: usize,
) -> Result<Answer, Refusal> {
    let audience = asker.subject.audience();
    let events = hub.store.events(state.id, audience, range, limit).await?;
    let number = |event: Option<&conversation::Committed>| {
        event.and_then(|event| event.number_for(audience))
    };
    let (first, last) = (number(events.first()), number(events.last()));
    let head = state.head_for(audience).max(last.unwrap_or(0));
    let more = match range {
        Range::After(after) => last.unwrap_or(after) < head,
        Range::Before(_) => first.is_some_and(|first| first > 1),
    };
    Ok(Answer::Page(Box::new(Page { events, head, more })))
}
