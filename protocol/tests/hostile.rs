//! Bytes made to hurt: both decoders neither panic, nor take memory without bound, nor leave bytes
//! unread. The allocator of this binary counts for each thread by itself. For a longer run set
//! `PROPTEST_CASES`.
#![expect(unsafe_code, reason = "a global allocator cannot be written without it")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use protocol::limits::FRAME_BYTES_MAX;
use protocol::{Codec, Request, ServerFrame};

struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let held = HELD.get() + bytes;
    HELD.set(held);
    PEAK.set(PEAK.get().max(held));
}

// SAFETY: every call goes to the system's allocator unchanged. `realloc` is left to the default, which
// allocates, copies and frees, so that both places count while the bytes move.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Runs `work` and returns what it takes at most, in bytes.
fn peak_of<T>(work: impl FnOnce() -> T) -> usize {
    HELD.set(0);
    PEAK.set(0);
    let result = work();
    let peak = PEAK.get();
    drop(result);
    usize::try_from(peak).expect("a peak is never below zero")
}

/// Decodes with both decoders and checks what must hold for any input.
fn survives(codec: Codec, bytes: &[u8]) {
    let bound = 64 * bytes.len() + 64 * 1024;
    let asked = peak_of(|| Request::decode(codec, bytes));
    let told = peak_of(|| ServerFrame::decode(codec, bytes));
    assert!(asked <= bound, "a request of {} bytes took {asked}", bytes.len());
    assert!(told <= bound, "a server frame of {} bytes took {told}", bytes.len());
    if Request::decode(codec, bytes).is_ok() || ServerFrame::decode(codec, bytes).is_ok() {
        let after = [bytes, b"\x01"].concat();
        assert!(Request::decode(codec, &after).is_err(), "a byte after the frame was left unread");
        assert!(
            ServerFrame::decode(codec, &after).is_err(),
            "a byte after the frame was left unread"
        );
    }
}

/// One piece over and over, up to the largest message.
fn filled(head: &[u8], piece: &[u8], tail: &[u8]) -> Vec<u8> {
    let room = FRAME_BYTES_MAX - head.len() - tail.len();
    [head, &piece.repeat(room / piece.len()), tail].concat()
}

#[test]
fn the_dearest_json_that_fits_into_a_message_has_its_price() {
    let head = br#"{"id":1,"op":"bulk","args":{"x":["#;
    let pieces: [&[u8]; 9] = [
        b"0,",
        b"[],",
        b"{},",
        b"[0],",
        br#"{"":0},"#,
        br#"{"":{"":{"":{"":0}}}},"#,
        br#""","#,
        br#""\n","#,
        br#"[[[[[[[[[[[[[[0]]]]]]]]]]]]]],"#,
    ];
    for piece in pieces {
        survives(Codec::Json, &filled(head, piece, b"0]}}"));
    }
    survives(
        Codec::Json,
        &filled(br#"{"id":1,"op":"bulk","args":{"conversations":["#, br#""","#, b"0]}}"),
    );
    survives(Codec::Json, &filled(br#"{"id":1,"op":""#, br"\u0000", br#""}"#));
}

#[test]
fn the_dearest_msgpack_that_fits_into_a_message_has_its_price() {
    let inside: [&[u8]; 7] = [
        b"\xc0",
        b"\x90",
        b"\x80",
        b"\x91\xc0",
        b"\x81\xa0\xc0",
        b"\xa0",
        b"\x91\x91\x91\x91\x91\xc0",
    ];
    for piece in inside {
        let room = FRAME_BYTES_MAX - 40;
        let items = room / piece.len();
        for field in [b"\xa1x".as_slice(), b"\xadconversations"] {
            let count = u32::try_from(items).expect("fewer than 65536").to_be_bytes();
            let head =
                [b"\x83\xa2id\x01\xa2op\xa4bulk\xa4args\x81", field, b"\xdd", &count].concat();
            survives(Codec::Msgpack, &[head, piece.repeat(items)].concat());
        }
    }
    survives(Codec::Msgpack, &b"\x81\xa0".repeat(30_000));
    survives(Codec::Msgpack, &b"\xdd\xff\xff\xff\xff".repeat(10_000));
}

#[test]
fn a_message_full_of_small_values_in_a_field_that_is_ignored_is_accepted() {
    let json = filled(br#"{"id":1,"op":"ping","x":["#, b"0,", b"0]}");
    assert!(Request::decode(Codec::Json, &json).is_ok_and(|request| request.operation.is_ok()));
    let head = b"\x83\xa2id\x01\xa2op\xa4ping\xa1x\xdc\xfd\xe8";
    let msgpack = [head.as_slice(), &[0; 65_000]].concat();
    assert!(
        Request::decode(Codec::Msgpack, &msgpack).is_ok_and(|request| request.operation.is_ok())
    );
}

#[test]
fn every_vector_cut_short_or_with_one_byte_changed_is_survived() {
    for (_, vector) in common::vectors() {
        for (codec, bytes) in vector.frames() {
            let step = bytes.len() / 50 + 1;
            for at in (0..bytes.len()).step_by(step) {
                survives(codec, &bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                survives(codec, &changed);
            }
        }
    }
}

#[test]
fn a_frame_that_was_cut_short_is_never_accepted() {
    for (_, vector) in common::vectors().into_iter().filter(|(_, vector)| vector.valid) {
        for (codec, bytes) in vector.frames() {
            for at in (0..bytes.len()).step_by(bytes.len() / 50 + 1) {
                let cut = &bytes[..at];
                assert!(Request::decode(codec, cut).is_err(), "{} cut at {at}", vector.name);
                assert!(ServerFrame::decode(codec, cut).is_err(), "{} cut at {at}", vector.name);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..600)) {
        Codec::ALL.into_iter().for_each(|codec| survives(codec, &bytes));
    }

    #[test]
    fn anything_in_the_alphabet_of_json_is_survived(text in r#"[\[\]{}",:0-9eE.+\\u tfn-]{0,400}"#) {
        survives(Codec::Json, text.as_bytes());
    }

    #[test]
    fn any_nesting_of_the_headers_of_msgpack_is_survived(
        headers in vec(prop_oneof![0x80u8..=0x9f, 0xc0u8..=0xdf, 0xa0u8..=0xa3, Just(0xff)], 0..400),
    ) {
        survives(Codec::Msgpack, &headers);
    }

    #[test]
    fn any_declared_length_is_survived(
        marker in prop::sample::select(vec![0xc6u8, 0xc9, 0xdb, 0xdd, 0xdf]),
        length: u32,
        rest in vec(any::<u8>(), 0..200),
    ) {
        let value = [&[marker], length.to_be_bytes().as_slice(), &rest].concat();
        survives(Codec::Msgpack, &value);
        survives(Codec::Msgpack, &[b"\x83\xa2id\x01\xa2op\xa4ping\xa1x", value.as_slice()].concat());
    }
}
