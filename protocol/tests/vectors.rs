//! The shared examples, read in both codecs by the code that the server and its clients run.

mod common;

use std::collections::BTreeSet;

use common::{Vector, vectors};
use protocol::{
    Bulked, ByeCode, Codec, CountsAnswer, Empty, ErrorCode, EventData, Hello, HistoryPage,
    InboxPage, Operation, Ponged, Request, Sent, SeqAnswer, ServerFrame, SignalData, Started,
    Watched,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

fn of(direction: &str, valid: bool) -> Vec<Vector> {
    let wanted = |vector: &Vector| vector.direction == direction && vector.valid == valid;
    let found: Vec<Vector> = vectors().into_iter().map(|(_, v)| v).filter(wanted).collect();
    assert!(found.len() >= 20, "too few {direction} vectors to be all of them");
    found
}

#[test]
fn a_valid_client_frame_means_the_same_in_both_codecs_and_survives_being_written_again() {
    for vector in of("client", true) {
        let meant = vector.means.as_ref().or(vector.json.as_ref()).expect("a meaning");
        assert_eq!(vector.frames().len(), 2, "{}: one codec is missing", vector.name);
        for (codec, bytes) in vector.frames() {
            let request = Request::decode(codec, &bytes).expect(&vector.name);
            let operation = request.operation.expect(&vector.name);
            let again = Request::encode(codec, request.id, &operation);
            assert_eq!(&codec.parse(&again).unwrap(), meant, "{} in {codec:?}", vector.name);
            let second = Request::decode(codec, &again).expect(&vector.name);
            assert_eq!((second.id, second.operation), (request.id, Ok(operation)));
        }
    }
}

#[test]
fn an_invalid_client_frame_is_refused_as_the_vector_says_in_every_codec() {
    for vector in of("client", false) {
        for (codec, bytes) in vector.frames() {
            let decoded = Request::decode(codec, &bytes);
            match (vector.expect.as_deref(), &decoded) {
                (Some("bad_frame"), Err(_)) => assert_eq!(vector.re, None),
                (Some("bad_request"), Ok(Request { id, operation: Err(_) })) => {
                    assert_eq!(Some(*id), vector.re, "{}", vector.name);
                }
                _ => panic!("{} in {codec:?} was taken as {decoded:?}", vector.name),
            }
        }
    }
}

#[test]
fn a_valid_server_frame_means_the_same_in_both_codecs_and_survives_being_written_again() {
    for vector in of("server", true) {
        assert_eq!(vector.frames().len(), 2, "{}: one codec is missing", vector.name);
        for (codec, bytes) in vector.frames() {
            let frame = ServerFrame::decode(codec, &bytes).expect(&vector.name);
            let again = frame.encode(codec);
            assert_eq!(codec.parse(&again).ok(), vector.json, "{} in {codec:?}", vector.name);
            assert_eq!(ServerFrame::decode(codec, &again), Ok(frame));
        }
    }
}

#[test]
fn an_invalid_server_frame_is_not_taken_for_anything() {
    for vector in of("server", false) {
        for (codec, bytes) in vector.frames() {
            let frame = ServerFrame::decode(codec, &bytes);
            assert!(frame.is_err(), "{} in {codec:?} was taken as {frame:?}", vector.name);
            assert!([None, Some("bad_data")].contains(&vector.expect.as_deref()));
        }
    }
}

#[test]
fn each_answer_has_the_type_of_its_operation() {
    for vector in of("server", true) {
        let Some(op) = vector.op.as_deref() else { continue };
        let ok = vector.json.expect("a frame")["ok"].take();
        let again = match op {
            "hello" => through::<Hello>(&ok),
            "ping" => through::<Ponged>(&ok),
            "conversation.watch" => through::<Watched>(&ok),
            "conversation.unwatch" | "typing" => through::<Empty>(&ok),
            "history" => through::<HistoryPage>(&ok),
            "message.send" => through::<Sent>(&ok),
            "conversation.start" => through::<Started>(&ok),
            "conversation.claim" | "conversation.unclaim" | "conversation.close" | "note.add" => {
                through::<SeqAnswer>(&ok)
            }
            "inbox.list" => through::<InboxPage>(&ok),
            "inbox.watch" => through::<CountsAnswer>(&ok),
            "bulk" => through::<Bulked>(&ok),
            _ => panic!("{op} has no answer"),
        };
        assert_eq!(again, [ok.clone(), ok], "{}", vector.name);
    }
}

/// Reads a `T` and writes it in both codecs.
fn through<T: DeserializeOwned + Serialize>(ok: &Value) -> [Value; 2] {
    let typed: T = serde_json::from_value(ok.clone()).expect("the type of its operation");
    Codec::ALL.map(|codec| codec.parse(&codec.encode(&typed)).expect("one value"))
}

#[test]
fn every_word_of_the_contract_has_an_example() {
    let all = vectors();
    let words = |direction: &str, valid: bool, path: &str| -> BTreeSet<String> {
        let wanted = all.iter().filter(|(_, v)| v.direction == direction && v.valid == valid);
        let word = |v: &Vector| Some(v.json.as_ref()?.pointer(path)?.as_str()?.to_owned());
        wanted.filter_map(|(_, vector)| word(vector)).collect()
    };
    let covers = |found: BTreeSet<String>, words: &[&str]| {
        for word in words {
            assert!(found.contains(*word), "no example of {word}");
        }
    };
    covers(words("client", true, "/op"), Operation::NAMES);
    covers(words("client", false, "/op"), Operation::NAMES);
    covers(words("server", true, "/ev"), EventData::NAMES);
    covers(words("server", false, "/ev"), EventData::NAMES);
    covers(words("server", true, "/sig"), SignalData::NAMES);
    covers(words("server", false, "/sig"), SignalData::NAMES);
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    covers(words("server", true, "/err/code"), &codes);
    let byes: Vec<&str> = ByeCode::ALL.iter().map(|code| code.as_str()).collect();
    covers(words("server", true, "/bye/code"), &byes);
    let answered: BTreeSet<String> = all.iter().filter_map(|(_, v)| v.op.clone()).collect();
    covers(answered, Operation::NAMES);
}

#[test]
fn no_two_examples_of_a_file_have_one_name() {
    let mut seen = BTreeSet::new();
    for (file, vector) in vectors() {
        assert!(seen.insert((file.clone(), vector.name.clone())), "{file}: {}", vector.name);
    }
}
