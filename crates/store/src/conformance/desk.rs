//! Stories to tell a store: who is who, and what they do.

use std::sync::Arc;

use conversation::{
    Agent, Author, Command, Conversation, Deed, KeyScope, Remembered, Verdict, Visitor,
};
use protocol::{AgentId, ConversationId, Key, PersonId, SiteId, Text, VisitorId};
use uuid::Uuid;

use crate::{Append, Appended, Start, StartOutcome, Store};

pub const SITE: SiteId = SiteId(Uuid::from_u128(1));
pub const OTHER_SITE: SiteId = SiteId(Uuid::from_u128(2));

/// Conversation number `n`.
pub fn conversation(n: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(n))
}

/// Visitor number `n`, with this name and no e-mail.
pub fn visitor(n: u128, name: &str) -> Visitor {
    Visitor { id: VisitorId(Uuid::from_u128(n)), name: name.into(), email: None }
}

/// Agent number `n`, with this name.
pub fn agent(n: u128, name: &str) -> Agent {
    let alias = PersonId(Uuid::from_u128(n + 1_000_000));
    Agent { id: AgentId(Uuid::from_u128(n)), alias, name: name.into() }
}

/// A key.
#[expect(clippy::expect_used, reason = "a mistake in the suite")]
pub fn key(key: &str) -> Key {
    Key::new(key).expect("a key of the suite")
}

/// A text.
#[expect(clippy::expect_used, reason = "a mistake in the suite")]
pub fn text(text: &str) -> Text {
    Text::new(text).expect("a text of the suite")
}

/// Conversation number `n` of a visitor with the same number, to be begun at `at` with "hello".
pub fn start(n: u128, at: i64) -> Start {
    start_by(n, SITE, visitor(n, "Vera"), "hello", at)
}

/// A conversation to be begun, under the key "start" and its number.
pub fn start_by(n: u128, site: SiteId, visitor: Visitor, said: &str, at: i64) -> Start {
    let key = key(&format!("start {n}"));
    let author = visitor.id.into();
    let said = (text(said), key.clone());
    let (state, events) = Conversation::start((conversation(n), site), visitor, said, at);
    let remembered = Remembered {
        conversation: state.id,
        seq: state.head,
        visitor_seq: state.visitor_head,
        closed_seq: None,
        at,
    };
    let scope = KeyScope { author, conversation: ConversationId::NOWHERE, deed: Deed::Start, key };
    Start { conversation: Arc::new(state), events, scope, remembered, starts_per_minute: 1000 }
}

/// What `by` doing `command` to `state` at `at` adds, under `keyed`.
#[expect(clippy::panic, reason = "a mistake in the suite")]
pub fn append(
    state: &Conversation,
    by: &Author,
    command: &Command,
    at: i64,
    keyed: &str,
) -> Append {
    let key = key(keyed);
    let events = match state.decide(by, command) {
        Ok(Verdict::Commit(events)) => state.stamp(by, Some(&key), at, events),
        refused => panic!("{command:?} on {state:?}: {refused:?}"),
    };
    let mut next = state.clone();
    events.iter().for_each(|event| next.apply(event));
    let remembered = Remembered {
        conversation: state.id,
        seq: events[0].seq,
        visitor_seq: events[0].visitor_seq,
        closed_seq: None,
        at: events[0].at,
    };
    let scope = scope(state, by, command, key);
    Append {
        conversation: Arc::new(next),
        at_head: state.head,
        events,
        key: Some((scope, remembered)),
    }
}

fn scope(state: &Conversation, by: &Author, command: &Command, key: Key) -> KeyScope {
    let author = match by {
        Author::Visitor { id, .. } => (*id).into(),
        Author::Agent(agent) => agent.id.into(),
        Author::System => PersonId::NOWHERE,
    };
    let deed = match command {
        Command::Post { .. } => Deed::Send,
        Command::Note { .. } => Deed::Note,
        Command::Claim => Deed::Claim,
        Command::Unclaim => Deed::Unclaim,
        Command::Close { .. } => Deed::Close,
    };
    KeyScope { author, conversation: state.id, deed, key }
}

/// A message.
pub fn post(said: &str) -> Command {
    Command::Post { text: text(said), then_close: false }
}

/// A note.
pub fn note(said: &str) -> Command {
    Command::Note { text: text(said) }
}

/// The close.
pub const CLOSE: Command = Command::Close { expected: None };

/// Begins it, and answers the state.
#[expect(clippy::expect_used, reason = "a test stops here")]
pub async fn begin(store: &Arc<dyn Store>, start: Start) -> Conversation {
    let state = start.conversation.clone();
    let outcome = store.start(start).await.expect("an answer");
    assert_eq!(outcome, StartOutcome::Done);
    (*state).clone()
}

/// Has `by` do `command` to `state`, a second after what came last.
#[expect(clippy::expect_used, reason = "a test stops here")]
pub async fn act(store: &Arc<dyn Store>, state: &mut Conversation, by: &Author, command: Command) {
    let keyed = format!("{} {}", state.id, state.head.0);
    let append = append(state, by, &command, state.last_at + 1000, &keyed);
    let next = append.conversation.clone();
    assert_eq!(store.append(append).await.expect("an answer"), Appended::Done);
    *state = (*next).clone();
}

/// The visitor of a conversation as an author.
pub fn asking(state: &Conversation) -> Author {
    Author::Visitor { id: state.visitor.id, name: state.visitor.name.clone() }
}
