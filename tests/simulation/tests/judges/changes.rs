//! Where in a history something can be changed.

use std::collections::BTreeMap;

use conversation::{Command, Committed, Deed, Subject};
use protocol::ConversationId;
use simulation::History;
use simulation::history::{Answered, AttemptId, ConnectionId, Entry, Question, What};

/// The first step at which `pick` finds something.
pub fn find<T>(history: &History, mut pick: impl FnMut(usize, &What) -> Option<T>) -> Option<T> {
    history.entries.iter().enumerate().find_map(|(step, entry)| pick(step, &entry.what))
}

/// Where a command was granted: the step of the answer, its attempt, what was asked, and where.
pub struct Granted {
    pub step: usize,
    pub asked: usize,
    pub attempt: AttemptId,
    pub conversation: ConversationId,
    pub seq: u64,
}

/// Everybody's connection.
pub fn people(history: &History) -> BTreeMap<ConnectionId, Subject> {
    let connected = history.entries.iter().filter_map(|entry| match &entry.what {
        What::Connected { connection, who, .. } => Some((*connection, *who)),
        _ => None,
    });
    connected.collect()
}

/// Commands of agents that were granted, as `fits` says.
pub fn granted(history: &History, fits: impl Fn(Deed, &Command) -> bool) -> Vec<Granted> {
    let people = people(history);
    let mut asked = BTreeMap::new();
    let mut found = Vec::new();
    for (step, entry) in history.entries.iter().enumerate() {
        match &entry.what {
            What::Asked { attempt, connection, conversation, question } => {
                let agent = matches!(people.get(connection), Some(Subject::Agent { .. }));
                if let Question::Command { deed, command, .. } = question
                    && agent
                    && fits(*deed, command)
                {
                    asked.insert(*attempt, (step, *conversation));
                }
            }
            What::Answered { attempt, answer: Answered::Committed { seq, .. } } => {
                if let Some((asked, conversation)) = asked.get(attempt).copied() {
                    let attempt = *attempt;
                    found.push(Granted { step, asked, attempt, conversation, seq: *seq });
                }
            }
            _ => {}
        }
    }
    found
}

/// The same, of what was asked under its key only once.
pub fn granted_at_once(
    history: &History,
    fits: impl Fn(Deed, &Command) -> bool,
) -> Option<Granted> {
    let mut keys: BTreeMap<_, u32> = BTreeMap::new();
    for entry in &history.entries {
        if let What::Asked { question, .. } = &entry.what
            && let Some(key) = question.key()
        {
            *keys.entry(key.clone()).or_default() += 1;
        }
    }
    granted(history, fits).into_iter().find(|granted| match &history.entries[granted.asked].what {
        What::Asked { question, .. } => question.key().is_some_and(|key| keys[key] == 1),
        _ => false,
    })
}

/// The step at which an event was committed.
pub fn committed(history: &History, id: ConversationId, seq: u64) -> Option<usize> {
    find(history, |step, what| match what {
        What::Committed { conversation, events, .. } => {
            let here = *conversation == id && events.iter().any(|event| event.seq.0 == seq);
            here.then_some(step)
        }
        _ => None,
    })
}

/// Moves an entry to another step; what is between moves up or down.
pub fn move_entry(history: &mut History, from: usize, to: usize) {
    let mut entry = history.entries.remove(from);
    entry.at = history.entries[to].at;
    history.entries.insert(to, entry);
}

/// One more thing happens at the end.
pub fn append(history: &mut History, what: What) {
    let at = history.entries.last().map(|entry| entry.at).unwrap_or_default();
    let end = history.entries.len() - 1;
    history.entries.insert(end, Entry { at, what });
}

/// Changes the first answer that `change` finds fit.
pub fn change_answer(
    history: &mut History,
    mut change: impl FnMut(AttemptId, &mut Answered) -> bool,
) -> bool {
    history.entries.iter_mut().any(|entry| match &mut entry.what {
        What::Answered { attempt, answer } => change(*attempt, answer),
        _ => false,
    })
}

/// Changes the first event of the journal that `change` finds fit.
pub fn change_event(history: &mut History, change: impl FnMut(&mut Committed) -> bool) -> bool {
    history.journal.values_mut().flatten().any(change)
}
