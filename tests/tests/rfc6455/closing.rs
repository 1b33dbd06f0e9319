//! The end of a connection.

use client::raw::{Frame, opcode};
use system_tests::socket::{Ending, RawSocket};
use system_tests::{SOON, Site};

use crate::case::{ASKED, Case, Outcome, request, run, text, violation};

/// What a close with this code gets. Those from 1012 on are in the registry, but not in the standard.
fn due(code: u16) -> Outcome {
    match code {
        1000..=1003 | 1007..=1011 | 3000..=4999 => Outcome::ClosedBack(vec![code, 1000]),
        1012..=1014 => Outcome::ClosedBack(vec![code, 1000, 1002]),
        _ => violation(),
    }
}

#[tokio::test]
async fn a_close_is_answered_with_its_code_and_one_that_is_none_fails_the_connection() {
    let edges = (995..1025).chain([0, 1, 100, 1100, 1999, 2000, 2998, 2999]);
    let more = edges.chain(3000..3003).chain(3997..4003).chain([4400, 4997, 4998, 4999]);
    let over = more.chain([5000, 5001, 9999, 65_535]).chain((0..5000).step_by(211));
    let case = |code: u16| Case::new(format!("code {code}"), [&Frame::close(code, "")], due(code));
    run(over.map(case).collect()).await;
}

#[tokio::test]
async fn a_close_may_be_empty_or_have_a_reason_but_not_half_a_code_or_broken_words() {
    let broken = [&1000_u16.to_be_bytes()[..], &[0xce, 0xba, 0xed, 0xa0, 0x80]].concat();
    let cut = [&1000_u16.to_be_bytes()[..], &[0xce]].concat();
    let not_text = || Outcome::Failed(vec![1007, 1002]);
    let cases = vec![
        Case::new("empty", [&Frame::new(opcode::CLOSE, "")], Outcome::ClosedBack(vec![1000])),
        Case::new("with a reason", [&Frame::close(1000, "κόσμε")], Outcome::ClosedBack(vec![1000])),
        Case::new(
            "123 bytes of reason",
            [&Frame::close(1000, &"x".repeat(123))],
            Outcome::ClosedBack(vec![1000]),
        ),
        Case::new("124 bytes of reason", [&Frame::close(1000, &"x".repeat(124))], violation()),
        Case::new("one byte", [&Frame::new(opcode::CLOSE, [3])], violation()),
        Case::new("a reason that is not text", [&Frame::new(opcode::CLOSE, broken)], not_text()),
        Case::new("a reason cut in a character", [&Frame::new(opcode::CLOSE, cut)], not_text()),
    ];
    run(cases).await;
}

#[tokio::test]
async fn after_a_close_nothing_is_answered() {
    let close = || Frame::close(1000, "");
    let ping = Frame::new(opcode::PING, "late");
    let closed = || Outcome::ClosedBack(vec![1000]);
    let cases = vec![
        Case::new("two closes", [&close(), &close()], closed()),
        Case::new("a request after the close", [&close(), &text()], closed()),
        Case::new("a ping after the close", [&close(), &ping], closed()),
        Case::new(
            "nonsense after the close",
            [&close(), &Frame::new(15, "x").reserved(7)],
            closed(),
        ),
    ];
    run(cases).await;
}

#[tokio::test]
async fn what_was_asked_before_the_close_may_be_answered_and_tcp_ends_soon() {
    let site = Site::new().await;
    let mut socket = RawSocket::greeted(&site).await;
    socket.frame(&Frame::new(opcode::TEXT, request("x"))).await;
    socket.frame(&Frame::close(1000, "")).await;
    let (heard, ending) = socket.ending(SOON).await;
    assert!(matches!(ending, Ending::Close(Some(1000) | None)), "{ending:?}");
    for frame in heard {
        let answer: serde_json::Value = serde_json::from_slice(&frame.payload).expect("JSON");
        assert_eq!(answer["re"], ASKED);
    }
    socket.gone(std::time::Duration::from_secs(5)).await;
}

#[tokio::test]
async fn after_a_failure_tcp_ends_soon_though_the_client_says_nothing() {
    let site = Site::new().await;
    for bad in [text().unmasked(), text().reserved(4), Frame::new(opcode::TEXT, [0xff])] {
        let mut socket = RawSocket::greeted(&site).await;
        socket.frame(&bad).await;
        socket.ending(SOON).await;
        socket.gone(std::time::Duration::from_secs(5)).await;
    }
}
