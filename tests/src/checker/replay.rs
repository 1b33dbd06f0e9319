//! Plays a log through the rules.

use conversation::{
    Agent, Author, Command, Committed, Conversation, Event, Seq, Verdict, Visitor, VisitorSeq,
};
use protocol::{
    AgentId, By, EventData, EventFrame, Key, Person, Role, SiteId, StartedConversation, Text,
    VisitorId,
};

/// The state after each number of events (index 0 and 1 stand for the start, which is one step), and
/// what the rules have against the log.
pub(super) fn states(log: &[EventFrame]) -> (Vec<Conversation>, Vec<String>) {
    let mut faults = numbering(log);
    let Some(mut conversation) = beginning(log) else {
        faults.push("the log does not begin with a start and a message of its visitor".into());
        return (Vec::new(), faults);
    };
    let mut states = vec![conversation.clone(); 3];
    for event in &log[2..] {
        if let Err(fault) = step(&mut conversation, event) {
            faults.push(format!("event {}: {fault}", event.seq));
        }
        states.push(conversation.clone());
    }
    (states, faults)
}

/// Who did it, as the rules know it.
pub(super) fn author(role: Role, by: &Person) -> Author {
    match role {
        Role::Visitor => Author::Visitor { id: VisitorId(by.id.0), name: by.name.clone() },
        Role::Agent => Author::Agent(agent(by)),
        Role::System => Author::System,
    }
}

fn agent(by: &Person) -> Agent {
    Agent { id: AgentId(by.id.0), alias: by.id, name: by.name.clone() }
}

fn numbering(log: &[EventFrame]) -> Vec<String> {
    let mut faults = Vec::new();
    for (event, due) in log.iter().zip(1..) {
        if event.seq != due {
            faults.push(format!("the log has {} where {due} is due", event.seq));
        }
    }
    for pair in log.windows(2) {
        if pair[1].at < pair[0].at {
            faults.push(format!("event {} is older than the one before", pair[1].seq));
        }
        if pair[1].conversation != pair[0].conversation {
            faults.push(format!("event {} is of another conversation", pair[1].seq));
        }
    }
    faults
}

fn beginning(log: &[EventFrame]) -> Option<Conversation> {
    let [first, second, ..] = log else { return None };
    let EventData::ConversationStarted(StartedConversation { visitor }) = &first.data else {
        return None;
    };
    let EventData::MessagePosted(posted) = &second.data else { return None };
    if first.by.id != visitor.id || second.by.id != visitor.id || second.by.role != Role::Visitor {
        return None;
    }
    let visitor = Visitor { id: VisitorId(visitor.id.0), name: visitor.name.clone(), email: None };
    let opening = (Text::new(&posted.text).ok()?, Key::new("start").ok()?);
    let place = (first.conversation, SiteId::NOWHERE);
    Some(Conversation::start(place, visitor, opening, first.at).0)
}

fn step(conversation: &mut Conversation, frame: &EventFrame) -> Result<(), String> {
    let By { role, id, name } = &frame.by;
    let by = author(*role, &Person { id: *id, name: name.clone() });
    let (command, event) = meaning(conversation, frame)?;
    let verdict = conversation.decide(&by, &command);
    let legal = matches!(&verdict, Ok(Verdict::Commit(events)) if events.first() == Some(&event));
    let seq = Seq(frame.seq);
    let visitor_seq = conversation.visitor_head.0 + u64::from(event.is_for_visitors());
    let visitor_seq = VisitorSeq(visitor_seq);
    conversation.apply(&Committed { seq, visitor_seq, at: frame.at, by, key: None, event });
    if legal { Ok(()) } else { Err(format!("the rules say {verdict:?} to {command:?}")) }
}

fn meaning(conversation: &Conversation, frame: &EventFrame) -> Result<(Command, Event), String> {
    let text = |raw: &str| {
        let text = Text::new(raw).map_err(str::to_owned)?;
        if text.as_str() == raw { Ok(text) } else { Err("a text is not trimmed".to_owned()) }
    };
    Ok(match &frame.data {
        EventData::MessagePosted(posted) => {
            let text = text(&posted.text)?;
            (Command::Post { text: text.clone(), then_close: false }, Event::Posted { text })
        }
        EventData::NotePosted(noted) => {
            let text = text(&noted.text)?;
            (Command::Note { text: text.clone() }, Event::Noted { text })
        }
        EventData::ConversationClaimed(claimed) if claimed.owner.id == frame.by.id => {
            (Command::Claim, Event::Claimed)
        }
        EventData::ConversationUnclaimed(_) => (Command::Unclaim, Event::Unclaimed),
        EventData::ConversationClosed(_) => {
            let reason = conversation::CloseReason::Agent;
            (Command::Close { expected: Some(conversation.head) }, Event::Closed { reason })
        }
        EventData::ConversationClaimed(_) => return Err("claimed for somebody else".into()),
        EventData::ConversationStarted(_) => return Err("started twice".into()),
        EventData::Unknown(_) => return Err(format!("an event called {}", frame.ev)),
    })
}
