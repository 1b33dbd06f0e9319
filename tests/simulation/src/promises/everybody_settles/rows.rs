//! Rows of the inbox, as whoever watches it is told of them.

use std::collections::BTreeMap;
use std::time::Duration;

use conversation::Conversation;
use protocol::ConversationId;

use super::Fault;
use crate::evidence::{Evidence, Line, Moment, PROMISED};
use crate::history::{Answered, ConnectionId, Question, What};

pub fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut faults = late(evidence);
    faults.extend(old(evidence));
    faults
}

type Place = (ConnectionId, ConversationId);

/// A change of which a watcher was not told in time, by this row or by a later one.
fn late(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut told: BTreeMap<Place, Vec<(Duration, u64)>> = BTreeMap::new();
    for entry in &evidence.history.entries {
        if let What::Row { connection, row } = &entry.what {
            told.entry((*connection, row.id)).or_default().push((entry.at, row.head.0));
        }
    }
    let mut faults = Vec::new();
    for (connection, line, from) in watches(evidence) {
        let over = line.ended.unwrap_or(evidence.over);
        for (at, id, head) in changes(evidence, line, from) {
            let until = at + PROMISED;
            let rows = told.get(&(connection, id)).map_or(&[][..], Vec::as_slice);
            let in_time = rows.iter().any(|(told, upto)| *told <= until && *upto >= head);
            if !in_time && until < over && evidence.troubles.calm(line.node, at, until) {
                let says = format!("connection {connection} was not told row {head} within 5 s");
                faults.push(Fault::of(id, says));
            }
        }
    }
    faults
}

/// What changed in the site of this connection since then: when, where, and up to which number.
fn changes<'b>(
    evidence: &'b Evidence<'_>,
    line: &'b Line,
    from: Moment,
) -> impl Iterator<Item = (Duration, ConversationId, u64)> {
    let since = evidence.history.entries.iter().skip(from.step);
    since.filter_map(|entry| match &entry.what {
        What::Committed { conversation, events, .. } => {
            let row = evidence.history.rows.get(conversation)?;
            let head = events.last()?.seq.0;
            (row.site == line.who.site()).then_some((entry.at, *conversation, head))
        }
        _ => None,
    })
}

/// The last row that a watcher of the inbox was told is the store's, for conversations that moved while it
/// watched.
fn old(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut told: BTreeMap<(ConnectionId, ConversationId), &Conversation> = BTreeMap::new();
    for entry in &evidence.history.entries {
        if let What::Row { connection, row } = &entry.what {
            let last = told.entry((*connection, row.id)).or_insert(row);
            if row.head >= last.head {
                *last = row;
            }
        }
    }
    let mut faults = Vec::new();
    for (line, watcher, from) in watches(evidence).filter(|(_, line, _)| line.ended.is_none()) {
        for (id, row) in owed(evidence, watcher, from) {
            if told.get(&(line, id)).is_none_or(|told| *told != row) {
                let head = told.get(&(line, id)).map(|row| row.head.0);
                let says = format!("connection {line} has row {head:?} of {}", row.head.0);
                faults.push(Fault::of(id, says));
            }
        }
    }
    faults
}

/// Connections that watch the inbox, and since when.
fn watches<'b>(
    evidence: &'b Evidence<'_>,
) -> impl Iterator<Item = (ConnectionId, &'b Line, Moment)> {
    evidence.answered().filter_map(|(attempt, moment, answer)| {
        let watches = matches!(attempt.question, Question::WatchInbox)
            && matches!(answer, Answered::Counts(_));
        let line = evidence.lines.get(&attempt.connection)?;
        // From the question on: what changes while it is answered is told after the answer.
        let from = attempt.arrived.unwrap_or(moment);
        watches.then_some((attempt.connection, line, from))
    })
}

/// Rows that changed last while this connection watched, on whichever node.
fn owed<'b>(
    evidence: &'b Evidence<'_>,
    line: &Line,
    from: Moment,
) -> Vec<(ConversationId, &'b Conversation)> {
    let mut last: BTreeMap<ConversationId, bool> = BTreeMap::new();
    for entry in &evidence.history.entries {
        if let What::Committed { conversation, .. } = &entry.what {
            let calm = evidence.troubles.calm(line.node, entry.at, entry.at + PROMISED);
            last.insert(*conversation, entry.at > from.at && calm);
        }
    }
    let owed = last.into_iter().filter(|(_, owed)| *owed).map(|(id, _)| id);
    let site = line.who.site();
    let row = |id| evidence.history.rows.get(&id).map(|row| (id, row));
    owed.filter_map(row).filter(|(_, row)| row.site == site).collect()
}
