//! Bits, opcodes, masks and lengths.

use client::raw::{Frame, LengthForm, opcode};

use crate::case::{Case, Outcome, request, run, text, violation};

#[tokio::test]
async fn reserved_bits_and_opcodes_fail_the_connection() {
    let mut cases = Vec::new();
    for bits in 1..8 {
        for kind in [opcode::TEXT, opcode::BINARY, opcode::PING, opcode::PONG, opcode::CLOSE] {
            let frame = Frame::new(kind, request("x")).reserved(bits);
            cases.push(Case::new(
                format!("reserved bits {bits} on opcode {kind}"),
                [&frame],
                violation(),
            ));
        }
    }
    for kind in (3..8).chain(11..16) {
        for payload in ["", "x"] {
            let frame = Frame::new(kind, payload);
            cases.push(Case::new(format!("opcode {kind}, {payload:?}"), [&frame], violation()));
        }
    }
    run(cases).await;
}

#[tokio::test]
async fn a_frame_without_a_mask_fails_the_connection_and_any_mask_will_do() {
    let mut cases = Vec::new();
    for kind in [opcode::TEXT, opcode::PING, opcode::PONG, opcode::CLOSE] {
        let frame = Frame::new(kind, "").unmasked();
        cases.push(Case::new(format!("opcode {kind} without a mask"), [&frame], violation()));
    }
    let bare = text().unmasked();
    cases.push(Case::new("a request without a mask", [&bare], violation()));
    for mask in [[0; 4], [0xff; 4], [1, 2, 3, 4]] {
        let frame = Frame { mask: Some(mask), ..text() };
        cases.push(Case::new(format!("mask {mask:?}"), [&frame], Outcome::Answered));
    }
    run(cases).await;
}

/// A request of so many bytes.
fn of_length(bytes: usize) -> Frame {
    let around = request("").len();
    Frame::new(opcode::TEXT, request(&"x".repeat(bytes - around)))
}

#[tokio::test]
async fn every_form_of_a_length_is_understood() {
    let mut cases = Vec::new();
    for bytes in [60, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536] {
        cases.push(Case::new(format!("{bytes} bytes"), [&of_length(bytes)], Outcome::Answered));
    }
    for (bytes, form) in [(60, LengthForm::Two), (60, LengthForm::Eight), (300, LengthForm::Eight)]
    {
        let frame = of_length(bytes).length_form(form);
        let outcome = Outcome::AnsweredOrFailed(vec![1002]);
        cases.push(Case::new(format!("{bytes} bytes, length in {form:?}"), [&frame], outcome));
    }
    cases.push(Case::new("an empty text", [&Frame::new(opcode::TEXT, "")], Outcome::BadRequest));
    run(cases).await;
}

/// The header alone: no byte of the payload ever comes. The answer is words and 1009.
#[tokio::test]
async fn a_length_over_the_limit_is_refused_by_the_header_alone() {
    use system_tests::Site;
    use system_tests::socket::{Ending, RawSocket};
    let site = Site::new().await;
    let declared = [65_537, 1 << 20, 1 << 31, (1 << 32) + 1, 1 << 62, (1 << 63) - 1];
    for length in declared {
        let mut socket = RawSocket::greeted(&site).await;
        let form = LengthForm::Eight;
        socket.frame(&Frame::new(opcode::TEXT, "").length_form(form).declaring(length)).await;
        let (heard, ending) = socket.ending(system_tests::SOON).await;
        assert_eq!(ending, Ending::Close(Some(1009)), "{length} bytes declared");
        let told: serde_json::Value = heard
            .first()
            .map(|frame| serde_json::from_slice(&frame.payload).expect("JSON"))
            .unwrap_or_default();
        assert_eq!(told["err"]["code"], "too_large", "{length} bytes declared: {told}");
    }
    for length in [1 << 63, u64::MAX] {
        let mut socket = RawSocket::greeted(&site).await;
        let form = LengthForm::Eight;
        socket.frame(&Frame::new(opcode::TEXT, "").length_form(form).declaring(length)).await;
        let (_, ending) = socket.ending(system_tests::SOON).await;
        let codes = [Ending::Close(Some(1002)), Ending::Close(Some(1009))];
        assert!(codes.contains(&ending), "{length} bytes declared: {ending:?}");
    }
}

#[tokio::test]
async fn frames_may_come_a_byte_at_a_time_or_many_at_once() {
    let ping = Frame::new(opcode::PING, "hi");
    let many: Vec<Frame> = (0..20).map(|_| text()).collect();
    let long = of_length(300);
    let cases = vec![
        Case::new("a request byte by byte", [&text()], Outcome::Answered).byte_by_byte(),
        Case::new("a longer one byte by byte", [&long], Outcome::Answered).byte_by_byte(),
        Case::new("a ping byte by byte", [&ping], Outcome::Pong(b"hi".to_vec())).byte_by_byte(),
        Case::new("twenty requests at once", &many, Outcome::Answered),
        Case::new("a ping and a request at once", [&ping, &text()], Outcome::Answered),
    ];
    run(cases).await;
}

#[tokio::test]
async fn the_wrong_kind_fails_the_connection_with_its_own_code() {
    let wrong = || Outcome::Failed(vec![1003]);
    let whole = Frame::new(opcode::BINARY, request("x"));
    let first = Frame::new(opcode::BINARY, "{").unfinished();
    let rest = Frame::new(opcode::CONTINUATION, "}");
    let cases = vec![
        Case::new("binary on json", [&whole], wrong()),
        Case::new("empty binary on json", [&Frame::new(opcode::BINARY, "")], wrong()),
        Case::new("binary in fragments", [&first, &rest], wrong()),
    ];
    run(cases).await;
}
