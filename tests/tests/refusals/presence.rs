//! Whether the team is there.

use client::{Connection, Target};
use protocol::{Codec, Presence, SignalData};
use serde_json::json;
use system_tests::{Expect as _, Site, signal};

async fn told(visitor: &mut Connection) -> bool {
    match signal(visitor, "presence").await.data {
        SignalData::Presence(Presence { online }) => online,
        other => panic!("no presence: {other:?}"),
    }
}

#[tokio::test]
async fn visitors_are_told_when_the_team_comes_and_goes() {
    let (site, other) = (Site::new().await, Site::new().await);
    let account = site.hire("Ann").await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        let mut elsewhere = other.visitor(codec).await;
        assert!(!visitor.hello.online);
        let one = site.sign_in(&account, codec).await;
        assert!(told(&mut visitor).await, "the first agent came");
        let two = site.sign_in(&account, codec).await;
        drop(one);
        visitor.ping().await.granted();
        drop(two);
        assert!(!told(&mut visitor).await, "the last socket of the last agent went");
        elsewhere.ping().await.granted();
        assert_eq!(elsewhere.next_read(), None, "the team of another site");
    }
}

#[tokio::test]
async fn an_agent_who_has_not_said_hello_is_not_there() {
    let site = Site::new().await;
    let target: Target = site.for_agents(Codec::Json);
    let mut stranger = Connection::open(&target).await.expect("a socket");
    assert!(!site.visitor(Codec::Json).await.hello.online);
    let bad = stranger.hello(json!({ "token": "nonsense" })).await;
    assert!(bad.is_err());
    assert!(!site.visitor(Codec::Json).await.hello.online);
}
