//! WebSocket frames as a client writes and reads them, without copies where there need be none.

use anyhow::{Result, bail};
use client::raw::opcode;

/// Any mask does: it protects proxies, and there are none here.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// A larger frame from the server breaks the contract.
const PAYLOAD_MAX: usize = protocol::limits::SERVER_FRAME_BYTES_MAX;

/// Appends one whole, masked frame.
pub fn write(into: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    into.push(0x80 | opcode);
    match payload.len() {
        length @ 0..126 => into.push(0x80 | length as u8),
        length @ 126..0x1_0000 => {
            into.push(0x80 | 126);
            into.extend((length as u16).to_be_bytes());
        }
        length => {
            into.push(0x80 | 127);
            into.extend((length as u64).to_be_bytes());
        }
    }
    into.extend(MASK);
    let start = into.len();
    into.extend_from_slice(payload);
    for four in into[start..].chunks_mut(4) {
        four.iter_mut().zip(MASK).for_each(|(byte, key)| *byte ^= key);
    }
}

/// One frame of the server's.
#[derive(Debug, PartialEq, Eq)]
pub struct Read<'a> {
    pub opcode: u8,
    pub payload: &'a [u8],
    /// Bytes of the input it took.
    pub length: usize,
}

/// Reads the first frame, if all of it is there.
pub fn read(input: &[u8]) -> Result<Option<Read<'_>>> {
    let [first, second, rest @ ..] = input else { return Ok(None) };
    if first & 0xf0 != 0x80 || second & 0x80 != 0 || first & 0x0f == opcode::CONTINUATION {
        bail!(
            "the server sent a frame that is fragmented, masked or has reserved bits: {first:#x} {second:#x}"
        );
    }
    let (length, head) = match (second & 0x7f, rest) {
        (126, [high, low, ..]) => (u16::from_be_bytes([*high, *low]) as usize, 4),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) as usize, 10)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (short as usize, 2),
    };
    if length > PAYLOAD_MAX {
        bail!("the server sent a frame of {length} bytes; {PAYLOAD_MAX} is the most it may");
    }
    let whole = input.get(head..head + length);
    Ok(whole.map(|payload| Read { opcode: first & 0x0f, payload, length: head + length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_the_client_crate_writes() {
        for length in [0, 1, 125, 126, 300, 65_535, 65_536] {
            let payload = vec![7; length];
            let mut ours = Vec::new();
            write(&mut ours, opcode::TEXT, &payload);
            let theirs = client::raw::Frame::new(opcode::TEXT, payload).bytes();
            assert_eq!(ours, theirs, "{length} bytes");
        }
    }

    #[test]
    fn a_frame_is_read_once_all_of_it_is_there() {
        for length in [0, 1, 125, 126, 300, 70_000] {
            let frame = client::raw::Frame::new(opcode::BINARY, vec![9; length]).unmasked().bytes();
            let more = [&frame[..], b"\x81\x00"].concat();
            let read_back = read(&more).unwrap().expect("all of it is there");
            assert_eq!((read_back.length, read_back.payload.len()), (frame.len(), length));
            assert_eq!(read(&frame[..frame.len() - 1]).unwrap(), None);
        }
    }

    #[test]
    fn fragments_masks_and_giants_are_refused() {
        for wrong in [[0x01, 0x00], [0x81, 0x80], [0xc1, 0x00], [0x80, 0x00]] {
            assert!(read(&wrong).is_err(), "{wrong:?}");
        }
        assert!(read(&[0x82, 127, 0, 0, 0, 0, 1, 0, 0, 0]).is_err());
    }
}
