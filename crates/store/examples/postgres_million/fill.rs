//! Many conversations, put straight into the tables.

use std::pin::pin;
use std::time::Instant;

use conversation::{Agent, Author, Command, Committed, Conversation, Event};
use futures::SinkExt as _;
use protocol::Sort;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use store::conformance::{CLOSE, SITE, agent, append, asking, post, start_by, visitor};
use store::{InboxQuery, Rank};
use tokio_postgres::{Client, NoTls};

const AGENTS: u128 = 20;
const NAMES: usize = 2000;
const WORDS_EACH: usize = 12;
const VOCABULARY: usize = 20_000;
/// One conversation of so many is open, and half of those are nobody's.
const OPEN_IN: usize = 50;
/// Conversations between two flushes.
const SOME: usize = 5000;

/// What is to be copied into each table, a row a line.
#[derive(Default)]
struct Lines {
    conversations: String,
    states: String,
    events: String,
    unindexed: String,
}

/// Fills an empty database.
pub async fn fill(url: &str, conversations: usize, messages: usize) {
    let client = connect(url).await;
    let there: i64 =
        client.query_one("SELECT count(*) FROM conversations", &[]).await.unwrap().get(0);
    if there > 0 {
        return println!("{there} conversations are there already");
    }
    let began = Instant::now();
    for first in (1..=conversations).step_by(SOME) {
        let mut lines = Lines::default();
        for n in first..(first + SOME).min(conversations + 1) {
            lines.add(n, messages / conversations);
        }
        lines.copy(&client).await;
    }
    let sql = "INSERT INTO counts SELECT site, closed,
                   coalesce(owner, '00000000-0000-0000-0000-000000000000'), count(*)
               FROM conversations GROUP BY 1, 2, 3;
               SELECT setval('conversation_numbers', (SELECT max(number) FROM conversations))";
    client.batch_execute(sql).await.unwrap();
    println!(
        "{conversations} conversations, {messages} messages filled in {:.0} s",
        began.elapsed().as_secs_f64()
    );
}

