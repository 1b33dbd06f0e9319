//! Random lives over real sockets: whatever is asked, lost, resumed and sent again, every client ends
//! with the log as its audience should see it.
//!
//! `MODEL_SEEDS=20000 MODEL_SEED=7 cargo test -p system-tests --test model` for more.

mod people;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream;
use protocol::{Codec, ConversationId};
use system_tests::life::{Clock, Person, codec_of, judge};
use system_tests::site::Account;
use system_tests::{Place, Site, on_one_node_and_on_three};

use people::{agent_lives, dice, visitor_lives};

const VISITORS: u64 = 20;
const AGENTS: u64 = 5;
/// Seeds that run at the same time: while one waits, another works.
const SIDE_BY_SIDE: usize = 6;

/// The conversations of one seed, as they are started.
pub type Board = Arc<Mutex<Vec<ConversationId>>>;

/// What one seed exercised.
#[derive(Default)]
struct Figures {
    granted: u64,
    refused: u64,
    resent: u64,
    connections: u64,
    events: usize,
}

fn from_env(name: &str, otherwise: u64) -> u64 {
    let Ok(value) = std::env::var(name) else { return otherwise };
    value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a number"))
}

on_one_node_and_on_three! { every_client_ends_with_the_log_as_its_audience_should_see_it }

async fn every_client_ends_with_the_log_as_its_audience_should_see_it(place: Place) {
    let seeds = match place {
        Place::OneNode => 200,
        Place::ThreeNodes => 30,
    };
    let (first, count) = (from_env("MODEL_SEED", 1), from_env("MODEL_SEEDS", seeds));
    println!("MODEL_SEED={first} MODEL_SEEDS={count}");
    let started = Instant::now();
    let site = place.site().await;
    let accounts = join_all((0..AGENTS).map(|number| {
        let site = &site;
        async move { site.hire(&format!("Agent {number}")).await }
    }));
    let accounts = accounts.await;
    let seeds = stream::iter(first..first + count).map(|seed| live(&site, &accounts, seed));
    let figures: Vec<Figures> = seeds.buffer_unordered(SIDE_BY_SIDE).collect().await;

    let sum = |of: fn(&Figures) -> u64| figures.iter().map(of).sum::<u64>();
    let (granted, refused) = (sum(|f| f.granted), sum(|f| f.refused));
    let (resent, connections) = (sum(|f| f.resent), sum(|f| f.connections));
    let events = sum(|f| f.events as u64);
    let people = count * (VISITORS + AGENTS);
    println!(
        "{count} seeds in {:?}: {granted} granted, {refused} refused, {resent} sent again, \
         {connections} connections of {people} people, {events} events",
        started.elapsed()
    );
    let exercised = granted > 50 * count && refused > 5 * count && connections > 2 * people;
    assert!(exercised, "a run that exercised too little proves nothing");
}

/// Lives one seed and judges it.
async fn live(site: &Site, accounts: &[Account], seed: u64) -> Figures {
    let (clock, board) = (Clock::default(), Board::default());
    let visitors = (0..VISITORS).map(|number| {
        let target = site.for_visitors(codec_of(seed + number));
        visitor_lives(target, dice(seed, number), clock.clone(), board.clone())
    });
    let agents = accounts.iter().zip(0..).map(|(account, number)| {
        let target = site.for_agents(codec_of(seed + number));
        let dice = dice(seed, VISITORS + number);
        agent_lives(target, account.token.clone(), dice, clock.clone(), board.clone())
    });
    let (visitors, agents) = futures::join!(join_all(visitors), join_all(agents));
    let mut people: Vec<Person> = visitors.into_iter().chain(agents).collect();
    let started = board.lock().expect("nobody panics with the lock").clone();
    let mut reader = site.sign_in(&accounts[0], Codec::Json).await;
    let (faults, lives) = judge(&mut reader, &mut people, &started).await;
    assert!(faults.is_empty(), "MODEL_SEED={seed} MODEL_SEEDS=1:\n{}", faults.join("\n"));
    Figures {
        granted: people.iter().map(|person| person.granted).sum(),
        refused: people.iter().map(|person| person.refused).sum(),
        resent: people.iter().map(|person| person.session.resent).sum(),
        connections: people.iter().map(|person| person.session.connections).sum(),
        events: lives.values().map(|history| history.log.len()).sum(),
    }
}
