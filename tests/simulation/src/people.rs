//! Who lives in a simulated world.

use conversation::{Agent, Author, Subject};
use protocol::{AgentId, PersonId, SiteId, VisitorId};
use uuid::Uuid;

/// Where almost everybody is.
pub const SITE: SiteId = SiteId(Uuid::from_u128(0x51));
/// Where the stranger works.
pub const ELSEWHERE: SiteId = SiteId(Uuid::from_u128(0x52));

const VISITORS: [&str; 3] = ["Vera", "Victor", "Viola"];
const AGENTS: [&str; 3] = ["Ann", "Ben", "Cleo"];

/// A visitor's name is in its events; so are an agent's name and alias.
pub fn visitor(number: usize) -> (Subject, Author) {
    let id = VisitorId(Uuid::from_u128(0x100 + number as u128));
    let name = VISITORS[number % VISITORS.len()].into();
    (Subject::Visitor { site: SITE, id }, Author::Visitor { id, name })
}

pub fn agent(number: usize) -> (Subject, Author) {
    let id = AgentId(Uuid::from_u128(0x200 + number as u128));
    let alias = PersonId(Uuid::from_u128(0x300 + number as u128));
    let name = AGENTS[number % AGENTS.len()].into();
    (Subject::Agent { site: SITE, id }, Author::Agent(Agent { id, alias, name }))
}

/// An agent of another site, who has no business here.
pub fn stranger() -> (Subject, Author) {
    let id = AgentId(Uuid::from_u128(0x299));
    let alias = PersonId(Uuid::from_u128(0x399));
    let author = Author::Agent(Agent { id, alias, name: "Otto".into() });
    (Subject::Agent { site: ELSEWHERE, id }, author)
}

/// The name of whoever it is, for stories.
pub fn name_of(subject: &Subject) -> String {
    let everybody = (0..VISITORS.len()).map(visitor).chain((0..AGENTS.len()).map(agent));
    let found = everybody.chain([stranger()]).find(|(other, _)| other == subject);
    match found {
        Some((_, Author::Visitor { name, .. })) => name.to_string(),
        Some((_, Author::Agent(agent))) => agent.name.to_string(),
        _ => format!("{subject:?}"),
    }
}
