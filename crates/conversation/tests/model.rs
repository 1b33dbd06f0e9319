//! Random histories against a model that is slow and obvious, and a look at every visitor-side number,
//! summary and event for the trace of a note.

#![allow(clippy::unwrap_used, reason = "a test stops here")]

use std::collections::HashMap;

use conversation::{
    Agent, Audience, Author, Command, Committed, Conversation, Event, Rejection, Seq, Verdict,
    Visitor,
};
use proptest::prelude::*;
use protocol::{AgentId, ConversationId, Key, PersonId, SiteId, Text, VisitorId};
use uuid::Uuid;

/// What somebody tries; agents by number, `key` small enough to repeat.
#[derive(Clone, Debug)]
struct Try {
    /// `None`: the visitor.
    agent: Option<u128>,
    wish: Wish,
    key: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Wish {
    Post,
    PostAndClose,
    Note,
    Claim,
    Unclaim,
    Close,
    /// Expecting the head minus this.
    CloseIf(u64),
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let wish = prop_oneof![
        4 => Just(Wish::Post),
        1 => Just(Wish::PostAndClose),
        3 => Just(Wish::Note),
        3 => Just(Wish::Claim),
        2 => Just(Wish::Unclaim),
        1 => Just(Wish::Close),
        1 => (0..3u64).prop_map(Wish::CloseIf),
    ];
    let one = (prop::option::of(0..3u128), wish, 0..40u8).prop_map(|(agent, wish, key)| Try {
        agent,
        wish,
        key,
    });
    prop::collection::vec(one, 1..60)
}

fn author(agent: Option<u128>) -> Author {
    match agent {
        None => Author::Visitor { id: VisitorId(Uuid::from_u128(1)), name: "Vera".into() },
        Some(n) => Author::Agent(Agent {
            id: AgentId(Uuid::from_u128(10 + n)),
            alias: PersonId(Uuid::from_u128(1000 + n)),
            name: format!("Agent {n}").into(),
        }),
    }
}

fn command(wish: Wish, n: usize, head: Seq) -> Command {
    let text = Text::new(&format!("text {n}")).unwrap();
    match wish {
        Wish::Post => Command::Post { text, then_close: false },
        Wish::PostAndClose => Command::Post { text, then_close: true },
        Wish::Note => Command::Note { text },
        Wish::Claim => Command::Claim,
        Wish::Unclaim => Command::Unclaim,
        Wish::Close => Command::Close { expected: None },
        Wish::CloseIf(back) => Command::Close { expected: Some(Seq(head.0.saturating_sub(back))) },
    }
}

fn begin() -> (Conversation, Vec<Committed>) {
    let visitor = Visitor { id: VisitorId(Uuid::from_u128(1)), name: "Vera".into(), email: None };
    let said = (Text::new("first").unwrap(), Key::new("start").unwrap());
    let ids = (ConversationId(Uuid::from_u128(5)), SiteId(Uuid::from_u128(6)));
    Conversation::start(ids, visitor, said, 1000)
}

/// Plays the tries the way an actor does: the key first, then judge, commit, move.
#[derive(Clone)]
struct Played {
    conversation: Conversation,
    log: Vec<Committed>,
    keys: HashMap<(Option<u128>, u8, u8), Seq>,
}

impl Played {
    fn new() -> Self {
        let (conversation, log) = begin();
        Self { conversation, log, keys: HashMap::new() }
    }

    fn play(&mut self, n: usize, one: &Try) -> Result<Seq, Rejection> {
        let deed = match one.wish {
            Wish::Post | Wish::PostAndClose => 0,
            Wish::Note => 1,
            Wish::Claim => 2,
            Wish::Unclaim => 3,
            Wish::Close | Wish::CloseIf(_) => 4,
        };
        let scope = (one.agent, deed, one.key);
        if let Some(first) = self.keys.get(&scope) {
            return Ok(*first);
        }
        let by = author(one.agent);
        let command = command(one.wish, n, self.conversation.head);
        let answer = match self.conversation.decide(&by, &command)? {
            Verdict::Already { seq, .. } => seq,
            Verdict::Commit(events) => {
                let key = Key::new(&one.key.to_string()).unwrap();
                let at = 1000 + n as i64;
                let committed = self.conversation.stamp(&by, Some(&key), at, events);
                committed.iter().for_each(|event| self.conversation.apply(event));
                let first = committed[0].seq;
                self.log.extend(committed);
                first
            }
        };
        self.keys.insert(scope, answer);
        Ok(answer)
    }
}

/// The obvious model: reads the whole log every time.
struct Model<'a>(&'a [Committed]);

