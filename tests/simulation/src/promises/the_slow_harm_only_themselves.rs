//! P10: a client that does not read is given up and told nothing more; everybody else is answered as if it
//! were not there.

use std::collections::BTreeMap;

use super::{Fault, Promise};
use crate::evidence::{Attempt, Evidence, PROMISED};
use crate::history::{Answered, What};

pub const PROMISE: Promise =
    Promise { number: "P10", says: "the slow harm only themselves", judge: faults };

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    told_in_vain(evidence).into_iter().chain(unanswered(evidence)).collect()
}

/// Each conversation finds out once that an ear is deaf, and once more for each watch or start that was on
/// its way.
fn told_in_vain(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut may: BTreeMap<_, u32> = BTreeMap::new();
    for (attempt, _, answer) in evidence.answered() {
        if matches!(answer, Answered::Watched { .. } | Answered::Started { .. }) {
            *may.entry((attempt.connection, attempt.conversation)).or_default() += 1;
        }
    }
    let vain = evidence.history.entries.iter().filter_map(|entry| match &entry.what {
        What::ToldInVain { connection, conversation } => Some((*connection, *conversation)),
        _ => None,
    });
    let too_often = vain.filter(|place| match may.get_mut(place) {
        // A start whose answer was never heard is one more.
        None => may.insert(*place, 0).is_some(),
        Some(0) => true,
        Some(left) => {
            *left -= 1;
            false
        }
    });
    let fault = |(line, conversation)| {
        Fault::of(conversation, format!("connection {line} was told in vain again"))
    };
    too_often.map(fault).collect()
}

/// A question that reached a node which was well, and was not answered.
fn unanswered(evidence: &Evidence<'_>) -> Vec<Fault> {
    let owed = |attempt: &&Attempt<'_>| {
        let Some(line) = evidence.lines.get(&attempt.connection) else { return false };
        let Some(arrived) = attempt.arrived else { return false };
        let until = arrived.at + PROMISED;
        let in_time = attempt.answer.is_some_and(|(moment, _)| moment.at <= until);
        let stayed = line.ended.unwrap_or(evidence.over) > until;
        !in_time && stayed && evidence.troubles.calm(line.node, arrived.at, until)
    };
    let fault = |attempt: &Attempt<'_>| {
        let says = format!("{:?} was not answered within 5 s", attempt.question);
        Fault::of(attempt.conversation, says)
    };
    evidence.attempts.values().filter(owed).map(fault).collect()
}
