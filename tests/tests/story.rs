//! The product on one page: a question, an answer, and an end that is one.

use client::Agent;
use protocol::{
    Codec, ConversationId, ErrorCode, EventData, EventFrame, Role, SignalData, Status, Summary,
};
use serde_json::json;
use system_tests::{
    Expect as _, Place, SOON, event, events, key, on_one_node_and_on_three, signal, within,
};

on_one_node_and_on_three! {
    a_question_is_asked_claimed_answered_and_closed,
    a_conversation_closed_without_a_word_is_closed_for_both_sides_at_once,
    a_visitor_who_comes_back_gets_exactly_what_it_missed,
}

/// The row that an inbox is told of a conversation whose visitor is there.
async fn told_of(agent: &mut Agent, id: ConversationId) -> Summary {
    let told = async {
        loop {
            match signal(agent, "inbox.row").await.data {
                SignalData::InboxRow(row) if row.id == id && row.visitor.online => return *row,
                _ => {}
            }
        }
    };
    within(SOON, "the visitor to be seen", told).await
}

fn names(events: &[EventFrame]) -> Vec<&str> {
    events.iter().map(|event| &*event.ev).collect()
}

fn text(event: &EventFrame) -> &str {
    match &event.data {
        EventData::MessagePosted(posted) => &posted.text,
        EventData::NotePosted(noted) => &noted.text,
        EventData::ConversationClosed(closed) => &closed.text,
        other => panic!("an event without text: {other:?}"),
    }
}

async fn a_question_is_asked_claimed_answered_and_closed(place: Place) {
    for (visitors, agents) in [(Codec::Json, Codec::Msgpack), (Codec::Msgpack, Codec::Json)] {
        let site = place.site().await;
        let mut agent = site.agent("Ann", agents).await;
        agent.watch_inbox(true).await.granted();
        let mut visitor = site.visitor_named("Vera", "vera@example.org").await;
        let mut window = site.visitor_again(&visitor, visitors).await;

        // The visitor asks; the agent finds it in the inbox.
        let started = visitor.start(&key(), "  Do you ship to Norway?\n").await.granted();
        let id = started.conversation.id;
        assert_eq!(started.seq, 2);
        assert_eq!(
            names(&events(&mut visitor, 2).await),
            ["conversation.started", "message.posted"]
        );
        let row = told_of(&mut agent, id).await;
        assert_eq!((row.id, row.status, &*row.visitor.name), (id, Status::Open, "Vera"));
        assert_eq!(row.visitor.email.as_deref(), Some("vera@example.org"));
        assert_eq!(&*row.preview.text, "Do you ship to Norway?");
        assert_eq!((row.unread, row.visitor.online), (Some(1), true));
        let listed = agent.inbox(json!({ "queue": "unassigned" })).await.granted().rows;
        assert_eq!(listed, [row], "and the list says the same");

        // Both of the visitor's windows and the agent watch.
        let watched = window.watch(id, 0).await.granted();
        assert_eq!((watched.head, watched.more, watched.reset), (2, false, false));
        assert_eq!(text(&watched.events[1]), "Do you ship to Norway?");
        let watched = agent.watch(id, 0).await.granted();
        assert_eq!((watched.head, watched.events.len()), (2, 2));

        // The agent claims, notes and answers; the note is for agents only.
        assert_eq!(agent.claim(id, &key()).await.granted().seq, 3);
        assert_eq!(agent.note(id, &key(), "Ask Olaf about customs.").await.granted().seq, 4);
        assert_eq!(agent.say(id, &key(), "We do, in three days.").await.granted().seq, 5);
        let seen = events(&mut agent, 3).await;
        assert_eq!(names(&seen), ["conversation.claimed", "note.posted", "message.posted"]);
        for visitor in [&mut visitor, &mut window] {
            let seen = events(visitor, 2).await;
            assert_eq!(names(&seen), ["conversation.claimed", "message.posted"]);
            assert_eq!([seen[0].seq, seen[1].seq], [3, 4], "visitors' own numbers, without a gap");
            assert_eq!((seen[1].by.role, &*seen[1].by.name), (Role::Agent, "Ann"));
            assert_eq!(text(&seen[1]), "We do, in three days.");
        }

        // The visitor answers from the other window.
        let sent = window.say(id, &key(), "Great, thank you!").await.granted();
        assert_eq!(sent.seq, 5, "in the visitor's numbering");
        assert_eq!(event(&mut agent).await.seq, 6, "in the agents' numbering");
        assert_eq!(text(&event(&mut visitor).await), "Great, thank you!");
        assert_eq!(event(&mut window).await.at, sent.at);

        // The agent answers and closes in one step; the visitor gets the reply before the close.
        let sent = agent.say_and_close(id, &key(), "You are welcome.").await.granted();
        assert_eq!((sent.seq, sent.closed_seq), (7, Some(8)));
        for visitor in [&mut visitor, &mut window] {
            let seen = events(visitor, 2).await;
            assert_eq!(names(&seen), ["message.posted", "conversation.closed"]);
            assert_eq!(text(&seen[1]), "This conversation has been closed.");
        }

        // Closed is closed, for everybody, and it is found under the closed ones.
        visitor.say(id, &key(), "One more thing").await.refused(ErrorCode::ConversationClosed);
        agent.say(id, &key(), "One more thing").await.refused(ErrorCode::ConversationClosed);
        agent.note(id, &key(), "One more thing").await.refused(ErrorCode::ConversationClosed);
        assert_eq!(agent.inbox(json!({})).await.granted().rows.len(), 0);
        let closed = agent.inbox(json!({ "status": "closed" })).await.granted().rows;
        assert_eq!((closed[0].id, closed[0].status), (id, Status::Closed));
        assert_eq!(closed[0].owner.as_ref().map(|owner| &*owner.name), Some("Ann"));
    }
}

