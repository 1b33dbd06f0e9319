//! What people may write, and what comes back.

use protocol::{Codec, ErrorCode, EventData};
use serde_json::{Value, json};
use system_tests::{Expect as _, Site, key};

/// What the log says last.
async fn last_text(connection: &mut client::Connection, id: impl ToString) -> String {
    let log = connection.history(id.to_string(), json!({ "limit": 1 })).await.granted();
    match &log.events[0].data {
        EventData::MessagePosted(posted) => posted.text.to_string(),
        EventData::NotePosted(noted) => noted.text.to_string(),
        other => panic!("no text: {other:?}"),
    }
}

/// Texts that must come back as they were sent.
fn unchanged() -> Vec<String> {
    vec![
        "a".to_owned(),
        "line\nbreak\r\nand\ttab".to_owned(),
        "inner   spaces\u{3000}stay".to_owned(),
        "\u{200b}zero width\u{200d}".to_owned(),
        "\u{feff}a byte order mark is no white space\u{feff}".to_owned(),
        "👩‍👩‍👧‍👦 🇳🇴 é e\u{301} ﷽ 𝄞".to_owned(),
        "\u{202e}right to left\u{202c}".to_owned(),
        "\u{1}\u{7f}\u{9f}\u{fffe}\u{ffff}\u{10ffff}".to_owned(),
        "<script>alert(1)</script>&amp;\"'\\".to_owned(),
        "{\"bye\":{}} \\u0000 %00 ' OR 1=1; --".to_owned(),
        "null".to_owned(),
        "x".repeat(4000),
        "𝄞".repeat(4000),
        "\u{200b}".to_owned(),
    ]
}

#[tokio::test]
async fn everything_that_is_allowed_comes_back_unchanged() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        for text in unchanged() {
            visitor.say(id, &key(), &text).await.granted();
            assert_eq!(last_text(&mut agent, id).await, text);
            agent.note(id, &key(), &text).await.granted();
            assert_eq!(last_text(&mut agent, id).await, text);
            agent.say(id, &key(), &text).await.granted();
            assert_eq!(last_text(&mut visitor, id).await, text);
        }
        let mut other = site.visitor(codec).await;
        let text = "𝄞".repeat(4000);
        let started = other.start(&key(), &text).await.granted();
        assert_eq!(last_text(&mut other, started.conversation.id).await, text);
    }
}

#[tokio::test]
async fn white_space_of_unicode_is_trimmed_off_both_ends() {
    let site = Site::new().await;
    let white = "\u{9}\u{a}\u{b}\u{c}\u{d}\u{20}\u{85}\u{a0}\u{1680}\u{2000}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        visitor.say(id, &key(), &format!("{white}in \u{a0} between{white}")).await.granted();
        assert_eq!(last_text(&mut agent, id).await, "in \u{a0} between");
        let full = format!("{white}{}{white}", "x".repeat(4000));
        visitor.say(id, &key(), &full).await.granted();
        assert_eq!(last_text(&mut agent, id).await.len(), 4000, "only what is stored counts");
        let empty = ErrorCode::BadRequest;
        visitor.say(id, &key(), white).await.refused(empty);
        agent.note(id, &key(), white).await.refused(empty);
        agent.say_and_close(id, &key(), white).await.refused(empty);
        let mut other = site.visitor(codec).await;
        other.start(&key(), white).await.refused(empty);
    }
}

#[tokio::test]
async fn too_little_too_much_and_u0000_are_a_bad_request_and_the_socket_stays_open() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, mut agent, id) = site.talking(codec).await;
        let mut other = site.visitor(codec).await;
        let bad = ["", " ", &"x".repeat(4001), &"𝄞".repeat(4001), "a\0b", "\0", "a\0"];
        for text in bad {
            visitor.say(id, &key(), text).await.refused(ErrorCode::BadRequest);
            agent.say(id, &key(), text).await.refused(ErrorCode::BadRequest);
            agent.note(id, &key(), text).await.refused(ErrorCode::BadRequest);
            agent.say_and_close(id, &key(), text).await.refused(ErrorCode::BadRequest);
            other.start(&key(), text).await.refused(ErrorCode::BadRequest);
        }
        for connection in [&mut *visitor, &mut *agent, &mut *other] {
            connection.ping().await.granted();
        }
        assert_eq!(agent.history(id, json!({})).await.granted().head, 3, "nothing was committed");
        other.start(&key(), "and it still works").await.granted();
    }
}

#[tokio::test]
async fn a_text_that_is_no_text_is_a_bad_request() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        for text in [json!(null), json!(7), json!(["a"]), json!({ "text": "a" }), json!(true)] {
            let args = json!({ "conversation": id, "key": key(), "text": text });
            visitor.ask::<Value>("message.send", args).await.refused(ErrorCode::BadRequest);
        }
    }
}

#[tokio::test]
async fn a_preview_is_cut_to_two_hundred_characters() {
    let site = Site::new().await;
    let (mut visitor, mut agent, id) = site.talking(Codec::Json).await;
    visitor.say(id, &key(), &"𝄞".repeat(201)).await.granted();
    let row = agent.inbox(json!({})).await.granted().rows.remove(0);
    assert_eq!(&*row.preview.text, "𝄞".repeat(200));
}
