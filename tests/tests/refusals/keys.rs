//! A repeated key has one effect and gets the first answer again.

use futures::future::join_all;
use protocol::{Codec, ErrorCode, Sent, SeqAnswer};
use serde_json::{Value, json};
use system_tests::{Expect as _, Site, key};

#[tokio::test]
async fn the_same_key_with_other_arguments_gets_the_first_answer_and_commits_nothing() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        let (said, noted) = (key(), key());
        let first = visitor.say(id, &said, "the first").await.granted();
        assert_eq!(visitor.say(id, &said, "another").await.granted(), first);
        let note = agent.note(id, &noted, "the first").await.granted();
        assert_eq!(agent.note(id, &noted, "another").await.granted().seq, note.seq);

        let sent = key();
        let first = agent.say(id, &sent, "open").await.granted();
        let again = agent.say_and_close(id, &sent, "and close").await.granted();
        assert_eq!(again, first, "whatever the arguments: nothing is closed");
        agent.end_at(id, "close", 99).await.refused(ErrorCode::Conflict);
        let log = agent.history(id, json!({})).await.granted();
        assert_eq!(log.head, 6);
    }
}

#[tokio::test]
async fn the_same_key_counts_from_another_socket_of_the_same_person() {
    let site = Site::new().await;
    let account = site.hire("Ann").await;
    let mut one = site.sign_in(&account, Codec::Json).await;
    let mut two = site.sign_in(&account, Codec::Msgpack).await;
    let (mut visitor, id) = site.asking(Codec::Json).await;
    let mut window = site.visitor_again(&visitor, Codec::Msgpack).await;
    let (said, claimed) = (key(), key());
    let first = visitor.say(id, &said, "once").await.granted();
    assert_eq!(window.say(id, &said, "once").await.granted(), first);
    let first = one.claim(id, &claimed).await.granted();
    assert_eq!(two.claim(id, &claimed).await.granted(), first);
    assert_eq!(one.history(id, json!({})).await.granted().head, 4);
}

#[tokio::test]
async fn the_same_key_at_the_same_time_from_ten_sockets_has_one_effect() {
    let site = Site::new().await;
    let (visitor, id) = site.asking(Codec::Json).await;
    for round in 0..20 {
        let again = (0..10).map(|n| site.visitor_again(&visitor, Codec::ALL[n % 2]));
        let mut sockets = join_all(again).await;
        let same = key();
        let sends =
            sockets.iter_mut().map(async |socket| socket.say(id, &same, "once").await.granted());
        let answers: Vec<Sent> = join_all(sends).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(answers[0].seq, 3 + round);
    }
}

#[tokio::test]
async fn the_same_start_at_the_same_time_from_ten_sockets_is_one_conversation() {
    let site = Site::new().await;
    for _ in 0..5 {
        let visitor = site.visitor(Codec::Json).await;
        let again = (0..10).map(|n| site.visitor_again(&visitor, Codec::ALL[n % 2]));
        let mut sockets = join_all(again).await;
        let same = key();
        let starts =
            sockets.iter_mut().map(async |socket| socket.start(&same, "once").await.granted());
        let answers = join_all(starts).await;
        assert!(answers.iter().all(|answer| answer.conversation.id == answers[0].conversation.id));
        assert!(answers.iter().all(|answer| answer.seq == 2));
        let back = site.visitor_again(&visitor, Codec::Json).await;
        assert_eq!(back.hello.conversation.as_ref().map(|open| open.seq), Some(2));
    }
}

#[tokio::test]
async fn the_same_key_in_one_pipeline_has_one_effect() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        let args = json!({ "conversation": id, "key": key(), "text": "once" });
        let mut asked = Vec::new();
        for _ in 0..20 {
            asked.push(visitor.feed_request("message.send", &args).await.expect("sent"));
        }
        visitor.flush().await.expect("sent");
        for id in asked {
            assert_eq!(visitor.answer_as::<Sent>(id).await.granted().seq, 3);
        }
        assert_eq!(visitor.history(id, json!({})).await.granted().head, 3);
    }
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, mut ann, id) = site.talking(codec).await;
        let mut ben = site.agent("Ben", codec).await;
        let (claim, say, close) = (key(), key(), key());
        ben.claim(id, &claim).await.refused(ErrorCode::AlreadyClaimed);
        ben.say(id, &say, "mine").await.refused(ErrorCode::NotOwner);
        ben.end(id, &close).await.refused(ErrorCode::NotOwner);
        ann.unclaim(id, &key()).await.granted();
        assert_eq!(ben.claim(id, &claim).await.granted().seq, 5);
        assert_eq!(ben.say(id, &say, "mine").await.granted().seq, 6);
        ben.end_at(id, &close, 5).await.refused(ErrorCode::Conflict);
        assert_eq!(ben.end_at(id, &close, 6).await.granted().seq, 7);
    }
}

