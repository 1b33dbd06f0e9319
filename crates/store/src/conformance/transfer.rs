//! Whole sites, from one store to another.

use std::io::Cursor;
use std::sync::Arc;

use conversation::{Audience, Author, Command, Conversation, Deed, KeyScope, Remembered, Seq};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use protocol::{BulkAction, ConversationId, Key, PersonId, SiteId};

use super::desk::*;
use super::inbox::all_queries;
use super::model::{Model, WORDS};
use crate::{
    Append, Appended, BulkRecord, Counts, InboxQuery, NewAgent, Part, Range, SignInCode, Site,
    StartOutcome, Store, StoreError, Tokens, Transfer, TransferError, VisitorRecord, export,
    import,
};

/// A store that sites can be moved between.
pub trait Home: Store + Transfer {}

impl<T: Store + Transfer> Home for T {}

const CODE: [u8; 32] = [7; 32];

/// Two teams, each on its site, and what they and their visitors have lived through.
pub struct Lived {
    model: Model,
    bulks: Vec<(PersonId, Key, BulkRecord)>,
}

impl Lived {
    /// So many random conversations on `store`, which has been empty.
    pub async fn on(store: &Arc<dyn Store>, seed: u64, conversations: u128) -> Self {
        println!("seed {seed}");
        let mut lived = Self { model: Model::of_seed(seed), bulks: Vec::new() };
        lived.people(store).await;
        lived.model.live(store, conversations).await;
        lived.send_and_close(store).await;
        lived.claim_again(store).await;
        lived.ask_for_many(store).await;
        lived
    }

    async fn people(&self, store: &Arc<dyn Store>) {
        for (id, name, at) in [(OTHER_SITE, "Bank", 10), (SITE, "Größe \u{0}\"", 20)] {
            let domains = vec!["shop.example".into(), "b.example".into()];
            store.add_site(Site { id, name: name.into(), domains }, at).await.unwrap();
        }
        for n in [4, 2, 3, 1, 5] {
            let conversation::Agent { id, alias, name } =
                agent(n, ["Ann", "ann", ""][n as usize % 3]);
            let site = if n == 5 { OTHER_SITE } else { SITE };
            let (email, name) = (format!("a{n}@Shop.example"), (*name).to_owned());
            let role = [crate::AgentRole::Admin, crate::AgentRole::Rep][n as usize % 2];
            let password_hash = (n > 2).then(|| format!("$argon2id${n}"));
            let new = NewAgent { id, alias, site, email, name, role, password_hash };
            store.add_agent(new, 1000 - n as i64).await.unwrap();
            let code = SignInCode { digest: CODE, agent: id, expires_at: i64::MAX };
            store.add_sign_in_code(code).await.unwrap();
        }
        // They have looked, and said nothing.
        for (n, site) in [(9_000_001, SITE), (9_000_002, OTHER_SITE)] {
            let (id, email) = (visitor(n, "").id, Some("no\u{0}body@x.example".to_owned()));
            let name = "Nobody".to_owned();
            let record = VisitorRecord { id, site, name, email, first_seen_at: 77 };
            store.put_visitor(record).await.unwrap();
        }
    }

    /// Some agents say goodbye and close in one step.
    async fn send_and_close(&mut self, store: &Arc<dyn Store>) {
        for n in 0..self.model.conversations.len() {
            let logged = &mut self.model.conversations[n];
            let Some(owner) = logged.state.owner.clone().filter(|_| n % 3 == 0) else { continue };
            if logged.state.is_closed() {
                continue;
            }
            let by = Author::Agent(owner.agent);
            let bye = Command::Post { text: text("Bye, order"), then_close: true };
            let mut last = append(&logged.state, &by, &bye, logged.state.last_at, "bye");
            if let Some((_, answer)) = &mut last.key {
                answer.closed_seq = last.events.last().map(|event| event.seq);
            }
            logged.note("Bye, order");
            self.append(store, n, last).await;
        }
    }

    /// Whoever claims what it owns is answered without an event.
    async fn claim_again(&mut self, store: &Arc<dyn Store>) {
        for n in 0..self.model.conversations.len() {
            let state = self.model.conversations[n].state.clone();
            let Some(owner) = &state.owner else { continue };
            let scope = KeyScope {
                author: owner.agent.id.into(),
                conversation: state.id,
                deed: Deed::Claim,
                key: key("again\u{0}"),
            };
            let answer = Remembered {
                conversation: state.id,
                seq: owner.since,
                visitor_seq: state.visitor_head,
                closed_seq: None,
                at: owner.since_at,
            };
            let (at_head, key) = (state.head, Some((scope, answer)));
            let again = Append { conversation: Arc::new(state), at_head, events: vec![], key };
            self.append(store, n, again).await;
        }
    }

