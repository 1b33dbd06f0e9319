//! Guessing passwords is slow, and keeps nobody out but whoever guesses.
//!
//! Each test guesses from an address of its own: the server is shared, and counts by address.

use std::net::Ipv4Addr;
use std::time::Instant;

use futures::future::join_all;
use serde_json::{Value, json};
use system_tests::http::{self, Response};
use system_tests::{SOON, Site, key, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

const PASSWORD: &str = "correct horse battery";
/// Wrong passwords for one e-mail from one address in five minutes.
const GUESSES: usize = 10;
/// The same from one address for all e-mails.
const GUESSES_TOGETHER: usize = 100;

/// Where somebody is, on a network of this machine's own.
fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 77, last)
}

/// A new agent with [`PASSWORD`]; its e-mail.
async fn hire(site: &Site) -> String {
    let email = format!("{}@agents.example", key());
    hire_as(site, &email).await;
    email
}

async fn hire_as(site: &Site, email: &str) {
    let args = ["agent", "add", "--site", &site.id, "--email", email, "--name", "Ann"];
    let args = [&args[..], &["--password-stdin"]].concat();
    site.desk.run_with_input(&args, &format!("{PASSWORD}\n")).await;
}

/// Tries to sign in from this address of ours.
async fn sign_in(site: &Site, from: Ipv4Addr, email: &str, password: &str) -> Response {
    let server = site.base_url.trim_start_matches("http://");
    let body = json!({ "email": email, "password": password }).to_string();
    let request = format!(
        "POST /v1/login HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = async {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((from, 0).into()).expect("an address of ours");
        let server = server.parse().expect("an address");
        let mut stream = socket.connect(server).await.expect("the server listens");
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut response = http::read_head(&mut stream).await;
        stream.read_to_end(&mut response.body).await.expect("the rest of the answer");
        response
    };
    within(SOON, "an answer to a password", answer).await
}

#[tokio::test]
async fn who_guesses_is_kept_out_and_whose_password_it_is_is_not() {
    let site = Site::new().await;
    let (email, other) = (hire(&site).await, hire(&site).await);
    for _ in 0..GUESSES {
        assert_eq!(sign_in(&site, address(1), &email, "wrong").await.status, 401);
    }
    let refused = sign_in(&site, address(1), &email, PASSWORD).await;
    assert_eq!(refused.status, 429);
    let body: Value = serde_json::from_slice(&refused.body).expect("JSON");
    assert_eq!(
        (&body["err"]["code"], &body["err"]["remedy"]),
        (&"rate_limited".into(), &"retry".into())
    );
    let wait = body["err"]["retry_after_ms"].as_u64().expect("a time to wait");
    assert!((1..=30_000).contains(&wait), "{wait}");
    let seconds = wait.div_ceil(1000).to_string();
    assert_eq!(refused.header("retry-after"), Some(&*seconds));

    assert_eq!(sign_in(&site, address(2), &email, PASSWORD).await.status, 200);
    assert_eq!(sign_in(&site, address(1), &other, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn signing_in_with_the_right_password_is_never_counted() {
    let site = Site::new().await;
    let email = hire(&site).await;
    for _ in 0..2 * GUESSES {
        assert_eq!(sign_in(&site, address(3), &email, PASSWORD).await.status, 200);
    }
    let at_once = (0..GUESSES).map(|_| sign_in(&site, address(3), &email, PASSWORD));
    let answers = join_all(at_once).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
}

#[tokio::test]
async fn a_right_password_that_needs_a_site_as_well_is_not_counted_either() {
    let (site, other) = (Site::new().await, Site::new().await);
    let email = hire(&site).await;
    hire_as(&other, &email).await;
    for _ in 0..2 * GUESSES {
        assert_eq!(sign_in(&site, address(7), &email, PASSWORD).await.status, 400);
    }
}

#[tokio::test]
async fn guesses_that_come_all_at_once_are_counted_before_they_are_checked() {
    let site = Site::new().await;
    let email = hire(&site).await;
    let guesses = (0..200).map(|_| sign_in(&site, address(4), &email, "wrong"));
    let answers = join_all(guesses).await;
    let with = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((with(401), with(429)), (GUESSES, 200 - GUESSES));
}

#[tokio::test]
async fn one_address_cannot_try_many_e_mails() {
    let site = Site::new().await;
    let email = hire(&site).await;
    let started = Instant::now();
    let mut checked = 0;
    for person in 0..GUESSES_TOGETHER + 20 {
        let guess = sign_in(&site, address(5), &format!("{person}@{}", site.id), "wrong").await;
        assert!(matches!(guess.status, 401 | 429), "{guess:?}");
        checked += usize::from(guess.status == 401);
    }
    // Meanwhile one is forgotten every three seconds.
    let forgotten = started.elapsed().div_f64(3.0).as_secs() as usize + 1;
    let most = GUESSES_TOGETHER + forgotten;
    assert!((GUESSES_TOGETHER..=most).contains(&checked), "{checked} in {:?}", started.elapsed());
    assert_eq!(sign_in(&site, address(6), &email, PASSWORD).await.status, 200);
}