#[tokio::test]
async fn a_key_counts_for_one_author_one_conversation_and_one_operation() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        let (mut other, second) = site.asking(codec).await;
        let same = key();
        assert_eq!(visitor.say(id, &same, "visitor").await.granted().seq, 4);
        assert_eq!(agent.say(id, &same, "agent").await.granted().seq, 5);
        assert_eq!(agent.note(id, &same, "note").await.granted().seq, 6);
        assert_eq!(agent.claim(second, &same).await.granted().seq, 3);
        assert_eq!(agent.say(second, &same, "there").await.granted().seq, 4);
        assert_eq!(other.say(second, &same, "other").await.granted().seq, 5);
        assert_eq!(agent.unclaim(id, &same).await.granted().seq, 7);
        assert_eq!(agent.claim(id, &same).await.granted().seq, 8);
        assert_eq!(agent.end(id, &same).await.granted().seq, 9);
        let fresh = visitor.start(&same, "new").await.granted();
        assert_ne!(fresh.conversation.id, id);
    }
}

#[tokio::test]
async fn claiming_what_one_owns_already_answers_the_claim_that_made_it_so() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, id) = site.asking(codec).await;
        let mut agent = site.agent("Ann", codec).await;
        let first: SeqAnswer = agent.claim(id, &key()).await.granted();
        agent.say(id, &key(), "hi").await.granted();
        let second = key();
        assert_eq!(agent.claim(id, &second).await.granted().seq, first.seq);
        assert_eq!(agent.history(id, json!({})).await.granted().head, 4, "nothing was committed");
        agent.unclaim(id, &key()).await.granted();
        assert_eq!(
            agent.claim(id, &second).await.granted().seq,
            first.seq,
            "the first answer again"
        );
        let third = agent.claim(id, &key()).await.granted();
        assert_eq!(third.seq, 6, "a new claim");
    }
}

#[tokio::test]
async fn a_key_is_a_string_of_1_to_64_characters() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        for bad in ["", &"k".repeat(65), &"𝄞".repeat(65)] {
            visitor.say(id, bad, "x").await.refused(ErrorCode::BadRequest);
            visitor.start(bad, "x").await.refused(ErrorCode::BadRequest);
            agent.note(id, bad, "x").await.refused(ErrorCode::BadRequest);
            agent.claim(id, bad).await.refused(ErrorCode::BadRequest);
            agent.unclaim(id, bad).await.refused(ErrorCode::BadRequest);
            agent.end(id, bad).await.refused(ErrorCode::BadRequest);
            agent.bulk(bad, "claim", [id]).await.refused(ErrorCode::BadRequest);
        }
        for good in ["k", " ", &"k".repeat(64), &"𝄞".repeat(64)] {
            visitor.say(id, good, "x").await.granted();
        }
        let keyless = [
            ("message.send", json!({ "conversation": id, "text": "x" })),
            ("note.add", json!({ "conversation": id, "text": "x" })),
            ("conversation.claim", json!({ "conversation": id })),
            ("conversation.unclaim", json!({ "conversation": id })),
            ("conversation.close", json!({ "conversation": id })),
            ("bulk", json!({ "action": "claim", "conversations": [id] })),
            ("conversation.start", json!({ "text": "x" })),
        ];
        for (op, args) in keyless {
            agent.ask::<Value>(op, args).await.refused(ErrorCode::BadRequest);
        }
    }
}

#[tokio::test]
async fn a_key_is_told_to_all_sockets_of_its_author_and_to_nobody_else() {
    let site = Site::new().await;
    let account = site.hire("Ann").await;
    let mut ann = site.sign_in(&account, Codec::Json).await;
    let mut ann_too = site.sign_in(&account, Codec::Msgpack).await;
    let mut ben = site.agent("Ben", Codec::Json).await;
    let (mut visitor, id) = site.asking(Codec::Json).await;
    ann.claim(id, &key()).await.granted();
    for connection in [&mut *ann, &mut *ann_too, &mut *ben, &mut *visitor] {
        connection.watch(id, 0).await.granted();
    }
    let (said, noted) = (key(), key());
    ann.say(id, &said, "hi").await.granted();
    ann.note(id, &noted, "between us").await.granted();
    for (connection, told) in [(&mut *ann, true), (&mut *ann_too, true), (&mut *ben, false)] {
        let log: Value =
            connection.ask("history", json!({ "conversation": id, "after": 3 })).await.granted();
        let keys: Vec<Option<&str>> =
            (0..2).map(|n| log["events"][n]["data"]["key"].as_str()).collect();
        let expected = if told { [Some(&*said), Some(&*noted)] } else { [None, None] };
        assert_eq!(keys, expected);
    }
    let log: Value = visitor.ask("history", json!({ "conversation": id })).await.granted();
    assert!(!log.to_string().contains(&said), "an agent's key reached the visitor");
}
