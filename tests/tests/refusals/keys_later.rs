//! A key is remembered for as long as its conversation exists.

use protocol::{Codec, ErrorCode};
use serde_json::json;
use system_tests::site::options;
use system_tests::{Expect as _, Site, key};
use throwaway::Server;

#[tokio::test]
async fn after_a_close_the_first_answer_is_still_given() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        let mut agent = site.agent("Ann", codec).await;
        let (claim, say, note, close) = (key(), key(), key(), key());
        let claimed = agent.claim(id, &claim).await.granted();
        let said = visitor.say(id, &say, "hi").await.granted();
        let noted = agent.note(id, &note, "hm").await.granted();
        let closed = agent.end(id, &close).await.granted();
        assert_eq!(agent.claim(id, &claim).await.granted().seq, claimed.seq);
        assert_eq!(visitor.say(id, &say, "other").await.granted(), said);
        assert_eq!(agent.note(id, &note, "other").await.granted().seq, noted.seq);
        assert_eq!(agent.end(id, &close).await.granted().seq, closed.seq);
        assert_eq!(agent.history(id, json!({})).await.granted().head, closed.seq);
    }
}

#[tokio::test]
async fn the_closer_may_close_again_under_another_key_and_nobody_else_may() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, mut agent, id) = site.talking(codec).await;
        let mut other = site.agent("Ben", codec).await;
        let closed = agent.end(id, &key()).await.granted();
        let again = key();
        assert_eq!(agent.end(id, &again).await.granted().seq, closed.seq);
        assert_eq!(agent.end(id, &again).await.granted().seq, closed.seq);
        assert_eq!(agent.end_at(id, &key(), 1).await.granted().seq, closed.seq, "its own close");
        other.end(id, &key()).await.refused(ErrorCode::ConversationClosed);
        agent.say_and_close(id, &key(), "x").await.refused(ErrorCode::ConversationClosed);
    }
}

#[tokio::test]
async fn send_and_close_repeated_gets_both_numbers_again() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, mut agent, id) = site.talking(codec).await;
        let same = key();
        let first = agent.say_and_close(id, &same, "bye").await.granted();
        assert_eq!((first.seq, first.closed_seq), (4, Some(5)));
        assert_eq!(agent.say_and_close(id, &same, "bye").await.granted(), first);
        assert_eq!(agent.say(id, &same, "bye").await.granted(), first, "whatever the arguments");
        assert_eq!(agent.end(id, &key()).await.granted().seq, 5, "its own close");
    }
}

#[tokio::test]
async fn after_a_change_of_owner_the_first_answer_is_still_given() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, id) = site.asking(codec).await;
        let mut ann = site.agent("Ann", codec).await;
        let mut ben = site.agent("Ben", codec).await;
        let (claim, say, unclaim) = (key(), key(), key());
        let claimed = ann.claim(id, &claim).await.granted();
        let said = ann.say(id, &say, "hi").await.granted();
        let unclaimed = ann.unclaim(id, &unclaim).await.granted();
        ben.claim(id, &key()).await.granted();
        assert_eq!(ann.claim(id, &claim).await.granted().seq, claimed.seq);
        assert_eq!(ann.say(id, &say, "hi").await.granted(), said);
        assert_eq!(ann.unclaim(id, &unclaim).await.granted().seq, unclaimed.seq);
        ann.say(id, &key(), "still mine?").await.refused(ErrorCode::NotOwner);
        assert_eq!(ben.history(id, json!({})).await.granted().head, 6);
    }
}

#[tokio::test]
async fn a_start_repeated_answers_its_conversation_whatever_became_of_it() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        let mut agent = site.agent("Ann", codec).await;
        let first = key();
        let started = visitor.start(&first, "one").await.granted();
        let id = started.conversation.id;
        let again = visitor.start(&first, "another text").await.granted();
        assert_eq!((again.conversation.id, again.seq, again.at), (id, 2, started.at), "while open");

        agent.claim(id, &key()).await.granted();
        agent.end(id, &key()).await.granted();
        let again = visitor.start(&first, "one").await.granted();
        assert_eq!((again.conversation.id, again.seq), (id, 2), "after the close");

        let second = visitor.start(&key(), "two").await.granted().conversation.id;
        let mut window = site.visitor_again(&visitor, codec).await;
        let again = window.start(&first, "one").await.granted();
        assert_eq!(again.conversation.id, id, "while another is open, from another socket");
        visitor.start(&key(), "three").await.refused(ErrorCode::ConversationOpen);

        let mut other = site.visitor(codec).await;
        let theirs = other.start(&first, "one").await.granted().conversation.id;
        assert!(theirs != id && theirs != second, "another author");
    }
}

#[tokio::test]
async fn after_a_restart_and_after_a_kill_the_first_answer_is_still_given() {
    let mut server = Server::start(options()).await;
    let site = Site::of(&server).await;
    let account = site.hire("Ann").await;
    let mut visitor = site.visitor(Codec::Json).await;
    let (start, claim, say, bulk) = (key(), key(), key(), key());
    let started = visitor.start(&start, "one").await.granted();
    let id = started.conversation.id;
    let mut agent = site.sign_in(&account, Codec::Msgpack).await;
    let claimed = agent.claim(id, &claim).await.granted();
    let said = visitor.say(id, &say, "hi").await.granted();
    let first = agent.bulk(&bulk, "close", [id]).await.granted();

    for kill in [true, false] {
        if !kill {
            assert!(server.term().await.success(), "a clean end");
        }
        server.restart().await;
        let mut visitor = site.visitor_again(&visitor, Codec::Msgpack).await;
        let mut agent = site.sign_in(&account, Codec::Json).await;
        let again = visitor.start(&start, "one").await.granted();
        assert_eq!((again.conversation.id, again.seq, again.at), (id, 2, started.at));
        assert_eq!(agent.claim(id, &claim).await.granted().seq, claimed.seq);
        assert_eq!(visitor.say(id, &say, "hi").await.granted(), said);
        let again = agent.bulk(&bulk, "close", [id]).await.granted();
        assert_eq!(again.results[0].ok.map(|ok| ok.seq), first.results[0].ok.map(|ok| ok.seq));
        assert_eq!(agent.history(id, json!({})).await.granted().head, 5);
    }
}
