//! P2: one order for everybody, numbers without gaps, and what one socket sends takes effect in the order
//! sent.

use std::collections::BTreeMap;

use conversation::{Audience, Command, Committed};
use protocol::{ConversationId, Key};

use super::{Fault, Promise};
use crate::evidence::{Attempt, Evidence};
use crate::history::{Answered, ConnectionId, Question, Step, What};

pub const PROMISE: Promise =
    Promise { number: "P2", says: "one order without gaps", judge: faults };

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let numbers = evidence.logs.iter().filter_map(|(id, log)| numbering(*id, log.events));
    let mut faults: Vec<Fault> = numbers.collect();
    faults.extend(each_commit_follows_on(evidence));
    faults.extend(evidence.watches.iter().filter_map(|watch| {
        let numbers = watch.told.iter().filter_map(|(_, event)| event.number_for(watch.audience));
        let numbers: Vec<u64> = numbers.collect();
        let (before, after) =
            numbers.iter().zip(numbers.iter().skip(1)).find(|(a, b)| **b != **a + 1)?;
        let line = watch.connection;
        Some(Fault::of(
            watch.conversation,
            format!("connection {line} was told {after} after {before}"),
        ))
    }));
    faults.extend(out_of_turn(evidence));
    faults
}

fn numbering(conversation: ConversationId, log: &[Committed]) -> Option<Fault> {
    let mut visitors = 0;
    let mut last_at = i64::MIN;
    for (event, due) in log.iter().zip(1..) {
        visitors += u64::from(event.number_for(Audience::Visitor).is_some());
        if event.seq.0 != due || event.visitor_seq.0 != visitors {
            return Some(Fault::of(conversation, format!("{event:?} stands where {due} is due")));
        }
        if event.at < last_at {
            return Some(Fault::of(
                conversation,
                format!("event {due} is older than the one before"),
            ));
        }
        last_at = event.at;
    }
    None
}

/// No two commits on one number.
fn each_commit_follows_on(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut heads: BTreeMap<ConversationId, u64> = BTreeMap::new();
    let mut faults = Vec::new();
    for entry in &evidence.history.entries {
        let What::Committed { conversation, events, .. } = &entry.what else { continue };
        let head = heads.entry(*conversation).or_default();
        for event in events {
            if event.seq.0 != *head + 1 {
                let says = format!("{} was committed on top of {head}", event.seq.0);
                faults.push(Fault::of(*conversation, says));
            }
            *head = event.seq.0;
        }
    }
    faults
}

type Socket = (ConnectionId, ConversationId);

/// Words that were sent once, over the same socket, to the same conversation, and granted: in the order
/// sent.
fn out_of_turn(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut sent: BTreeMap<(&Key, Socket), u32> = BTreeMap::new();
    for attempt in evidence.commands() {
        if let Some(key) = attempt.question.key() {
            *sent.entry((key, (0, attempt.conversation))).or_default() += 1;
        }
    }
    let once = |attempt: &&Attempt<'_>| {
        let key = attempt.question.key();
        key.is_some_and(|key| sent.get(&(key, (0, attempt.conversation))) == Some(&1))
    };
    let mut sockets: BTreeMap<Socket, Vec<(Step, u64)>> = BTreeMap::new();
    for attempt in evidence.commands().filter(once).filter(|attempt| is_words(attempt.question)) {
        if let Some((_, Answered::Committed { seq, .. })) = attempt.answer {
            let socket = (attempt.connection, attempt.conversation);
            sockets.entry(socket).or_default().push((attempt.asked.step, *seq));
        }
    }
    let wrong = sockets.into_iter().filter_map(|((line, conversation), mut words)| {
        words.sort_unstable();
        let pair = words.windows(2).find(|pair| pair[1].1 <= pair[0].1)?;
        let says =
            format!("connection {line}: {pair:?} (step sent, number) took effect out of turn");
        Some(Fault::of(conversation, says))
    });
    wrong.collect()
}

fn is_words(question: &Question) -> bool {
    matches!(
        question,
        Question::Command { command: Command::Post { .. } | Command::Note { .. }, .. }
    )
}
