//! Many random conversations, and what every list of them must be: plainly filtered, plainly sorted.

use std::cmp::Reverse;
use std::sync::Arc;

use conversation::{Author, Command, Conversation, KeyScope, Remembered};
use protocol::{Order, Queue, SiteId, Sort, StatusFilter};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::desk::*;
use crate::{InboxQuery, Store};

const NAMES: &[&str] = &[
    "",
    "",
    "Vera",
    "vera",
    "VERA",
    "Émile",
    "émile",
    "Zoë",
    "İpek",
    "ΟΔΥΣΣΕΥΣ",
    "straße",
    "Ann%_*",
];
const AGENTS: &[&str] = &["", "Ann", "ann", "Bob"];
pub(super) const WORDS: &[&str] = &[
    "order",
    "ORDER",
    "refund",
    "re",
    "Größe",
    "GRÖSSE",
    "日本語",
    "本",
    "don't",
    "\"quoted\"",
    "50%",
    "a_b",
    "*",
    "%",
    "_",
    "\\",
    "x",
    "Ä",
    "NOT",
    "AND",
    "café",
    "cafe\u{301}",
    "ПРИВЕТ",
    "привет",
    "🙂",
    "👩\u{200d}👧",
    "\u{fffd}",
    "\u{ffff}x",
    "oder",
    "ord",
    "no-reply@",
    "K",
    "\u{212a}",
];

/// A store, and what was done to it.
pub(super) struct Model {
    pub(super) random: StdRng,
    pub(super) conversations: Vec<Logged>,
    /// The first answer under every key.
    pub(super) keys: Vec<(KeyScope, Remembered)>,
}

pub(super) struct Logged {
    pub(super) state: Conversation,
    texts: Vec<String>,
}

impl Model {
    pub(super) fn of_seed(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), conversations: Vec::new(), keys: Vec::new() }
    }

    /// Begins `n` conversations, and goes on with all of them for a while.
    pub(super) async fn live(&mut self, store: &Arc<dyn Store>, n: u128) {
        let first = self.conversations.len() as u128 + 1;
        for n in first..first + n {
            let start = self.start(n);
            let said = start.conversation.snippet.text.to_string();
            self.keys.push((start.scope.clone(), start.remembered));
            let state = begin(store, start).await;
            self.conversations.push(Logged { state, texts: vec![said] });
        }
        for _ in 0..self.conversations.len() * 4 {
            let n = self.random.random_range(0..self.conversations.len());
            self.go_on(store, n).await;
        }
    }

    fn start(&mut self, n: u128) -> crate::Start {
        let random = &mut self.random;
        let site = if random.random_bool(0.8) { SITE } else { OTHER_SITE };
        // Ids in another order than times, so that ties are told apart.
        let scattered = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000_003;
        let mut visitor = visitor(scattered, NAMES.choose(random).unwrap_or(&""));
        if random.random_bool(0.3) {
            visitor.email = Some(format!("No-Reply@{scattered}.example").into());
        }
        let at = random.random_range(1000..1020);
        let said = self.sentence();
        start_by(scattered, site, visitor, &said, at)
    }

    /// Does something to conversation `n`, if it may be done.
    pub(super) async fn go_on(&mut self, store: &Arc<dyn Store>, n: usize) {
        let said = self.sentence();
        let name = self.random.random_range(0..AGENTS.len());
        let ann = Author::Agent(agent(name as u128 + 1, AGENTS[name]));
        let Logged { state, texts } = &mut self.conversations[n];
        let (by, command) = match self.random.random_range(0..6) {
            0 => (asking(state), post(&said)),
            1 => (ann, note(&said)),
            2 => (ann, post(&said)),
            3 => (ann, Command::Claim),
            4 => (ann, Command::Unclaim),
            _ => (ann, CLOSE),
        };
        if let Ok(conversation::Verdict::Commit(_)) = state.decide(&by, &command) {
            if matches!(command, Command::Post { .. } | Command::Note { .. }) {
                texts.push(said);
            }
            let at = state.last_at + self.random.random_range(0..3);
            let next = append(state, &by, &command, at, &format!("{}", state.head.0));
            let after = next.conversation.clone();
            self.keys.extend(next.key.clone());
            assert_eq!(store.append(next).await.unwrap(), crate::Appended::Done);
            *state = (*after).clone();
        }
    }

    fn sentence(&mut self) -> String {
        let words = (0..self.random.random_range(1..4)).map(|_| WORDS.choose(&mut self.random));
        words.map(|word| word.copied().unwrap_or_default()).collect::<Vec<_>>().join(" ")
    }

    /// The whole list, however long.
    pub(super) fn list(&self, query: &InboxQuery) -> Vec<&Conversation> {
        let wanted = self.conversations.iter().filter(|logged| logged.matches(query));
        let mut rows: Vec<_> = wanted.map(|logged| &logged.state).collect();
        rows.sort_by_key(|state| state.id);
        let text = |name: &str| Some(name.to_lowercase()).filter(|name| !name.is_empty());
        let owner =
            |state: &Conversation| state.owner.as_ref().and_then(|owner| text(&owner.agent.name));
        let descending = query.order == Order::Desc;
        // Sorting is stable: what ties stays in the order of ids.
        match query.sort {
            Sort::Activity => by_number(&mut rows, descending, |state| state.activity_at),
            Sort::Started => by_number(&mut rows, descending, |state| state.started_at),
            Sort::Status => by_number(&mut rows, descending, |state| state.is_closed().into()),
            Sort::Visitor => by_text(&mut rows, descending, |state| text(&state.visitor.name)),
            Sort::Assignee => by_text(&mut rows, descending, owner),
        }
        rows
    }

    /// A query for everything there is on a site.
    pub(super) fn everything(site: SiteId) -> InboxQuery {
        InboxQuery {
            site,
            agent: agent(2, "Ann").id,
            queue: Queue::All,
            status: StatusFilter::All,
            words: vec![],
            sort: Sort::Activity,
            order: Order::Desc,
            after: None,
            limit: 1000,
            until: None,
        }
    }
}

fn by_number(rows: &mut [&Conversation], descending: bool, rank: impl Fn(&Conversation) -> i64) {
    match descending {
        false => rows.sort_by_key(|state| rank(state)),
        true => rows.sort_by_key(|state| Reverse(rank(state))),
    }
}

fn by_text(
    rows: &mut [&Conversation],
    descending: bool,
    rank: impl Fn(&Conversation) -> Option<String>,
) {
    match descending {
        false => rows.sort_by_key(|state| (rank(state).is_none(), rank(state))),
        true => rows.sort_by_key(|state| (rank(state).is_none(), Reverse(rank(state)))),
    }
}

impl Logged {
    /// Something else was said.
    pub(super) fn note(&mut self, said: &str) {
        self.texts.push(said.to_owned());
    }

    fn matches(&self, query: &InboxQuery) -> bool {
        let state = &self.state;
        let owner = state.owner.as_ref().map(|owner| owner.agent.id);
        let in_queue = match query.queue {
            Queue::All => true,
            Queue::Mine => owner == Some(query.agent),
            Queue::Unassigned => owner.is_none(),
        };
        let in_status = match query.status {
            StatusFilter::All => true,
            StatusFilter::Open => state.closing.is_none(),
            StatusFilter::Closed => state.closing.is_some(),
            StatusFilter::Converted => false,
        };
        let mut texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        texts.push(&state.visitor.name);
        texts.extend(state.visitor.email.as_deref());
        let says = |word: &String| texts.iter().any(|text| text.to_lowercase().contains(word));
        state.site == query.site && in_queue && in_status && query.words.iter().all(says)
    }
}
