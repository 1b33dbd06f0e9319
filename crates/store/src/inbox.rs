//! The list that agents work from.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Instant;

use conversation::{Conversation, Seq};
use protocol::{AgentId, ConversationId, Order, Queue, SiteId, Sort, StatusFilter};

use crate::Answer;

/// Where the inbox is read. Always includes what has been answered [`crate::Appended::Done`].
pub trait Inbox: Send + Sync + 'static {
    /// One page. Rows that do not change between two pages are neither repeated nor missed.
    fn list(&self, query: InboxQuery) -> Answer<'_, InboxRows>;

    /// How many open conversations of the site each agent owns, and nobody does.
    fn open_counts(&self, site: SiteId) -> Answer<'_, OpenCounts>;

    /// The site's conversations that changed since a mark was given, with their heads, in any order, and
    /// the mark to ask with next time. What readers could not see when the mark was given is told to
    /// whoever asks with it, however long its commit was on its way; some may be told again. Without a
    /// mark: none, only a mark.
    fn changed_since(&self, site: SiteId, mark: Option<Mark>) -> Answer<'_, Changed>;
}

/// A point in the order of commits. Means something only to the store that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub i64);

/// What changed up to a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub heads: Vec<(ConversationId, Seq)>,
    pub mark: Mark,
}

/// Filters, order and place of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxQuery {
    pub site: SiteId,
    /// Whose "mine" it is.
    pub agent: AgentId,
    pub queue: Queue,
    pub status: StatusFilter,
    /// Each must be a part of the visitor's name or e-mail, a message or a note; compared after
    /// [`InboxQuery::fold`], which they have been through. Never empty, no white space in them.
    pub words: Vec<String>,
    pub sort: Sort,
    pub order: Order,
    /// The last row of the page before.
    pub after: Option<Place>,
    pub limit: usize,
    /// Whoever asks has no use for the page any more: what is not found by then is given up
    /// ([`crate::StoreError::TooSlow`]), so that others get their turn.
    pub until: Option<Instant>,
}

/// Where a row stands in a sorted list: ties by id, ascending in both orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub rank: Rank,
    pub id: ConversationId,
}

/// What a row is sorted by. `Text(None)`, the nameless and unassigned, come last in both orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rank {
    Number(i64),
    Text(Option<String>),
}

/// One page.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxRows {
    pub rows: Vec<Conversation>,
    /// Where the next page starts, if there is one.
    pub next: Option<Place>,
    /// Rows that match, over all pages.
    pub total: u64,
}

/// Open conversations by owner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenCounts {
    pub unassigned: u64,
    pub owned: HashMap<AgentId, u64>,
}

impl OpenCounts {
    /// All open conversations.
    pub fn open(&self) -> u64 {
        self.unassigned + self.owned.values().sum::<u64>()
    }
}

impl InboxQuery {
    /// How texts and words are made comparable without regard to case.
    pub fn fold(text: &str) -> String {
        if text.is_ascii() {
            return text.to_ascii_lowercase();
        }
        // Letter by letter: what a letter becomes must not depend on where in a word it stands.
        let lower = text.chars().flat_map(char::to_lowercase);
        lower.map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect()
    }

    /// The words of what a person typed.
    pub fn words_of(search: &str) -> Vec<String> {
        Self::fold(search).split_whitespace().map(str::to_owned).collect()
    }

    /// Where `conversation` stands in this list.
    pub(crate) fn place_of(&self, conversation: &Conversation) -> Place {
        Place { rank: Rank::of(conversation, self.sort), id: conversation.id }
    }

    /// Which of two rows comes first in this list.
    pub fn compare(&self, a: &Place, b: &Place) -> Ordering {
        let in_order = |ordering: Ordering| match self.order {
            Order::Asc => ordering,
            Order::Desc => ordering.reverse(),
        };
        let by_rank = match (&a.rank, &b.rank) {
            (Rank::Number(a), Rank::Number(b)) => in_order(a.cmp(b)),
            (Rank::Text(Some(a)), Rank::Text(Some(b))) => in_order(a.cmp(b)),
            (Rank::Text(a), Rank::Text(b)) => a.is_none().cmp(&b.is_none()),
            // A list has one kind of rank.
            (Rank::Number(_), Rank::Text(_)) => Ordering::Less,
            (Rank::Text(_), Rank::Number(_)) => Ordering::Greater,
        };
        by_rank.then(a.id.cmp(&b.id))
    }
}

impl Rank {
    /// What `conversation` is sorted by.
    pub fn of(conversation: &Conversation, sort: Sort) -> Self {
        let text = |text: &str| Rank::Text((!text.is_empty()).then(|| text.to_lowercase()));
        match sort {
            Sort::Activity => Rank::Number(conversation.activity_at),
            Sort::Started => Rank::Number(conversation.started_at),
            // Open, converted, closed; nothing is converted yet.
            Sort::Status => Rank::Number(if conversation.is_closed() { 2 } else { 0 }),
            Sort::Visitor => text(&conversation.visitor.name),
            Sort::Assignee => match &conversation.owner {
                Some(owner) => text(&owner.agent.name),
                None => Rank::Text(None),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_word_folds_like_the_whole_word() {
        let whole = InboxQuery::fold("ΣΊΣΥΦΟΣ ΜΈΓΑΣ");
        for part in ["ΣΊΣ", "σίς", "ΜΈΓΑΣ", "μέγας"] {
            assert!(whole.contains(&InboxQuery::fold(part)), "{part}");
        }
    }
}
