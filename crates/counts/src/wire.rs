//! Frames: a message on its way in, its event on its way out.

use std::sync::Arc;

use conversation::{Agent, Author, Committed, Event, Seq, Subject, VisitorSeq};
use hub::{Encodings, News, Told};
use protocol::{
    AgentId, Codec, ConversationId, Key, Operation, PersonId, Request, SiteId, Text, VisitorId,
};
use uuid::Uuid;

use crate::Case;

pub(crate) const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(1));
pub(crate) const SITE: SiteId = SiteId(Uuid::from_u128(2));
pub(crate) const VISITOR: VisitorId = VisitorId(Uuid::from_u128(3));
const AGENT: AgentId = AgentId(Uuid::from_u128(4));

pub(crate) fn cases() -> Vec<Case> {
    let [json, msgpack] = Codec::ALL;
    vec![
        decode("decode json", json),
        decode("decode msgpack", msgpack),
        encode("encode json for agents", json, agents()),
        encode("encode json for the visitor", json, another_visitor()),
        encode("encode json for the author", json, author()),
        encode("encode msgpack for agents", msgpack, agents()),
        encode("encode msgpack for the visitor", msgpack, another_visitor()),
        encode("encode msgpack for the author", msgpack, author()),
    ]
}

/// A `message.send` as it comes.
fn decode(name: &'static str, codec: Codec) -> Case {
    let (conversation, key, text) = (CONVERSATION, key("m1"), text());
    let send = Operation::Send(protocol::Send { conversation, key, text, then: None });
    let frame = Request::encode(codec, 7, &send);
    Case::new(name, move || Request::decode(codec, &frame))
}

/// Its event for one audience. Made anew each time, because it is encoded only once.
fn encode(name: &'static str, codec: Codec, subject: Subject) -> Case {
    let committed = committed();
    Case::new(name, move || {
        let (conversation, committed) = (CONVERSATION, committed.clone());
        let told = Told { conversation, committed, encodings: Encodings::default() };
        gateway::frame_of(News::Event(Arc::new(told)), codec, &subject)
    })
}

fn committed() -> Committed {
    let by = visitor();
    let event = Event::Posted { text: text() };
    let (seq, visitor_seq) = (Seq(12), VisitorSeq(11));
    Committed { seq, visitor_seq, at: 1_767_225_600_000, by, key: Some(key("m1")), event }
}

fn agents() -> Subject {
    Subject::Agent { site: SITE, id: AGENT }
}

fn author() -> Subject {
    Subject::Visitor { site: SITE, id: VISITOR }
}

/// There is none in a conversation; its frame is what a visitor gets that an agent has written.
fn another_visitor() -> Subject {
    Subject::Visitor { site: SITE, id: VisitorId(Uuid::from_u128(5)) }
}

pub(crate) fn visitor() -> Author {
    Author::Visitor { id: VISITOR, name: "Vera".into() }
}

pub(crate) fn agent(n: u128) -> Agent {
    let (id, alias) = (AgentId(Uuid::from_u128(100 + n)), PersonId(Uuid::from_u128(200 + n)));
    Agent { id, alias, name: "Anna".into() }
}

/// Two hundred characters.
pub(crate) fn text() -> Text {
    Text::new(&"Good day, my order is late. ".repeat(8)[..200]).unwrap_or_else(|_| unreachable!())
}

pub(crate) fn key(key: &str) -> Key {
    Key::new(key).unwrap_or_else(|_| unreachable!())
}
