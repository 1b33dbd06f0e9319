//! The rules, one story each.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

use conversation::{
    Agent, Audience, Author, Command, Conversation, Event, Rejection, Seq, Subject, Verdict,
    Visitor,
};
use protocol::{AgentId, ConversationId, Key, PersonId, SiteId, Text, VisitorId};
use uuid::Uuid;

const VISITOR: VisitorId = VisitorId(Uuid::from_u128(1));
const SITE: SiteId = SiteId(Uuid::from_u128(2));

fn agent(n: u128, name: &str) -> Agent {
    let (id, alias) = (AgentId(Uuid::from_u128(n)), PersonId(Uuid::from_u128(n + 1000)));
    Agent { id, alias, name: name.into() }
}

fn alice() -> Author {
    Author::Agent(agent(10, "Alice"))
}

fn bob() -> Author {
    Author::Agent(agent(11, "Bob"))
}

fn vera() -> Author {
    Author::Visitor { id: VISITOR, name: "Vera".into() }
}

fn text(words: &str) -> Text {
    Text::new(words).unwrap()
}

fn post(words: &str) -> Command {
    Command::Post { text: text(words), then_close: false }
}

fn send_and_close(words: &str) -> Command {
    Command::Post { text: text(words), then_close: true }
}

fn note(words: &str) -> Command {
    Command::Note { text: text(words) }
}

const CLOSE: Command = Command::Close { expected: None };

struct Story {
    conversation: Conversation,
    at: i64,
}

fn begun() -> Story {
    let visitor = Visitor { id: VISITOR, name: "Vera".into(), email: None };
    let said = (text("hello"), Key::new("k0").unwrap());
    let ids = (ConversationId(Uuid::from_u128(3)), SITE);
    let (conversation, _) = Conversation::start(ids, visitor, said, 100);
    Story { conversation, at: 100 }
}

impl Story {
    /// The command is granted, and the journal takes its events.
    fn then(mut self, by: &Author, command: &Command) -> Self {
        self.at += 1;
        match self.conversation.decide(by, command).unwrap() {
            Verdict::Commit(events) => {
                let committed = self.conversation.stamp(by, None, self.at, events);
                committed.iter().for_each(|event| self.conversation.apply(event));
            }
            Verdict::Already { .. } => {}
        }
        self
    }

    fn refuses(self, by: &Author, command: &Command, rejection: &Rejection) -> Self {
        assert_eq!(self.conversation.decide(by, command).as_ref(), Err(rejection));
        self
    }

    fn answers_with(self, by: &Author, command: &Command, earlier: Seq) -> Self {
        match self.conversation.decide(by, command) {
            Ok(Verdict::Already { seq, .. }) => assert_eq!(seq, earlier),
            other => panic!("expected the earlier answer, got {other:?}"),
        }
        self
    }
}

fn not_owner(owner: Option<&Author>) -> Rejection {
    let owner = owner.map(|owner| match owner {
        Author::Agent(agent) => agent.clone(),
        _ => unreachable!("owners are agents"),
    });
    Rejection::NotOwner { owner }
}

#[test]
fn a_conversation_starts_open_and_unassigned_with_its_first_message() {
    let Story { conversation, .. } = begun();
    assert!(!conversation.is_closed());
    assert_eq!(conversation.owner, None);
    assert_eq!(conversation.head, Seq(2));
    assert_eq!(conversation.unread, 1);
    assert_eq!(&*conversation.snippet.text, "hello");
}

#[test]
fn the_second_claim_loses_and_names_the_winner() {
    let owner = agent(10, "Alice");
    begun().then(&alice(), &Command::Claim).refuses(
        &bob(),
        &Command::Claim,
        &Rejection::AlreadyClaimed { owner },
    );
}

#[test]
fn claiming_what_one_owns_answers_with_that_claim() {
    begun().then(&alice(), &Command::Claim).then(&alice(), &post("hi")).answers_with(
        &alice(),
        &Command::Claim,
        Seq(3),
    );
}

#[test]
fn only_the_owner_replies_closes_and_unclaims() {
    let unowned = begun()
        .refuses(&alice(), &post("hi"), &not_owner(None))
        .refuses(&alice(), &send_and_close("bye"), &not_owner(None))
        .refuses(&alice(), &CLOSE, &not_owner(None))
        .refuses(&alice(), &Command::Unclaim, &not_owner(None));
    unowned
        .then(&alice(), &Command::Claim)
        .refuses(&bob(), &post("hi"), &not_owner(Some(&alice())))
        .refuses(&bob(), &CLOSE, &not_owner(Some(&alice())))
        .refuses(&bob(), &Command::Unclaim, &not_owner(Some(&alice())));
}

#[test]
fn after_unclaim_anybody_may_claim() {
    let story = begun()
        .then(&alice(), &Command::Claim)
        .then(&alice(), &Command::Unclaim)
        .then(&bob(), &Command::Claim);
    assert_eq!(story.conversation.owner.unwrap().agent.name.as_ref(), "Bob");
}

#[test]
fn every_agent_may_leave_a_note_on_an_open_conversation() {
    begun()
        .then(&bob(), &note("careful"))
        .then(&alice(), &Command::Claim)
        .then(&bob(), &note("ok"));
}

