//! kill -9 under load: what was acknowledged is there, once, and nothing is behind a close.
//!
//! `KILL_ROUNDS=100 cargo test -p system-tests --test kill` for more.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::Failure;
use protocol::{Codec, ConversationId, EventData, EventFrame};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use system_tests::checker::{Ask, History, Outcome};
use system_tests::life::{Clock, Person, codec_of, judge};
use system_tests::site::{Account, options};
use system_tests::{Site, key, within};
use throwaway::Server;
use tokio::sync::watch;

const CONVERSATIONS: u64 = 20;
/// Acknowledgements between two kills: at least, and at most.
const ACKS: std::ops::Range<u64> = 40..400;

/// What all who talk share.
#[derive(Clone, Default)]
struct Stage {
    clock: Clock,
    acknowledged: watch::Sender<u64>,
    over: Arc<AtomicBool>,
}

fn rounds() -> u64 {
    let Ok(value) = std::env::var("KILL_ROUNDS") else { return 5 };
    value.parse().unwrap_or_else(|_| panic!("KILL_ROUNDS={value} is not a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_once_and_nothing_is_behind_a_close() {
    let rounds = rounds();
    let mut server = Server::start(options()).await;
    let site = Site::of(&server).await;
    let account = site.hire("Ann").await;
    let stage = Stage::default();
    let talking: Vec<_> = (0..CONVERSATIONS)
        .map(|number| tokio::spawn(talk(site.clone(), account.clone(), number, stage.clone())))
        .collect();

    let started = Instant::now();
    let mut dice = StdRng::seed_from_u64(rounds);
    for round in 0..rounds {
        let due = *stage.acknowledged.borrow() + dice.random_range(ACKS);
        let what = format!("acknowledgements before kill {round}");
        let enough = within(Duration::from_secs(60), &what, acknowledged(&stage, due));
        if round % 2 == 0 {
            // Whoever administers works on the same file meanwhile, with one command after another.
            let administer = async {
                for _ in 0..2 {
                    site.token(&account.email, "1h").await;
                }
            };
            tokio::join!(enough, administer);
        } else {
            enough.await;
        }
        server.restart().await;
    }
    let last = *stage.acknowledged.borrow() + ACKS.start;
    within(
        Duration::from_secs(60),
        "acknowledgements after the last kill",
        acknowledged(&stage, last),
    )
    .await;
    let took = started.elapsed();
    stage.over.store(true, Ordering::SeqCst);

    let mut people = Vec::new();
    let mut conversations = Vec::new();
    for task in talking {
        let (pair, ids) = task.await.expect("nobody panics while talking");
        people.extend(pair);
        conversations.extend(ids);
    }
    let mut reader = site.sign_in(&account, Codec::Msgpack).await;
    let (faults, lives) = judge(&mut reader, &mut people, &conversations).await;
    let resent: u64 = people.iter().map(|person| person.session.resent).sum();
    let figures = Figures::of(lives.values());
    println!(
        "{rounds} kills in {took:?}: {} acknowledged, {resent} sent again, {} lost, {} doubled, {} behind a \
         close, {} conversations, {} closed",
        figures.acknowledged,
        figures.lost,
        figures.doubled,
        figures.behind_a_close,
        conversations.len(),
        figures.closed,
    );
    assert_eq!([figures.lost, figures.doubled, figures.behind_a_close], [0, 0, 0]);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(resent >= rounds, "kills that interrupted nobody prove nothing");
    assert!(figures.closed > 0, "no close was under way");
}

async fn acknowledged(stage: &Stage, due: u64) {
    let mut count = stage.acknowledged.subscribe();
    count.wait_for(|count| *count >= due).await.expect("the stage outlives the wait");
}

/// An agent talks with one visitor after the other, and closes, until it is over.
async fn talk(
    site: Site,
    account: Account,
    number: u64,
    stage: Stage,
) -> (Vec<Person>, Vec<ConversationId>) {
    let mut dice = StdRng::seed_from_u64(number);
    let target = site.for_agents(codec_of(number + 1));
    let token = Some(account.token);
    let mut agent = Person::enter(target, token, &stage.clock).await.expect("an agent gets in");
    let (mut people, mut conversations) = (Vec::new(), Vec::new());
    while !stage.over.load(Ordering::SeqCst) {
        let target = site.for_visitors(codec_of(number));
        let mut visitor =
            Person::enter(target, None, &stage.clock).await.expect("a visitor gets in");
        let id = match visitor.start(None).await {
            Ok(id) => id,
            Err(Failure::Refused(error)) => panic!("a start was refused: {}", error.message),
            Err(failure) => panic!("a start without an answer: {failure}"),
        };
        conversations.push(id);
        agent.session.follow(id).await.expect("an agent may watch");
        agent.act(id, Ask::Claim, None).await;
        for _ in 0..dice.random_range(5..40) {
            let text = format!("text {}", key());
            let (who, ask) = match dice.random_range(0..20) {
                0..12 => (&mut visitor, Ask::Say { text, then_close: false }),
                12..17 => (&mut agent, Ask::Say { text, then_close: false }),
                17 => (&mut agent, Ask::Note { text }),
                18 => (&mut agent, Ask::Unclaim),
                _ => (&mut agent, Ask::Claim),
            };
            if let Outcome::Granted { .. } = who.act(id, ask, None).await {
                stage.acknowledged.send_modify(|count| *count += 1);
            }
            if stage.over.load(Ordering::SeqCst) {
                break;
            }
        }
        close(&mut visitor, &mut agent, id, &mut dice).await;
        people.push(visitor);
    }
    people.push(agent);
    (people, conversations)
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
    within(Duration::from_secs(60), "the close to end the last words", race).await;
}

#[derive(Default)]
struct Figures {
    acknowledged: usize,
    lost: usize,
    doubled: usize,
    behind_a_close: usize,
    closed: usize,
}

impl Figures {
    /// Counted by hand, apart from what the checker thinks.
    fn of<'a>(lives: impl Iterator<Item = &'a History>) -> Self {
        let mut figures = Self::default();
        for history in lives {
            let mut texts: HashMap<&str, usize> = HashMap::new();
            for text in history.log.iter().filter_map(text) {
                *texts.entry(text).or_default() += 1;
            }
            figures.doubled += texts.values().filter(|count| **count > 1).count();
            let granted =
                history.deeds.iter().filter(|deed| matches!(deed.outcome, Outcome::Granted { .. }));
            for deed in granted {
                figures.acknowledged += 1;
                if let Ask::Say { text, .. } | Ask::Note { text } = &deed.ask {
                    figures.lost += usize::from(!texts.contains_key(text.as_str()));
                }
            }
            let is_close =
                |event: &EventFrame| matches!(event.data, EventData::ConversationClosed(_));
            if let Some(close) = history.log.iter().position(is_close) {
                figures.closed += 1;
                figures.behind_a_close += history.log.len() - 1 - close;
            }
        }
        figures
    }
}

fn text(event: &EventFrame) -> Option<&str> {
    match &event.data {
        EventData::MessagePosted(posted) => Some(&posted.text),
        EventData::NotePosted(noted) => Some(&noted.text),
        _ => None,
    }
}
