//! The hub, from a message that is asked to everybody who is told, on a store in memory.

use std::cell::Cell;
use std::sync::Arc;

use conversation::{Author, Command, Deed, Subject, Visitor};
use fanout::Alone;
use hub::{Ask, Asker, Clock, Ear, Hub, HubMetrics, News, Reply, Settings};
use store::MemoryStore;
use tokio::runtime::{Builder, Runtime};

use crate::Case;
use crate::wire::{CONVERSATION, SITE, VISITOR, agent, key, text, visitor};

pub(crate) fn cases() -> Vec<Case> {
    vec![tell("ask and tell 1 listener", 1), tell("ask and tell 100 listeners", 100)]
}

/// The visitor writes; so many agents listen.
fn tell(name: &'static str, listeners: u128) -> Case {
    // Without I/O there is nothing in it that could fail.
    let runtime =
        Builder::new_current_thread().enable_time().build().unwrap_or_else(|_| unreachable!());
    let (hub, vera) = runtime.block_on(gathered(listeners));
    let said = Cell::new(0);
    Case::new(name, move || {
        said.set(said.get() + 1);
        let key = key(&format!("m{:08}", said.get()));
        ask(
            &runtime,
            &hub,
            &vera,
            Ask::Command {
                command: Command::Post { text: text(), then_close: false },
                deed: Deed::Send,
                key,
            },
        );
    })
}

async fn gathered(listeners: u128) -> (Hub, Arc<Asker>) {
    let (store, fanout, clock) = (Arc::new(MemoryStore::new()), Arc::new(Alone), Arc::new(Still));
    let hub = Hub::new(store, fanout, clock, Settings::default(), HubMetrics::default());
    let vera = asker(1, Subject::Visitor { site: SITE, id: VISITOR }, visitor());
    let known = Visitor { id: VISITOR, name: "Vera".into(), email: None };
    // Nothing refuses the first start on an empty store.
    let _ = hub.start(CONVERSATION, &vera, known, (text(), key("s1"))).await;
    hub.ask(CONVERSATION, &vera, Ask::Unwatch, Reply::nobody());
    for n in 1..=listeners {
        let agent = agent(n);
        let subject = Subject::Agent { site: SITE, id: agent.id };
        let listener = asker(10 + n as u64, subject, Author::Agent(agent));
        let (reply, answer) = Reply::waiting();
        hub.ask(CONVERSATION, &listener, Ask::Watch { after: 0 }, reply);
        let _ = answer.await;
    }
    (hub, vera)
}

fn ask(runtime: &Runtime, hub: &Hub, asker: &Arc<Asker>, ask: Ask) {
    runtime.block_on(async {
        let (reply, answer) = Reply::waiting();
        hub.ask(CONVERSATION, asker, ask, reply);
        let _ = answer.await;
    });
}

fn asker(session: u64, subject: Subject, author: Author) -> Arc<Asker> {
    Arc::new(Asker { session, subject, author, ear: Arc::new(Patient) })
}

/// Hears everything and keeps nothing.
struct Patient;

impl Ear for Patient {
    fn tell(&self, news: News) -> bool {
        drop(std::hint::black_box(news));
        true
    }
}

struct Still;

impl Clock for Still {
    fn now_ms(&self) -> i64 {
        1_767_225_600_000
    }
}
