//! 4.2: a visitor has at most one open conversation, and is told which if it has one.

use std::collections::BTreeMap;

use conversation::{Event, Seq};
use protocol::VisitorId;

use super::{Fault, Promise};
use crate::evidence::Evidence;
use crate::history::{Answered, Step};

pub const PROMISE: Promise =
    Promise { number: "4.2", says: "a visitor has one open conversation", judge: faults };

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut open: BTreeMap<VisitorId, Vec<(Step, Step)>> = BTreeMap::new();
    for (id, log) in &evidence.logs {
        let Some(Event::Started { visitor, .. }) = log.events.first().map(|first| &first.event)
        else {
            faults.push(Fault::of(*id, "it does not begin with its start"));
            continue;
        };
        let closed = log.events.iter().find(|event| matches!(event.event, Event::Closed { .. }));
        let from = log.committed(Seq(1)).unwrap_or(0);
        let until = closed.and_then(|event| log.committed(event.seq)).unwrap_or(Step::MAX);
        let others = open.entry(*visitor).or_default();
        if others.iter().any(|(since, over)| from < *over && *since < until) {
            faults.push(Fault::of(*id, "it was open together with another one of its visitor"));
        }
        others.push((from, until));
    }
    faults.extend(wrong_answers(evidence));
    faults
}

/// The one that is said to be open was the visitor's, and open at some moment.
fn wrong_answers(evidence: &Evidence<'_>) -> Vec<Fault> {
    let wrong = evidence.answered().filter_map(|(attempt, moment, answer)| {
        let Answered::AlreadyOpen(open) = answer else { return None };
        let log = evidence.logs.get(open);
        let was_open = log.is_some_and(|log| {
            let (first, last) = (log.head_at(attempt.asked.step), log.head_at(moment.step));
            log.admits(&attempt.who)
                && log.stages.get(first..=last).is_some_and(|s| s.iter().any(|s| !s.closed))
        });
        let says = || format!("{:?} was told that {open} is open", attempt.who);
        (!was_open).then(|| Fault::of(*open, says()))
    });
    wrong.collect()
}
