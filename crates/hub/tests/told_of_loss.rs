//! A node that is told that hints may have been lost looks at once, not when it is time.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fanout::{Apart, Fanout, Hint, NodeId, Presence, Reach, Topic, Visitors};
use hub::{News, Settings};
use protocol::ConversationId;
use store::{MemoryStore, Store};
use support::{Mood, Moody, Node, Person, SITE, post};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A fan-out that says what the test wants it to say.
struct Scripted {
    receiver: Mutex<Option<mpsc::Receiver<Hint>>>,
    announced: mpsc::UnboundedSender<Hint>,
}

impl Fanout for Scripted {
    fn announce(&self, hint: Hint) {
        let _ = self.announced.send(hint);
    }
    fn listen(&self, _: Topic) {}
    fn forget(&self, _: Topic) {}
    fn hints(&self) -> mpsc::Receiver<Hint> {
        self.receiver.lock().unwrap().take().unwrap()
    }
    fn node(&self) -> NodeId {
        NodeId(5)
    }
    fn reach(&self) -> Reach {
        Reach::AtOnce
    }
}

/// A node that hears only the script, and beside it one that nobody hears.
struct Stage {
    here: Node,
    there: Node,
    script: mpsc::Sender<Hint>,
    announced: mpsc::UnboundedReceiver<Hint>,
}

impl Stage {
    fn set() -> Self {
        Self::on(Arc::new(MemoryStore::new()), Duration::from_secs(3600))
    }

    fn on(store: Arc<dyn Store>, compare_every: Duration) -> Self {
        let (script, receiver) = mpsc::channel(10);
        let (sender, announced) = mpsc::unbounded_channel();
        let scripted = Scripted { receiver: Mutex::new(Some(receiver)), announced: sender };
        let settings = Settings { compare_every, ..Settings::default() };
        let here = Node::on(store.clone(), Arc::new(scripted), settings);
        let there = Node::on(store, Arc::new(Apart), Settings::default());
        Self { here, there, script, announced }
    }

    /// Waits until this node announces such a hint.
    async fn announces(&mut self, wanted: impl Fn(&Hint) -> bool) {
        let search = async { while !wanted(&self.announced.recv().await.unwrap()) {} };
        tokio::time::timeout(Duration::from_secs(20), search).await.expect("announced in time");
    }

    /// Somebody here watches; meanwhile a message is committed there.
    async fn missed_message(&self) -> (ConversationId, Person) {
        let vera = self.there.visitor(1);
        let id = vera.start("hello").await;
        let alice = self.here.agent(1);
        alice.watch(id, 2).await;
        // The first look at everything, at the start, is over.
        tokio::time::sleep(Duration::from_secs(10)).await; // sleep-ok: paused time
        vera.does(id, post("missed")).await.unwrap();
        (id, alice)
    }
}

