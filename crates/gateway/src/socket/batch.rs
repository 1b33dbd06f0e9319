//! Frames that are written together, in a buffer that all connections of a thread use in turn: an idle
//! connection keeps none.

use std::cell::Cell;
use std::mem;

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use protocol::Codec;

/// A larger buffer is not kept for the next one.
const KEPT_BYTES_MAX: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// One whole frame that the server writes.
pub(crate) struct Frame {
    opcode: OpCode,
    payload: Bytes,
}

impl Frame {
    /// JSON goes in text frames. What we encode is UTF-8 by construction and is not checked again.
    pub fn data(codec: Codec, payload: Bytes) -> Self {
        let kind = match codec {
            Codec::Json => Data::Text,
            Codec::Msgpack => Data::Binary,
        };
        Self { opcode: OpCode::Data(kind), payload }
    }

    pub fn ping() -> Self {
        Self { opcode: OpCode::Control(Control::Ping), payload: Bytes::new() }
    }
}

/// What goes to the operating system in one piece.
pub(crate) struct Batch(Vec<u8>);

impl Batch {
    pub fn begin() -> Self {
        Self(BUFFER.take())
    }

    pub fn push(&mut self, frame: &Frame) {
        let header = FrameHeader { opcode: frame.opcode, ..FrameHeader::default() };
        // Writing into memory does not fail.
        let _ = header.format(frame.payload.len() as u64, &mut self.0);
        self.0.extend_from_slice(&frame.payload);
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let mut buffer = mem::take(&mut self.0);
        if buffer.capacity() <= KEPT_BYTES_MAX {
            buffer.clear();
            BUFFER.set(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(frames: &[Frame]) -> Vec<u8> {
        let mut batch = Batch::begin();
        frames.iter().for_each(|frame| batch.push(frame));
        batch.bytes().to_vec()
    }

    #[test]
    fn frames_stand_one_after_the_other_unmasked_and_final() {
        let json = Frame::data(Codec::Json, Bytes::from_static(b"{}"));
        let msgpack = Frame::data(Codec::Msgpack, Bytes::from_static(b"\x80"));
        assert_eq!(written(&[json, Frame::ping(), msgpack]), b"\x81\x02{}\x89\x00\x82\x01\x80");
        assert_eq!(written(&[Frame::ping()]), b"\x89\x00", "nothing is left of the batch before");
    }

    #[test]
    fn a_length_takes_as_many_bytes_as_it_needs() {
        for (length, header) in [
            (125, &b"\x81\x7d"[..]),
            (126, b"\x81\x7e\x00\x7e"),
            (65_535, b"\x81\x7e\xff\xff"),
            (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        ] {
            let bytes = written(&[Frame::data(Codec::Json, vec![b'x'; length].into())]);
            assert_eq!(&bytes[..header.len()], header);
            assert_eq!(bytes.len(), header.len() + length);
        }
    }
}