    async fn ask_for_many(&mut self, store: &Arc<dyn Store>) {
        for n in 1..=5 {
            let conversations = vec![format!("no id \"{n}\u{0}"), conversation(n).to_string()];
            let action = [BulkAction::Claim, BulkAction::Close][n as usize % 2];
            let bulk = BulkRecord { action, conversations };
            for name in ["b", "B\u{0}ü"] {
                let (author, key) = (agent(n, "").id.into(), key(name));
                store.remember_bulk(author, key.clone(), bulk.clone()).await.unwrap();
                self.bulks.push((author, key, bulk.clone()));
            }
        }
    }

    async fn append(&mut self, store: &Arc<dyn Store>, n: usize, append: Append) {
        self.model.conversations[n].state = (*append.conversation).clone();
        self.model.keys.extend(append.key.clone());
        assert_eq!(store.append(append).await.unwrap(), Appended::Done);
    }

    /// How much of it belongs to a site.
    pub fn events_of(&self, site: SiteId) -> u64 {
        self.of(site).map(|state| state.head.0).sum()
    }

    fn of(&self, site: SiteId) -> impl Iterator<Item = &Conversation> {
        self.model.conversations.iter().map(|logged| &logged.state).filter(move |s| s.site == site)
    }

    /// Every event, key and row of the site is in `to` as it is in `from`, and nothing of the other site.
    pub async fn compare(&self, from: &Arc<dyn Store>, to: &Arc<dyn Store>) {
        self.compare_people(from, to).await;
        for state in self.of(SITE) {
            self.compare_conversation(state, from, to).await;
        }
        for state in self.of(OTHER_SITE) {
            assert_eq!(to.find(state.id).await.unwrap(), None);
            assert_eq!(to.visitor(state.visitor.id).await.unwrap(), None);
        }
        for (scope, answer) in &self.model.keys {
            let expected = self.of(SITE).any(|state| state.id == answer.conversation);
            let found = to.remembered(scope.clone()).await.unwrap();
            assert_eq!(found, expected.then_some(*answer), "{scope:?}");
        }
        for (author, key, bulk) in &self.bulks[..8] {
            let other = BulkRecord { action: BulkAction::Unclaim, conversations: vec![] };
            assert_eq!(to.remember_bulk(*author, key.clone(), other).await.unwrap(), *bulk);
        }
        self.compare_lists(from, to).await;
    }

    async fn compare_people(&self, from: &Arc<dyn Store>, to: &Arc<dyn Store>) {
        assert_eq!(to.site(SITE).await.unwrap(), from.site(SITE).await.unwrap());
        assert_eq!(to.site(OTHER_SITE).await.unwrap(), None);
        assert_eq!(to.secret().await.unwrap(), from.secret().await.unwrap());
        for n in 1..=4 {
            let (id, email) = (agent(n, "").id, format!("a{n}@shop.example"));
            let shown = async |store: &Arc<dyn Store>| {
                let by_id = store.agent(id).await.unwrap();
                let by_email = store.agents_by_email(email.clone(), None).await.unwrap();
                serde_json::to_string(&(by_id.as_deref(), by_email)).unwrap()
            };
            assert_eq!(shown(to).await, shown(from).await);
        }
        assert!(to.agent(agent(5, "").id).await.unwrap().is_none());
        let silent = visitor(9_000_001, "").id;
        assert_eq!(to.visitor(silent).await.unwrap(), from.visitor(silent).await.unwrap());
        assert_eq!(to.take_sign_in_code(CODE, 0).await.unwrap(), None, "codes stay behind");
    }

    async fn compare_conversation(
        &self,
        state: &Conversation,
        from: &Arc<dyn Store>,
        to: &Arc<dyn Store>,
    ) {
        assert_eq!(to.find(state.id).await.unwrap().as_ref(), Some(state));
        for audience in [Audience::Agents, Audience::Visitor] {
            let all = Range::After(0);
            let events = to.events(state.id, audience, all, 1000).await.unwrap();
            assert_eq!(events, from.events(state.id, audience, all, 1000).await.unwrap());
            assert_eq!(
                events.last().and_then(|last| last.number_for(audience)),
                Some(state.head_for(audience))
            );
        }
        let visitor = state.visitor.id;
        assert_eq!(to.visitor(visitor).await.unwrap(), from.visitor(visitor).await.unwrap());
        let (theirs, ours) = (to.conversations_of(visitor, 9), from.conversations_of(visitor, 9));
        assert_eq!(theirs.await.unwrap(), ours.await.unwrap());
    }

