//! Questions of one connection that wait for their answers.

use std::collections::VecDeque;

use hub::{BulkResult, Refusal, Ticket};
use protocol::{ConversationId, ErrorBody, InboxPage, Operation};
use tokio::sync::OwnedSemaphorePermit;

use crate::hello::{HelloRefused, Welcome};
use crate::page::Keep;
use crate::ticker::Millis;

/// What was asked, as far as the answer depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Hello,
    Ping,
    Watch,
    Unwatch,
    History(Keep),
    Send,
    Typing,
    Start,
    Claim,
    Unclaim,
    Close,
    Note,
    InboxList,
    InboxWatch,
    Bulk,
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub ticket: Ticket,
    /// The client's number for it.
    pub re: u32,
    pub asked: Asked,
    /// What it is about; [`ConversationId::NOWHERE`] if it is about none.
    pub conversation: ConversationId,
    pub at: Millis,
}

/// What a task of a connection has done.
#[derive(Debug)]
pub(crate) enum Done {
    Hello(Result<Welcome, HelloRefused>),
    Started(Result<hub::Started, Refusal>),
    /// With its turn: the next one is looked for when this one has been written.
    Listed(Result<InboxPage, ErrorBody>, Option<OwnedSemaphorePermit>),
    Bulked(Result<Vec<BulkResult>, Refusal>),
}

/// All of them, oldest first.
#[derive(Default)]
pub(crate) struct Pending {
    questions: VecDeque<Question>,
    next: Ticket,
    pages: usize,
}

impl Asked {
    pub fn of(operation: &Operation) -> Self {
        match operation {
            Operation::Hello(_) => Self::Hello,
            Operation::Ping(_) => Self::Ping,
            Operation::Watch(_) => Self::Watch,
            Operation::Unwatch(_) => Self::Unwatch,
            Operation::History(history) if history.after.is_some() => Self::History(Keep::First),
            Operation::History(_) => Self::History(Keep::Last),
            Operation::Send(_) => Self::Send,
            Operation::Typing(_) => Self::Typing,
            Operation::Start(_) => Self::Start,
            Operation::Claim(_) => Self::Claim,
            Operation::Unclaim(_) => Self::Unclaim,
            Operation::Close(_) => Self::Close,
            Operation::Note(_) => Self::Note,
            Operation::InboxList(_) => Self::InboxList,
            Operation::InboxWatch(_) => Self::InboxWatch,
            Operation::Bulk(_) => Self::Bulk,
        }
    }

    /// The place in [`Operation::NAMES`].
    pub fn index(self) -> usize {
        match self {
            Self::Hello => 0,
            Self::Ping => 1,
            Self::Watch => 2,
            Self::Unwatch => 3,
            Self::History(_) => 4,
            Self::Send => 5,
            Self::Typing => 6,
            Self::Start => 7,
            Self::Claim => 8,
            Self::Unclaim => 9,
            Self::Close => 10,
            Self::Note => 11,
            Self::InboxList => 12,
            Self::InboxWatch => 13,
            Self::Bulk => 14,
        }
    }

    /// Whether its answer may be a large one. Lists wait for their turn without holding up other frames.
    fn is_page(self) -> bool {
        matches!(self, Self::Watch | Self::History(_))
    }

    /// Whether later frames of the socket wait until it is answered: it does not go through a
    /// conversation's mailbox, and what follows must not overtake it.
    pub fn goes_first(self) -> bool {
        matches!(self, Self::Hello | Self::Start | Self::Bulk)
    }
}

impl Pending {
    pub fn ask(
        &mut self,
        re: u32,
        asked: Asked,
        conversation: ConversationId,
        at: Millis,
    ) -> Ticket {
        let ticket = self.next;
        self.next = self.next.wrapping_add(1);
        self.pages += usize::from(asked.is_page());
        self.questions.push_back(Question { ticket, re, asked, conversation, at });
        ticket
    }

    /// The question with this ticket; `None` if it has been answered already.
    pub fn take(&mut self, ticket: Ticket) -> Option<Question> {
        let place = self.questions.iter().position(|question| question.ticket == ticket)?;
        let question = self.questions.remove(place)?;
        self.pages -= usize::from(question.asked.is_page());
        if self.questions.is_empty() && self.questions.capacity() > 16 {
            self.questions = VecDeque::new();
        }
        Some(question)
    }

    /// The oldest question, if it was asked no later than `latest`.
    pub fn take_older(&mut self, latest: Millis) -> Option<Question> {
        let oldest = self.questions.front().filter(|question| question.at <= latest)?.ticket;
        self.take(oldest)
    }

    /// When the oldest question was asked.
    pub fn since(&self) -> Option<Millis> {
        self.questions.front().map(|question| question.at)
    }

    pub fn len(&self) -> usize {
        self.questions.len()
    }

    pub fn pages(&self) -> usize {
        self.pages
    }

    /// Whether something that goes first is not answered yet.
    pub fn is_busy(&self) -> bool {
        // Nothing is asked after it, so it can only be the last.
        self.questions.back().is_some_and(|question| question.asked.goes_first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_counts_under_its_own_name() {
        let all = [
            (Asked::Hello, "hello"),
            (Asked::Ping, "ping"),
            (Asked::Watch, "conversation.watch"),
            (Asked::Unwatch, "conversation.unwatch"),
            (Asked::History(Keep::First), "history"),
            (Asked::Send, "message.send"),
            (Asked::Typing, "typing"),
            (Asked::Start, "conversation.start"),
            (Asked::Claim, "conversation.claim"),
            (Asked::Unclaim, "conversation.unclaim"),
            (Asked::Close, "conversation.close"),
            (Asked::Note, "note.add"),
            (Asked::InboxList, "inbox.list"),
            (Asked::InboxWatch, "inbox.watch"),
            (Asked::Bulk, "bulk"),
        ];
        assert_eq!(all.len(), Operation::NAMES.len());
        for (asked, name) in all {
            assert_eq!(Operation::NAMES[asked.index()], name);
        }
    }

    #[test]
    fn a_question_is_answered_once() {
        let mut pending = Pending::default();
        let first = pending.ask(7, Asked::History(Keep::Last), ConversationId::NOWHERE, 10);
        let second = pending.ask(8, Asked::Send, ConversationId::NOWHERE, 20);
        assert_eq!((pending.len(), pending.pages(), pending.since()), (2, 1, Some(10)));
        assert_eq!(pending.take(second).map(|question| question.re), Some(8));
        assert!(pending.take(second).is_none());
        assert!(pending.take_older(9).is_none());
        assert_eq!(pending.take_older(10).map(|question| question.ticket), Some(first));
        assert_eq!((pending.len(), pending.pages(), pending.since()), (0, 0, None));
    }
}
