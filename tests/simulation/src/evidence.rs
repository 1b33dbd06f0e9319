//! The history, sorted by what it is about: logs, questions with their answers, connections, watches.
//!
//! Nothing here judges, and nothing here asks the rules that the nodes use: what the log means is worked
//! out anew, so that a mistake in the rules is seen.

mod calm;
mod logs;
mod watches;

use std::collections::BTreeMap;
use std::time::Duration;

use conversation::{Audience, Subject};
use protocol::{ConversationId, Key};

pub use calm::Troubles;
pub use logs::{Log, Stage, is_for_visitors};
pub use watches::{Snapshot, Watch};

use crate::history::{Answered, AttemptId, ConnectionId, History, NodeId, Question, Step, What};

/// What a node has five seconds for, whatever happens to hints.
pub const PROMISED: Duration = Duration::from_secs(5);

/// When something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub step: Step,
    pub at: Duration,
}

/// One question over one connection, with its answer if there was one.
pub struct Attempt<'a> {
    pub id: AttemptId,
    pub connection: ConnectionId,
    pub who: Subject,
    pub conversation: ConversationId,
    pub question: &'a Question,
    pub asked: Moment,
    pub arrived: Option<Moment>,
    pub answer: Option<(Moment, &'a Answered)>,
}

/// One connection.
pub struct Line {
    pub who: Subject,
    pub node: NodeId,
    /// When its client or its node had no more use for it.
    pub ended: Option<Duration>,
}

/// A history made ready to be judged.
pub struct Evidence<'a> {
    pub history: &'a History,
    pub logs: BTreeMap<ConversationId, Log<'a>>,
    pub attempts: BTreeMap<AttemptId, Attempt<'a>>,
    pub lines: BTreeMap<ConnectionId, Line>,
    pub watches: Vec<Watch<'a>>,
    /// Told on connections that did not watch.
    pub unasked: Vec<(ConnectionId, ConversationId)>,
    pub troubles: Troubles,
    /// When the world ended.
    pub over: Duration,
}

impl<'a> Evidence<'a> {
    pub fn of(history: &'a History) -> Self {
        let lines = lines(history);
        let attempts = attempts(history, &lines);
        let (watches, unasked) = watches::of(history, &attempts, &lines);
        Self {
            history,
            logs: logs::of(history),
            attempts,
            lines,
            watches,
            unasked,
            troubles: Troubles::of(history),
            over: history.entries.last().map_or(Duration::ZERO, |entry| entry.at),
        }
    }

    /// Attempts that are commands with a key, answered or not.
    pub fn commands(&self) -> impl Iterator<Item = &Attempt<'a>> {
        self.attempts.values().filter(|attempt| attempt.question.key().is_some())
    }

    /// Attempts to which `answer` is the answer, with their log if there is one.
    pub fn answered(&self) -> impl Iterator<Item = (&Attempt<'a>, Moment, &'a Answered)> {
        self.attempts.values().filter_map(|attempt| {
            let (moment, answer) = attempt.answer?;
            Some((attempt, moment, answer))
        })
    }

    /// Whether somebody may know of a conversation.
    pub fn may_know(&self, who: &Subject, conversation: ConversationId) -> bool {
        self.logs.get(&conversation).is_some_and(|log| log.admits(who))
    }

    /// The states that a conversation was in between a question and its answer.
    pub fn window(&self, attempt: &Attempt<'_>, answered: Moment) -> &[Stage] {
        let Some(log) = self.logs.get(&attempt.conversation) else { return &[] };
        let (first, last) = (log.head_at(attempt.asked.step), log.head_at(answered.step));
        log.stages.get(first..=last).unwrap_or(&[])
    }
}

impl Attempt<'_> {
    pub fn audience(&self) -> Audience {
        self.who.audience()
    }
}

impl Question {
    /// The key, if it is a command.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Question::Start { key, .. } | Question::Command { key, .. } => Some(key),
            _ => None,
        }
    }
}

fn lines(history: &History) -> BTreeMap<ConnectionId, Line> {
    let mut lines: BTreeMap<ConnectionId, Line> = BTreeMap::new();
    for entry in &history.entries {
        match &entry.what {
            What::Connected { connection, who, node } => {
                lines.insert(*connection, Line { who: *who, node: *node, ended: None });
            }
            What::Ended { connection } | What::Overflowed { connection } => {
                if let Some(line) = lines.get_mut(connection) {
                    line.ended.get_or_insert(entry.at);
                }
            }
            What::Fault(crate::history::Fault::Crashed(node)) => {
                for line in lines.values_mut().filter(|line| line.node == *node) {
                    line.ended.get_or_insert(entry.at);
                }
            }
            _ => {}
        }
    }
    lines
}

fn attempts<'a>(
    history: &'a History,
    lines: &BTreeMap<ConnectionId, Line>,
) -> BTreeMap<AttemptId, Attempt<'a>> {
    let mut attempts: BTreeMap<AttemptId, Attempt<'a>> = BTreeMap::new();
    for (step, entry) in history.entries.iter().enumerate() {
        let now = Moment { step, at: entry.at };
        match &entry.what {
            What::Asked { attempt: id, connection, conversation, question } => {
                let Some(line) = lines.get(connection) else { continue };
                let attempt = Attempt {
                    id: *id,
                    connection: *connection,
                    who: line.who,
                    conversation: *conversation,
                    question,
                    asked: now,
                    arrived: None,
                    answer: None,
                };
                attempts.insert(*id, attempt);
            }
            What::Arrived { attempt } => {
                if let Some(attempt) = attempts.get_mut(attempt) {
                    attempt.arrived = Some(now);
                }
            }
            What::Answered { attempt, answer } => {
                if let Some(attempt) = attempts.get_mut(attempt) {
                    attempt.answer = Some((now, answer));
                    // A start that was made before is about the conversation it made then.
                    if let Answered::Started { conversation, .. } = answer {
                        attempt.conversation = *conversation;
                    }
                }
            }
            _ => {}
        }
    }
    attempts
}
