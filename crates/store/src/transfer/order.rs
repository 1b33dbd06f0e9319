//! What may follow what.

use conversation::Seq;
use protocol::SiteId;

use super::Part;

/// How far a site has come in. A file with a good end mark fits, unless a program wrote it wrongly.
#[derive(Default)]
pub(super) struct Order {
    stage: Option<Stage>,
    /// The last event of the conversation that is coming in, and the one that should be.
    last: Seq,
    head: Seq,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Secret,
    Site,
    Agents,
    Visitors,
    Conversations,
    Starts,
    Bulks,
}

impl Order {
    /// Admits the next part of `site`, or says what is wrong with it.
    pub(super) fn follow(&mut self, site: SiteId, part: &Part) -> Result<(), &'static str> {
        let stage = stage_of(part);
        if stage > Stage::Site && self.stage < Some(Stage::Site) {
            return Err("it comes before its site");
        }
        if Some(stage) < self.stage || (stage == Stage::Site && self.stage == Some(stage)) {
            return Err("it is in the wrong place");
        }
        if site_of(part).is_some_and(|of| of != site) {
            return Err("it belongs to another site");
        }
        self.stage = Some(stage);
        match part {
            Part::Event(event) if event.seq == self.last.next() && event.seq <= self.head => {
                self.last = event.seq;
                Ok(())
            }
            Part::Event(_) => Err("it is not the next event of its conversation"),
            Part::Conversation(next) => {
                self.end()?;
                (self.last, self.head) = (Seq(0), next.head);
                Ok(())
            }
            _ => self.end(),
        }
    }

    /// That nothing is missing.
    pub(super) fn end(&self) -> Result<(), &'static str> {
        if self.last == self.head { Ok(()) } else { Err("events are missing before it") }
    }
}

fn stage_of(part: &Part) -> Stage {
    match part {
        Part::Secret(_) => Stage::Secret,
        Part::Site { .. } => Stage::Site,
        Part::Agent { .. } => Stage::Agents,
        Part::Visitor(_) => Stage::Visitors,
        Part::Conversation(_) | Part::Event(_) | Part::Key { .. } => Stage::Conversations,
        Part::Start { .. } => Stage::Starts,
        Part::Bulk { .. } => Stage::Bulks,
    }
}

fn site_of(part: &Part) -> Option<SiteId> {
    match part {
        Part::Site { site, .. } => Some(site.id),
        Part::Agent { agent, .. } => Some(agent.site),
        Part::Visitor(visitor) => Some(visitor.site),
        Part::Conversation(conversation) => Some(conversation.site),
        _ => None,
    }
}
