//! What an audience may see of a conversation, computed from the events it may see.

use crate::{Agent, Audience, Author, Conversation, Snippet};

/// A conversation as one audience sees it: the only source of a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<'a> {
    /// The head, in the audience's numbering.
    pub seq: u64,
    pub owner: Option<&'a Agent>,
    pub activity_at: i64,
    /// By whom and when; its agents' number is not for visitors.
    pub closed: Option<(&'a Author, i64)>,
    pub snippet: &'a Snippet,
    /// Agents only.
    pub unread: Option<u64>,
}

impl Conversation {
    /// The conversation as `audience` sees it.
    pub fn view(&self, audience: Audience) -> View<'_> {
        let closed = self.closing.as_ref().map(|closing| (&closing.by, closing.at));
        match audience {
            Audience::Agents => View {
                seq: self.head.0,
                owner: self.owner.as_ref().map(|owner| &owner.agent),
                activity_at: self.activity_at,
                closed,
                snippet: &self.snippet,
                unread: Some(self.unread),
            },
            Audience::Visitor => View {
                seq: self.visitor_head.0,
                owner: self.owner_seen.as_ref(),
                activity_at: self.activity_seen_at,
                closed,
                snippet: self.snippet_seen.as_ref().unwrap_or(&self.snippet),
                unread: None,
            },
        }
    }

    /// The last number as `audience` counts.
    pub fn head_for(&self, audience: Audience) -> u64 {
        self.view(audience).seq
    }
}

impl crate::Committed {
    /// The event's number as `audience` counts; `None` if the audience may not know of it.
    pub fn number_for(&self, audience: Audience) -> Option<u64> {
        match audience {
            Audience::Agents => Some(self.seq.0),
            Audience::Visitor => {
                let seen =
                    self.event.is_for_visitors() || planted::is_on(planted::Defect::NoteLeaks);
                seen.then_some(self.visitor_seq.0)
            }
        }
    }
}
