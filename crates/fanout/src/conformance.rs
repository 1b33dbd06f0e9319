//! What every fan-out promises, each promise once.

use std::sync::Arc;

use conversation::{Conversation, Visitor};
use protocol::{ConversationId, Key, SiteId, Text, VisitorId};

use crate::{Fanout, Hint, Topic};

/// A hint about conversation number `n` of site number `site`.
#[expect(clippy::unwrap_used, reason = "the text and the key are valid as they stand here")]
pub fn moved(n: u128, site: u128) -> Hint {
    let visitor = Visitor { id: VisitorId(uuid(1)), name: "Vera".into(), email: None };
    let said = (Text::new("hello").unwrap(), Key::new("k").unwrap());
    let ids = (ConversationId(uuid(n)), SiteId(uuid(site)));
    let (state, events) = Conversation::start(ids, visitor, said, 1);
    Hint::Moved { state: Arc::new(state), events: events.into() }
}

/// The topic of conversation number `n`.
pub fn conversation(n: u128) -> Topic {
    Topic::Conversation(ConversationId(uuid(n)))
}

/// The topic of site number `n`.
pub fn site(n: u128) -> Topic {
    Topic::Site(SiteId(uuid(n)))
}

fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

pub async fn a_hint_reaches_a_node_that_listens_to_its_conversation(
    a: impl Fanout,
    b: impl Fanout,
) {
    let mut hints = b.hints();
    b.listen(conversation(7));
    a.announce(moved(7, 1));
    assert_eq!(hints.recv().await, Some(moved(7, 1)));
}

pub async fn a_hint_reaches_a_node_that_listens_to_its_site_once(a: impl Fanout, b: impl Fanout) {
    let mut hints = b.hints();
    b.listen(site(1));
    b.listen(conversation(7));
    a.announce(moved(7, 1));
    a.announce(moved(8, 1));
    assert_eq!(hints.recv().await, Some(moved(7, 1)));
    assert_eq!(hints.recv().await, Some(moved(8, 1)));
}

pub async fn nobody_hears_what_they_did_not_ask_for(a: impl Fanout, b: impl Fanout) {
    let mut hints = b.hints();
    b.listen(conversation(7));
    b.listen(conversation(9));
    b.forget(conversation(7));
    a.announce(moved(7, 1));
    a.announce(moved(8, 1));
    a.announce(moved(9, 1));
    assert_eq!(hints.recv().await, Some(moved(9, 1)));
}

pub async fn a_node_never_hears_itself(a: impl Fanout, b: impl Fanout) {
    let mut hints = a.hints();
    a.listen(conversation(7));
    a.announce(moved(7, 1));
    b.announce(moved(7, 2));
    assert_eq!(hints.recv().await, Some(moved(7, 2)));
}

/// One `#[tokio::test]` for each promise; `$pair` makes two nodes that hear each other.
#[macro_export]
macro_rules! fanout_conformance {
    ($pair:expr) => {
        $crate::fanout_conformance!(@each $pair;
            a_hint_reaches_a_node_that_listens_to_its_conversation
            a_hint_reaches_a_node_that_listens_to_its_site_once
            nobody_hears_what_they_did_not_ask_for
            a_node_never_hears_itself
        );
    };
    (@each $pair:expr; $($promise:ident)*) => {
        $(#[tokio::test]
        async fn $promise() {
            let (a, b) = $pair;
            $crate::conformance::$promise(a, b).await;
        })*
    };
}
