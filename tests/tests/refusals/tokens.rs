//! Tokens: bad, foreign, of the other role, and out of date.

use std::time::{Duration, Instant};

use client::{Agent, Connection, Target};
use protocol::limits::EXPIRY_NOTICED_WITHIN;
use protocol::{ByeCode, Codec, ErrorCode};
use serde_json::json;
use system_tests::{Expect as _, Site, end_of, http, within};

/// A token is refused, and the socket closed, in the way of the contract.
async fn unauthorized(target: &Target, token: &str) {
    let mut connection = Connection::open(target).await.expect("a socket");
    connection.hello(json!({ "token": token })).await.refused(ErrorCode::Unauthorized);
    let ended = end_of(&mut connection).await;
    let bye = ended.bye.expect("bye comes before the close");
    assert_eq!((bye.code, ended.code), (ByeCode::Unauthorized, Some(4401)));
}

#[tokio::test]
async fn a_bad_token_is_unauthorized_for_agents_and_for_visitors_too() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        for token in ["", "nonsense", "a.b.c", "e30.e30.e30", &"x".repeat(10_000), "\u{0}", "ключ"]
        {
            unauthorized(&site.for_agents(codec), token).await;
            unauthorized(&site.for_visitors(codec), token).await;
        }
    }
}

#[tokio::test]
async fn an_agent_without_a_token_or_a_cookie_is_unauthorized() {
    let site = Site::new().await;
    let mut connection = Connection::open(&site.for_agents(Codec::Json)).await.expect("a socket");
    connection.hello(json!({})).await.refused(ErrorCode::Unauthorized);
    assert_eq!(end_of(&mut connection).await.code, Some(4401));
}

#[tokio::test]
async fn a_token_with_any_character_changed_left_out_or_added_is_unauthorized() {
    let site = Site::new().await;
    let account = site.hire("Ann").await;
    let visitor = site.visitor(Codec::Json).await;
    let cases = [
        (site.for_agents(Codec::Json), account.token.clone()),
        (site.for_visitors(Codec::Json), visitor.token.clone()),
    ];
    for (target, token) in cases {
        assert!(token.is_ascii(), "tokens are ASCII");
        for index in (0..token.len()).step_by(3) {
            let mut changed = token.clone().into_bytes();
            // Not the lowest bits: those of a last character may be padding, which is still refused
            // below by leaving it out.
            changed[index] = if changed[index] == b'A' { b'Q' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            unauthorized(&target, &changed).await;
        }
        unauthorized(&target, &token[..token.len() - 1]).await;
        unauthorized(&target, &token[1..]).await;
        unauthorized(&target, &format!("{token}A")).await;
    }
}

#[tokio::test]
async fn a_token_of_another_site_is_unauthorized() {
    let (site, other) = (Site::new().await, Site::new().await);
    let foreign = other.visitor(Codec::Json).await;
    unauthorized(&site.for_visitors(Codec::Json), &foreign.token).await;
}

#[tokio::test]
async fn a_token_of_the_other_role_is_unauthorized() {
    let site = Site::new().await;
    let account = site.hire("Ann").await;
    let visitor = site.visitor(Codec::Json).await;
    unauthorized(&site.for_agents(Codec::Json), &visitor.token).await;
    unauthorized(&site.for_visitors(Codec::Json), &account.token).await;
}

#[tokio::test]
async fn a_live_socket_whose_token_expires_is_closed_within_five_seconds_of_it() {
    let site = Site::new().await;
    let account = site.hire("Ann").await;
    let lasting = Duration::from_secs(3);
    let asked = Instant::now();
    let token = site.token(&account.email, "3s").await;
    let made = Instant::now();
    for codec in Codec::ALL {
        // Only the first of them can be in time on a slow machine; the second finds it out at once.
        let Ok(mut agent) = Agent::enter(&site.for_agents(codec), &token).await else {
            assert!(made.elapsed() + Duration::from_secs(1) > lasting, "refused before it expired");
            continue;
        };
        let limit = lasting + EXPIRY_NOTICED_WITHIN;
        let ended = within(limit, "the close", end_of(&mut agent)).await;
        let earliest = lasting.checked_sub(Duration::from_secs(1)).expect("three seconds and more");
        assert!(asked.elapsed() >= earliest, "closed after {:?}", asked.elapsed());
        assert!(made.elapsed() <= limit, "closed {:?} after the token was made", made.elapsed());
        assert_eq!(ended.bye.expect("bye comes before the close").code, ByeCode::Unauthorized);
        assert_eq!(ended.code, Some(4401));
        unauthorized(&site.for_agents(codec), &token).await;
    }
}

#[tokio::test]
async fn a_lifetime_is_a_number_and_a_unit() {
    let site = Site::new().await;
    let account = site.hire("Ann").await;
    for ttl in ["90s", "5m", "12h", "30d"] {
        let token = site.token(&account.email, ttl).await;
        assert!(!token.contains(char::is_whitespace), "alone on its line");
        Agent::enter(&site.for_agents(Codec::Json), &token).await.granted_agent();
    }
    for ttl in ["", "h", "12", "-1h", "1y", "1h30m"] {
        let args = ["token", "agent", "--site", &site.id, "--email", &account.email];
        let ttl = format!("--ttl={ttl}");
        let output = site.desk.try_run(&[&args[..], &[&ttl]].concat(), "").await;
        assert!(!output.status.success(), "{ttl} was taken");
    }
}

#[tokio::test]
async fn a_cookie_of_a_login_stands_for_a_token() {
    let site = Site::new().await;
    let args =
        ["agent", "add", "--site", &site.id, "--email", "Ann@Agents.example", "--name", "Ann"];
    let args = [&args[..], &["--password-stdin"]].concat();
    site.desk.run_with_input(&args, "correct horse battery\n").await;
    let address = site.base_url.trim_start_matches("http://");
    let body = |password: &str| {
        json!({ "site": site.id, "email": "Ann@Agents.example", "password": password }).to_string()
    };
    let wrong = http::post_json(address, "/v1/login", "", &body("wrong")).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.header("set-cookie"), None);

    let login = http::post_json(address, "/v1/login", "", &body("correct horse battery")).await;
    assert_eq!(login.status, 200);
    let cookie = login.header("set-cookie").expect("a cookie").to_owned();
    let flags = cookie.to_ascii_lowercase();
    assert!(flags.contains("httponly") && flags.contains("samesite=strict"), "{cookie}");
    let answer: serde_json::Value = serde_json::from_slice(&login.body).expect("JSON");
    assert!(answer["agent"].is_object(), "{answer}");
    let token = answer["token"].as_str().expect("a token");
    Agent::enter(&site.for_agents(Codec::Json), token).await.granted_agent();

    let pair = cookie.split(';').next().expect("name and value").to_owned();
    let target = site.for_agents(Codec::Json).with_header("cookie", pair.clone());
    let mut connection = Connection::open(&target).await.expect("a socket");
    assert_eq!(&*connection.hello(json!({})).await.granted().me.name, "Ann");

    // A cookie travels with every page: a foreign one must not be able to use it.
    let foreign = target.with_origin("https://evil.example");
    assert!(Connection::open(&foreign).await.is_err(), "a foreign page opened a socket");
}

trait GrantedAgent {
    fn granted_agent(self) -> Agent;
}

impl GrantedAgent for Result<Agent, client::Failure> {
    #[track_caller]
    fn granted_agent(self) -> Agent {
        self.unwrap_or_else(|failure| panic!("an agent should get in: {failure}"))
    }
}
