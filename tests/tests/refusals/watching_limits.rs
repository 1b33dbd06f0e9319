//! How many conversations one socket may watch.

use std::time::Duration;

use client::{Agent, Failure};
use futures::StreamExt as _;
use futures::stream;
use protocol::limits::AGENT_WATCHES_MAX;
use protocol::{Codec, ConversationId, Empty, ErrorBody, ErrorCode, Watched};
use system_tests::{Expect as _, Site, event, key};

/// Watches, as fast as a socket may ask.
async fn watch(agent: &mut Agent, id: ConversationId) -> Result<Watched, Failure> {
    loop {
        match agent.watch(id, 2).await {
            Err(Failure::Refused(error)) if error.code == ErrorCode::RateLimited => {
                rest(&error).await;
            }
            outcome => return outcome,
        }
    }
}

/// The same for the opposite: so many watches leave nothing of the socket's allowance.
async fn unwatch(agent: &mut Agent, id: ConversationId) -> Result<Empty, Failure> {
    loop {
        match agent.unwatch(id).await {
            Err(Failure::Refused(error)) if error.code == ErrorCode::RateLimited => {
                rest(&error).await;
            }
            outcome => return outcome,
        }
    }
}

async fn rest(limited: &ErrorBody) {
    tokio::time::sleep(Duration::from_millis(limited.retry_after_ms)).await;
}

#[tokio::test]
async fn an_agents_socket_may_watch_a_thousand_conversations_and_not_one_more() {
    let site = &Site::new().await;
    let asking = stream::iter(0..=AGENT_WATCHES_MAX).map(async |_| site.asking(Codec::Json).await);
    let mut asking: Vec<_> = asking.buffer_unordered(16).collect().await;
    let mut agent = site.agent("Ann", Codec::Msgpack).await;
    for (_, id) in &asking[..AGENT_WATCHES_MAX] {
        watch(&mut agent, *id).await.granted();
    }
    let (mut last, one_more) = asking.pop().expect("one more");
    let refusal = watch(&mut agent, one_more).await;
    assert!(matches!(&refusal, Err(Failure::Refused(_))), "one more: {refusal:?}");

    // Again is not one more; the refused one is silent, and the others are not.
    let first = asking[0].1;
    watch(&mut agent, first).await.granted();
    last.say(one_more, &key(), "unheard").await.granted();
    let (visitor, heard) = asking.last_mut().expect("a thousand");
    visitor.say(*heard, &key(), "heard").await.granted();
    assert_eq!(event(&mut agent).await.conversation, *heard);

    // One less makes room for one more.
    unwatch(&mut agent, first).await.granted();
    watch(&mut agent, one_more).await.granted();
}
