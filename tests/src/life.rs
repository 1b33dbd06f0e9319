//! People who live through anything: they act, lose connections, come back, and write it all down for
//! the [`checker`](crate::checker).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use client::{Agent, Failure, Session, Target, Vanish};
use protocol::{Codec, ConversationId, ErrorCode, EventFrame, PersonId, Role};
use serde_json::{Value, json};

use crate::checker::{self, Ask, Deed, History, Outcome, Stream, is_for_visitors};
use crate::{Expect as _, key};

/// A clock that all people share: it tells before from after, and never stands still.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    fn tick(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// A visitor or an agent with a diary.
pub struct Person {
    pub session: Session,
    pub id: PersonId,
    pub role: Role,
    /// Every command but the starts.
    pub deeds: Vec<(ConversationId, Deed)>,
    /// Answers that came within the life of the session.
    pub granted: u64,
    pub refused: u64,
    /// From asking to the answer that settled it, for each thing done.
    pub spans: Vec<(Instant, Instant)>,
    clock: Clock,
}

impl Person {
    /// Connects for the first time.
    pub async fn enter(
        target: Target,
        token: Option<String>,
        clock: &Clock,
    ) -> Result<Self, Failure> {
        let mut session = Session::new(target, token);
        session.connected().await?;
        let hello = session.hello.as_ref().ok_or_else(|| Failure::Malformed("no hello".into()))?;
        let (id, role) = (hello.me.id, hello.me.role);
        let clock = clock.clone();
        let (deeds, spans) = (Vec::new(), Vec::new());
        Ok(Self { session, id, role, deeds, granted: 0, refused: 0, spans, clock })
    }

    /// Starts a conversation, losing the connection once on the way if told so.
    pub async fn start(&mut self, lost: Option<Vanish>) -> Result<ConversationId, Failure> {
        let (key, text) = (key(), format!("a question {}", key()));
        if let Some(when) = lost {
            let args = json!({ "key": key, "text": text });
            self.session.command_and_vanish("conversation.start", &args, when).await;
        }
        let started = self.session.start(&key, &text).await?;
        Ok(started.conversation.id)
    }

    /// Does one thing, losing the connection once on the way if told so, and writes down the outcome.
    pub async fn act(
        &mut self,
        conversation: ConversationId,
        ask: Ask,
        lost: Option<Vanish>,
    ) -> Outcome {
        let (op, args) = request(conversation, &ask);
        let (sent, began) = (self.clock.tick(), Instant::now());
        if let Some(when) = lost {
            self.session.command_and_vanish(op, &args, when).await;
        }
        let answer = self.session.command(op, &args).await;
        let answered = self.clock.tick();
        self.spans.push((began, Instant::now()));
        let outcome = match answer {
            Ok(ok) => {
                self.granted += 1;
                let closed_seq = ok["closed_seq"].as_u64();
                Outcome::Granted {
                    seq: ok["seq"].as_u64().unwrap_or_default(),
                    closed_seq,
                    answered,
                }
            }
            Err(Failure::Refused(error)) => {
                self.refused += 1;
                Outcome::Refused { code: error.code, answered }
            }
            Err(failure) => {
                self.session.broken.push(format!("no answer to {ask:?}: {failure}"));
                Outcome::Unknown
            }
        };
        let (author, role) = (self.id, self.role);
        self.deeds.push((conversation, Deed { author, role, ask, sent, outcome }));
        outcome
    }

    /// Does it again under the same key, as a client that has forgotten: nothing may change.
    pub async fn act_twice(&mut self, conversation: ConversationId, ask: Ask) -> Outcome {
        let (op, args) = request(conversation, &ask);
        let sent = self.clock.tick();
        let first = self.session.command(op, &args).await;
        let again = self.session.command(op, &args).await;
        let answered = self.clock.tick();
        let outcome = match (&first, &again) {
            (Ok(first), Ok(again)) if first == again => {
                let (seq, closed_seq) = (first["seq"].as_u64(), first["closed_seq"].as_u64());
                Outcome::Granted { seq: seq.unwrap_or_default(), closed_seq, answered }
            }
            // A refusal is judged anew, so the second answer is the one that counts.
            (Err(Failure::Refused(_)), Ok(again)) => {
                let (seq, closed_seq) = (again["seq"].as_u64(), again["closed_seq"].as_u64());
                Outcome::Granted { seq: seq.unwrap_or_default(), closed_seq, answered }
            }
            (Err(Failure::Refused(_)), Err(Failure::Refused(error))) => {
                Outcome::Refused { code: error.code, answered }
            }
            _ => {
                // Neither answer can be trusted.
                let both = format!("{ask:?} twice under one key: {first:?}, then {again:?}");
                self.session.broken.push(both);
                Outcome::Unknown
            }
        };
        let (author, role) = (self.id, self.role);
        self.deeds.push((conversation, Deed { author, role, ask, sent, outcome }));
        outcome
    }

