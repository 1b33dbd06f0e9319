//! Nodes in one process keep the promises, and bad weather is as bad as asked.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

use std::time::Duration;

use fanout::conformance::{conversation, moved, whoever_falls_behind_is_told_that_hints_were_lost};
use fanout::{Fanout, Hint, Local, Toll, Weather};

fn pair(weather: Weather) -> (Local, Local) {
    let mut ends = Local::network(2, 1, weather).into_iter();
    (ends.next().unwrap(), ends.next().unwrap())
}

fanout::fanout_conformance!({
    let (a, b) = pair(Weather::default());
    (a, b, ())
});

async fn heard(weather: Weather) -> Vec<Hint> {
    let (a, b) = pair(weather);
    let mut hints = b.hints();
    for n in 1..=100 {
        b.listen(conversation(n));
        a.announce(moved(n, 1));
    }
    tokio::time::sleep(Duration::from_secs(60)).await; // sleep-ok: paused time
    let mut heard = Vec::new();
    while let Ok(hint) = hints.try_recv() {
        if !matches!(hint, Hint::Joined(_)) {
            heard.push(hint);
        }
    }
    heard
}

#[tokio::test(start_paused = true)]
async fn lost_hints_are_lost_in_proportion() {
    let heard = heard(Weather { lost_percent: 30, ..Weather::default() }).await;
    assert!((55..=85).contains(&heard.len()), "heard {} of 100", heard.len());
}

#[tokio::test(start_paused = true)]
async fn repeated_hints_come_twice() {
    let heard = heard(Weather { repeated_percent: 100, ..Weather::default() }).await;
    assert_eq!(heard.len(), 200);
}

#[tokio::test(start_paused = true)]
async fn delayed_hints_overtake_each_other_and_all_arrive() {
    let delay_max = Duration::from_secs(10);
    let heard = heard(Weather { delay_max, ..Weather::default() }).await;
    let sent: Vec<Hint> = (1..=100).map(|n| moved(n, 1)).collect();
    assert_eq!(heard.len(), 100);
    assert_ne!(heard, sent);
}

#[tokio::test(start_paused = true)]
async fn what_the_weather_does_is_counted() {
    let (a, b) = pair(Weather { repeated_percent: 100, ..Weather::default() });
    let announce = |seq| {
        b.listen(conversation(1));
        a.announce(moved(1, seq));
    };
    announce(1);
    a.set_weather(Weather { lost_percent: 100, ..Weather::default() });
    announce(2);
    a.set_weather(Weather { delay_max: Duration::from_secs(10), ..Weather::default() });
    announce(3);
    a.set_weather(Weather::default());
    announce(4);
    assert_eq!(a.toll(), Toll { lost: 1, repeated: 1, overtaken: 0 }, "one is still on its way");
    tokio::time::sleep(Duration::from_secs(60)).await; // sleep-ok: paused time
    assert_eq!(a.toll(), Toll { lost: 1, repeated: 1, overtaken: 1 });
}

#[tokio::test]
async fn a_node_that_falls_behind_is_told() {
    let (a, b) = pair(Weather::default());
    // What does not fit is lost as it is announced.
    whoever_falls_behind_is_told_that_hints_were_lost(&a, &b, || true).await;
}
