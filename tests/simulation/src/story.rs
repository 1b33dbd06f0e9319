//! One conversation's part of a history, readable.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use conversation::{Command, Committed, Event};
use protocol::ConversationId;

use crate::history::{Answered, AttemptId, ConnectionId, Entry, History, Question, What};
use crate::people::name_of;
use crate::promises::Broken;

/// What a promise says is broken, the story of its conversation, and how to see it again.
pub fn report(seed: u64, history: &History, broken: &Broken) -> String {
    let Broken { promise, says, fault } = broken;
    let mut report = format!("seed {seed} breaks {promise}, {says}:\n  {}\n", fault.says);
    if let Some(conversation) = fault.conversation {
        let _ = writeln!(report, "the story of {conversation}:");
        report.push_str(&story(history, conversation));
    }
    let _ = writeln!(report, "again: cargo xtask simulate --seed {seed}");
    report
}

/// The stories of all conversations, one after the other.
pub fn stories(history: &History) -> String {
    let mut stories = String::new();
    for conversation in history.journal.keys() {
        let _ = writeln!(stories, "the story of {conversation}:");
        stories.push_str(&story(history, *conversation));
    }
    stories
}

/// Everything that happened to one conversation, and to the world meanwhile.
pub fn story(history: &History, conversation: ConversationId) -> String {
    let mut teller = Teller { conversation, people: BTreeMap::new(), attempts: BTreeMap::new() };
    let mut story = String::new();
    for (step, entry) in history.entries.iter().enumerate() {
        if let Some(line) = teller.line(entry) {
            let _ = writeln!(story, "{step:>6} {:>7} ms  {line}", entry.at.as_millis());
        }
    }
    story
}

struct Teller {
    conversation: ConversationId,
    people: BTreeMap<ConnectionId, String>,
    attempts: BTreeMap<AttemptId, ConnectionId>,
}

impl Teller {
    fn line(&mut self, entry: &Entry) -> Option<String> {
        let here = |id: &ConversationId| *id == self.conversation;
        Some(match &entry.what {
            What::Fault(fault) => format!("** {fault:?}"),
            What::Healed => "** healed".into(),
            What::Connected { connection, who, node } => {
                let who = format!("{} (connection {connection}, {node})", name_of(who));
                self.people.insert(*connection, who);
                return None;
            }
            What::Committed { by, conversation, events } if here(conversation) => {
                let events: Vec<String> = events.iter().map(event_line).collect();
                let by = by.map_or_else(String::new, |node| format!(" by {node}"));
                format!("committed{by}: {}", events.join(", "))
            }
            What::Asked { attempt, connection, conversation, question } => {
                let start = matches!(question, Question::Start { .. });
                if !here(conversation) && !start {
                    return None;
                }
                self.attempts.insert(*attempt, *connection);
                format!("{} asks #{attempt}: {}", self.who(*connection), question_line(question))
            }
            What::Answered { attempt, answer } => {
                let connection = *self.attempts.get(attempt)?;
                let who = self.who(connection);
                format!("{who} is answered #{attempt}: {}", answer_line(answer))
            }
            What::Told { connection, conversation, event } if here(conversation) => {
                format!("{} is told {}", self.who(*connection), event_line(event))
            }
            What::ToldInVain { connection, conversation } if here(conversation) => {
                format!("{} is told in vain", self.who(*connection))
            }
            What::Row { connection, row } if here(&row.id) => {
                format!("{} is told the row at {}", self.who(*connection), row.head.0)
            }
            What::Ended { connection } => format!("{} is gone", self.who(*connection)),
            What::Overflowed { connection } => format!("{} is too slow", self.who(*connection)),
            _ => return None,
        })
    }

    fn who(&self, connection: ConnectionId) -> String {
        self.people.get(&connection).cloned().unwrap_or_else(|| format!("connection {connection}"))
    }
}

fn event_line(event: &Committed) -> String {
    let what = match &event.event {
        Event::Started { .. } => "started".into(),
        Event::Posted { text } => format!("posted {:?}", text.as_str()),
        Event::Noted { text } => format!("noted {:?}", text.as_str()),
        Event::Claimed => "claimed".into(),
        Event::Unclaimed => "unclaimed".into(),
        Event::Closed { .. } => "closed".into(),
    };
    format!("{} (visitor {}) {what} by {}", event.seq.0, event.visitor_seq.0, author_name(event))
}

fn author_name(event: &Committed) -> String {
    match &event.by {
        conversation::Author::Visitor { name, .. } => name.to_string(),
        conversation::Author::Agent(agent) => agent.name.to_string(),
        conversation::Author::System => "the system".into(),
    }
}

fn question_line(question: &Question) -> String {
    match question {
        Question::Command { key, command, .. } => {
            let key = key.as_str();
            match command {
                Command::Post { text, then_close } => {
                    format!("post {:?}, then close: {then_close} (key {key})", text.as_str())
                }
                Command::Note { text } => format!("note {:?} (key {key})", text.as_str()),
                other => format!("{other:?} (key {key})"),
            }
        }
        Question::Start { key, .. } => format!("start (key {})", key.as_str()),
        other => format!("{other:?}"),
    }
}

fn answer_line(answer: &Answered) -> String {
    match answer {
        Answered::Watched { events, head, more, reset } => {
            let numbers: Vec<u64> = events.iter().map(|event| event.seq.0).collect();
            format!("watched at {head}, more: {more}, reset: {reset}, events {numbers:?}")
        }
        Answered::Page { events, head, more } => {
            let numbers: Vec<u64> = events.iter().map(|event| event.seq.0).collect();
            format!("page of {head}, more: {more}, events {numbers:?}")
        }
        other => format!("{other:?}"),
    }
}
