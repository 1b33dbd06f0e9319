//! Of two reasons to refuse, the contract says which one is told.

use protocol::{Codec, ErrorCode, Person};
use serde_json::{Value, json};
use system_tests::{Expect as _, Site, key};
use uuid::Uuid;

#[tokio::test]
async fn bad_arguments_come_before_the_wrong_role_and_before_what_is_not_there() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let mut visitor = site.visitor(codec).await;
        let mut agent = site.agent("Ann", codec).await;
        let id = Uuid::new_v4().to_string();
        let keyless = json!({ "conversation": id });
        visitor
            .ask::<Value>("conversation.claim", keyless.clone())
            .await
            .refused(ErrorCode::BadRequest);
        agent.ask::<Value>("conversation.claim", keyless).await.refused(ErrorCode::BadRequest);
        agent.say(&id, &key(), "  ").await.refused(ErrorCode::BadRequest);
        agent
            .ask::<Value>("conversation.start", json!({ "key": "k" }))
            .await
            .refused(ErrorCode::BadRequest);
    }
}

#[tokio::test]
async fn the_wrong_role_comes_before_what_is_not_there() {
    let site = Site::new().await;
    let mut visitor = site.visitor(Codec::Json).await;
    visitor.claim(Uuid::new_v4(), &key()).await.refused(ErrorCode::Forbidden);
    visitor.say_and_close(Uuid::new_v4(), &key(), "x").await.refused(ErrorCode::Forbidden);
}

#[tokio::test]
async fn the_wrong_role_comes_before_a_repeated_key_and_before_the_close() {
    let site = Site::new().await;
    let (mut visitor, mut agent, id) = site.talking(Codec::Json).await;
    let sent = key();
    visitor.say(id, &sent, "once").await.granted();
    visitor.say_and_close(id, &sent, "once").await.refused(ErrorCode::Forbidden);
    agent.end(id, &key()).await.granted();
    visitor.say_and_close(id, &key(), "x").await.refused(ErrorCode::Forbidden);
    visitor.note(id, &key(), "x").await.refused(ErrorCode::Forbidden);
}

#[tokio::test]
async fn what_is_not_there_comes_before_a_repeated_key() {
    let (site, other) = (Site::new().await, Site::new().await);
    let (_visitor, mut agent, id) = site.talking(Codec::Json).await;
    let used = key();
    agent.say(id, &used, "here").await.granted();
    let (_there, foreign) = other.asking(Codec::Json).await;
    agent.say(foreign, &used, "here").await.refused(ErrorCode::NotFound);
}

#[tokio::test]
async fn the_close_comes_before_ownership_for_every_command() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, mut owner, id) = site.talking(codec).await;
        let mut other = site.agent("Ben", codec).await;
        owner.end(id, &key()).await.granted();
        let closed = ErrorCode::ConversationClosed;
        for agent in [&mut other, &mut owner] {
            agent.say(id, &key(), "x").await.refused(closed);
            agent.say_and_close(id, &key(), "x").await.refused(closed);
            agent.claim(id, &key()).await.refused(closed);
            agent.unclaim(id, &key()).await.refused(closed);
            agent.note(id, &key(), "x").await.refused(closed);
        }
        other.end(id, &key()).await.refused(closed);
        other.end_at(id, &key(), 1).await.refused(closed);
    }
}

#[tokio::test]
async fn ownership_comes_before_a_conflict() {
    let site = Site::new().await;
    let (_visitor, _owner, id) = site.talking(Codec::Json).await;
    let mut other = site.agent("Ben", Codec::Json).await;
    other.end_at(id, &key(), 1).await.refused(ErrorCode::NotOwner);
}

fn owner_of(error: &protocol::ErrorBody) -> Option<Option<Person>> {
    error.detail.owner.clone()
}

#[tokio::test]
async fn who_does_not_own_it_is_told_who_does_or_that_nobody_does() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (_visitor, mut owner, id) = site.talking(codec).await;
        let mut other = site.agent("Ben", codec).await;
        let me = &owner.hello.me;
        let ann = Some(Some(Person { id: me.id, name: me.name.clone() }));
        let refusals = [
            other.say(id, &key(), "x").await.refused(ErrorCode::NotOwner),
            other.say_and_close(id, &key(), "x").await.refused(ErrorCode::NotOwner),
            other.unclaim(id, &key()).await.refused(ErrorCode::NotOwner),
            other.end(id, &key()).await.refused(ErrorCode::NotOwner),
            other.claim(id, &key()).await.refused(ErrorCode::AlreadyClaimed),
        ];
        for refusal in &refusals {
            assert_eq!(owner_of(refusal), ann, "{refusal:?}");
        }

        owner.unclaim(id, &key()).await.granted();
        let refusals = [
            owner.say(id, &key(), "x").await.refused(ErrorCode::NotOwner),
            other.unclaim(id, &key()).await.refused(ErrorCode::NotOwner),
            other.end(id, &key()).await.refused(ErrorCode::NotOwner),
        ];
        for refusal in &refusals {
            assert_eq!(owner_of(refusal), Some(None), "null, and there: {refusal:?}");
        }
        let log = owner.history(id, json!({})).await.granted();
        assert_eq!(log.head, 4, "refusals commit nothing");
    }
}

#[tokio::test]
async fn any_agent_of_the_site_may_leave_a_note_on_what_somebody_else_owns_or_nobody() {
    let site = Site::new().await;
    let (_visitor, mut owner, id) = site.talking(Codec::Json).await;
    let mut other = site.agent("Ben", Codec::Msgpack).await;
    other.note(id, &key(), "from the side").await.granted();
    owner.unclaim(id, &key()).await.granted();
    other.note(id, &key(), "to nobody").await.granted();
}

#[tokio::test]
async fn a_second_open_conversation_is_refused_and_the_first_is_named() {
    let site = Site::new().await;
    for codec in Codec::ALL {
        let (mut visitor, id) = site.asking(codec).await;
        let refusal = visitor.start(&key(), "another").await.refused(ErrorCode::ConversationOpen);
        assert_eq!(refusal.detail.conversation, Some(id));
        let mut other = site.visitor_again(&visitor, codec).await;
        let refusal = other.start(&key(), "another").await.refused(ErrorCode::ConversationOpen);
        assert_eq!(refusal.detail.conversation, Some(id));
    }
}