    /// Every list and search of the site finds in `to` what it finds in `from`.
    pub async fn compare_lists(&self, from: &Arc<dyn Store>, to: &Arc<dyn Store>) {
        assert_eq!(to.open_counts(SITE).await.unwrap(), from.open_counts(SITE).await.unwrap());
        let searched = WORDS.iter().map(|words| InboxQuery {
            words: InboxQuery::words_of(words),
            ..Model::everything(SITE)
        });
        for query in all_queries().into_iter().chain(searched) {
            let mut query = InboxQuery { limit: 40, ..query };
            // The first pages, and how many rows there are: the rows themselves have been compared.
            for _ in 0..2 {
                let (theirs, ours) = (to.list(query.clone()).await, from.list(query.clone()).await);
                let (theirs, ours) = (theirs.unwrap(), ours.unwrap());
                assert_eq!(theirs, ours, "{query:?}");
                query.after = theirs.next;
            }
        }
    }
}

/// The site as a file.
pub async fn exported(store: &impl Transfer) -> (Vec<u8>, Counts) {
    let mut file = Vec::new();
    let counts = export(store, SITE, &mut file).await.unwrap();
    (file, counts)
}

async fn imported(store: &impl Transfer, file: &[u8]) -> Result<(SiteId, Counts), TransferError> {
    import(store, Cursor::new(file.to_vec()), Tokens::Keep).await
}

pub async fn a_site_arrives_as_it_was<H: Home>(from: Arc<H>, to: Arc<H>) {
    let store: Arc<dyn Store> = from.clone();
    let lived = Lived::on(&store, 11, 60).await;
    let (file, counts) = exported(&*from).await;
    assert_eq!(counts.events, lived.events_of(SITE));
    assert_eq!(imported(&*to, &file).await.unwrap(), (SITE, counts));
    assert!(exported(&*to).await.0 == file, "it goes out as it came in");
    lived.compare(&store, &(to as Arc<dyn Store>)).await;
}

pub async fn a_site_goes_on_where_it_arrived<H: Home>(from: Arc<H>, to: Arc<H>) {
    let store: Arc<dyn Store> = from.clone();
    let mut lived = Lived::on(&store, 12, 20).await;
    imported(&*to, &exported(&*from).await.0).await.unwrap();
    let store: Arc<dyn Store> = to;
    let (open, closed): (Vec<_>, Vec<_>) =
        lived.of(SITE).cloned().partition(|state| !state.is_closed());
    let mut again = start_by(901, SITE, open[0].visitor.clone(), "hello", 5000);
    again.starts_per_minute = 9;
    assert_eq!(store.start(again).await.unwrap(), StartOutcome::AlreadyOpen(open[0].id));
    let mut state = open[0].clone();
    let (by, head) = (asking(&state), state.head);
    let late = append(&state, &by, &post("late"), 9000, "late");
    act(&store, &mut state, &by, post("still there?")).await;
    assert_eq!(store.append(late).await.unwrap(), Appended::Stale);
    let all = store.events(state.id, Audience::Agents, Range::After(head.0), 9).await.unwrap();
    assert_eq!(all.iter().map(|event| event.seq).collect::<Vec<_>>(), [Seq(head.0 + 1)]);
    let new = start_by(902, SITE, closed[0].visitor.clone(), "me again", 9_000_000);
    begin(&store, new).await;
    // A command that is sent again after the move.
    for (scope, answer) in lived.model.keys.drain(..) {
        let Some(of) = closed.iter().find(|state| state.id == answer.conversation) else {
            continue;
        };
        let (at_head, key) = (of.head, Some((scope.clone(), answer)));
        let again = Append { conversation: Arc::new(of.clone()), at_head, events: vec![], key };
        if scope.conversation != ConversationId::NOWHERE {
            assert_eq!(store.append(again).await.unwrap(), Appended::Repeated(answer));
        }
    }
}

