//! What visitors and agents do, by the throw of dice.

use client::{Failure, Target, Vanish};
use protocol::ConversationId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use system_tests::checker::Ask;
use system_tests::key;
use system_tests::life::{Clock, Person};

use crate::Board;

/// Dice of one person in one seed.
pub fn dice(seed: u64, person: u64) -> StdRng {
    StdRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(person))
}

/// Where the connection is lost this time, if it is.
fn lost(dice: &mut StdRng) -> Option<Vanish> {
    match dice.random_range(0..20) {
        0 => Some(Vanish::BeforeSending),
        1 => Some(Vanish::MidFrame),
        2 | 3 => Some(Vanish::AfterSending),
        4 => Some(Vanish::AfterAnswer),
        _ => None,
    }
}

/// Now and then it comes back with the other codec.
fn change_codec(person: &mut Person, target: &mut Target, dice: &mut StdRng) {
    if dice.random_bool(0.1) {
        target.codec = match target.codec {
            protocol::Codec::Json => protocol::Codec::Msgpack,
            protocol::Codec::Msgpack => protocol::Codec::Json,
        };
        person.session.retarget(target.clone());
        person.session.vanish();
    }
}

/// Asks one question or two, and talks.
pub async fn visitor_lives(
    mut target: Target,
    mut dice: StdRng,
    clock: Clock,
    board: Board,
) -> Person {
    let mut person = Person::enter(target.clone(), None, &clock).await.expect("a visitor gets in");
    for _ in 0..dice.random_range(1..3) {
        let id = match person.start(lost(&mut dice)).await {
            Ok(id) => id,
            // The one before is still open.
            Err(Failure::Refused(_)) => break,
            Err(failure) => panic!("a start without an answer: {failure}"),
        };
        board.lock().expect("nobody panics with the lock").push(id);
        for _ in 0..dice.random_range(2..8) {
            change_codec(&mut person, &mut target, &mut dice);
            let ask = Ask::Say { text: format!("visitor says {}", key()), then_close: false };
            let outcome = if dice.random_bool(0.15) {
                person.act_twice(id, ask).await
            } else {
                person.act(id, ask, lost(&mut dice)).await
            };
            if Person::is_over(outcome) {
                break;
            }
        }
    }
    person
}

/// Looks at what was started, and does something about it.
pub async fn agent_lives(
    mut target: Target,
    token: String,
    mut dice: StdRng,
    clock: Clock,
    board: Board,
) -> Person {
    let mut person =
        Person::enter(target.clone(), Some(token), &clock).await.expect("an agent gets in");
    for _ in 0..dice.random_range(20..30) {
        change_codec(&mut person, &mut target, &mut dice);
        let Some(id) = pick(&board, &mut dice).await else { continue };
        // Not everything that is acted on is watched.
        if dice.random_bool(0.8) {
            person.session.follow(id).await.expect("an agent may watch");
        }
        let ask = wish(&person, id, &mut dice);
        if dice.random_bool(0.15) {
            person.act_twice(id, ask).await;
        } else {
            person.act(id, ask, lost(&mut dice)).await;
        }
    }
    person
}

/// A conversation that was started; often one of the last, so that agents meet.
async fn pick(board: &Board, dice: &mut StdRng) -> Option<ConversationId> {
    tokio::task::yield_now().await;
    let board = board.lock().expect("nobody panics with the lock");
    let count = board.len();
    if count == 0 {
        return None;
    }
    let from = if dice.random_bool(0.7) { count.saturating_sub(6) } else { 0 };
    Some(board[dice.random_range(from..count)])
}

fn wish(person: &Person, id: ConversationId, dice: &mut StdRng) -> Ask {
    let text = format!("agent says {}", key());
    match dice.random_range(0..20) {
        0..6 => Ask::Claim,
        6..11 => Ask::Say { text, then_close: false },
        11..15 => Ask::Note { text },
        15 | 16 => Ask::Unclaim,
        17 => Ask::Say { text, then_close: true },
        18 => Ask::Close { expected: None },
        _ => Ask::Close { expected: person.session.logs.get(&id).map(client::Log::seen) },
    }
}