async fn heard_at_once_after(hint: impl FnOnce(ConversationId) -> Hint) {
    let stage = Stage::set();
    let (id, mut alice) = stage.missed_message().await;
    let began = Instant::now();
    stage.script.send(hint(id)).await.unwrap();
    assert_eq!(alice.next_numbers(1).await, [3]);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(stage.here.metrics.repaired.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_loss() {
    heard_at_once_after(|_| Hint::Lost).await;
}

#[tokio::test(start_paused = true)]
async fn after_beginning_to_hear_of_a_conversation() {
    heard_at_once_after(|id| Hint::Joined([Topic::Conversation(id)].into())).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_hint_without_content() {
    heard_at_once_after(|conversation| {
        let head = conversation::Seq(3);
        Hint::Head { conversation, site: SITE, head }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn in_time_also_if_it_is_busy_with_other_conversations() {
    let store = Moody::new();
    // Before one look is over, the next one is asked for.
    store.set(Mood::Slow);
    let stage = Stage::on(store, Duration::from_secs(2));
    let (_, mut alice) = stage.missed_message().await;
    let script = stage.script.clone();
    let busy = tokio::spawn(async move {
        let other = Topic::Conversation(ConversationId::NOWHERE);
        while script.send(Hint::Joined([other].into())).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await; // sleep-ok: paused time
        }
    });
    let began = Instant::now();
    assert_eq!(alice.next_numbers(1).await, [3]);
    assert!(began.elapsed() <= Duration::from_millis(2100), "{:?}", began.elapsed());
    busy.abort();
}

#[tokio::test(start_paused = true)]
async fn rows_after_a_loss_and_after_beginning_to_hear_of_a_site() {
    for hint in [Hint::Lost, Hint::Joined([Topic::Site(SITE)].into())] {
        let stage = Stage::set();
        let mut alice = stage.here.agent(1);
        stage.here.hub.watch_inbox(&alice.asker, true, 1);
        tokio::time::sleep(Duration::from_secs(10)).await; // sleep-ok: paused time
        let id = stage.there.visitor(1).start("hello").await;
        let began = Instant::now();
        stage.script.send(hint).await.unwrap();
        let row = |news| matches!(news, News::Row(row) if row.conversation.id == id).then_some(());
        alice.hears(row).await;
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_begins_to_hear_of_a_site_asks_who_is_there_and_whoever_is_asked_answers() {
    let mut stage = Stage::set();
    let vera = stage.here.visitor(1);
    stage.here.hub.join(&vera.asker);
    for topic in [Topic::Site(SITE), Topic::Team(SITE)] {
        stage.script.send(Hint::Joined([topic].into())).await.unwrap();
        let asked = Hint::WhoIsThere { site: SITE, node: None };
        stage.announces(|hint| *hint == asked).await;
    }
    let answers = |hint: &Hint| match hint {
        Hint::Presence(presence) => matches!(&presence.visitors,
            Visitors::Exactly { here, .. } if here.len() == 1),
        _ => false,
    };
    for node in [None, Some(NodeId(5))] {
        stage.script.send(Hint::WhoIsThere { site: SITE, node }).await.unwrap();
        stage.announces(answers).await;
    }
    tokio::time::sleep(Duration::from_millis(1)).await; // sleep-ok: paused time
    while stage.announced.try_recv().is_ok() {}
    stage.script.send(Hint::WhoIsThere { site: SITE, node: Some(NodeId(6)) }).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await; // sleep-ok: paused time
    assert!(stage.announced.try_recv().is_err(), "another was asked");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_counted_has_been_named_before() {
    let mut stage = Stage::set();
    stage.here.hub.join(&stage.here.visitor(1).asker);
    // The first of the team is told of at once, and with it how many are here.
    stage.here.hub.join(&stage.here.agent(1).asker);
    let mut named = 0;
    loop {
        let Some(Hint::Presence(presence)) = stage.announced.recv().await else {
            panic!("only presence is told");
        };
        match &presence.visitors {
            Visitors::Changed { came, .. } => named += came.len(),
            Visitors::Sum { count: 0, .. } | Visitors::Exactly { .. } => {}
            Visitors::Sum { count, .. } => return assert_eq!((*count, named), (1, 1)),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn how_many_are_here_is_said_again_and_again_also_while_people_come_and_go() {
    let mut stage = Stage::set();
    let busy = async {
        for n in (0..2).cycle() {
            let vera = stage.here.visitor(n);
            stage.here.hub.join(&vera.asker);
            tokio::time::sleep(Duration::from_millis(10)).await; // sleep-ok: paused time
            stage.here.hub.leave(&vera.asker, []);
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(60), busy).await;
    let mut said = 0;
    while let Ok(hint) = stage.announced.try_recv() {
        let is_sum = |presence: &Presence| matches!(presence.visitors, Visitors::Sum { .. });
        said += usize::from(matches!(hint, Hint::Presence(presence) if is_sum(&presence)));
    }
    assert!((12..=20).contains(&said), "{said} times in a minute");
}