#[test]
fn nothing_is_written_past_a_close() {
    let closed = begun().then(&alice(), &Command::Claim).then(&alice(), &CLOSE);
    closed
        .refuses(&vera(), &post("wait"), &Rejection::Closed)
        .refuses(&alice(), &post("wait"), &Rejection::Closed)
        .refuses(&alice(), &send_and_close("wait"), &Rejection::Closed)
        .refuses(&bob(), &note("wait"), &Rejection::Closed)
        .refuses(&bob(), &Command::Claim, &Rejection::Closed)
        .refuses(&alice(), &Command::Claim, &Rejection::Closed)
        .refuses(&alice(), &Command::Unclaim, &Rejection::Closed)
        .refuses(&bob(), &CLOSE, &Rejection::Closed);
}

#[test]
fn the_closer_repeating_its_close_gets_the_first_number() {
    let stale = Command::Close { expected: Some(Seq(1)) };
    begun()
        .then(&alice(), &Command::Claim)
        .then(&alice(), &CLOSE)
        .answers_with(&alice(), &CLOSE, Seq(4))
        .answers_with(&alice(), &stale, Seq(4));
}

#[test]
fn send_and_close_is_one_step_with_the_reply_first() {
    let story = begun().then(&alice(), &Command::Claim);
    let Ok(Verdict::Commit(events)) = story.conversation.decide(&alice(), &send_and_close("bye"))
    else {
        panic!("granted");
    };
    assert!(matches!(events[..], [Event::Posted { .. }, Event::Closed { .. }]));
}

#[test]
fn a_close_that_expects_another_head_is_a_conflict_after_ownership() {
    let expected = |n| Command::Close { expected: Some(Seq(n)) };
    begun()
        .refuses(&alice(), &expected(1), &not_owner(None))
        .then(&alice(), &Command::Claim)
        .then(&vera(), &post("one more thing"))
        .refuses(&alice(), &expected(3), &Rejection::Conflict { head: Seq(4) })
        .refuses(&alice(), &expected(9), &Rejection::Conflict { head: Seq(4) })
        .then(&alice(), &expected(4));
}

#[test]
fn a_visitor_may_only_speak() {
    let owned = begun().then(&alice(), &Command::Claim);
    owned
        .refuses(&vera(), &Command::Claim, &Rejection::Forbidden)
        .refuses(&vera(), &Command::Unclaim, &Rejection::Forbidden)
        .refuses(&vera(), &CLOSE, &Rejection::Forbidden)
        .refuses(&vera(), &note("psst"), &Rejection::Forbidden)
        .refuses(&vera(), &send_and_close("bye"), &Rejection::Forbidden)
        .then(&vera(), &post("hello?"));
}

#[test]
fn an_unclaim_is_nothing_a_visitor_notices() {
    let before = begun().then(&alice(), &Command::Claim);
    let seen = before.conversation.view(Audience::Visitor).owner.cloned();
    let after = before.then(&alice(), &Command::Unclaim);
    assert_eq!(after.conversation.view(Audience::Visitor).owner.cloned(), seen);
    assert_eq!(after.conversation.view(Audience::Visitor).seq, 3);
    assert_eq!(after.conversation.view(Audience::Agents).owner, None);
}

#[test]
fn the_last_owner_stays_after_the_close() {
    let story = begun().then(&alice(), &Command::Claim).then(&alice(), &send_and_close("bye"));
    assert_eq!(story.conversation.owner.unwrap().agent.name.as_ref(), "Alice");
}

#[test]
fn unread_counts_visitor_messages_after_the_last_agent_message() {
    let story = begun().then(&vera(), &post("2")).then(&bob(), &note("n"));
    assert_eq!(story.conversation.unread, 2);
    let story = story.then(&alice(), &Command::Claim).then(&alice(), &post("hi"));
    assert_eq!(story.conversation.unread, 0);
    assert_eq!(story.then(&vera(), &post("3")).conversation.unread, 1);
}

#[test]
fn time_never_goes_down() {
    let story = begun();
    let events = vec![Event::Posted { text: text("early") }];
    let committed = story.conversation.stamp(&vera(), None, 50, events);
    assert_eq!(committed[0].at, 100);
}

#[test]
fn other_sites_and_other_visitors_may_not_know() {
    let Story { conversation, .. } = begun();
    let elsewhere = SiteId(Uuid::from_u128(99));
    let (stranger, someone) = (VisitorId(Uuid::from_u128(98)), AgentId(Uuid::from_u128(10)));
    assert!(conversation.admits(&Subject::Visitor { site: SITE, id: VISITOR }));
    assert!(conversation.admits(&Subject::Agent { site: SITE, id: someone }));
    assert!(!conversation.admits(&Subject::Visitor { site: elsewhere, id: VISITOR }));
    assert!(!conversation.admits(&Subject::Visitor { site: SITE, id: stranger }));
    assert!(!conversation.admits(&Subject::Agent { site: elsewhere, id: someone }));
}

#[test]
fn a_preview_is_cut_at_two_hundred_characters() {
    let story = begun().then(&vera(), &post(&"ä".repeat(300)));
    assert_eq!(story.conversation.snippet.text.chars().count(), 200);
}