/// As it is after a while, when the server has looked after its tables; and how large they are.
pub async fn tidy(url: &str) {
    let client = connect(url).await;
    client.batch_execute("SET statement_timeout = 0").await.unwrap();
    client.batch_execute("VACUUM ANALYZE").await.unwrap();
    let sizes = "SELECT relname::text, pg_total_relation_size(oid) >> 20 FROM pg_class
                 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                 ORDER BY 2 DESC LIMIT 6";
    for row in client.query(sizes, &[]).await.unwrap() {
        println!("{}: {} MiB", row.get::<_, &str>(0), row.get::<_, i64>(1));
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Lines {
    fn add(&mut self, n: usize, messages: usize) {
        let mut random = StdRng::seed_from_u64(n as u64);
        let name = match random.random_range(0..NAMES * 10 / 9) {
            name if name < NAMES => format!("{} {}", spelled(name), spelled(name / 7)),
            _ => String::new(),
        };
        let mut vera = visitor(n as u128, &name);
        vera.email = Some(format!("visitor{n}@example.com").into());
        let at = 1_700_000_000_000 + n as i64 * 1000;
        let begun = start_by(n as u128, SITE, vera, &sentence(&mut random), at);
        let mut state = (*begun.conversation).clone();
        let mut events = begun.events;
        let ann = agent(n as u128 % AGENTS + 1, &spelled(n % AGENTS as usize));
        for _ in 1..messages {
            let said = post(&sentence(&mut random));
            go_on(&mut state, &mut events, None, &said);
        }
        if !n.is_multiple_of(OPEN_IN * 2) {
            go_on(&mut state, &mut events, Some(&ann), &Command::Claim);
        }
        if !n.is_multiple_of(OPEN_IN) {
            go_on(&mut state, &mut events, Some(&ann), &CLOSE);
        }
        self.lines_of(n, &state, &events);
    }

    fn lines_of(&mut self, n: usize, state: &Conversation, events: &[Committed]) {
        let (id, site, closed) = (state.id.0, state.site.0, state.is_closed());
        let owner = state.owner.as_ref().map_or("\\N".into(), |o| o.agent.id.0.to_string());
        let (name, owner_name) = (rank(state, Sort::Visitor), rank(state, Sort::Assignee));
        let (who, started) = (state.visitor.id.0, state.started_at);
        self.conversations += &format!(
            "{n}\t{id}\t{site}\t{who}\t{closed}\t{owner}\t{started}\t{name}\t{owner_name}\n"
        );
        let (head, visitor_head, at) = (state.head.0, state.visitor_head.0, state.activity_at);
        let json = escaped(&serde_json::to_string(state).unwrap());
        self.states += &format!(
            "{id}\t{n}\t{site}\t{closed}\t{owner}\t{head}\t{visitor_head}\t{at}\t{}\t{json}\n",
            at >> 16
        );
        let about = format!(
            "{}\n{}",
            InboxQuery::fold(&state.visitor.name),
            InboxQuery::fold(state.visitor.email.as_deref().unwrap_or_default())
        );
        self.unindexed += &format!("{site}\t{n}\t{}\n", bytes(about.as_bytes()));
        for event in events {
            let author = escaped(&serde_json::to_string(&event.by).unwrap());
            let json = escaped(&serde_json::to_string(&event.event).unwrap());
            let (seq, visitor_seq, at) = (event.seq.0, event.visitor_seq.0, event.at);
            let hidden = !event.event.is_for_visitors();
            self.events +=
                &format!("{n}\t{seq}\t{visitor_seq}\t{hidden}\t{at}\t0\t{author}\t\\N\t{json}\n");
            if let Event::Posted { text } = &event.event {
                let text = bytes(InboxQuery::fold(text.as_str()).as_bytes());
                self.unindexed += &format!("{site}\t{n}\t{text}\n");
            }
        }
    }

    async fn copy(self, client: &Client) {
        for (table, lines) in [
            ("conversations", self.conversations),
            ("states", self.states),
            ("events", self.events),
            ("unindexed", self.unindexed),
        ] {
            let sink = client.copy_in(&format!("COPY {table} FROM STDIN")).await.unwrap();
            let mut sink = pin!(sink);
            sink.send(std::io::Cursor::new(lines.into_bytes())).await.unwrap();
            sink.close().await.unwrap();
        }
    }
}

fn go_on(
    state: &mut Conversation,
    events: &mut Vec<Committed>,
    by: Option<&Agent>,
    command: &Command,
) {
    let by = by.map_or_else(|| asking(state), |agent| Author::Agent(agent.clone()));
    let next = append(state, &by, command, state.last_at + 700, "k");
    events.extend(next.events.iter().cloned());
    *state = (*next.conversation).clone();
}

fn rank(state: &Conversation, sort: Sort) -> String {
    match Rank::of(state, sort) {
        Rank::Text(Some(text)) => bytes(text.as_bytes()),
        _ => "\\N".into(),
    }
}

fn bytes(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| char::from(DIGITS[usize::from(four)]);
    let hex = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    "\\\\x".chars().chain(hex).collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
}

fn sentence(random: &mut StdRng) -> String {
    let word = |random: &mut StdRng| {
        // Words as frequent as in a language: number n about 1/n as often as the first.
        spelled((VOCABULARY as f64).powf(random.random::<f64>()) as usize)
    };
    (0..WORDS_EACH).map(|_| word(random)).collect::<Vec<_>>().join(" ")
}

/// Word number `n`, three to nine letters.
pub fn spelled(n: usize) -> String {
    const SYLLABLES: [&str; 25] = [
        "ra", "ke", "lo", "min", "ta", "vor", "se", "ti", "gal", "no", "pe", "xi", "bu", "dor",
        "fa", "he", "ju", "wen", "ly", "za", "chi", "or", "ast", "que", "ing",
    ];
    let mix = n.wrapping_mul(2_654_435_761) >> 7;
    let digits = [n % 25, n / 25 % 25, n / 625 % 25, mix % 25];
    let length = if n < 25 { 2 } else { 3 + mix % 2 };
    digits[..length].iter().map(|digit| SYLLABLES[*digit]).collect()
}