impl Model<'_> {
    fn closer(&self) -> Option<&Committed> {
        self.0.iter().find(|e| matches!(e.event, Event::Closed { .. }))
    }

    fn owner(&self) -> Option<&Author> {
        let mut last = self.0.iter().rev();
        let change = last.find(|e| matches!(e.event, Event::Claimed | Event::Unclaimed))?;
        matches!(change.event, Event::Claimed).then_some(&change.by)
    }

    fn expects(&self, one: &Try, head: u64) -> bool {
        let by = author(one.agent);
        let (open, mine) = (self.closer().is_none(), self.owner() == Some(&by));
        match (one.agent, one.wish) {
            (None, Wish::Post) => open,
            (None, _) => false,
            (_, Wish::Note) => open,
            (_, Wish::Claim) => open && (mine || self.owner().is_none()),
            (_, Wish::Post | Wish::PostAndClose | Wish::Unclaim) => open && mine,
            (_, Wish::Close | Wish::CloseIf(_)) if !open => self.closer().unwrap().by == by,
            (_, Wish::Close) => mine,
            (_, Wish::CloseIf(back)) => mine && (back == 0 || head.saturating_sub(back) == head),
        }
    }

    fn unread(&self) -> u64 {
        let posts = self.0.iter().rev().filter(|e| matches!(e.event, Event::Posted { .. }));
        posts.take_while(|e| matches!(e.by, Author::Visitor { .. })).count() as u64
    }
}

fn visible(log: &[Committed]) -> Vec<(u64, String)> {
    let seen = log.iter().filter_map(|e| Some((e.number_for(Audience::Visitor)?, e)));
    seen.map(|(number, e)| (number, format!("{:?} {:?}", e.by, e.event))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_rules_agree_with_the_model(tries in tries()) {
        let mut played = Played::new();
        for (n, one) in tries.iter().enumerate() {
            let before = played.clone();
            let answer = played.play(n, one);
            if played.log.len() == before.log.len() {
                prop_assert_eq!(&played.conversation, &before.conversation);
            }
            let repeated = answer.is_ok() && played.keys.len() == before.keys.len();
            if !repeated {
                let expected = Model(&before.log).expects(one, before.conversation.head.0);
                prop_assert_eq!(answer.is_ok(), expected, "{:?} after {:?}", one, before.log);
            }
            let model = Model(&played.log);
            let owner = played.conversation.owner.clone().map(|o| Author::Agent(o.agent));
            prop_assert_eq!(owner.as_ref(), model.owner());
            prop_assert_eq!(played.conversation.is_closed(), model.closer().is_some());
            prop_assert_eq!(played.conversation.unread, model.unread());
        }
    }

    #[test]
    fn both_numberings_have_no_gaps_and_close_is_last(tries in tries()) {
        let mut played = Played::new();
        for (n, one) in tries.iter().enumerate() {
            let _ = played.play(n, one);
        }
        let agents: Vec<u64> = played.log.iter().map(|e| e.seq.0).collect();
        prop_assert_eq!(agents, (1..=played.log.len() as u64).collect::<Vec<_>>());
        let visitor: Vec<u64> = visible(&played.log).into_iter().map(|(number, _)| number).collect();
        prop_assert_eq!(&visitor, &(1..=visitor.len() as u64).collect::<Vec<_>>());
        prop_assert!(played.log.windows(2).all(|pair| pair[0].at <= pair[1].at));
        let closes = played.log.iter().filter(|e| matches!(e.event, Event::Closed { .. })).count();
        prop_assert!(closes <= 1);
        if closes == 1 {
            let last_closes = matches!(played.log.last().unwrap().event, Event::Closed { .. });
            prop_assert!(last_closes);
        }
    }

    /// The same history with every note and unclaim left out of the log looks the same to the visitor.
    #[test]
    fn no_visitor_side_number_summary_or_event_betrays_a_note(tries in tries()) {
        let mut played = Played::new();
        for (n, one) in tries.iter().enumerate() {
            let _ = played.play(n, one);
        }
        let (mut without, _) = begin();
        let public = |e: &&Committed| !matches!(e.event, Event::Noted { .. });
        let mut log = Vec::new();
        for event in played.log.iter().skip(2).filter(public) {
            let key = event.key.as_ref();
            let again = without.stamp(&event.by, key, event.at, vec![event.event.clone()]);
            without.apply(&again[0]);
            log.extend(again);
        }
        let seen = played.conversation.view(Audience::Visitor);
        prop_assert_eq!(seen, without.view(Audience::Visitor));
        prop_assert_eq!(seen.unread, None);
        let with_notes = visible(&played.log[2..]);
        prop_assert_eq!(with_notes, visible(&log));
    }

    #[test]
    fn a_state_survives_being_written_down(tries in tries()) {
        let mut played = Played::new();
        for (n, one) in tries.iter().enumerate() {
            let _ = played.play(n, one);
        }
        let written = serde_json::to_string(&played.conversation).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Conversation>(&written).unwrap(), &played.conversation);
        let log = serde_json::to_string(&played.log).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<Committed>>(&log).unwrap(), played.log);
    }
}
