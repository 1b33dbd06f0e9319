//! Visitors and agents who talk, close and begin anew while something else goes wrong, and what is true of
//! all that they did.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::{Failure, Log, Target};
use protocol::{Codec, ConversationId, EventData, EventFrame};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::checker::{Ask, History, Outcome};
use crate::figures::{Figures, p99};
use crate::life::{Clock, Person, codec_of, judge};
use crate::site::Account;
use crate::{Site, key, within};

/// More than anything takes that goes on at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much is said.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Conversations at a time.
    pub pairs: u64,
    /// Of all together; as fast as they are answered if there is none.
    pub messages_per_second: Option<u32>,
    pub seed: u64,
}

/// Talking under way.
pub struct Talk {
    site: Site,
    account: Account,
    stage: Stage,
    pairs: Vec<JoinHandle<Vec<Spoken>>>,
    began: Instant,
}

/// What all who talk share.
#[derive(Clone, Default)]
struct Stage {
    clock: Clock,
    acknowledged: watch::Sender<u64>,
    over: Arc<AtomicBool>,
}

/// One conversation and the two who had it.
struct Spoken {
    id: ConversationId,
    visitor: Person,
    agent: Person,
}

/// What came of it.
pub struct Outcomes {
    pub faults: Vec<String>,
    pub took: Duration,
    pub acknowledged: u64,
    pub lost: u64,
    pub doubled: u64,
    pub gaps: u64,
    pub behind_a_close: u64,
    pub conversations: u64,
    pub closed: u64,
    pub resent: u64,
    /// Commands not answered in the contract's time on a connection that stood.
    pub late: u64,
    pub resumes: Vec<Duration>,
    /// From asking to the answer that settled it.
    pub spans: Vec<(Instant, Instant)>,
}

impl Talk {
    /// Everybody begins.
    pub async fn begin(site: &Site, manner: Manner) -> Self {
        let account = site.hire("Ann").await;
        let stage = Stage::default();
        let pair = |number| {
            let dice = StdRng::seed_from_u64(manner.seed.wrapping_mul(1_000_003) + number);
            let pace = manner.messages_per_second.map(|rate| pace(manner.pairs, rate));
            tokio::spawn(talk(site.clone(), account.clone(), number, dice, pace, stage.clone()))
        };
        let pairs = (0..manner.pairs).map(pair).collect();
        Self { site: site.clone(), account, stage, pairs, began: Instant::now() }
    }

    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Waits for so many more acknowledgements.
    pub async fn acknowledged(&self, more: u64) {
        let mut count = self.stage.acknowledged.subscribe();
        let due = *count.borrow() + more;
        let what = format!("{more} more acknowledgements");
        let enough = within(PATIENCE, &what, count.wait_for(|count| *count >= due));
        enough.await.expect("the stage outlives the wait");
    }

    /// Everybody ends what they are at, and all of it is judged.
    pub async fn end(self) -> Outcomes {
        self.stage.over.store(true, Ordering::SeqCst);
        let took = self.began.elapsed();
        let (mut people, mut conversations) = (Vec::new(), Vec::new());
        for pair in self.pairs {
            for spoken in pair.await.expect("nobody panics while talking") {
                people.extend([spoken.visitor, spoken.agent]);
                conversations.push(spoken.id);
            }
        }
        let mut reader = self.site.sign_in(&self.account, Codec::Msgpack).await;
        let (faults, lives) = judge(&mut reader, &mut people, &conversations).await;
        let mut outcomes = Outcomes::counted(faults, took, lives.values());
        for Person { session, spans, .. } in people {
            outcomes.resent += session.resent;
            outcomes.late += session.late;
            outcomes.resumes.extend(session.resumes);
            outcomes.spans.extend(spans);
        }
        outcomes
    }
}

fn pace(pairs: u64, messages_per_second: u32) -> Duration {
    Duration::from_secs(1).mul_f64(pairs as f64 / f64::from(messages_per_second))
}

/// Two have one conversation after the other until it is over.
async fn talk(
    site: Site,
    account: Account,
    number: u64,
    mut dice: StdRng,
    pace: Option<Duration>,
    stage: Stage,
) -> Vec<Spoken> {
    let mut beat = pace.map(|pace| {
        let mut beat = interval(pace);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat
    });
    let targets = (site.for_visitors(codec_of(number)), site.for_agents(codec_of(number + 1)));
    let mut spoken = Vec::new();
    while !stage.over.load(Ordering::SeqCst) {
        spoken.push(converse(&targets, &account, &mut dice, beat.as_mut(), &stage).await);
    }
    spoken
}

async fn converse(
    (for_visitor, for_agent): &(Target, Target),
    account: &Account,
    dice: &mut StdRng,
    mut beat: Option<&mut Interval>,
    stage: &Stage,
) -> Spoken {
    let token = Some(account.token.clone());
    let agent = Person::enter(for_agent.clone(), token, &stage.clock).await;
    let visitor = Person::enter(for_visitor.clone(), None, &stage.clock).await;
    let mut agent = agent.expect("an agent gets in");
    let mut visitor = visitor.expect("a visitor gets in");
    let id = match visitor.start(None).await {
        Ok(id) => id,
        Err(Failure::Refused(error)) => panic!("a start was refused: {}", error.message),
        Err(failure) => panic!("a start without an answer: {failure}"),
    };
    agent.session.follow(id).await.expect("an agent may watch");
    agent.act(id, Ask::Claim, None).await;
    for _ in 0..dice.random_range(5..40) {
        if let Some(beat) = beat.as_mut() {
            beat.tick().await;
        }
        let outcome = say_something(&mut visitor, &mut agent, id, dice).await;
        if let Outcome::Granted { .. } = outcome {
            stage.acknowledged.send_modify(|count| *count += 1);
        }
        if stage.over.load(Ordering::SeqCst) {
            break;
        }
    }
    close(&mut visitor, &mut agent, id, dice).await;
    for person in [&mut visitor, &mut agent] {
        leave(person, id).await;
    }
    Spoken { id, visitor, agent }
}

