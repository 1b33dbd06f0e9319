//! From the domain to the wire: the only place that knows both.
//!
//! What a visitor may not know is left out here once: e-mails, agents' ids, notes. Summaries come from
//! [`Conversation::view`] alone.

use std::sync::{Arc, LazyLock};

use conversation::{
    Agent, Audience, Author, CLOSED_TEXT, CloseReason, Committed, Conversation, Event, Subject,
};
use protocol::{
    By, Claimed, Closed, ClosedBy, ConversationId, EventData, EventFrame, NotePosted, Person,
    PersonId, Posted, Preview, Role, SignalData, SignalFrame, StartedConversation, Status, Summary,
    SummaryVisitor, TypingActive, Unclaimed,
};

/// Strings that every frame has, made once.
struct Words {
    started: Arc<str>,
    posted: Arc<str>,
    noted: Arc<str>,
    claimed: Arc<str>,
    unclaimed: Arc<str>,
    closed: Arc<str>,
    by_agent: Arc<str>,
    closed_text: Arc<str>,
    nobody: Arc<str>,
    system: Arc<str>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    started: "conversation.started".into(),
    posted: "message.posted".into(),
    noted: "note.posted".into(),
    claimed: "conversation.claimed".into(),
    unclaimed: "conversation.unclaimed".into(),
    closed: "conversation.closed".into(),
    by_agent: "agent".into(),
    closed_text: CLOSED_TEXT.into(),
    nobody: "".into(),
    system: "system".into(),
});

/// An agent, as `audience` may know it.
pub(crate) fn agent(agent: &Agent, audience: Audience) -> Person {
    let id = match audience {
        Audience::Agents => agent.id.into(),
        Audience::Visitor => agent.alias,
    };
    Person { id, name: agent.name.clone() }
}

/// Whoever did something, as `audience` may know it.
pub(crate) fn by(author: &Author, audience: Audience) -> By {
    match author {
        Author::Visitor { id, name } => {
            By { role: Role::Visitor, id: (*id).into(), name: name.clone() }
        }
        Author::Agent(author) => {
            let Person { id, name } = agent(author, audience);
            By { role: Role::Agent, id, name }
        }
        Author::System => {
            By { role: Role::System, id: PersonId::NOWHERE, name: WORDS.system.clone() }
        }
    }
}

/// An event, if `audience` may see it. Its `key` is for its author only.
pub(crate) fn event(
    conversation: ConversationId,
    committed: &Committed,
    audience: Audience,
    to_author: bool,
) -> Option<EventFrame> {
    let seq = committed.number_for(audience)?;
    let by = by(&committed.by, audience);
    let key = committed.key.clone().filter(|_| to_author);
    let (ev, data) = data(&committed.event, &committed.by, audience, key);
    Some(EventFrame { ev, conversation, seq, at: committed.at, by, data })
}

fn data(
    event: &Event,
    author: &Author,
    audience: Audience,
    key: Option<protocol::Key>,
) -> (Arc<str>, EventData) {
    let words = &*WORDS;
    match event {
        Event::Started { visitor, name } => {
            let visitor = Person { id: (*visitor).into(), name: name.clone() };
            let data = EventData::ConversationStarted(StartedConversation { visitor });
            (words.started.clone(), data)
        }
        Event::Posted { text } => {
            let text = text.shared();
            (words.posted.clone(), EventData::MessagePosted(Posted { text, key }))
        }
        Event::Noted { text } => {
            let text = text.shared();
            (words.noted.clone(), EventData::NotePosted(NotePosted { text, key }))
        }
        Event::Claimed => {
            // By its new owner: that is what the event means.
            let By { id, name, .. } = by(author, audience);
            let data = EventData::ConversationClaimed(Claimed { owner: Person { id, name } });
            (words.claimed.clone(), data)
        }
        Event::Unclaimed => {
            (words.unclaimed.clone(), EventData::ConversationUnclaimed(Unclaimed {}))
        }
        Event::Closed { reason: CloseReason::Agent } => {
            let (reason, text) = (words.by_agent.clone(), words.closed_text.clone());
            (words.closed.clone(), EventData::ConversationClosed(Closed { reason, text }))
        }
    }
}

/// Whether `subject` is the author: who gets to see the key again.
pub(crate) fn is_author(committed: &Committed, subject: &Subject) -> bool {
    committed.key.is_some() && committed.by.is(subject)
}

/// A conversation in a list, as `audience` may see it. `online`: its visitor has a socket.
pub(crate) fn summary(conversation: &Conversation, audience: Audience, online: bool) -> Summary {
    let view = conversation.view(audience);
    let visitor = &conversation.visitor;
    let for_agents = audience == Audience::Agents;
    Summary {
        id: conversation.id,
        site: conversation.site,
        status: if view.closed.is_some() { Status::Closed } else { Status::Open },
        owner: view.owner.map(|owner| agent(owner, audience)),
        visitor: SummaryVisitor {
            id: visitor.id.into(),
            name: visitor.name.clone(),
            email: visitor.email.clone().filter(|_| for_agents),
            online,
        },
        seq: view.seq,
        started_at: conversation.started_at,
        activity_at: view.activity_at,
        closed_at: view.closed.map(|(_, at)| at),
        closed_by: view.closed.map(|(closer, _)| {
            let By { id, name, .. } = by(closer, audience);
            ClosedBy { id: for_agents.then_some(id), name }
        }),
        preview: Preview {
            by: by(&view.snippet.by, audience),
            text: view.snippet.text.clone(),
            at: view.snippet.at,
        },
        unread: view.unread,
    }
}

/// Somebody is writing, or stopped.
pub(crate) fn typing(
    conversation: ConversationId,
    author: &Author,
    audience: Audience,
    active: bool,
) -> SignalFrame {
    let data = SignalData::Typing(TypingActive { active });
    let by = Some(by(author, audience));
    SignalFrame { sig: data.name().into(), conversation: Some(conversation), by, data }
}

/// A signal without an author.
pub(crate) fn signal(conversation: Option<ConversationId>, data: SignalData) -> SignalFrame {
    SignalFrame { sig: data.name().into(), conversation, by: None, data }
}

/// A name that is not known.
pub(crate) fn no_name() -> Arc<str> {
    WORDS.nobody.clone()
}
