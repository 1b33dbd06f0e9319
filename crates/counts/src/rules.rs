//! Judging a message, and moving past it.

use conversation::{Command, Conversation, Verdict, Visitor};

use crate::Case;
use crate::wire::{CONVERSATION, SITE, VISITOR, key, text, visitor};

pub(crate) fn cases() -> Vec<Case> {
    let vera = Visitor { id: VISITOR, name: "Vera".into(), email: None };
    let first = (text(), key("s1"));
    let (state, _) = Conversation::start((CONVERSATION, SITE), vera, first, 1);
    let (by, post) = (visitor(), Command::Post { text: text(), then_close: false });
    vec![Case::new("decide and apply", move || {
        let Ok(Verdict::Commit(events)) = state.decide(&by, &post) else { return None };
        let committed = state.stamp(&by, Some(&key("m1")), 2, events);
        let mut next = state.clone();
        committed.iter().for_each(|event| next.apply(event));
        Some((next, committed))
    })]
}
