//! Typing: from the visitor to agents who watch, from the owner to the visitor, and nobody else.

use client::{Arrival, Connection};
use protocol::{Codec, Role, SignalData, TypingActive};
use system_tests::{Expect as _, Site, event, key, signal};

/// What typing arrives up to an event that is known to come.
async fn typing_before_next_event(connection: &mut Connection) -> Vec<bool> {
    let mut seen = Vec::new();
    loop {
        let arrival = system_tests::within(system_tests::SOON, "an event", connection.next()).await;
        match arrival.expect("an event before the end") {
            Arrival::Event(_) => return seen,
            Arrival::Signal(signal) => {
                if let SignalData::Typing(TypingActive { active }) = signal.data {
                    seen.push(active);
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_visitors_typing_reaches_the_agents_who_watch() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        let mut other = site.agent("Ben", codec).await;
        agent.watch(id, 0).await.granted();
        other.watch(id, 0).await.granted();
        for active in [true, false] {
            visitor.typing(id, active).await.granted();
            for agent in [&mut agent, &mut other] {
                let typing = signal(agent, "typing").await;
                assert_eq!(typing.data, SignalData::Typing(TypingActive { active }));
                assert_eq!(typing.conversation, Some(id));
                let by = typing.by.expect("who types");
                assert_eq!((by.role, by.id), (Role::Visitor, visitor.hello.me.id));
            }
        }
    }
}

#[tokio::test]
async fn the_owners_typing_reaches_the_visitor_under_its_alias() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        visitor.watch(id, 0).await.granted();
        agent.typing(id, true).await.granted();
        let by = signal(&mut visitor, "typing").await.by.expect("who types");
        assert_eq!((by.role, &*by.name), (Role::Agent, "Ann"));
        assert_ne!(by.id, agent.hello.me.id);
        agent.say(id, &key(), "hi").await.granted();
        let mut said = event(&mut visitor).await;
        while &*said.ev != "message.posted" || said.by.role != Role::Agent {
            said = event(&mut visitor).await;
        }
        assert_eq!(said.by.id, by.id, "one alias everywhere");
    }
}

#[tokio::test]
async fn typing_of_an_agent_who_is_not_the_owner_is_answered_and_told_to_nobody() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (visitor, mut owner, id) = site.talking(codec).await;
        let mut other = site.agent("Ben", codec).await;
        // A window of its own, which has not heard the beginning.
        let mut window = site.visitor_again(&visitor, codec).await;
        window.watch(id, 0).await.granted();
        other.typing(id, true).await.granted();
        other.typing(id, false).await.granted();
        owner.say(id, &key(), "hi").await.granted();
        assert_eq!(typing_before_next_event(&mut window).await, Vec::<bool>::new());
    }
}

#[tokio::test]
async fn typing_on_what_nobody_owns_is_not_told_to_the_visitor() {
    let site = Site::new().await;
    let (mut visitor, id) = site.asking(Codec::Json).await;
    let mut agent = site.agent("Ann", Codec::Json).await;
    system_tests::events(&mut visitor, 2).await;
    agent.typing(id, true).await.granted();
    agent.claim(id, &key()).await.granted();
    assert_eq!(typing_before_next_event(&mut visitor).await, Vec::<bool>::new());
}

#[tokio::test]
async fn typing_on_a_closed_conversation_is_answered_and_told_to_nobody() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        agent.watch(id, 0).await.granted();
        agent.end(id, &key()).await.granted();
        assert_eq!(event(&mut agent).await.seq, 4);
        visitor.typing(id, true).await.granted();
        agent.typing(id, true).await.granted();
        visitor.ping().await.granted();
        agent.ping().await.granted();
        for connection in [&mut *visitor, &mut *agent] {
            while let Some(arrival) = connection.next_read() {
                let typing = arrival.signal().is_some_and(|signal| &*signal.sig == "typing");
                assert!(!typing, "typing on a closed conversation");
            }
        }
    }
}

#[tokio::test]
async fn a_note_neither_starts_nor_stops_typing_towards_the_visitor() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        system_tests::events(&mut visitor, 3).await;
        agent.typing(id, true).await.granted();
        agent.note(id, &key(), "between us").await.granted();
        agent.note(id, &key(), "and again").await.granted();
        agent.say(id, &key(), "to you").await.granted();
        let seen = typing_before_next_event(&mut visitor).await;
        assert!(seen.iter().all(|active| *active), "a note stopped the typing: {seen:?}");
        assert!(seen.len() <= 1, "a note started typing again: {seen:?}");
        agent.note(id, &key(), "only a note").await.granted();
        agent.say(id, &key(), "the next").await.granted();
        assert_eq!(typing_before_next_event(&mut visitor).await, Vec::<bool>::new());
    }
}