async fn a_conversation_closed_without_a_word_is_closed_for_both_sides_at_once(place: Place) {
    for codec in Codec::ALL {
        let site = place.site().await;
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        let watched = visitor.watch(id, 0).await.granted();
        assert_eq!(watched.head, 3);
        agent.watch(id, 0).await.granted();
        let closed = agent.end(id, &key()).await.granted();
        assert_eq!(closed.seq, 4);
        let seen = events(&mut visitor, 4).await;
        assert_eq!(names(&seen)[3], "conversation.closed", "after the start's two and the claim");
        assert_eq!(event(&mut agent).await.seq, 4);
        visitor.say(id, &key(), "hello?").await.refused(ErrorCode::ConversationClosed);

        // The visitor may start anew.
        let started = visitor.start(&key(), "Another question").await.granted();
        assert_ne!(started.conversation.id, id);
    }
}

async fn a_visitor_who_comes_back_gets_exactly_what_it_missed(place: Place) {
    for codec in Codec::ALL {
        let site = place.site().await;
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        let seen = visitor.watch(id, 0).await.granted().head;
        let token = visitor.token.clone();
        drop(visitor);
        for number in 0..5 {
            agent.note(id, &key(), "between us").await.granted();
            agent.say(id, &key(), &format!("answer {number}")).await.granted();
        }

        let mut connection =
            client::Connection::open(&site.for_visitors(codec)).await.expect("a connection");
        let watch = json!([{ "conversation": id, "after": seen }]);
        let hello = connection.hello(json!({ "token": token, "watch": watch })).await.granted();
        assert_eq!(hello.conversation.map(|summary| summary.id), Some(id));
        let protocol::WatchOutcome::Watched(watched) = &hello.watching[0] else {
            panic!("not watching: {:?}", hello.watching)
        };
        let numbers: Vec<u64> = watched.events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, [4, 5, 6, 7, 8]);
        assert_eq!((watched.head, watched.more, watched.reset), (8, false, false));
        agent.say(id, &key(), "there you are").await.granted();
        assert_eq!(event(&mut connection).await.seq, 9);
    }
}
