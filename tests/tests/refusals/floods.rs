//! Too much, too fast, and nobody reading.

use std::time::{Duration, Instant};

use client::{Agent, Connection, Failure};
use futures::future::join_all;
use protocol::limits::{COMMANDS_BURST, STARTS_PER_MINUTE};
use protocol::{Codec, ErrorCode};
use serde_json::{Value, json};
use system_tests::site::options;
use system_tests::{Expect as _, SOON, Site, end_of, http, key, within};
use throwaway::Server;
use tokio::net::TcpSocket;

/// Sends so many pings at once; how many are answered `ok` and how many `rate_limited`.
async fn burst(connection: &mut Connection, count: u32) -> Result<(u32, u32), Failure> {
    let mut asked = Vec::new();
    for _ in 0..count {
        asked.push(connection.feed_request("ping", json!({})).await?);
    }
    connection.flush().await?;
    let (mut granted, mut limited) = (0, 0);
    for id in asked {
        match connection.answer(id).await {
            Ok(_) => granted += 1,
            Err(Failure::Refused(error)) if error.code == ErrorCode::RateLimited => {
                assert!(error.retry_after_ms > 0);
                limited += 1;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok((granted, limited))
}

#[tokio::test]
async fn a_burst_of_three_hundred_commands_is_never_limited() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        // `hello` is one of them, if it counts.
        let outcome = burst(&mut visitor, COMMANDS_BURST - 1).await.granted();
        assert_eq!(outcome, (COMMANDS_BURST - 1, 0));
    }
}

#[tokio::test]
async fn a_flood_is_slowed_down_or_ended_and_harms_nobody_else() {
    let site = Site::new().await;
    let (mut good, id) = site.asking(Codec::Json).await;
    let mut flooder = site.visitor(Codec::Json).await;
    let flood = async {
        let mut refused = 0;
        loop {
            match burst(&mut flooder, 1_000).await {
                Ok((_, limited)) => refused += limited,
                Err(Failure::Ended(ended)) => {
                    let code = flooder.ended().and_then(|ended| ended.code).or(ended.code);
                    assert!(code.is_none() || code == Some(4429), "{ended}");
                    return;
                }
                Err(failure) => panic!("{failure}"),
            }
            if refused > 1_000 {
                return;
            }
        }
    };
    let talk = async {
        for _ in 0..20 {
            good.say(id, &key(), "undisturbed").await.granted();
        }
    };
    within(Duration::from_secs(30), "the flood to be limited", async { tokio::join!(flood, talk) })
        .await;
}

#[tokio::test]
async fn a_limited_command_commits_nothing_and_the_same_frame_later_is_granted() {
    let site = Site::new().await;
    let (mut visitor, id) = site.asking(Codec::Json).await;
    let mut asked = Vec::new();
    for number in 0..1_000 {
        let args = json!({ "conversation": id, "key": format!("flood {number}"), "text": "x" });
        asked.push(visitor.feed_request("message.send", args).await.expect("sent"));
    }
    visitor.flush().await.expect("sent");
    let mut limited = None;
    let mut granted = 0;
    for (number, id) in asked.into_iter().enumerate() {
        match visitor.answer(id).await {
            Ok(_) => granted += 1,
            Err(Failure::Refused(error)) if error.code == ErrorCode::RateLimited => {
                limited = Some((number, error.retry_after_ms));
            }
            Err(failure) => panic!("{failure}"),
        }
    }
    let (number, wait) = limited.expect("a thousand at once are too many");
    let mut other = site.visitor_again(&visitor, Codec::Json).await;
    let head = other.history(id, json!({})).await.granted().head;
    assert_eq!(head, 2 + granted, "what was limited is not in the log");
    tokio::time::sleep(Duration::from_millis(wait)).await;
    let sent = visitor.say(id, &format!("flood {number}"), "x").await.granted();
    assert_eq!(sent.seq, head + 1);
}

async fn ping(connection: &mut Connection) -> Result<Value, Failure> {
    let asked = connection.feed_request("ping", json!({})).await?;
    connection.flush().await?;
    connection.answer(asked).await
}

#[tokio::test]
async fn after_the_time_that_a_refusal_names_the_command_is_granted() {
    let site = Site::new().await;
    let mut visitor = site.visitor(Codec::Json).await;
    burst(&mut visitor, 2 * COMMANDS_BURST).await.granted();
    for _ in 0..50 {
        let wait = loop {
            match ping(&mut visitor).await {
                Ok(_) => {}
                Err(Failure::Refused(error)) => break error.retry_after_ms,
                Err(failure) => panic!("{failure}"),
            }
        };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        ping(&mut visitor).await.granted();
    }
}

#[tokio::test]
async fn a_visitor_may_start_ten_conversations_a_minute() {
    let site = Site::new().await;
    let mut visitor = site.visitor(Codec::Json).await;
    let mut agent = site.agent("Ann", Codec::Json).await;
    for _ in 0..STARTS_PER_MINUTE {
        let id = visitor.start(&key(), "again").await.granted().conversation.id;
        agent.claim(id, &key()).await.granted();
        agent.end(id, &key()).await.granted();
    }
    let mut window = site.visitor_again(&visitor, Codec::Json).await;
    for connection in [&mut visitor, &mut window] {
        connection.start(&key(), "once more").await.refused(ErrorCode::RateLimited);
    }
    let all = agent.inbox(json!({ "status": "all" })).await.granted();
    assert_eq!(all.total, u64::from(STARTS_PER_MINUTE), "nothing was committed");
}

/// Clients that ask for pages and never read one.
const DEAF: u64 = 6;
/// Memory they may cost together; they ask for ten times as much.
const COST_KIB_MAX: u64 = 32 * 1024;

/// Memory of a process in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line of it");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_reads_costs_a_fixed_amount_and_harms_nobody() {
    let server = Server::start(options()).await;
    let site = Site::of(&server).await;
    let (mut visitor, mut agent, id) = site.talking(Codec::Json).await;
    for _ in 0..30 {
        agent.say(id, &key(), &"𝄞".repeat(4_000)).await.granted();
    }
    let before = memory(server.pid);
    let account = site.hire("Slow").await;
    let deaf = join_all((0..DEAF).map(|_| site.sign_in(&account, Codec::Json))).await;
    let ask = async |mut deaf: client::Agent| {
        // Each answer is about 256 KiB; nobody reads one.
        for _ in 0..200 {
            let args = json!({ "conversation": id, "after": 0, "limit": 200 });
            let asked = deaf.connection.send_request("history", args);
            if !matches!(tokio::time::timeout(Duration::from_millis(200), asked).await, Ok(Ok(_))) {
                return deaf;
            }
        }
        deaf
    };
    let (deaf, slowest) = tokio::join!(join_all(deaf.into_iter().map(ask)), async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let started = Instant::now();
            within(SOON, "an answer in spite of it", visitor.say(id, &key(), "hi")).await.granted();
            slowest = slowest.max(started.elapsed());
        }
        slowest
    });
    let grown = memory(server.pid).saturating_sub(before);
    println!(
        "{DEAF} clients that never read: {grown} KiB; the slowest answer to another took {slowest:?}"
    );
    assert!(grown < COST_KIB_MAX, "{DEAF} deaf clients cost {grown} KiB");
    drop(deaf);
    within(SOON, "an answer", visitor.ping()).await.granted();
}

