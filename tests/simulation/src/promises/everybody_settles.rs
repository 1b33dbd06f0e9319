//! P9: whatever happens to hints, everybody who watches has every event within five seconds, the last one
//! of a conversation too; and in the end everybody has everything.

mod rows;

use std::time::Duration;

use super::{Fault, Promise};
use crate::evidence::{Evidence, PROMISED, Watch};
use crate::history::{Answered, What};

pub const PROMISE: Promise = Promise { number: "P9", says: "everybody settles", judge: faults };

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let late = evidence.watches.iter().filter_map(|watch| late(evidence, watch));
    let mut faults: Vec<Fault> = late.collect();
    faults.extend(incomplete(evidence));
    faults.extend(unsettled(evidence));
    faults.extend(rows::faults(evidence));
    faults
}

/// An event that was not told in time, although its node and its connection were well.
fn late(evidence: &Evidence<'_>, watch: &Watch<'_>) -> Option<Fault> {
    let log = evidence.logs.get(&watch.conversation)?;
    let node = evidence.lines.get(&watch.connection)?.node;
    let ended = watch.ended.unwrap_or(evidence.over);
    let missed = log.events.iter().find(|event| {
        let Some(number) = event.number_for(watch.audience).filter(|n| *n > watch.head) else {
            return false;
        };
        let Some(committed) = log.committed(event.seq) else { return false };
        let since = evidence.history.entries[committed].at.max(watch.begun.at);
        let until = since + PROMISED;
        let in_time = watch.told.iter().any(|(told, event)| {
            told.at <= until && event.number_for(watch.audience) == Some(number)
        });
        !in_time && until < ended && evidence.troubles.calm(node, since, until)
    })?;
    let (line, seq) = (watch.connection, missed.seq.0);
    let says = format!("connection {line} on {node} was not told event {seq} within 5 s");
    Some(Fault::of(watch.conversation, says))
}

/// A client that does not have everything in the end.
fn incomplete(evidence: &Evidence<'_>) -> Vec<Fault> {
    let views = evidence.history.views.iter().filter_map(|view| {
        let log = evidence.logs.get(&view.conversation)?;
        let (upto, whole) = (view.upto, log.whole_for(view.who.audience()));
        let says = || format!("device {} ended with {upto} of {whole} events", view.device);
        (upto != whole).then(|| Fault::of(view.conversation, says()))
    });
    views.collect()
}

/// After the healing every command is answered for good.
fn unsettled(evidence: &Evidence<'_>) -> Vec<Fault> {
    let healed = evidence.history.entries.iter().find(|entry| entry.what == What::Healed);
    let Some(healed) = healed else { return Vec::new() };
    // A client may need so long to hear that its connection is gone.
    let from = healed.at + Duration::from_secs(13);
    let asked = evidence.commands().filter(|attempt| attempt.asked.at > from);
    let open = asked.filter(|attempt| match attempt.answer {
        None => attempt.asked.at + PROMISED < evidence.over,
        Some((_, Answered::Later { rate_limited, .. })) => !rate_limited,
        Some(_) => false,
    });
    let fault = |attempt: &crate::evidence::Attempt<'_>| {
        let says = format!("long after the healing, {:?} is not settled", attempt.question);
        Fault::of(attempt.conversation, says)
    };
    open.map(fault).collect()
}
