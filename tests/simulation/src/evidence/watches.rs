//! What each connection was told of each conversation that it watched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use conversation::{Audience, Committed};
use protocol::ConversationId;

use super::{Attempt, Line, Moment};
use crate::history::{Answered, AttemptId, ConnectionId, History, Question, What};

/// One watch, from its beginning to its end.
pub struct Watch<'a> {
    pub connection: ConnectionId,
    pub conversation: ConversationId,
    pub audience: Audience,
    pub begun: Moment,
    /// The last number before the live events; 0 for whoever began the conversation.
    pub head: u64,
    pub told: Vec<(Moment, &'a Committed)>,
    /// It was asked for once more.
    pub again: Vec<Again>,
    /// When it was given up, or its connection was.
    pub ended: Option<Duration>,
}

/// A snapshot while watching already: its head, and the last number told by then.
pub struct Again {
    pub head: u64,
    pub told: u64,
}

/// A snapshot as it was answered.
pub struct Snapshot<'a> {
    pub after: u64,
    pub events: &'a [Committed],
    pub head: u64,
    pub more: bool,
    pub reset: bool,
}

impl<'a> Attempt<'a> {
    /// The snapshot that answers it, if it is a watch.
    pub fn snapshot(&self) -> Option<Snapshot<'a>> {
        match (self.question, self.answer?.1) {
            (Question::Watch { after }, Answered::Watched { events, head, more, reset }) => {
                Some(Snapshot { after: *after, events, head: *head, more: *more, reset: *reset })
            }
            _ => None,
        }
    }
}

impl Watch<'_> {
    /// The last number told, or known from the beginning.
    pub fn upto(&self) -> u64 {
        let last = self.told.last().and_then(|(_, event)| event.number_for(self.audience));
        last.unwrap_or(self.head)
    }
}

type Place = (ConnectionId, ConversationId);

struct Sorter<'a, 'b> {
    attempts: &'b BTreeMap<AttemptId, Attempt<'a>>,
    lines: &'b BTreeMap<ConnectionId, Line>,
    open: BTreeMap<Place, Watch<'a>>,
    /// Starts on each connection that wait for their answer: they may be told before it.
    starting: BTreeMap<ConnectionId, usize>,
    /// The steps at which starts were asked for that are answered, and perhaps not told yet: that may come
    /// after the answer to whatever was asked before.
    begun: BTreeMap<Place, usize>,
    gone: BTreeSet<ConnectionId>,
    over: Vec<Watch<'a>>,
    unasked: Vec<Place>,
}

pub(super) fn of<'a>(
    history: &'a History,
    attempts: &BTreeMap<AttemptId, Attempt<'a>>,
    lines: &BTreeMap<ConnectionId, Line>,
) -> (Vec<Watch<'a>>, Vec<Place>) {
    let (open, starting) = (BTreeMap::new(), BTreeMap::new());
    let (begun, gone) = (BTreeMap::new(), BTreeSet::new());
    let (over, unasked) = (Vec::new(), Vec::new());
    let mut sorter = Sorter { attempts, lines, open, starting, begun, gone, over, unasked };
    for (step, entry) in history.entries.iter().enumerate() {
        sorter.take(Moment { step, at: entry.at }, &entry.what);
    }
    let Sorter { open, mut over, unasked, .. } = sorter;
    over.extend(open.into_values());
    for watch in &mut over {
        let line = lines.get(&watch.connection).and_then(|line| line.ended);
        watch.ended = watch.ended.into_iter().chain(line).min();
    }
    (over, unasked)
}

impl<'a> Sorter<'a, '_> {
    fn take(&mut self, now: Moment, what: &'a What) {
        match what {
            // Whatever is told from now on is told to nobody.
            What::Ended { connection } | What::Overflowed { connection } => {
                self.gone.insert(*connection);
            }
            What::Told { connection, .. } if self.gone.contains(connection) => {}
            What::Asked { connection, question: Question::Start { .. }, .. } => {
                *self.starting.entry(*connection).or_default() += 1;
            }
            What::Answered { attempt, answer } => self.answered(now, *attempt, answer),
            What::Told { connection, conversation, event } => {
                let place = (*connection, *conversation);
                let starting = self.starting.get(connection).is_some_and(|count| *count > 0);
                let begun = self.begun.contains_key(&place);
                if !self.open.contains_key(&place) && (starting || begun) {
                    self.begin(now, place, 0);
                }
                match self.open.get_mut(&place) {
                    Some(watch) => watch.told.push((now, event)),
                    None => self.unasked.push(place),
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, now: Moment, attempt: AttemptId, answer: &'a Answered) {
        let Some(attempt) = self.attempts.get(&attempt) else { return };
        if self.gone.contains(&attempt.connection) {
            return;
        }
        let place = (attempt.connection, attempt.conversation);
        self.nothing_comes_late(attempt, answer, place);
        match (attempt.question, answer) {
            (Question::Watch { .. }, Answered::Watched { head, .. }) => {
                match self.open.get_mut(&place) {
                    // It was asked for before the start was: its snapshot is the beginning.
                    Some(watch) if watch.head == 0 && watch.told.is_empty() => {
                        (watch.head, watch.begun) = (*head, now);
                    }
                    Some(watch) => {
                        let told = watch.upto();
                        watch.again.push(Again { head: *head, told });
                    }
                    None => self.begin(now, place, *head),
                }
            }
            (Question::Start { .. }, answer) => {
                if let Answered::Started { .. } = answer {
                    if !self.open.contains_key(&place) {
                        self.begin(now, place, 0);
                    }
                    self.begun.insert(place, attempt.asked.step);
                }
                if let Some(count) = self.starting.get_mut(&attempt.connection) {
                    *count = count.saturating_sub(1);
                }
            }
            // Whatever is answered: it is not told any more.
            (Question::Unwatch, _) => {
                if let Some(mut watch) = self.open.remove(&place) {
                    watch.ended = Some(now.at);
                    self.over.push(watch);
                }
            }
            _ => {}
        }
    }

    /// A start is told before the snapshot, or the end, that was asked for after it.
    fn nothing_comes_late(&mut self, attempt: &Attempt<'_>, answer: &Answered, place: Place) {
        let told = match (attempt.question, answer) {
            (Question::Watch { .. }, Answered::Watched { .. }) | (Question::Unwatch, _) => true,
            // Without a store there is no snapshot, and what the start is owed has to wait too.
            _ => false,
        };
        if told && self.begun.get(&place).is_some_and(|begun| attempt.asked.step > *begun) {
            self.begun.remove(&place);
        }
    }

    fn begin(&mut self, begun: Moment, place: Place, head: u64) {
        let (connection, conversation) = place;
        let Some(line) = self.lines.get(&connection) else { return };
        let audience = line.who.audience();
        let (told, again, ended) = (Vec::new(), Vec::new(), None);
        let watch = Watch { connection, conversation, audience, begun, head, told, again, ended };
        self.open.insert(place, watch);
    }
}
