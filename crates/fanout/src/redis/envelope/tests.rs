use conversation::Event;
use protocol::{Key, Text};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

use super::*;
use crate::conformance::{every_kind, moved};

const FRONT: Front = Front { node: NodeId(7), number: 3, announced_at_us: -5 };

fn opened(message: &[u8]) -> Option<Hint> {
    let (_, body) = Front::read(message)?;
    open(body)
}

#[test]
fn every_hint_arrives_as_it_was_sent() {
    for hint in every_kind() {
        let message = FRONT.seal(&hint).expect("it travels");
        assert_eq!(Front::read(&message).map(|(front, _)| front), Some(FRONT));
        assert_eq!(opened(&message), Some(hint));
    }
}

#[test]
fn what_a_node_says_to_itself_does_not_travel() {
    assert_eq!(FRONT.seal(&Hint::Lost), None);
    assert_eq!(FRONT.seal(&Hint::Joined([].into())), None);
}

#[test]
fn of_too_much_content_only_the_head_is_sent() {
    let Hint::Moved { state, events } = moved(7, 1) else { panic!("it moved") };
    let text = Text::new(&"x".repeat(4000)).unwrap();
    let mut large = events.to_vec();
    for _ in 0..5 {
        large.push(Committed { event: Event::Posted { text: text.clone() }, ..events[0].clone() });
    }
    let hint = Hint::Moved { state: state.clone(), events: large.into() };
    let message = FRONT.seal(&hint).unwrap();
    assert!(message.len() < 300, "{} bytes", message.len());
    let head = Hint::Head { conversation: state.id, site: state.site, head: state.head };
    assert_eq!(opened(&message), Some(head));
}

/// What a later version may send.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Later<'a> {
    Moved {
        conversation: ConversationId,
        site: SiteId,
        head: Seq,
        #[serde(serialize_with = "as_bytes")]
        content: Option<&'a [u8]>,
        mood: &'a str,
    },
    Waved {
        site: SiteId,
    },
}

fn sealed(body: &Later<'_>) -> Vec<u8> {
    let mut message = FRONT.write();
    rmp_serde::encode::write_named(&mut message, body).unwrap();
    message
}

#[test]
fn of_a_later_version_what_is_known_is_read_and_the_rest_is_ignored() {
    let Hint::Moved { state, events } = moved(7, 1) else { panic!("it moved") };
    let content = rmp_serde::to_vec_named(&Content { state: &state, events: &events }).unwrap();
    let (conversation, site, head) = (state.id, state.site, state.head);
    let moved_then = |content| Later::Moved { conversation, site, head, content, mood: "fine" };
    assert_eq!(opened(&sealed(&moved_then(Some(&content)))), Some(moved(7, 1)));
    let unknown = rmp_serde::to_vec_named(&["an event of which nobody has heard"]).unwrap();
    let told = Hint::Head { conversation, site, head };
    assert_eq!(opened(&sealed(&moved_then(Some(&unknown)))), Some(told));
    assert_eq!(opened(&sealed(&Later::Waved { site })), None);
    let mut newer = FRONT.seal(&moved(7, 1)).unwrap();
    newer[0] = VERSION + 1;
    assert_eq!(Front::read(&newer), None);
}

/// Seeded, so that a failure can be seen again.
#[test]
fn garbage_is_no_hint_and_harms_nobody() {
    let mut random = SmallRng::seed_from_u64(4);
    let good: Vec<Vec<u8>> = every_kind().iter().filter_map(|hint| FRONT.seal(hint)).collect();
    for round in 0..20_000 {
        let mut message = good[round % good.len()].clone();
        match round % 4 {
            0 => message.truncate(random.random_range(0..message.len())),
            1 => message.extend((0..random.random_range(1..50)).map(|_| random.random::<u8>())),
            _ => {
                for _ in 0..random.random_range(1..6) {
                    let place = random.random_range(0..message.len());
                    message[place] = random.random();
                }
            }
        }
        let _ = opened(&message);
    }
    assert_eq!(opened(&[]), None);
    assert_eq!(opened(&[VERSION]), None);
    // A list that claims four thousand million items.
    let mut huge = FRONT.write();
    huge.extend([0xdd, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(opened(&huge), None);
}

#[test]
fn a_key_and_a_letter_of_any_script_survive() {
    let Hint::Moved { state, events } = moved(7, 1) else { panic!("it moved") };
    let event = Committed {
        key: Some(Key::new("clé-✓").unwrap()),
        event: Event::Noted { text: Text::new("Grüße 🙂").unwrap() },
        by: Author::Visitor { id: VisitorId(Uuid::from_u128(1)), name: "Ζωή".into() },
        ..events[0].clone()
    };
    let hint = Hint::Moved { state, events: [event].into() };
    assert_eq!(opened(&FRONT.seal(&hint).unwrap()), Some(hint));
}
