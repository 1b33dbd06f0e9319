//! P4: at most one agent owns a conversation, only the owner does what owners do, and who loses is told
//! the truth about who won.

use conversation::{Author, Committed, Event, Rejection};
use protocol::{AgentId, ConversationId};

use super::{Fault, Promise};
use crate::evidence::{Evidence, Log, Stage};
use crate::history::Answered;

pub const PROMISE: Promise = Promise { number: "P4", says: "one owner", judge: faults };

fn faults(evidence: &Evidence<'_>) -> Vec<Fault> {
    let usurped = evidence.logs.iter().filter_map(|(id, log)| usurpation(*id, log));
    usurped.chain(untold(evidence)).collect()
}

fn usurpation(conversation: ConversationId, log: &Log<'_>) -> Option<Fault> {
    let before = log.stages.iter().zip(log.events);
    let wrong = before.into_iter().find(|(stage, event)| !is_allowed(stage, event));
    let (stage, event) = wrong?;
    Some(Fault::of(conversation, format!("{event:?} while {:?} owned it", stage.owner)))
}

fn is_allowed(before: &Stage, event: &Committed) -> bool {
    let Author::Agent(agent) = &event.by else {
        return matches!(event.event, Event::Started { .. } | Event::Posted { .. });
    };
    match event.event {
        Event::Claimed => before.owner.is_none(),
        Event::Unclaimed | Event::Posted { .. } | Event::Closed { .. } => {
            before.owner == Some(agent.id)
        }
        Event::Noted { .. } => true,
        Event::Started { .. } => false,
    }
}

/// A refusal that was true at no moment between its question and its answer.
fn untold(evidence: &Evidence<'_>) -> Vec<Fault> {
    let refused = evidence.answered().filter_map(|(attempt, moment, answer)| {
        let Answered::Rejected(rejection) = answer else { return None };
        let asker: AgentId = match attempt.who {
            conversation::Subject::Agent { id, .. } => id,
            conversation::Subject::Visitor { .. } => return None,
        };
        let is_true = |stage: &Stage| match rejection {
            Rejection::AlreadyClaimed { owner } => {
                stage.owner == Some(owner.id) && owner.id != asker
            }
            Rejection::NotOwner { owner } => {
                let owner = owner.as_ref().map(|owner| owner.id);
                stage.owner == owner && owner != Some(asker)
            }
            _ => true,
        };
        let window = evidence.window(attempt, moment);
        let says = || format!("{:?} was refused {rejection:?}, of {window:?}", attempt.question);
        (!window.iter().any(is_true)).then(|| Fault::of(attempt.conversation, says()))
    });
    refused.collect()
}
