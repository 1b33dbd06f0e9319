//! Messages in parts.

use client::raw::{Frame, opcode};

use crate::case::{Case, Outcome, request, run, text, violation};

/// A request cut at these places.
fn cut(places: &[usize]) -> Vec<Frame> {
    let whole = request("x");
    let ends: Vec<usize> = [&[0], places, &[whole.len()]].concat();
    let last = ends.len() - 2;
    let part = |(index, pair): (usize, &[usize])| {
        let kind = if index == 0 { opcode::TEXT } else { opcode::CONTINUATION };
        let frame = Frame::new(kind, &whole[pair[0]..pair[1]]);
        if index == last { frame } else { frame.unfinished() }
    };
    ends.windows(2).enumerate().map(part).collect()
}

#[tokio::test]
async fn a_message_may_come_in_any_parts() {
    let length = request("x").len();
    let mut cases = Vec::new();
    for place in 0..=length {
        cases.push(Case::new(format!("cut at {place}"), &cut(&[place]), Outcome::Answered));
    }
    let all: Vec<usize> = (1..length).collect();
    let several = [("empty parts", vec![0, 0, 10, 10, 10, length]), ("every byte a part", all)];
    for (name, places) in several {
        cases.push(Case::new(name, &cut(&places), Outcome::Answered));
        cases.push(
            Case::new(format!("{name}, byte by byte"), &cut(&places), Outcome::Answered)
                .byte_by_byte(),
        );
    }
    run(cases).await;
}

#[tokio::test]
async fn control_frames_may_stand_between_the_parts() {
    let mut cases = Vec::new();
    for (name, kind) in [("ping", opcode::PING), ("pong", opcode::PONG)] {
        let mut frames = cut(&[5, 12]);
        frames.insert(1, Frame::new(kind, "between"));
        frames.insert(3, Frame::new(kind, "again"));
        cases.push(Case::new(format!("{name} between"), &frames, Outcome::Answered));
        if kind == opcode::PING {
            let pong = Outcome::Pong(b"again".to_vec());
            cases.push(Case::new("pong to the last ping between", &frames, pong));
        }
    }
    let mut frames = cut(&[5]);
    frames.insert(1, Frame::close(1000, ""));
    cases.push(Case::new("a close between", &frames, Outcome::ClosedBack(vec![1000])));
    run(cases).await;
}

#[tokio::test]
async fn parts_that_do_not_belong_fail_the_connection() {
    let orphan = Frame::new(opcode::CONTINUATION, request("x"));
    let open = Frame::new(opcode::TEXT, "{").unfinished();
    let open_binary = Frame::new(opcode::BINARY, "{").unfinished();
    let middle = Frame::new(opcode::CONTINUATION, "x").unfinished();
    let cases = vec![
        Case::new("an orphan", [&orphan], violation()),
        Case::new("an orphan that goes on", [&orphan.clone().unfinished()], violation()),
        Case::new("an empty orphan", [&Frame::new(opcode::CONTINUATION, "")], violation()),
        Case::new("a new text inside", [&open, &text()], violation()),
        Case::new("a new unfinished text inside", [&open, &open], violation()),
        Case::new("a new text after a part", [&open, &middle, &text()], violation()),
        Case::new("a new binary inside", [&open, &open_binary], Outcome::Failed(vec![1002, 1003])),
        Case::new("reserved bits on a part", [&open, &middle.clone().reserved(4)], violation()),
        Case::new("a part without a mask", [&open, &middle.clone().unmasked()], violation()),
    ];
    run(cases).await;
}

#[tokio::test]
async fn an_orphan_after_a_whole_message_fails_the_connection() {
    use client::raw::opcode::CONTINUATION;
    use system_tests::Site;
    use system_tests::socket::{Ending, RawSocket};
    let site = Site::new().await;
    let mut socket = RawSocket::greeted(&site).await;
    for frame in cut(&[5]) {
        socket.frame(&frame).await;
    }
    assert!(socket.json().await["ok"].is_object());
    socket.frame(&Frame::new(CONTINUATION, "x")).await;
    assert_eq!(socket.ending(system_tests::SOON).await.1, Ending::Close(Some(1002)));
}

#[tokio::test]
async fn parts_that_are_too_large_together_are_too_large() {
    use system_tests::Site;
    use system_tests::socket::{Ending, RawSocket};
    let site = Site::new().await;
    for part in [1_000, 32_768, 65_536] {
        let mut socket = RawSocket::greeted(&site).await;
        socket.frame(&Frame::new(opcode::TEXT, vec![b' '; part]).unfinished()).await;
        for _ in 0..65_536 / part {
            socket.frame(&Frame::new(opcode::CONTINUATION, vec![b' '; part]).unfinished()).await;
        }
        let (heard, ending) = socket.ending(system_tests::SOON).await;
        assert_eq!(ending, Ending::Close(Some(1009)), "parts of {part}: {heard:?}");
    }
}
