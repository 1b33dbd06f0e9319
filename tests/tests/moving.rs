//! A site moves to another database, and nobody who belongs to it notices.

use client::{Agent, Visitor};
use protocol::{Codec, ConversationId};
use serde_json::json;
use system_tests::site::{Account, options};
use system_tests::{Desk, Expect as _, Site, key};
use throwaway::{Postgres, Server};

const DATABASE: &str = "FRONTDESK_DATABASE_URL";

/// Somebody who asked, somebody who answered, and all that both know of it.
struct Known {
    visitor_id: String,
    token: String,
    account: Account,
    conversation: ConversationId,
    /// What was sent under which key, and the first answer.
    start: (String, String),
    sent: (String, String),
    closed: (String, String),
    /// Everything as each side sees it.
    seen: String,
    noted: String,
    inbox: String,
}

#[tokio::test]
async fn people_go_on_where_their_site_has_moved() {
    let files = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| files.path().join(name).display().to_string();
    let postgres = Postgres::shared().await;
    let url = postgres.fresh_database().await;

    let mut first = Server::start(options()).await;
    let site = Site::of(&first).await;
    let known = live(&site).await;
    assert!(first.term().await.success());
    site.desk.run(&["export", "--site", &site.id, "--to", &file("out")]).await;
    let there = Desk::at(&files.path().join("unused"));
    let import = ["import", "--from", &file("out"), "--database-url", &url];
    assert_eq!(there.run(&import).await, site.id);

    let mut second = Server::start(options().env(DATABASE, &url)).await;
    known.go_on(&site.moved_to(&second)).await;
    assert!(second.term().await.success());
    let export = ["export", "--site", &site.id, "--to", &file("back"), "--database-url", &url];
    there.run(&export).await;
    let home = files.path().join("home");
    assert_eq!(Desk::at(&home).run(&["import", "--from", &file("back")]).await, site.id);

    let third = Server::start(throwaway::ServerOptions { data: Some(home), ..options() }).await;
    known.go_on(&site.moved_to(&third)).await;
}

/// Somebody asks, and is answered.
async fn live(site: &Site) -> Known {
    let mut visitor = site.visitor_named("Vera", "vera@example.org").await;
    let account = site.hire("Ann").await;
    let mut agent = site.sign_in(&account, Codec::Msgpack).await;
    let start = key();
    let started = visitor.start(&start, "Is anybody there?").await.granted();
    let conversation = started.conversation.id;
    agent.claim(conversation, &key()).await.granted();
    agent.note(conversation, &key(), "A regular.").await.granted();
    let sent = key();
    let answer = agent.say(conversation, &sent, "I am.").await.granted();
    visitor.say(conversation, &key(), "Good.").await.granted();
    let many = key();
    let (mut other, second) = site.asking(Codec::Json).await;
    agent.bulk(&key(), "claim", [second]).await.granted();
    let closed = agent.bulk(&many, "close", [second]).await.granted();
    other.watch(second, 0).await.granted();
    Known {
        visitor_id: visitor.hello.me.id.to_string(),
        conversation,
        start: (start, format!("{:?}", (conversation, started.seq))),
        sent: (sent, format!("{answer:?}")),
        closed: (many, format!("{closed:?}")),
        seen: seen(&mut visitor, conversation).await,
        noted: seen(&mut agent, conversation).await,
        inbox: inbox(&mut agent).await,
        token: visitor.token.clone(),
        account,
    }
}

/// The whole history.
async fn seen(who: &mut client::Connection, conversation: ConversationId) -> String {
    let watched = who.watch(conversation, 0).await.granted();
    assert!(!watched.more);
    format!("{} {:?}", watched.head, watched.events)
}

/// Every row that has to do with what is remembered; who is online is not.
async fn inbox(agent: &mut Agent) -> String {
    let page = agent.inbox(json!({ "status": "all", "sort": "started" })).await.granted();
    let rows = page.rows.iter().map(|row| {
        (row.id, row.seq, row.status, row.visitor.name.clone(), row.preview.clone(), row.unread)
    });
    format!("{:?}", rows.collect::<Vec<_>>())
}

impl Known {
    /// With the tokens of before, everybody finds what was there, and no command has a second effect.
    async fn go_on(&self, site: &Site) {
        let id = self.conversation;
        let target = site.for_visitors(Codec::Msgpack);
        let mut visitor =
            Visitor::return_with(&target, &self.token).await.expect("the old token is good");
        assert_eq!(visitor.hello.me.id.to_string(), self.visitor_id);
        let mut agent = site.sign_in(&self.account, Codec::Json).await;
        assert_eq!(seen(&mut visitor, id).await, self.seen);
        assert_eq!(seen(&mut agent, id).await, self.noted);
        assert_eq!(inbox(&mut agent).await, self.inbox);

        let (start, first) = &self.start;
        let again = visitor.start(start, "Is anybody there?").await.granted();
        assert_eq!(format!("{:?}", (again.conversation.id, again.seq)), *first);
        let (sent, first) = &self.sent;
        let again = agent.say(id, sent, "I am.").await.granted();
        assert_eq!(format!("{again:?}"), *first);
        let (many, first) = &self.closed;
        let again = agent.bulk(many, "unclaim", [id]).await.granted();
        assert_eq!(format!("{again:?}"), *first, "it means what it meant the first time");
        assert_eq!(seen(&mut agent, id).await, self.noted, "nothing was added");
    }
}
