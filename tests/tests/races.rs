//! Races over real sockets: one owner, one end, whatever the order of arrival, and on whichever node.
//!
//! `NEMESIS=long` runs many more rounds.

use std::time::Instant;

use client::{Agent, Connection, Failure, Visitor};
use futures::future::join_all;
use protocol::{Codec, ConversationId, ErrorCode, EventData, EventFrame, Sent, SeqAnswer};
use serde_json::json;
use system_tests::figures::{Figures, either};
use system_tests::{Expect as _, Place, SOON, Site, key, on_one_node_and_on_three, within};

const AGENTS: usize = 50;
const SENDS: usize = 20;
/// With one reader, who may not ask too much at a time.
const ROUNDS_TOGETHER: usize = 20;

on_one_node_and_on_three! {
    of_fifty_agents_who_claim_at_once_one_wins_and_the_others_are_told_who,
    of_twenty_messages_racing_a_close_each_is_before_it_or_refused,
}

fn rounds(place: Place) -> usize {
    match place {
        Place::OneNode => 200,
        Place::ThreeNodes => either(100, 10_000),
    }
}

fn codec_of(number: usize) -> Codec {
    Codec::ALL[number % 2]
}

async fn asking(site: &Site, visitors: usize) -> Vec<(Visitor, ConversationId)> {
    join_all((0..visitors).map(|number| site.asking(codec_of(number)))).await
}

async fn of_fifty_agents_who_claim_at_once_one_wins_and_the_others_are_told_who(place: Place) {
    let site = place.site().await;
    let mut agents: Vec<Agent> = Vec::new();
    for number in 0..AGENTS {
        agents.push(site.agent(&format!("Agent {number}"), codec_of(number)).await);
    }
    let account = site.hire("Reader").await;
    let began = Instant::now();
    for _ in 0..rounds(place) / ROUNDS_TOGETHER {
        // A socket of its own for so many commands: more in a second than a socket may send.
        let mut reader = site.sign_in(&account, Codec::Json).await;
        for (_visitor, id) in asking(&site, ROUNDS_TOGETHER).await {
            claim_race(&mut agents, id).await;
            let log = reader.history(id, json!({ "after": 0 })).await.granted();
            assert_eq!(log.head, 3, "one claim in the log");
        }
    }
    println!(
        "{} rounds of {AGENTS} claims, {place:?}: one winner each, in {:?}",
        rounds(place),
        began.elapsed()
    );
}

async fn claim_race(agents: &mut [Agent], id: ConversationId) {
    let claims = agents.iter_mut().map(async |agent| agent.claim(id, &key()).await);
    let outcomes: Vec<Result<SeqAnswer, Failure>> = join_all(claims).await;
    let winners: Vec<usize> = (0..AGENTS).filter(|number| outcomes[*number].is_ok()).collect();
    assert_eq!(winners.len(), 1, "winners {winners:?}: {outcomes:?}");
    let winner = agents[winners[0]].hello.me.clone();
    for outcome in outcomes {
        match outcome {
            Ok(answer) => assert_eq!(answer.seq, 3),
            lost => {
                let owner = lost.refused(ErrorCode::AlreadyClaimed).detail.owner.flatten();
                let owner = owner.expect("who owns it");
                assert_eq!((owner.id, &owner.name), (winner.id, &winner.name));
            }
        }
    }
}

async fn of_twenty_messages_racing_a_close_each_is_before_it_or_refused(place: Place) {
    let site = place.site().await;
    let account = site.hire("Ann").await;
    let (mut granted, mut refused) = (0, 0);
    for _ in 0..rounds(place) / ROUNDS_TOGETHER {
        // As above.
        let mut agent = site.sign_in(&account, Codec::Json).await;
        let mut reader = site.sign_in(&account, Codec::Msgpack).await;
        for (number, (mut visitor, id)) in
            asking(&site, ROUNDS_TOGETHER).await.into_iter().enumerate()
        {
            let won = close_race(&mut visitor, &mut agent, id, number).await;
            granted += won;
            refused += SENDS - won;
            check_log(&mut reader, id, won).await;
        }
    }
    // A race that is always won by one side is none.
    Figures::of(format!("close against messages, {place:?}"))
        .told("rounds", rounds(place))
        .at_least("messages before the close", granted as u64, 1)
        .at_least("messages refused", refused as u64, 1)
        .settle();
}

/// Runs one race; how many of the visitor's messages were granted.
async fn close_race(
    visitor: &mut Visitor,
    agent: &mut Agent,
    id: ConversationId,
    head_start: usize,
) -> usize {
    agent.claim(id, &key()).await.granted();
    let head = agent.watch(id, 0).await.granted().head;
    let mut sends = Vec::new();
    for number in 0..SENDS {
        let args = json!({ "conversation": id, "key": key(), "text": format!("message {number}") });
        sends.push(visitor.feed_request("message.send", args).await.expect("a live connection"));
    }
    // The later rounds give the messages a head start, so that the close lands among them.
    let close = async {
        for _ in 0..head_start * 20 {
            tokio::task::yield_now().await;
        }
        agent.send_request("conversation.close", json!({ "conversation": id, "key": key() })).await
    };
    let (flushed, close) = tokio::join!(visitor.flush(), close);
    flushed.expect("a live connection");
    let closed: SeqAnswer = agent.answer_as(close.expect("a live connection")).await.granted();

    let mut numbers = Vec::new();
    for id in sends {
        match visitor.answer_as::<Sent>(id).await {
            Ok(sent) => numbers.push(sent.seq),
            refused => drop(refused.refused(ErrorCode::ConversationClosed)),
        }
    }
    let won = numbers.len();
    let expected: Vec<u64> = (4..4 + won as u64).collect();
    assert_eq!(numbers, expected, "in the order sent, right behind the claim");
    assert_eq!(
        closed.seq,
        head + won as u64 + 1,
        "the close is behind every message that was granted"
    );
    watched_to_the_close(agent, id, head, closed.seq).await;
    won
}

/// A watching closer gets every message before the close, and nothing after it.
async fn watched_to_the_close(agent: &mut Connection, id: ConversationId, head: u64, closed: u64) {
    for due in head + 1..=closed {
        let event = within(SOON, "every event up to the close", next_of(agent, id)).await;
        assert_eq!(event.seq, due);
        let is_close = matches!(event.data, EventData::ConversationClosed(_));
        assert_eq!(is_close, due == closed, "event {due} of {closed}: {event:?}");
    }
}

async fn next_of(connection: &mut Connection, id: ConversationId) -> EventFrame {
    loop {
        let arrival = connection.next().await.expect("an event before the end");
        if let Some(event) = arrival.event().filter(|event| event.conversation == id) {
            return event;
        }
    }
}

async fn check_log(reader: &mut Agent, id: ConversationId, won: usize) {
    let log = reader.history(id, json!({ "after": 0, "limit": 200 })).await.granted();
    assert_eq!(log.head, 4 + won as u64, "start, message, claim, those granted, close");
    let last = log.events.last().expect("events");
    assert!(matches!(last.data, EventData::ConversationClosed(_)), "nothing after the close");
}
