//! Who is at other nodes: known soon, right again after hints were lost, and forgotten with a node that
//! is not heard of any more.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use fanout::{Local, Weather};
use hub::{News, Settings};
use protocol::VisitorId;
use store::MemoryStore;
use support::{Node, Person, SITE};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const LOST: Weather = Weather { lost_percent: 100, repeated_percent: 0, delay_max: Duration::ZERO };

/// Two nodes, and a hand on the weather between them.
fn pair() -> (Node, Node, Arc<Local>) {
    let store = Arc::new(MemoryStore::new());
    let mut ends = Local::network(2, 42, Weather::default()).into_iter().map(Arc::new);
    let (a, b) = (ends.next().unwrap(), ends.next().unwrap());
    let node = |end: &Arc<Local>| Node::on(store.clone(), end.clone(), Settings::default());
    (node(&a), node(&b), a.clone())
}

fn visitor(n: u128) -> VisitorId {
    VisitorId(Uuid::from_u128(n))
}

async fn team(person: &mut Person) -> bool {
    person
        .hears(|news| match news {
            News::Presence { online } => Some(online),
            _ => None,
        })
        .await
}

/// How long until it is so, in paused time.
async fn until(fact: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !fact() {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not become true");
        sleep(Duration::from_millis(5)).await; // sleep-ok: paused time
    }
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn visitors_hear_when_the_team_comes_and_goes_on_any_node() {
    let (here, there, _) = pair();
    let mut vera = here.visitor(1);
    here.hub.join(&vera.asker);
    let (alice, bob) = (there.agent(1), here.agent(2));
    there.hub.join(&alice.asker);
    assert!(team(&mut vera).await);
    assert!(here.hub.team_online(SITE));
    here.hub.join(&bob.asker);
    there.hub.leave(&alice.asker, []);
    sleep(Duration::from_secs(1)).await; // sleep-ok: paused time
    assert!(here.hub.team_online(SITE));
    here.hub.leave(&bob.asker, []);
    assert!(!team(&mut vera).await);
    assert!(vera.heard.try_recv().is_err(), "nothing is said while somebody is there");
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_first_is_known_to_whoever_comes_later() {
    let (here, there, _) = pair();
    let visitors: Vec<Person> = (0..600).map(|n| there.visitor(n)).collect();
    visitors.iter().for_each(|visitor| there.hub.join(&visitor.asker));
    sleep(Duration::from_secs(1)).await; // sleep-ok: paused time
    let alice = here.agent(1);
    here.hub.join(&alice.asker);
    let all = || (0..600).all(|n| here.hub.visitor_online(SITE, visitor(n)));
    assert!(until(all).await < Duration::from_millis(100));
    assert!(!here.hub.visitor_online(SITE, visitor(600)));

    let (here, there, _) = pair();
    there.hub.join(&there.agent(1).asker);
    sleep(Duration::from_secs(1)).await; // sleep-ok: paused time
    let mut vera = here.visitor(1);
    here.hub.join(&vera.asker);
    assert!(team(&mut vera).await);
}

#[tokio::test(start_paused = true)]
async fn a_row_says_whether_its_visitor_is_online_on_any_node() {
    let (here, there, _) = pair();
    let (vera, again, mut alice) = (there.visitor(1), here.visitor(1), here.agent(1));
    vera.start("hello").await;
    here.hub.join(&alice.asker);
    here.hub.watch_inbox(&alice.asker, true, 1);
    let row = |news: News| match news {
        News::Row(row) => Some(row.online),
        _ => None,
    };
    there.hub.join(&vera.asker);
    while !alice.hears(row).await {}
    here.hub.join(&again.asker);
    there.hub.leave(&vera.asker, []);
    sleep(Duration::from_secs(1)).await; // sleep-ok: paused time
    assert!(here.hub.visitor_online(SITE, visitor(1)), "still here");
    here.hub.leave(&again.asker, []);
    while alice.hears(row).await {}
}

#[tokio::test(start_paused = true)]
async fn what_was_lost_is_noticed_and_asked_for() {
    let (here, there, weather) = pair();
    here.hub.join(&here.agent(1).asker);
    let stays: Vec<Person> = (0..10).map(|n| there.visitor(n)).collect();
    let goes: Vec<Person> = (10..20).map(|n| there.visitor(n)).collect();
    goes.iter().for_each(|visitor| there.hub.join(&visitor.asker));
    until(|| here.hub.visitor_online(SITE, visitor(19))).await;
    weather.set_weather(LOST);
    stays.iter().for_each(|visitor| there.hub.join(&visitor.asker));
    goes.iter().for_each(|visitor| there.hub.leave(&visitor.asker, []));
    sleep(Duration::from_secs(1)).await; // sleep-ok: paused time
    assert!(!here.hub.visitor_online(SITE, visitor(0)));
    weather.set_weather(Weather::default());
    let right = || {
        let online = |n| here.hub.visitor_online(SITE, visitor(n));
        (0..10).all(online) && !(10..20).any(online)
    };
    assert!(until(right).await < Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_heard_of_is_forgotten_and_found_again() {
    let (here, there, weather) = pair();
    let (mut vera, ada) = (here.visitor(1), here.agent(1));
    here.hub.join(&vera.asker);
    there.hub.join(&there.agent(2).asker);
    there.hub.join(&there.visitor(2).asker);
    assert!(team(&mut vera).await);
    here.hub.join(&ada.asker);
    until(|| here.hub.visitor_online(SITE, visitor(2))).await;
    here.hub.leave(&ada.asker, []);
    assert!(here.hub.team_online(SITE), "there is somebody elsewhere");
    here.hub.join(&ada.asker);
    until(|| here.hub.visitor_online(SITE, visitor(2))).await;
    sleep(Duration::from_secs(60)).await; // sleep-ok: paused time
    assert!(here.hub.visitor_online(SITE, visitor(2)), "while it is heard of it is known");
    weather.set_weather(LOST);
    here.hub.leave(&ada.asker, []);
    let gone = until(|| !here.hub.team_online(SITE)).await;
    assert!((10..=21).contains(&gone.as_secs()), "{gone:?}");
    assert!(!team(&mut vera).await);
    weather.set_weather(Weather::default());
    assert!(until(|| here.hub.team_online(SITE)).await < Duration::from_secs(6));
    assert!(team(&mut vera).await);
}
