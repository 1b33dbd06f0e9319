//! What every fan-out promises, each promise once. All of it in fair weather; that bad weather costs time
//! and never content is the hub's to show.

use std::sync::Arc;
use std::time::Duration;

use conversation::{Author, Conversation, Seq, Visitor};
use protocol::{ConversationId, Key, SiteId, Text, VisitorId};
use tokio::sync::mpsc::Receiver;

use crate::{Fanout, Hint, NodeId, Presence, Topic, Visitors};

/// Longer than anything here takes, unless it never comes.
const WITHIN: Duration = Duration::from_secs(20);

/// A hint about conversation number `n` of site number `site`.
#[expect(clippy::unwrap_used, reason = "the text and the key are valid as they stand here")]
pub fn moved(n: u128, site: u128) -> Hint {
    let visitor = Visitor { id: VisitorId(uuid(1)), name: "Vera".into(), email: None };
    let said = (Text::new("hello").unwrap(), Key::new("k").unwrap());
    let ids = (ConversationId(uuid(n)), SiteId(uuid(site)));
    let (state, events) = Conversation::start(ids, visitor, said, 1);
    Hint::Moved { state: Arc::new(state), events: events.into() }
}

/// One hint of each kind that travels, about conversation 7 of site 1.
pub fn every_kind() -> Vec<Hint> {
    let (conversation, site) = (ConversationId(uuid(7)), SiteId(uuid(1)));
    let by = Author::Visitor { id: VisitorId(uuid(1)), name: "Vera".into() };
    let visitors: Vec<VisitorId> = (1..4).map(|n| VisitorId(uuid(n))).collect();
    let changed = Visitors::Changed { came: visitors.clone(), went: vec![VisitorId(uuid(9))] };
    let told = [
        Visitors::sum_of(&visitors),
        changed,
        Visitors::Exactly { part: 1, parts: 2, here: visitors },
    ];
    let presence = |visitors| {
        Hint::Presence(Arc::new(Presence { node: NodeId(u64::MAX), site, team: true, visitors }))
    };
    let mut kinds = vec![
        moved(7, 1),
        Hint::Head { conversation, site, head: Seq(3) },
        Hint::Typing { site, conversation, by, active: true },
        Hint::WhoIsThere { site, node: None },
        Hint::WhoIsThere { site, node: Some(NodeId(5)) },
    ];
    kinds.extend(told.map(presence));
    kinds
}

/// The topic of conversation number `n`.
pub fn conversation(n: u128) -> Topic {
    Topic::Conversation(ConversationId(uuid(n)))
}

/// The topic of site number `n`.
pub fn site(n: u128) -> Topic {
    Topic::Site(SiteId(uuid(n)))
}

/// The topic of the team of site number `n`.
pub fn team(n: u128) -> Topic {
    Topic::Team(SiteId(uuid(n)))
}

fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

/// The next word of another node.
#[expect(clippy::expect_used, reason = "a test stops here")]
pub async fn next(hints: &mut Receiver<Hint>) -> Hint {
    loop {
        let hint = tokio::time::timeout(WITHIN, hints.recv()).await.expect("a hint in time");
        match hint.expect("the fan-out is there") {
            Hint::Joined(_) | Hint::Lost => {}
            hint => return hint,
        }
    }
}

/// Waits until hints of `topic` arrive.
#[expect(clippy::expect_used, reason = "a test stops here")]
pub async fn joined(hints: &mut Receiver<Hint>, topic: Topic) {
    loop {
        let hint = tokio::time::timeout(WITHIN, hints.recv()).await.expect("a hint in time");
        match hint.expect("the fan-out is there") {
            Hint::Joined(topics) if topics.contains(&topic) => return,
            _ => {}
        }
    }
}

/// Listens, and waits until it counts.
pub async fn join(node: &impl Fanout, hints: &mut Receiver<Hint>, topic: Topic) {
    node.listen(topic);
    joined(hints, topic).await;
}

pub async fn a_hint_reaches_a_node_that_listens_to_its_conversation(
    a: impl Fanout,
    b: impl Fanout,
) {
    let mut hints = b.hints();
    join(&b, &mut hints, conversation(7)).await;
    a.announce(moved(7, 1));
    assert_eq!(next(&mut hints).await, moved(7, 1));
}

pub async fn a_hint_reaches_a_node_that_listens_to_its_site_once(a: impl Fanout, b: impl Fanout) {
    let mut hints = b.hints();
    join(&b, &mut hints, site(1)).await;
    join(&b, &mut hints, conversation(7)).await;
    a.announce(moved(7, 1));
    a.announce(moved(8, 1));
    assert_eq!(next(&mut hints).await, moved(7, 1));
    assert_eq!(next(&mut hints).await, moved(8, 1));
}

pub async fn every_kind_of_hint_arrives_as_it_was_announced(a: impl Fanout, b: impl Fanout) {
    let mut hints = b.hints();
    join(&b, &mut hints, site(1)).await;
    join(&b, &mut hints, conversation(7)).await;
    for hint in every_kind() {
        a.announce(hint.clone());
        assert_eq!(next(&mut hints).await, hint);
    }
}

