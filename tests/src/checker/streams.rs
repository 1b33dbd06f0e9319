//! Holds against the log what each client saw.

use std::collections::HashMap;

use protocol::{Claimed, EventData, EventFrame, Key, PersonId, Role};

use super::{History, Stream, is_for_visitors};

pub(super) fn faults(history: &History) -> Vec<String> {
    history.streams.iter().flat_map(|stream| stream_faults(&history.log, stream)).collect()
}

fn stream_faults(log: &[EventFrame], stream: &Stream) -> Vec<String> {
    let visitor = stream.role == Role::Visitor;
    let due: Vec<&EventFrame> =
        log.iter().filter(|event| !visitor || is_for_visitors(event)).collect();
    let mut faults = Vec::new();
    let mut aliases = Aliases::default();
    for (index, seen) in stream.events.iter().enumerate() {
        if seen.seq != index as u64 + 1 {
            faults.push(format!("{} saw {} where {} was due", stream.viewer, seen.seq, index + 1));
        }
        match due.get(index) {
            None => faults.push(format!("{} saw what is not in the log: {seen:?}", stream.viewer)),
            Some(event) => {
                let told = aliases
                    .same(event, seen, visitor)
                    .and_then(|()| key_is_private(event, seen, stream));
                faults.extend(told.err().map(|fault| format!("{}: {fault}", stream.viewer)));
            }
        }
    }
    if stream.whole && stream.events.len() < due.len() {
        let (seen, due) = (stream.events.len(), due.len());
        faults.push(format!("{} saw {seen} of {due} events", stream.viewer));
    }
    faults
}

/// What visitors are told instead of agents' ids: for each one other id, always the same.
#[derive(Default)]
struct Aliases {
    of: HashMap<PersonId, PersonId>,
}

impl Aliases {
    fn same(&mut self, event: &EventFrame, seen: &EventFrame, visitor: bool) -> Result<(), String> {
        let same = event.ev == seen.ev
            && event.conversation == seen.conversation
            && event.at == seen.at
            && event.by.role == seen.by.role
            && event.by.name == seen.by.name;
        if !same || content(event) != content(seen) {
            return Err(format!("{event:?} was told as {seen:?}"));
        }
        self.id(event.by.role, event.by.id, seen.by.id, visitor)?;
        if let (
            EventData::ConversationClaimed(Claimed { owner }),
            EventData::ConversationClaimed(told),
        ) = (&event.data, &seen.data)
        {
            self.id(Role::Agent, owner.id, told.owner.id, visitor)?;
        }
        Ok(())
    }

    fn id(
        &mut self,
        role: Role,
        real: PersonId,
        told: PersonId,
        visitor: bool,
    ) -> Result<(), String> {
        if !visitor || role != Role::Agent {
            return if real == told { Ok(()) } else { Err(format!("{real} was told as {told}")) };
        }
        if real == told {
            return Err(format!("a visitor was told the id of agent {real}"));
        }
        let taken = self.of.iter().any(|(other, alias)| *other != real && *alias == told);
        let alias = *self.of.entry(real).or_insert(told);
        if alias == told && !taken {
            Ok(())
        } else {
            Err(format!("agent {real} is {alias} and {told}"))
        }
    }
}

/// What an event says, without ids and keys.
fn content(event: &EventFrame) -> (&str, &str) {
    match &event.data {
        EventData::ConversationStarted(started) => ("started", &started.visitor.name),
        EventData::MessagePosted(posted) => ("posted", &posted.text),
        EventData::NotePosted(noted) => ("noted", &noted.text),
        EventData::ConversationClaimed(claimed) => ("claimed", &claimed.owner.name),
        EventData::ConversationUnclaimed(_) => ("unclaimed", ""),
        EventData::ConversationClosed(closed) => ("closed", &closed.text),
        EventData::Unknown(_) => ("unknown", ""),
    }
}

/// A key reaches its author, and nobody else.
fn key_is_private(event: &EventFrame, seen: &EventFrame, stream: &Stream) -> Result<(), String> {
    let key: Option<&Key> = match &seen.data {
        EventData::MessagePosted(posted) => posted.key.as_ref(),
        EventData::NotePosted(noted) => noted.key.as_ref(),
        _ => return Ok(()),
    };
    match (event.by.id == stream.viewer, key) {
        (false, Some(key)) => Err(format!("was told the key {key:?} of somebody else")),
        (true, None) => Err(format!("was not told its own key of event {}", seen.seq)),
        (true, Some(_)) | (false, None) => Ok(()),
    }
}