/// Texts that are more than the operating system takes for somebody who does not read (4 MiB at the
/// sender, and a small window at the reader) and what may wait beside that (half a MiB).
const TOO_MUCH: usize = 600;
/// For so long a reader looks away after the server has given it up. The server holds out its close for
/// 8 s, four times as long as for others.
const PAUSE: Duration = Duration::from_secs(4);

/// How many sockets the server has given up as too slow.
async fn given_up(server: &Server) -> u64 {
    let metrics = http::get(server.address(), "/metrics").await.body;
    let metrics = String::from_utf8(metrics).expect("text");
    let count = metrics
        .lines()
        .find_map(|line| line.strip_prefix(r#"frontdesk_gateway_closes_total{reason="TooSlow"} "#));
    count.map_or(0, |count| count.parse().expect("a number"))
}

/// An agent whose socket takes little at a time.
async fn with_a_small_window(site: &Site) -> Agent {
    let account = site.hire("Slow").await;
    let target = site.for_agents(Codec::Json);
    let tcp = TcpSocket::new_v4().expect("a socket");
    tcp.set_recv_buffer_size(16 * 1024).expect("a TCP option");
    let address = target.authority().parse().expect("an address");
    let tcp = tcp.connect(address).await.expect("the server listens");
    let mut connection = Connection::over(tcp, &target).await.expect("an upgrade");
    let hello = connection.hello(json!({ "token": account.token })).await.granted();
    Agent { connection, hello }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_only_paused_learns_that_it_was_too_slow() {
    let server = Server::start(options().arg("--commands-burst=10000")).await;
    let site = Site::of(&server).await;
    let (mut visitor, id) = site.asking(Codec::Json).await;
    let mut slow = with_a_small_window(&site).await;
    slow.watch(id, 2).await.granted();
    let text = "𝄞".repeat(4_000);
    let flood = async {
        let mut sent = 0;
        while given_up(&server).await == 0 {
            assert!(sent < TOO_MUCH, "{sent} texts and nobody was too slow");
            for _ in 0..20 {
                visitor.say(id, &key(), &text).await.granted();
                sent += 1;
            }
        }
    };
    within(Duration::from_secs(60), "somebody to be too slow", flood).await;
    // A time, not a fact: how long it looks away is what this is about.
    tokio::time::sleep(PAUSE).await;
    let ended = end_of(&mut slow).await;
    assert_eq!(ended.code, Some(4429), "{ended}");
}