    /// Whether the last thing it did was refused because all is over.
    pub fn is_over(outcome: Outcome) -> bool {
        matches!(outcome, Outcome::Refused { code: ErrorCode::ConversationClosed, .. })
    }
}

fn request(conversation: ConversationId, ask: &Ask) -> (&'static str, Value) {
    let key = key();
    let mut args = json!({ "conversation": conversation, "key": key });
    let op = match ask {
        Ask::Say { text, then_close } => {
            args["text"] = text.as_str().into();
            if *then_close {
                args["then"] = "close".into();
            }
            "message.send"
        }
        Ask::Note { text } => {
            args["text"] = text.as_str().into();
            "note.add"
        }
        Ask::Claim => "conversation.claim",
        Ask::Unclaim => "conversation.unclaim",
        Ask::Close { expected } => {
            if let Some(expected) = expected {
                args["expected_seq"] = (*expected).into();
            }
            "conversation.close"
        }
    };
    (op, args)
}

/// Reads a whole log as agents see it.
pub async fn whole_log(reader: &mut Agent, id: ConversationId) -> Vec<EventFrame> {
    let mut log: Vec<EventFrame> = Vec::new();
    loop {
        let bounds = json!({ "after": log.len(), "limit": 200 });
        let page = match reader.history(id, bounds).await {
            // Many logs in a row are more than a socket may ask for at once.
            Err(Failure::Refused(error)) if error.code == ErrorCode::RateLimited => {
                tokio::time::sleep(Duration::from_millis(error.retry_after_ms)).await;
                continue;
            }
            page => page.granted(),
        };
        log.extend(page.events);
        if !page.more {
            assert_eq!(log.len() as u64, page.head, "a walk ends at the head");
            return log;
        }
    }
}

/// Everybody catches up with the logs; then all that is wrong with what they lived.
pub async fn judge(
    reader: &mut Agent,
    people: &mut [Person],
    conversations: &[ConversationId],
) -> (Vec<String>, BTreeMap<ConversationId, History>) {
    let mut lives = BTreeMap::new();
    let mut faults = Vec::new();
    for id in conversations {
        lives.insert(*id, History { log: whole_log(reader, *id).await, ..History::default() });
    }
    for person in people.iter_mut() {
        for (id, history) in &mut lives {
            if !person.session.logs.contains_key(id) {
                continue;
            }
            let due = history
                .log
                .iter()
                .filter(|event| person.role != Role::Visitor || is_for_visitors(event));
            let caught_up = person.session.catch_up_to(*id, due.count() as u64).await;
            faults.extend(
                caught_up.err().map(|failure| format!("{} at the end: {failure}", person.id)),
            );
            let events =
                person.session.logs.get(id).map_or(Vec::new(), |log| log.events().to_vec());
            history.streams.push(Stream {
                viewer: person.id,
                role: person.role,
                events,
                whole: true,
            });
        }
        faults.extend(person.session.broken.iter().map(|fault| format!("{}: {fault}", person.id)));
        for (id, deed) in &person.deeds {
            if let Some(history) = lives.get_mut(id) {
                history.deeds.push(deed.clone());
            }
        }
    }
    for (id, history) in &lives {
        faults.extend(checker::faults(history).into_iter().map(|fault| format!("{id}: {fault}")));
    }
    (faults, lives)
}

/// One of both codecs.
pub fn codec_of(number: u64) -> Codec {
    if number.is_multiple_of(2) { Codec::Json } else { Codec::Msgpack }
}