pub async fn a_site_comes_beside_others_once<H: Home>(from: Arc<H>, to: Arc<H>) {
    let store: Arc<dyn Store> = from.clone();
    Lived::on(&store, 13, 10).await;
    let (file, _) = exported(&*from).await;
    imported(&*to, &file).await.unwrap();
    let again = imported(&*to, &file).await.unwrap_err().to_string();
    assert!(again.contains(&format!("there is a site {SITE} already")), "{again}");
    assert!(exported(&*to).await.0 == file, "nothing has changed");
    // Its other site, whose tokens have the same signature.
    let mut other = Vec::new();
    export(&*from, OTHER_SITE, &mut other).await.unwrap();
    imported(&*to, &other).await.unwrap();
    assert_eq!(store.sites().await.unwrap(), to.sites().await.unwrap());
}

pub async fn a_site_that_does_not_end_has_never_been<H: Home>(from: Arc<H>, to: Arc<H>) {
    let store: Arc<dyn Store> = from.clone();
    let lived = Lived::on(&store, 14, 10).await;
    let secret = to.secret().await.unwrap();
    let mark = to.changed_since(SITE, None).await.unwrap().mark;
    let outgoing = from.take_out(SITE).await.unwrap().unwrap();
    let parts: Vec<Part> = outgoing.parts.try_concat().await.unwrap();
    for kept in [1, 2, parts.len() / 2, parts.len()] {
        let some = parts[..kept].iter().map(|part| Ok(vec![part.clone()]));
        let cut: Vec<_> = some.chain([Err(TransferError::CutOff { lines: 1 })]).collect();
        let failed = to.bring_in(stream::iter(cut).boxed()).await;
        assert!(matches!(failed, Err(TransferError::CutOff { .. })), "{failed:?}");
    }
    assert_eq!(to.sites().await.unwrap(), []);
    assert_eq!(to.secret().await.unwrap(), secret);
    assert!(to.agent(agent(1, "").id).await.unwrap().is_none());
    assert_eq!(to.list(Model::everything(SITE)).await.unwrap().total, 0);
    assert_eq!(to.open_counts(SITE).await.unwrap().open(), 0);
    imported(&*to, &exported(&*from).await.0).await.unwrap();
    let changed = to.changed_since(SITE, Some(mark)).await.unwrap().heads;
    for state in lived.of(SITE) {
        assert!(changed.contains(&(state.id, state.head)), "whoever holds a mark hears of it");
    }
    lived.compare(&store, &(to as Arc<dyn Store>)).await;
}

pub async fn what_is_there_is_not_brought_in_again<H: Home>(from: Arc<H>, to: Arc<H>) {
    let store: Arc<dyn Store> = from.clone();
    let lived = Lived::on(&store, 15, 5).await;
    let some = lived.of(SITE).next().unwrap().clone();
    let outgoing = from.take_out(SITE).await.unwrap().unwrap();
    let parts: Vec<Part> = outgoing.parts.try_concat().await.unwrap();
    let there = start_by(some.id.0.as_u128(), OTHER_SITE, visitor(777, ""), "mine", 1);
    let mine = begin(&(to.clone() as Arc<dyn Store>), there).await;
    assert_eq!(mine.id, some.id);
    let refused = to.bring_in(stream::once(async { Ok(parts) }).boxed()).await;
    let is_conflict = matches!(refused, Err(TransferError::Store(StoreError::Conflict(_))));
    assert!(is_conflict, "{refused:?}");
    assert_eq!(to.sites().await.unwrap(), []);
    assert_eq!(to.find(mine.id).await.unwrap(), Some(mine));
}

pub async fn tokens_stay_good_or_are_forgotten_on_purpose<H: Home>(from: Arc<H>, to: Arc<H>) {
    let store: Arc<dyn Store> = from.clone();
    Lived::on(&store, 16, 5).await;
    let (file, _) = exported(&*from).await;
    let site =
        |n| Site { id: SiteId(uuid::Uuid::from_u128(n)), name: String::new(), domains: vec![] };
    let own = to.secret().await.unwrap();
    to.add_site(site(99), 1).await.unwrap();
    let refused = imported(&*to, &file).await;
    assert!(matches!(refused, Err(TransferError::OtherSecret)), "{refused:?}");
    assert_eq!(to.sites().await.unwrap(), [site(99)]);
    import(&*to, Cursor::new(file), Tokens::Forget).await.unwrap();
    assert_eq!(to.secret().await.unwrap(), own);
    assert!(to.site(SITE).await.unwrap().is_some());
}

pub async fn no_site_is_no_file<H: Home>(from: Arc<H>, _to: Arc<H>) {
    let refused = export(&*from, SITE, Vec::new()).await;
    assert!(matches!(refused, Err(TransferError::NoSuchSite(SITE))), "{refused:?}");
}
