//! Raw frames against the real gateway, case by case: what RFC 6455 says, byte for byte.

mod case;
mod closing;
mod control;
mod floods;
mod fragments;
mod framing;
mod handshake;
mod utf8;
