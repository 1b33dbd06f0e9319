//! What the proxy does to a connection, seen from both of its ends.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use throwaway::{FaultProxy, Way};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// Long enough to be sure that nothing comes.
const NOTHING: Duration = Duration::from_millis(200);

#[tokio::test]
async fn it_forwards_both_ways_and_passes_the_end_on() {
    let mut pair = Pair::new().await;
    pair.say_to_server(b"hello").await;
    pair.say_to_client(b"welcome").await;
    drop(pair.client);
    assert_eq!(pair.server.read(&mut [0; 8]).await.expect("an orderly end"), 0);
    drop(pair.server);
    pair.proxy.until_connections(0).await;
    assert_eq!(pair.proxy.forwarded(Way::ToServer), 5);
    assert_eq!(pair.proxy.forwarded(Way::ToClient), 7);
}

#[tokio::test]
async fn a_cut_resets_both_sides_and_spares_later_connections() {
    let mut pair = Pair::new().await;
    pair.proxy.cut();
    assert_reset(&mut pair.client).await;
    assert_reset(&mut pair.server).await;
    pair.reconnect().await;
    pair.say_to_server(b"again").await;
    assert_eq!(pair.proxy.accepted(), 2);
}

#[tokio::test]
async fn a_stall_holds_everything_back_and_loses_nothing() {
    let mut pair = Pair::new().await;
    pair.proxy.stall();
    pair.client.write_all(b"held").await.expect("the proxy takes it");
    assert!(timeout(NOTHING, pair.server.read(&mut [0; 8])).await.is_err());
    pair.proxy.resume();
    expect(&mut pair.server, b"held").await;
}

#[tokio::test]
async fn a_connection_that_is_forgotten_stays_dead_and_later_ones_go_on() {
    let mut pair = Pair::new().await;
    pair.proxy.forget();
    pair.proxy.resume();
    pair.client.write_all(b"lost").await.expect("the kernel takes it");
    assert!(timeout(NOTHING, pair.server.read(&mut [0; 8])).await.is_err());
    let (mut client, mut server) = connect(&pair.proxy, &pair.listener).await;
    client.write_all(b"anew").await.expect("the proxy takes it");
    expect(&mut server, b"anew").await;
}

#[tokio::test]
async fn silence_in_one_direction_leaves_the_other() {
    let mut pair = Pair::new().await;
    pair.proxy.silence(Way::ToClient);
    pair.say_to_server(b"are you there?").await;
    pair.server.write_all(b"yes").await.expect("the proxy takes it");
    assert!(timeout(NOTHING, pair.client.read(&mut [0; 8])).await.is_err());
    pair.proxy.resume();
    expect(&mut pair.client, b"yes").await;
}

#[tokio::test]
async fn a_half_close_ends_one_direction_only() {
    let mut pair = Pair::new().await;
    pair.proxy.half_close(Way::ToServer);
    assert_eq!(pair.server.read(&mut [0; 8]).await.expect("an orderly end"), 0);
    pair.say_to_client(b"still here").await;
}

#[tokio::test]
async fn a_delay_keeps_order_and_adds_time() {
    let mut pair = Pair::new().await;
    pair.proxy.delay(Way::ToServer, Duration::from_millis(100));
    let before = Instant::now();
    pair.client.write_all(b"one").await.expect("the proxy takes it");
    pair.proxy.until_connections(1).await;
    pair.client.write_all(b"two").await.expect("the proxy takes it");
    expect(&mut pair.server, b"onetwo").await;
    assert!(before.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn it_cuts_after_a_pattern_that_arrives_whole() {
    let mut pair = Pair::new().await;
    let tripped = pair.proxy.cut_after(Way::ToServer, b"COMMIT");
    pair.client.write_all(b"BEGIN;COMMIT;SELECT").await.expect("the proxy takes it");
    tripped.await;
    expect(&mut pair.server, b"BEGIN;COMMIT").await;
    assert_eq!(pair.server.read(&mut [0; 8]).await.expect("an orderly end"), 0);
    assert_reset(&mut pair.client).await;
}

#[tokio::test]
async fn it_loses_the_answer_to_what_it_lets_through() {
    let mut pair = Pair::new().await;
    let tripped = pair.proxy.lose_the_answer_to(b"COMMIT");
    pair.say_to_server(b"BEGIN").await;
    pair.say_to_client(b"begun").await;
    pair.say_to_server(b";COMMIT;all of it").await;
    pair.server.write_all(b"committed").await.expect("the server may write");
    tripped.await;
    assert_reset(&mut pair.client).await;
    assert_eq!(pair.server.read(&mut [0; 8]).await.expect("an orderly end"), 0);
}

#[tokio::test]
async fn it_cuts_after_so_many_bytes() {
    let mut pair = Pair::new().await;
    let tripped = pair.proxy.cut_after_bytes(Way::ToServer, 3);
    pair.client.write_all(b"abcdef").await.expect("the proxy takes it");
    tripped.await;
    expect(&mut pair.server, b"abc").await;
    assert_eq!(pair.server.read(&mut [0; 8]).await.expect("an orderly end"), 0);
}

#[tokio::test]
async fn it_refuses_new_connections_and_admits_them_again() {
    let mut pair = Pair::new().await;
    pair.proxy.refuse_new().await;
    let refused = TcpStream::connect(pair.proxy.address()).await.map(drop);
    assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::ConnectionRefused));
    pair.say_to_server(b"old ones go on").await;
    pair.proxy.admit_new().await;
    pair.reconnect().await;
    pair.say_to_server(b"new ones, too").await;
}

#[tokio::test]
async fn it_can_be_pointed_at_another_server() {
    let mut pair = Pair::new().await;
    pair.listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    pair.proxy.retarget(address_of(&pair.listener));
    pair.reconnect().await;
    pair.say_to_server(b"hello, you").await;
}

/// A client and a server with the proxy between them.
struct Pair {
    proxy: FaultProxy,
    listener: TcpListener,
    client: TcpStream,
    server: TcpStream,
}

impl Pair {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let proxy = FaultProxy::before(address_of(&listener)).await;
        let (client, server) = connect(&proxy, &listener).await;
        Self { proxy, listener, client, server }
    }

    async fn reconnect(&mut self) {
        (self.client, self.server) = connect(&self.proxy, &self.listener).await;
    }

    async fn say_to_server(&mut self, text: &[u8]) {
        self.client.write_all(text).await.expect("the client may write");
        expect(&mut self.server, text).await;
    }

    async fn say_to_client(&mut self, text: &[u8]) {
        self.server.write_all(text).await.expect("the server may write");
        expect(&mut self.client, text).await;
    }
}

async fn connect(proxy: &FaultProxy, listener: &TcpListener) -> (TcpStream, TcpStream) {
    let client = TcpStream::connect(proxy.address()).await.expect("the proxy takes connections");
    (client, listener.accept().await.expect("the proxy connects").0)
}

fn address_of(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().expect("a bound listener has an address")
}

async fn expect(stream: &mut TcpStream, text: &[u8]) {
    let mut heard = vec![0; text.len()];
    let whole = timeout(Duration::from_secs(10), stream.read_exact(&mut heard)).await;
    whole.expect("in time").expect("the other end is there");
    assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(text));
}

async fn assert_reset(stream: &mut TcpStream) {
    let end = timeout(Duration::from_secs(10), stream.read(&mut [0; 8])).await.expect("in time");
    assert_eq!(end.map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
}
