//! Where the next page of an inbox starts, kept by the client under our seal.
//!
//! The seal covers the filters as well: a made-up cursor and one used with other filters are both
//! found out, and nothing has to be remembered here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use protocol::ConversationId;
use store::{InboxQuery, Place, Rank};
use uuid::Uuid;

use crate::Credentials;

const SEAL_BYTES: usize = 16;
/// No cursor of ours is longer; longer ones are not even decoded.
const CURSOR_BYTES_MAX: usize = 8 * 1024;

/// Seals `place` for `query`, whose own place does not matter.
pub(crate) fn encode(credentials: &Credentials, query: &InboxQuery, place: &Place) -> String {
    let mut bytes = place_bytes(place);
    let seal = credentials.seal(&[&filters(query), &bytes]);
    bytes.extend_from_slice(&seal);
    BASE64.encode(bytes)
}

/// The place, if the cursor was made here for the same filters.
pub(crate) fn decode(credentials: &Credentials, query: &InboxQuery, cursor: &str) -> Option<Place> {
    if cursor.len() > CURSOR_BYTES_MAX {
        return None;
    }
    let bytes = BASE64.decode(cursor).ok()?;
    let (place, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL_BYTES)?)?;
    credentials.is_sealed(&[&filters(query), place], seal).then(|| read_place(place))?
}

fn filters(query: &InboxQuery) -> Vec<u8> {
    let InboxQuery { site, agent, queue, status, words, sort, order, .. } = query;
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(site.0.as_bytes());
    bytes.extend_from_slice(agent.0.as_bytes());
    bytes.extend_from_slice(&[*queue as u8, *status as u8, *sort as u8, *order as u8]);
    for word in words {
        bytes.extend_from_slice(&(word.len() as u64).to_be_bytes());
        bytes.extend_from_slice(word.as_bytes());
    }
    bytes
}

fn place_bytes(place: &Place) -> Vec<u8> {
    let mut bytes = place.id.0.as_bytes().to_vec();
    match &place.rank {
        Rank::Number(number) => {
            bytes.push(b'n');
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        Rank::Text(None) => bytes.push(b'-'),
        Rank::Text(Some(text)) => {
            bytes.push(b't');
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes
}

fn read_place(bytes: &[u8]) -> Option<Place> {
    let (id, rank) = bytes.split_at_checked(16)?;
    let id = ConversationId(Uuid::from_slice(id).ok()?);
    let rank = match rank.split_first()? {
        (b'n', number) => Rank::Number(i64::from_be_bytes(number.try_into().ok()?)),
        (b'-', []) => Rank::Text(None),
        (b't', text) => Rank::Text(Some(String::from_utf8(text.to_vec()).ok()?)),
        _ => return None,
    };
    Some(Place { rank, id })
}

#[cfg(test)]
mod tests {
    use protocol::{AgentId, Order, Queue, SiteId, Sort, StatusFilter};

    use super::*;

    fn query() -> InboxQuery {
        InboxQuery {
            site: SiteId(Uuid::from_u128(1)),
            agent: AgentId(Uuid::from_u128(2)),
            queue: Queue::All,
            status: StatusFilter::Open,
            words: vec!["ab".into(), "c".into()],
            sort: Sort::Activity,
            order: Order::Desc,
            after: None,
            limit: 25,
            until: None,
        }
    }

    #[test]
    fn a_cursor_leads_back_to_its_place_whatever_the_limit() {
        let credentials = Credentials::new([1; 32]);
        let id = ConversationId(Uuid::from_u128(9));
        for rank in [Rank::Number(-5), Rank::Text(None), Rank::Text(Some("vera ä".into()))] {
            let place = Place { rank, id };
            let cursor = encode(&credentials, &query(), &place);
            let again = InboxQuery { limit: 3, after: Some(place.clone()), ..query() };
            assert_eq!(decode(&credentials, &again, &cursor), Some(place));
        }
    }

    #[test]
    fn other_filters_changes_and_inventions_are_found_out() {
        let credentials = Credentials::new([1; 32]);
        let place = Place { rank: Rank::Number(1), id: ConversationId(Uuid::from_u128(9)) };
        let cursor = encode(&credentials, &query(), &place);
        let others = [
            InboxQuery { agent: AgentId(Uuid::from_u128(3)), ..query() },
            InboxQuery { queue: Queue::Mine, ..query() },
            InboxQuery { status: StatusFilter::All, ..query() },
            InboxQuery { words: vec!["a".into(), "bc".into()], ..query() },
            InboxQuery { sort: Sort::Started, ..query() },
            InboxQuery { order: Order::Asc, ..query() },
        ];
        assert!(others.iter().all(|other| decode(&credentials, other, &cursor).is_none()));
        assert!(decode(&Credentials::new([2; 32]), &query(), &cursor).is_none());
        for made_up in ["", "x", "AAAA", "not base64!", &cursor[1..], &format!("{cursor}A")] {
            assert!(decode(&credentials, &query(), made_up).is_none(), "{made_up}");
        }
    }
}