async fn say_something(
    visitor: &mut Person,
    agent: &mut Person,
    id: ConversationId,
    dice: &mut StdRng,
) -> Outcome {
    let text = format!("text {}", key());
    let (who, ask) = match dice.random_range(0..20) {
        0..12 => (visitor, Ask::Say { text, then_close: false }),
        12..17 => (agent, Ask::Say { text, then_close: false }),
        17 => (agent, Ask::Note { text }),
        18 => (agent, Ask::Unclaim),
        _ => (agent, Ask::Claim),
    };
    who.act(id, ask, None).await
}

/// The agent closes while the visitor still writes.
async fn close(visitor: &mut Person, agent: &mut Person, id: ConversationId, dice: &mut StdRng) {
    agent.act(id, Ask::Claim, None).await;
    let ask = if dice.random_bool(0.5) {
        Ask::Close { expected: None }
    } else {
        Ask::Say { text: format!("bye {}", key()), then_close: true }
    };
    let writes = async {
        let text = || format!("last words {}", key());
        while !Person::is_over(
            visitor.act(id, Ask::Say { text: text(), then_close: false }, None).await,
        ) {}
    };
    let race = async { tokio::join!(agent.act(id, ask, None), writes) };
    within(PATIENCE, "the close to end the last words", race).await;
}

/// Stays until the end has been seen, then hangs up.
async fn leave(person: &mut Person, id: ConversationId) {
    let has_ended = |log: &Log| log.events().last().is_some_and(is_close);
    if let Err(failure) = person.session.catch_up_until(id, has_ended).await {
        person.session.broken.push(format!("did not see the close of {id}: {failure}"));
    }
    person.session.vanish();
}

impl Outcomes {
    /// Counted by hand, apart from what the checker thinks.
    pub fn counted<'a>(
        faults: Vec<String>,
        took: Duration,
        lives: impl Iterator<Item = &'a History>,
    ) -> Self {
        let mut outcomes = Self {
            faults,
            took,
            acknowledged: 0,
            lost: 0,
            doubled: 0,
            gaps: 0,
            behind_a_close: 0,
            conversations: 0,
            closed: 0,
            resent: 0,
            late: 0,
            resumes: Vec::new(),
            spans: Vec::new(),
        };
        lives.for_each(|history| outcomes.count(history));
        outcomes
    }

    fn count(&mut self, history: &History) {
        self.conversations += 1;
        let mut texts: HashMap<&str, u64> = HashMap::new();
        for text in history.log.iter().filter_map(text) {
            *texts.entry(text).or_default() += 1;
        }
        self.doubled += texts.values().filter(|count| **count > 1).count() as u64;
        let granted =
            history.deeds.iter().filter(|deed| matches!(deed.outcome, Outcome::Granted { .. }));
        for deed in granted {
            self.acknowledged += 1;
            if let Ask::Say { text, .. } | Ask::Note { text } = &deed.ask {
                self.lost += u64::from(!texts.contains_key(text.as_str()));
            }
        }
        let seen = history.streams.iter().map(|stream| stream.events.as_slice());
        for events in seen.chain([history.log.as_slice()]) {
            self.gaps +=
                events.iter().zip(1..).filter(|(event, due)| event.seq != *due).count() as u64;
        }
        if let Some(close) = history.log.iter().position(is_close) {
            self.closed += 1;
            self.behind_a_close += (history.log.len() - 1 - close) as u64;
        }
    }

    /// What is required of all talk, whatever went wrong meanwhile.
    pub fn figures(&self, of: &str) -> Figures {
        let seconds = self.took.as_secs_f64();
        let waits = self.spans.iter().map(|(asked, answered)| *answered - *asked).collect();
        let figures = Figures::of(of)
            .told("seconds", format!("{seconds:.1}"))
            .told("conversations", self.conversations)
            .told("acknowledged", self.acknowledged)
            .told("acknowledged per second", format!("{:.0}", self.acknowledged as f64 / seconds))
            .told("sent again", self.resent)
            .told("answered, p99", format!("{:?}", p99(waits)))
            .none("acknowledged and lost", self.lost)
            .none("doubled", self.doubled)
            .none("gaps in a log or in what somebody saw", self.gaps)
            .none("behind a close", self.behind_a_close)
            .at_least("closes", self.closed, self.conversations);
        self.faults.iter().for_each(|fault| println!("{fault}"));
        figures.none("faults found by the checker", self.faults.len() as u64)
    }

    /// The longest that something asked before this moment still had to wait after it.
    pub fn settled_after(&self, moment: Instant) -> Duration {
        self.pending(moment).map(|span| span.1 - moment).max().unwrap_or_default()
    }

    /// How much was asked before this moment and not yet answered.
    pub fn pending_at(&self, moment: Instant) -> usize {
        self.pending(moment).count()
    }

    fn pending(&self, moment: Instant) -> impl Iterator<Item = &(Instant, Instant)> {
        self.spans.iter().filter(move |(asked, answered)| (asked..=answered).contains(&&moment))
    }
}

fn is_close(event: &EventFrame) -> bool {
    matches!(event.data, EventData::ConversationClosed(_))
}

fn text(event: &EventFrame) -> Option<&str> {
    match &event.data {
        EventData::MessagePosted(posted) => Some(&posted.text),
        EventData::NotePosted(noted) => Some(&noted.text),
        _ => None,
    }
}
