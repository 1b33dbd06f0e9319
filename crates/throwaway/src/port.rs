//! Ports that nobody listens on.

use std::net::{Ipv4Addr, TcpListener};

/// A port of 127.0.0.1 that was free a moment ago. Whoever starts something on it must be ready to
/// find it taken, and take another.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on 127.0.0.1");
    listener.local_addr().expect("a bound listener has an address").port()
}
