//! WebSocket frames built byte by byte, right or wrong as asked.

/// The opcodes of RFC 6455.
pub mod opcode {
    pub const CONTINUATION: u8 = 0;
    pub const TEXT: u8 = 1;
    pub const BINARY: u8 = 2;
    pub const CLOSE: u8 = 8;
    pub const PING: u8 = 9;
    pub const PONG: u8 = 10;
}

/// How the length of the payload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthForm {
    /// The shortest that fits, as the standard asks.
    Shortest,
    /// Two bytes, whatever the length.
    Two,
    /// Eight bytes, whatever the length.
    Eight,
}

/// One frame.
#[derive(Clone, Debug)]
pub struct Frame {
    pub fin: bool,
    /// The three reserved bits, RSV1 highest.
    pub reserved: u8,
    pub opcode: u8,
    /// A client always masks.
    pub mask: Option<[u8; 4]>,
    pub payload: Vec<u8>,
    pub length_form: LengthForm,
    /// A length to declare instead of the true one.
    pub declared: Option<u64>,
}

impl Frame {
    /// A whole, final, masked frame.
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            fin: true,
            reserved: 0,
            opcode,
            mask: Some([0x37, 0xfa, 0x21, 0x3d]),
            payload: payload.into(),
            length_form: LengthForm::Shortest,
            declared: None,
        }
    }

    /// A close frame with a code and a reason.
    pub fn close(code: u16, reason: &str) -> Self {
        let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
        Self::new(opcode::CLOSE, payload)
    }

    /// The same, to be continued.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.fin = false;
        self
    }

    /// The same with reserved bits set.
    #[must_use]
    pub fn reserved(mut self, bits: u8) -> Self {
        self.reserved = bits;
        self
    }

    /// The same without a mask.
    #[must_use]
    pub fn unmasked(mut self) -> Self {
        self.mask = None;
        self
    }

    /// The same with another form of the length.
    #[must_use]
    pub fn length_form(mut self, form: LengthForm) -> Self {
        self.length_form = form;
        self
    }

    /// The same, declaring a length that is not true.
    #[must_use]
    pub fn declaring(mut self, length: u64) -> Self {
        self.declared = Some(length);
        self
    }

    /// The bytes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.fin) << 7 | self.reserved << 4 | self.opcode];
        self.write_length(&mut bytes);
        let start = bytes.len() + self.mask.map_or(0, |mask| mask.len());
        bytes.extend(self.mask.iter().flatten());
        bytes.extend(&self.payload);
        if let Some(mask) = self.mask {
            let keys = mask.iter().cycle();
            bytes[start..].iter_mut().zip(keys).for_each(|(byte, key)| *byte ^= key);
        }
        bytes
    }

    fn write_length(&self, bytes: &mut Vec<u8>) {
        let masked = u8::from(self.mask.is_some()) << 7;
        let length = self.declared.unwrap_or(self.payload.len() as u64);
        match (self.length_form, length) {
            (LengthForm::Shortest, 0..126) => bytes.push(masked | length as u8),
            (LengthForm::Shortest, 126..0x1_0000) | (LengthForm::Two, _) => {
                bytes.push(masked | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            (LengthForm::Shortest | LengthForm::Eight, _) => {
                bytes.push(masked | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_comes_out_byte_for_byte() {
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(Frame::new(opcode::TEXT, "Hello").bytes(), hello);
        assert_eq!(Frame::new(opcode::TEXT, "Hello").unmasked().bytes()[..2], [0x81, 0x05]);
    }

    #[test]
    fn lengths_take_the_shortest_form_unless_told_otherwise() {
        let head = |length: usize| Frame::new(opcode::BINARY, vec![0; length]).bytes()[1] & 0x7f;
        assert_eq!([head(125), head(126), head(65_535), head(65_536)], [125, 126, 126, 127]);
        let long = Frame::new(opcode::TEXT, "a").length_form(LengthForm::Eight).bytes();
        assert_eq!(long[1..10], [0xff, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
