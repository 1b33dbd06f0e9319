//! P8: whoever comes back with the last number it saw gets exactly what it missed, or is told to start
//! afresh; and what is live follows on.

use conversation::{Audience, Committed};

use super::{Fault, Promise};
use crate::evidence::{Attempt, Evidence, Moment, Snapshot, Watch};
use crate::history::{Answered, Question};
use store::Range;

pub const PROMISE: Promise = Promise { number: "P8", says: "resume misses nothing", judge: faults };

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (attempt, moment, answer) in evidence.answered() {
        let fault = match (attempt.snapshot(), attempt.question, answer) {
            (Some(snapshot), ..) => snapshot_fault(evidence, attempt, moment, &snapshot),
            (_, Question::History { range, .. }, Answered::Page { events, head, more }) => {
                page_fault(attempt.audience(), *range, events, *head, *more)
            }
            _ => None,
        };
        faults.extend(fault.map(|says| Fault::of(attempt.conversation, says)));
    }
    for watch in &evidence.watches {
        faults.extend(joint(watch).map(|says| Fault::of(watch.conversation, says)));
    }
    faults.extend(evidence.unasked.iter().map(|(line, conversation)| {
        Fault::of(*conversation, format!("connection {line} was told before its snapshot"))
    }));
    faults
}

fn snapshot_fault(
    evidence: &Evidence<'_>,
    attempt: &Attempt<'_>,
    moment: Moment,
    snapshot: &Snapshot<'_>,
) -> Option<String> {
    let Snapshot { after, events, head, more, reset } = *snapshot;
    let log = evidence.logs.get(&attempt.conversation)?;
    let was = log.head_for(attempt.audience(), log.head_at(attempt.asked.step));
    let is = log.head_for(attempt.audience(), log.head_at(moment.step));
    if reset && after <= was {
        return Some(format!("told to start afresh after {after} of {was}"));
    }
    if !reset && after > is {
        return Some(format!("resumed after {after}, and there are {is}"));
    }
    let after = if reset { 0 } else { after };
    let numbers = numbers(attempt.audience(), events);
    let last = numbers.last().copied().unwrap_or(after);
    let contiguous = numbers.iter().copied().eq(after + 1..=last);
    if !contiguous || last > head || more != (last < head) {
        return Some(format!("after {after} of {head} (more: {more}) came {numbers:?}"));
    }
    None
}

fn page_fault(
    audience: Audience,
    range: Range,
    events: &[Committed],
    head: u64,
    more: bool,
) -> Option<String> {
    let numbers = numbers(audience, events);
    let (first, last) = (numbers.first().copied(), numbers.last().copied());
    let contiguous = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let right = match range {
        Range::After(after) => {
            first.is_none_or(|first| first == after + 1) && more == (last.unwrap_or(after) < head)
        }
        Range::Before(before) => {
            last.is_none_or(|last| last + 1 == before || last == head && last < before)
                && more == first.is_some_and(|first| first > 1)
        }
    };
    (!contiguous || !right)
        .then(|| format!("a page {range:?} of {head} (more: {more}) was {numbers:?}"))
}

/// Where live events join the snapshot.
fn joint(watch: &Watch<'_>) -> Option<String> {
    let first = watch.told.first().and_then(|(_, event)| event.number_for(watch.audience));
    if first.is_some_and(|first| first != watch.head + 1) {
        let (line, head) = (watch.connection, watch.head);
        return Some(format!("connection {line}: {first:?} was told after a snapshot at {head}"));
    }
    let again = watch.again.iter().find(|again| again.head != again.told)?;
    let (line, head, told) = (watch.connection, again.head, again.told);
    Some(format!("connection {line}: told up to {told}, its new snapshot is at {head}"))
}

fn numbers(audience: Audience, events: &[Committed]) -> Vec<u64> {
    events.iter().filter_map(|event| event.number_for(audience)).collect()
}
