//! Text that is UTF-8, and text that is not.

use client::raw::{Frame, opcode};

use crate::case::{Case, Outcome, request, run};

const WORDS: &str = "κόσμε ﷽ 𝄞 👩‍👧";

/// A request with these bytes as a string in it.
fn with(bytes: &[u8]) -> Vec<u8> {
    let whole = request("*");
    let place = whole.iter().position(|byte| *byte == b'*').expect("the filling");
    [&whole[..place], bytes, &whole[place + 1..]].concat()
}

fn in_two(bytes: &[u8], place: usize) -> [Frame; 2] {
    let (one, two) = bytes.split_at(place);
    [Frame::new(opcode::TEXT, one).unfinished(), Frame::new(opcode::CONTINUATION, two)]
}

#[tokio::test]
async fn a_character_may_be_cut_at_every_byte_between_parts_and_between_packets() {
    let bytes = with(WORDS.as_bytes());
    let mut cases = Vec::new();
    for place in 0..=bytes.len() {
        cases.push(Case::new(format!("cut at {place}"), &in_two(&bytes, place), Outcome::Answered));
    }
    let whole = Frame::new(opcode::TEXT, bytes);
    cases.push(Case::new("byte by byte", [&whole], Outcome::Answered).byte_by_byte());
    run(cases).await;
}

#[tokio::test]
async fn every_scalar_value_is_text() {
    let edges = ["\u{7f}", "\u{80}", "\u{7ff}", "\u{800}", "\u{d7ff}", "\u{e000}", "\u{fffd}"];
    let more =
        ["\u{fffe}", "\u{ffff}", "\u{fdd0}", "\u{10000}", "\u{1fffe}", "\u{10ffff}", "\u{feff}"];
    let case = |text: &str| {
        let frame = Frame::new(opcode::TEXT, with(text.as_bytes()));
        Case::new(format!("{text:?}"), [&frame], Outcome::Answered)
    };
    run(edges.iter().chain(&more).map(|text| case(text)).collect()).await;
}

/// Bytes that are no UTF-8.
const BROKEN: [(&str, &[u8]); 24] = [
    ("a continuation alone", &[0x80]),
    ("the last continuation alone", &[0xbf]),
    ("continuations alone", &[0x80, 0xbf, 0x80]),
    ("two of two missing", &[0xc2]),
    ("three of three missing", &[0xe2, 0x82]),
    ("four of four missing", &[0xf0, 0x9d, 0x84]),
    ("overlong slash in two", &[0xc0, 0xaf]),
    ("overlong in two, the longest", &[0xc1, 0xbf]),
    ("overlong slash in three", &[0xe0, 0x80, 0xaf]),
    ("overlong in three, the longest", &[0xe0, 0x9f, 0xbf]),
    ("overlong slash in four", &[0xf0, 0x80, 0x80, 0xaf]),
    ("overlong in four, the longest", &[0xf0, 0x8f, 0xbf, 0xbf]),
    ("overlong nul", &[0xc0, 0x80]),
    ("the first surrogate", &[0xed, 0xa0, 0x80]),
    ("the last high surrogate", &[0xed, 0xaf, 0xbf]),
    ("the first low surrogate", &[0xed, 0xb0, 0x80]),
    ("the last surrogate", &[0xed, 0xbf, 0xbf]),
    ("a pair of surrogates", &[0xed, 0xa0, 0xb4, 0xed, 0xb4, 0x9e]),
    ("beyond the last", &[0xf4, 0x90, 0x80, 0x80]),
    ("five bytes", &[0xf8, 0x88, 0x80, 0x80, 0x80]),
    ("six bytes", &[0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]),
    ("0xfe", &[0xfe]),
    ("0xff", &[0xff]),
    ("Latin-1", &[b'G', b'r', 0xfc, 0xdf, b'e']),
];

#[tokio::test]
async fn bytes_that_are_no_text_fail_the_connection_whole_in_parts_and_byte_by_byte() {
    let no_text = || Outcome::Failed(vec![1007]);
    let mut cases = Vec::new();
    for (name, bytes) in BROKEN {
        let whole = with(bytes);
        let frame = Frame::new(opcode::TEXT, whole.clone());
        cases.push(Case::new(name, [&frame], no_text()));
        cases.push(Case::new(format!("{name}, byte by byte"), [&frame], no_text()).byte_by_byte());
        let place = whole.iter().position(|byte| *byte >= 0x80).expect("a broken byte") + 1;
        cases.push(Case::new(format!("{name}, in two parts"), &in_two(&whole, place), no_text()));
    }
    run(cases).await;
}

#[tokio::test]
async fn a_message_that_ends_in_a_character_fails_the_connection() {
    let no_text = || Outcome::Failed(vec![1007]);
    let mut cases = Vec::new();
    for end in 1..4 {
        let bytes = &"𝄞".as_bytes()[..end];
        let frame = Frame::new(opcode::TEXT, bytes);
        cases.push(Case::new(format!("{end} of four bytes"), [&frame], no_text()));
        let first = frame.clone().unfinished();
        let rest = Frame::new(opcode::CONTINUATION, "");
        cases.push(Case::new(format!("{end} of four bytes in parts"), [&first, &rest], no_text()));
    }
    run(cases).await;
}
