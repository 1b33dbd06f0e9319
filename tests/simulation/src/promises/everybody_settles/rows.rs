//! Rows of the inbox, as whoever watches it is told of them.

use std::collections::BTreeMap;
use std::time::Duration;

use conversation::Conversation;
use protocol::ConversationId;

use super::Fault;
use crate::evidence::{Evidence, Line, Moment, PROMISED};
use crate::history::{Answered, ConnectionId, NodeId, Question, What};

pub fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut faults = late(evidence);
    faults.extend(old(evidence));
    faults
}

type Place = (ConnectionId, ConversationId);

/// When a connection began to watch the inbox.
#[derive(Clone, Copy)]
struct Begun {
    asked: Moment,
    answered: Moment,
}

impl Begun {
    /// From where on it is owed what `by` commits. Its own node holds back what it commits while it
    /// answers; what others commit it may begin to ask for as late as with the answer.
    fn from(self, by: Option<NodeId>, line: &Line) -> Moment {
        if by == Some(line.node) { self.asked } else { self.answered }
    }
}

/// A change of which a watcher was not told in time, by this row or by a later one.
fn late(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut told: BTreeMap<Place, Vec<(Duration, u64)>> = BTreeMap::new();
    for entry in &evidence.history.entries {
        if let What::Row { connection, row } = &entry.what {
            told.entry((*connection, row.id)).or_default().push((entry.at, row.head.0));
        }
    }
    let mut faults = Vec::new();
    for (connection, line, begun) in watches(evidence) {
        let over = line.ended.unwrap_or(evidence.over);
        for (at, id, head) in changes(evidence, line, begun) {
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
    begun: Begun,
) -> impl Iterator<Item = (Duration, ConversationId, u64)> {
    let since = evidence.history.entries.iter().enumerate().skip(begun.asked.step);
    since.filter_map(move |(step, entry)| match &entry.what {
        What::Committed { by, conversation, events } => {
            let row = evidence.history.rows.get(conversation)?;
            let head = events.last()?.seq.0;
            let owed = step > begun.from(*by, line).step && row.site == line.who.site();
            owed.then_some((entry.at, *conversation, head))
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
    for (line, watcher, begun) in watches(evidence).filter(|(_, line, _)| line.ended.is_none()) {
        for (id, row) in owed(evidence, watcher, begun) {
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
) -> impl Iterator<Item = (ConnectionId, &'b Line, Begun)> {
    evidence.answered().filter_map(|(attempt, answered, answer)| {
        let watches = matches!(attempt.question, Question::WatchInbox)
            && matches!(answer, Answered::Counts(_));
        let line = evidence.lines.get(&attempt.connection)?;
        let begun = Begun { asked: attempt.arrived.unwrap_or(answered), answered };
        watches.then_some((attempt.connection, line, begun))
    })
}

/// Rows that changed last while this connection watched, on whichever node.
fn owed<'b>(
    evidence: &'b Evidence<'_>,
    line: &Line,
    begun: Begun,
) -> Vec<(ConversationId, &'b Conversation)> {
    let mut last: BTreeMap<ConversationId, bool> = BTreeMap::new();
    for (step, entry) in evidence.history.entries.iter().enumerate() {
        if let What::Committed { by, conversation, .. } = &entry.what {
            let calm = evidence.troubles.calm(line.node, entry.at, entry.at + PROMISED);
            last.insert(*conversation, step > begun.from(*by, line).step && calm);
        }
    }
    let owed = last.into_iter().filter(|(_, owed)| *owed).map(|(id, _)| id);
    let site = line.who.site();
    let row = |id| evidence.history.rows.get(&id).map(|row| (id, row));
    owed.filter_map(row).filter(|(_, row)| row.site == site).collect()
}