pub async fn visitors_nodes_hear_of_the_team_and_not_of_other_visitors(
    a: impl Fanout,
    b: impl Fanout,
) {
    let mut hints = b.hints();
    join(&b, &mut hints, team(1)).await;
    every_kind().into_iter().for_each(|hint| a.announce(hint));
    let for_team = |hint: &Hint| hint.topics().contains(&Some(team(1)));
    for hint in every_kind().into_iter().filter(for_team) {
        assert_eq!(next(&mut hints).await, hint);
    }
}

pub async fn hints_of_one_conversation_arrive_in_the_order_announced(
    a: impl Fanout,
    b: impl Fanout,
) {
    let mut hints = b.hints();
    join(&b, &mut hints, conversation(7)).await;
    let head = |n| {
        let (conversation, site) = (ConversationId(uuid(7)), SiteId(uuid(1)));
        Hint::Head { conversation, site, head: Seq(n) }
    };
    (1..=500).for_each(|n| a.announce(head(n)));
    for n in 1..=500 {
        assert_eq!(next(&mut hints).await, head(n));
    }
}

pub async fn nobody_hears_what_they_did_not_ask_for(a: impl Fanout, b: impl Fanout) {
    let mut hints = b.hints();
    join(&b, &mut hints, conversation(7)).await;
    b.forget(conversation(7));
    join(&b, &mut hints, conversation(9)).await;
    a.announce(moved(7, 1));
    a.announce(moved(8, 1));
    a.announce(moved(9, 1));
    assert_eq!(next(&mut hints).await, moved(9, 1));
}

pub async fn who_listens_again_hears_again(a: impl Fanout, b: impl Fanout) {
    let mut hints = b.hints();
    for _ in 0..3 {
        join(&b, &mut hints, conversation(7)).await;
        b.forget(conversation(7));
        join(&b, &mut hints, conversation(8)).await;
        b.forget(conversation(8));
    }
    join(&b, &mut hints, conversation(7)).await;
    // At once, so that perhaps nobody noticed.
    b.forget(conversation(7));
    join(&b, &mut hints, conversation(7)).await;
    a.announce(moved(7, 1));
    assert_eq!(next(&mut hints).await, moved(7, 1));
}

pub async fn asking_twice_is_asking_once(a: impl Fanout, b: impl Fanout) {
    let mut hints = b.hints();
    join(&b, &mut hints, conversation(7)).await;
    b.listen(conversation(7));
    join(&b, &mut hints, conversation(8)).await;
    a.announce(moved(7, 1));
    a.announce(moved(8, 1));
    assert_eq!(next(&mut hints).await, moved(7, 1));
    assert_eq!(next(&mut hints).await, moved(8, 1));
    b.forget(conversation(7));
    join(&b, &mut hints, conversation(9)).await;
    a.announce(moved(7, 1));
    a.announce(moved(9, 1));
    assert_eq!(next(&mut hints).await, moved(9, 1));
}

pub async fn a_node_never_hears_itself(a: impl Fanout, b: impl Fanout) {
    let mut hints = a.hints();
    join(&a, &mut hints, conversation(7)).await;
    a.announce(moved(7, 1));
    b.announce(moved(7, 2));
    assert_eq!(next(&mut hints).await, moved(7, 2));
}

/// A flood that nobody takes: some of it is lost, and that is said once there is room. `missed` tells
/// when it is lost.
#[expect(clippy::expect_used, reason = "a test stops here")]
pub async fn whoever_falls_behind_is_told_that_hints_were_lost(
    a: &impl Fanout,
    b: &impl Fanout,
    missed: impl Fn() -> bool,
) {
    let mut hints = b.hints();
    join(b, &mut hints, conversation(7)).await;
    (0..crate::mailbox::HINTS_MAX + 100).for_each(|_| a.announce(moved(7, 1)));
    while !missed() {
        tokio::time::sleep(Duration::from_millis(1)).await; // sleep-ok: between two looks
    }
    for _ in 0..crate::mailbox::HINTS_MAX {
        assert_eq!(hints.recv().await, Some(moved(7, 1)));
    }
    let told = tokio::time::timeout(WITHIN, hints.recv()).await.expect("a word in time");
    assert_eq!(told, Some(Hint::Lost));
    a.announce(moved(7, 2));
    while next(&mut hints).await != moved(7, 2) {}
}

/// One `#[tokio::test]` for each promise; `$pair` makes two nodes that hear each other, and beside them
/// whatever must live as long.
#[macro_export]
macro_rules! fanout_conformance {
    ($pair:expr) => {
        $crate::fanout_conformance!(@each $pair;
            a_hint_reaches_a_node_that_listens_to_its_conversation
            a_hint_reaches_a_node_that_listens_to_its_site_once
            every_kind_of_hint_arrives_as_it_was_announced
            visitors_nodes_hear_of_the_team_and_not_of_other_visitors
            hints_of_one_conversation_arrive_in_the_order_announced
            nobody_hears_what_they_did_not_ask_for
            who_listens_again_hears_again
            asking_twice_is_asking_once
            a_node_never_hears_itself
        );
    };
    (@each $pair:expr; $($promise:ident)*) => {
        $(#[tokio::test]
        async fn $promise() {
            let (a, b, _kept) = $pair;
            $crate::conformance::$promise(a, b).await;
        })*
    };
}
