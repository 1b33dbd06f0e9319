//! What the journal says, worked out event by event.

use std::collections::BTreeMap;

use conversation::{Audience, Author, Committed, Event, Seq, Subject};
use protocol::{AgentId, ConversationId, SiteId};

use crate::history::{History, Step, What};
use crate::people;

/// One conversation's log.
pub struct Log<'a> {
    pub events: &'a [Committed],
    /// The state after so many events; the first is before all of them.
    pub stages: Vec<Stage>,
    /// When each event was committed.
    committed: BTreeMap<Seq, Step>,
    /// The same, in the order of time.
    steps: Vec<Step>,
    /// The place of each event that a visitor may see.
    for_visitors: Vec<usize>,
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    pub head: u64,
    pub owner: Option<AgentId>,
    pub closed: bool,
    pub closer: Option<AgentId>,
}

pub(super) fn of(history: &History) -> BTreeMap<ConversationId, Log<'_>> {
    let mut committed: BTreeMap<ConversationId, BTreeMap<Seq, Step>> = BTreeMap::new();
    for (step, entry) in history.entries.iter().enumerate() {
        if let What::Committed { conversation, events, .. } = &entry.what {
            let log = committed.entry(*conversation).or_default();
            log.extend(events.iter().map(|event| (event.seq, step)));
        }
    }
    let mut logs = BTreeMap::new();
    for (id, events) in &history.journal {
        logs.insert(*id, Log::new(events, committed.remove(id).unwrap_or_default()));
    }
    logs
}

fn stages(events: &[Committed]) -> Vec<Stage> {
    let mut stages = vec![Stage::default()];
    let mut now = Stage::default();
    for event in events {
        now.head += 1;
        let agent = agent_of(&event.by);
        match &event.event {
            Event::Claimed => now.owner = agent,
            Event::Unclaimed => now.owner = None,
            Event::Closed { .. } => (now.closed, now.closer) = (true, agent),
            Event::Started { .. } | Event::Posted { .. } | Event::Noted { .. } => {}
        }
        stages.push(now);
    }
    stages
}

/// The agent who did it, if an agent did.
pub fn agent_of(author: &Author) -> Option<AgentId> {
    match author {
        Author::Agent(agent) => Some(agent.id),
        Author::Visitor { .. } | Author::System => None,
    }
}

impl<'a> Log<'a> {
    fn new(events: &'a [Committed], committed: BTreeMap<Seq, Step>) -> Self {
        let mut steps: Vec<Step> = committed.values().copied().collect();
        steps.sort_unstable();
        let seen = |(_, event): &(usize, &Committed)| is_for_visitors(&event.event);
        let for_visitors = events.iter().enumerate().filter(seen).map(|(place, _)| place).collect();
        Self { events, stages: stages(events), committed, steps, for_visitors }
    }

    /// Events that were committed before this step.
    pub fn head_at(&self, step: Step) -> usize {
        self.steps.partition_point(|committed| *committed < step)
    }

    /// When this event was committed.
    pub fn committed(&self, seq: Seq) -> Option<Step> {
        self.committed.get(&seq).copied()
    }

    /// The event that an audience knows under this number.
    pub fn numbered(&self, audience: Audience, number: u64) -> Option<&'a Committed> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        match audience {
            Audience::Agents => self.events.get(index),
            Audience::Visitor => self.events.get(*self.for_visitors.get(index)?),
        }
    }

    /// The last number of an audience, of the first so many events.
    pub fn head_for(&self, audience: Audience, events: usize) -> u64 {
        match audience {
            Audience::Agents => events.min(self.events.len()) as u64,
            Audience::Visitor => self.for_visitors.partition_point(|place| *place < events) as u64,
        }
    }

    /// All of its numbers.
    pub fn whole_for(&self, audience: Audience) -> u64 {
        self.head_for(audience, self.events.len())
    }

    /// Whether somebody may know of it.
    pub fn admits(&self, who: &Subject) -> bool {
        let owner = self.events.first().map(|event| &event.event);
        match (who, owner) {
            (Subject::Visitor { id, .. }, Some(Event::Started { visitor, .. })) => id == visitor,
            // All visitors of these worlds are of one site.
            (Subject::Agent { site, .. }, _) => *site == SITE,
            _ => false,
        }
    }
}

const SITE: SiteId = people::SITE;

/// Said once more, beside the rules.
pub fn is_for_visitors(event: &Event) -> bool {
    !matches!(event, Event::Noted { .. } | Event::Unclaimed)
}
