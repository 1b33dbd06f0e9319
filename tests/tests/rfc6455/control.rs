//! Pings, pongs and what they may carry.

use client::raw::{Frame, LengthForm, opcode};
use system_tests::socket::{Ending, RawSocket};
use system_tests::{SOON, Site};

use crate::case::{Case, Outcome, run, text, violation};

#[tokio::test]
async fn a_ping_is_answered_with_what_it_carries() {
    let mut cases = Vec::new();
    for payload in [b"".to_vec(), b"hi".to_vec(), vec![0xff; 125], (0..125).collect()] {
        let frame = Frame::new(opcode::PING, payload.clone());
        cases.push(Case::new(format!("{} bytes", payload.len()), [&frame], Outcome::Pong(payload)));
    }
    let ten: Vec<Frame> = (0..10).map(|n| Frame::new(opcode::PING, vec![n])).collect();
    cases.push(Case::new("ten pings", &ten, Outcome::Pong(vec![9])));
    cases.push(Case::new("a ping before a request", [&ten[0], &text()], Outcome::Answered));
    run(cases).await;
}

#[tokio::test]
async fn a_pong_that_nobody_asked_for_is_ignored() {
    let mut cases = Vec::new();
    for payload in [vec![], b"hi".to_vec(), vec![0; 125]] {
        let frame = Frame::new(opcode::PONG, payload);
        cases.push(Case::new("a pong", [&frame], Outcome::Nothing));
    }
    run(cases).await;
}

#[tokio::test]
async fn a_control_frame_that_is_long_or_in_parts_fails_the_connection() {
    let mut cases = Vec::new();
    for kind in [opcode::PING, opcode::PONG, opcode::CLOSE] {
        for length in [126, 127, 1_000, 65_536] {
            let frame = Frame::new(kind, vec![b'x'; length]);
            cases.push(Case::new(
                format!("opcode {kind} of {length} bytes"),
                [&frame],
                violation(),
            ));
        }
        let part = Frame::new(kind, "").unfinished();
        cases.push(Case::new(format!("opcode {kind} in parts"), [&part], violation()));
        let rest = Frame::new(opcode::CONTINUATION, "");
        cases.push(Case::new(format!("opcode {kind} in two parts"), [&part, &rest], violation()));
    }
    run(cases).await;
}

#[tokio::test]
async fn a_control_frame_that_declares_2_to_the_40_bytes_is_not_waited_for() {
    let site = Site::new().await;
    for kind in [opcode::PING, opcode::PONG, opcode::CLOSE] {
        let mut socket = RawSocket::greeted(&site).await;
        let huge = Frame::new(kind, "").length_form(LengthForm::Eight).declaring(1 << 40);
        socket.frame(&huge).await;
        let (_, ending) = socket.ending(SOON).await;
        // Both are true of it.
        let codes = [Ending::Close(Some(1002)), Ending::Close(Some(1009))];
        assert!(codes.contains(&ending), "opcode {kind}: {ending:?}");
    }
}
