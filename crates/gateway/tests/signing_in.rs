//! Signing in over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use argon2::{Argon2, Params, PasswordHasher as _};
use common::{House, add_site, now};
use protocol::Codec;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{Directory as _, SignInCode};

const LOGIN: &str = "/v1/login";

/// Cheap on purpose: what a hash costs stands in the hash.
fn hash(password: &str) -> Option<String> {
    let cheap = Argon2::from(Params::new(64, 1, 1, None).unwrap());
    let hash = cheap.hash_password_with_salt(password.as_bytes(), b"a salt for tests");
    Some(hash.unwrap().to_string())
}

#[tokio::test]
async fn a_password_gives_a_token_and_a_cookie_that_both_open_the_socket() {
    let house = House::new().await;
    let (alice, _) = house.agent_of(house.site, "Alice", hash("open sesame")).await;
    let body = json!({ "email": " Alice@desk.example ", "password": "open sesame" });
    let (status, head, answer) = house.post(LOGIN, "", &body).await;
    assert_eq!(status, 200, "{answer}");
    let agent = json!({
        "id": alice.to_string(), "name": "Alice", "email": "alice@desk.example", "role": "rep",
        "site": house.site.to_string(),
    });
    assert_eq!(answer["agent"], agent);
    assert!(head.to_lowercase().contains("cache-control: no-store"));
    let cookie = head.lines().find(|line| line.to_lowercase().starts_with("set-cookie:")).unwrap();
    for part in ["frontdesk_agent=v1.", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    house.present(answer["token"].as_str().unwrap(), Codec::Json).await;
    let cookie = cookie[11..].split(';').next().unwrap().trim();
    let mut agent = house.connect("/v1/agent", Codec::Json, &[("cookie", cookie)]).await.unwrap();
    agent.ok("hello", json!({})).await;
    let (_, head, _) = house.post(LOGIN, "X-Forwarded-Proto: https\r\n", &body).await;
    assert!(head.contains("; Secure"), "{head}");
    let (status, head, _) = house.post("/v1/logout", "", &json!({})).await;
    assert_eq!(status, 200);
    assert!(head.contains("frontdesk_agent=; ") && head.contains("Max-Age=0"), "{head}");
}

#[tokio::test]
async fn wrong_passwords_and_unknown_people_are_answered_alike_and_throttled() {
    let house = House::new().await;
    house.agent_of(house.site, "Alice", hash("open sesame")).await;
    house.agent_of(house.site, "Bob", None).await;
    let attempt = |email: &str, password: &str| json!({ "email": email, "password": password });
    let wrong = house.post(LOGIN, "", &attempt("alice@desk.example", "x")).await;
    let unknown = house.post(LOGIN, "", &attempt("nobody@desk.example", "x")).await;
    let passwordless =
        house.post(LOGIN, "", &attempt("bob@desk.example", "nobody's password")).await;
    assert_eq!((wrong.0, &wrong.2["err"]["code"]), (401, &json!("unauthorized")));
    assert_eq!((unknown.0, &unknown.2), (401, &wrong.2));
    assert_eq!((passwordless.0, &passwordless.2), (401, &wrong.2));
    for _ in 0..9 {
        house.post(LOGIN, "", &attempt("Alice@desk.example", "y")).await;
    }
    let (status, _, answer) =
        house.post(LOGIN, "", &attempt("alice@desk.example", "open sesame")).await;
    assert_eq!((status, &answer["err"]["code"]), (429, &json!("rate_limited")));
    assert!(answer["err"]["retry_after_ms"].as_u64().unwrap() > 0);
    assert_eq!(house.post(LOGIN, "", &attempt("carol@desk.example", "x")).await.0, 401);
}

#[tokio::test]
async fn one_password_on_two_sites_needs_the_site() {
    let house = House::new().await;
    let other = add_site(&house.store, &["other.example"]).await;
    house.agent_of(house.site, "Alice", hash("same")).await;
    let (there, _) = house.agent_of(other, "Alice", hash("same")).await;
    let mut body = json!({ "email": "alice@desk.example", "password": "same" });
    let (status, _, answer) = house.post(LOGIN, "", &body).await;
    assert_eq!((status, &answer["err"]["code"]), (400, &json!("bad_request")));
    assert_eq!(answer["err"]["detail"]["site_required"], true);
    assert_eq!(answer["err"]["detail"]["sites"].as_array().unwrap().len(), 2);
    body["site"] = json!(other.to_string());
    let (status, _, answer) = house.post(LOGIN, "", &body).await;
    assert_eq!((status, &answer["agent"]["id"]), (200, &json!(there.to_string())));
}

#[tokio::test]
async fn a_code_signs_in_once() {
    let house = House::new().await;
    let (alice, _) = house.agent("Alice").await;
    let digest = Sha256::digest(b"one-time").into();
    let code = SignInCode { digest, agent: alice, expires_at: now() + 60_000 };
    house.store.add_sign_in_code(code).await.unwrap();
    let body = json!({ "code": "one-time" });
    assert_eq!(house.post("/v1/login/code", "", &json!({ "code": "other" })).await.0, 401);
    let (status, head, answer) = house.post("/v1/login/code", "", &body).await;
    assert_eq!((status, &answer["agent"]["id"]), (200, &json!(alice.to_string())));
    assert!(head.contains("frontdesk_agent=v1."));
    assert_eq!(house.post("/v1/login/code", "", &body).await.0, 401);
}

#[tokio::test]
async fn only_our_own_pages_sign_in_and_only_with_small_json() {
    let house = House::new().await;
    let body = json!({ "email": "a@b.example", "password": "x" });
    let foreign = house.post(LOGIN, "Origin: https://evil.test\r\n", &body).await;
    assert_eq!((foreign.0, &foreign.2["err"]["code"]), (403, &json!("forbidden")));
    assert_eq!(house.post("/v1/logout", "Origin: null\r\n", &body).await.0, 403);
    let own = format!("Origin: http://{}\r\n", house.address);
    assert_eq!(house.post(LOGIN, &own, &body).await.0, 401);
    for body in [json!({}), json!([]), json!({ "email": "", "password": "" })] {
        assert_eq!(house.post(LOGIN, "", &body).await.0, 400);
    }
    let long = json!({ "email": "x".repeat(513), "password": "x" });
    assert_eq!(house.post(LOGIN, "", &long).await.0, 400);
    let large = json!({ "email": "a@b.example", "password": "x".repeat(20_000) });
    assert_eq!(house.post(LOGIN, "", &large).await.0, 400);
    let form = "POST /v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b";
    assert!(house.raw(form.as_bytes()).await.starts_with("HTTP/1.1 400 "));
    assert!(
        house
            .raw(b"GET /v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await
            .contains(" 405 ")
    );
}
