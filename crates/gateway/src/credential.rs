//! Tokens: who somebody is, signed, so that no node has to remember it.
//!
//! `v1.` + base64url(kind, site, subject, issued, expires) + `.` + base64url(HMAC-SHA256). Each kind has
//! a key of its own, derived from the store's secret, so that one can never pass for the other.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use protocol::{AgentId, SiteId, VisitorId};
use sha2::Sha256;
use uuid::Uuid;

const VERSION: &str = "v1";
const PAYLOAD_BYTES: usize = 1 + 16 + 16 + 8 + 8;
/// No token of ours is longer; longer ones are not even decoded.
const TOKEN_BYTES_MAX: usize = 160;
/// Bytes of the seal on a cursor: not a secret worth more, and it travels with every page.
const SEAL_BYTES: usize = 16;

/// Makes and checks tokens.
#[derive(Clone)]
pub struct Credentials {
    agents: Hmac<Sha256>,
    visitors: Hmac<Sha256>,
    cursors: Hmac<Sha256>,
}

/// A good agent token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentToken {
    pub site: SiteId,
    pub agent: AgentId,
    /// Unix milliseconds.
    pub issued_at: i64,
    pub expires_at: i64,
}

/// A good visitor token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitorToken {
    pub site: SiteId,
    pub visitor: VisitorId,
    /// Unix milliseconds.
    pub issued_at: i64,
    pub expires_at: i64,
}

/// Not a token, of another kind or site, changed, or expired. Which of these is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadToken;

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Visitor = b'v',
    Agent = b'a',
}

struct Payload {
    kind: Kind,
    site: Uuid,
    subject: Uuid,
    issued_at: i64,
    expires_at: i64,
}

impl Credentials {
    /// From the store's secret: tokens made on one of its nodes are good on all.
    pub fn new(secret: [u8; 32]) -> Self {
        let key =
            |purpose: &str| keyed(&keyed(&secret).chain_update(purpose).finalize().into_bytes());
        Self {
            agents: key("frontdesk agent token v1"),
            visitors: key("frontdesk visitor token v1"),
            cursors: key("frontdesk inbox cursor v1"),
        }
    }

    /// A token that signs this agent in until `ttl` after `now` (Unix milliseconds).
    pub fn mint_agent(&self, site: SiteId, agent: AgentId, now: i64, ttl: Duration) -> String {
        self.mint(Kind::Agent, (site.0, agent.0), now, ttl)
    }

    /// A token that makes the visitor the same one next time.
    pub fn mint_visitor(
        &self,
        site: SiteId,
        visitor: VisitorId,
        now: i64,
        ttl: Duration,
    ) -> String {
        self.mint(Kind::Visitor, (site.0, visitor.0), now, ttl)
    }

    /// Whose token it is. Whether that agent still exists, the directory knows.
    pub fn verify_agent(&self, token: &str, now: i64) -> Result<AgentToken, BadToken> {
        let Payload { site, subject, issued_at, expires_at, .. } =
            self.verify(Kind::Agent, token, now)?;
        Ok(AgentToken { site: SiteId(site), agent: AgentId(subject), issued_at, expires_at })
    }

    /// Whose token it is, if it was made for `site`.
    pub fn verify_visitor(
        &self,
        token: &str,
        site: SiteId,
        now: i64,
    ) -> Result<VisitorToken, BadToken> {
        let payload = self.verify(Kind::Visitor, token, now)?;
        if payload.site != site.0 {
            return Err(BadToken);
        }
        let Payload { subject, issued_at, expires_at, .. } = payload;
        Ok(VisitorToken { site, visitor: VisitorId(subject), issued_at, expires_at })
    }

    /// A seal over something that a client keeps for us.
    pub(crate) fn seal(&self, parts: &[&[u8]]) -> [u8; SEAL_BYTES] {
        let whole = self.sealing(parts).finalize().into_bytes();
        let mut seal = [0; SEAL_BYTES];
        seal.copy_from_slice(&whole[..SEAL_BYTES]);
        seal
    }

    /// Whether the seal is ours and over the same; in constant time.
    pub(crate) fn is_sealed(&self, parts: &[&[u8]], seal: &[u8]) -> bool {
        seal.len() == SEAL_BYTES && self.sealing(parts).verify_truncated_left(seal).is_ok()
    }

    fn sealing(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.cursors.clone();
        for part in parts {
            // With its length, so that no byte can move from one part to the next.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }

    fn key(&self, kind: Kind) -> Hmac<Sha256> {
        match kind {
            Kind::Visitor => self.visitors.clone(),
            Kind::Agent => self.agents.clone(),
        }
    }

    fn mint(&self, kind: Kind, (site, subject): (Uuid, Uuid), now: i64, ttl: Duration) -> String {
        let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        let expires_at = now.saturating_add(ttl);
        let payload = Payload { kind, site, subject, issued_at: now, expires_at }.to_bytes();
        let mac = self.key(kind).chain_update(payload).finalize().into_bytes();
        format!("{VERSION}.{}.{}", BASE64.encode(payload), BASE64.encode(mac))
    }

    fn verify(&self, kind: Kind, token: &str, now: i64) -> Result<Payload, BadToken> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(BadToken);
        }
        let mut parts = token.split('.');
        let (Some(VERSION), Some(payload), Some(mac), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BadToken);
        };
        let payload = BASE64.decode(payload).map_err(|_| BadToken)?;
        let mac = BASE64.decode(mac).map_err(|_| BadToken)?;
        self.key(kind).chain_update(&payload).verify_slice(&mac).map_err(|_| BadToken)?;
        let payload = Payload::from_bytes(&payload).ok_or(BadToken)?;
        if payload.kind != kind || payload.expires_at <= now { Err(BadToken) } else { Ok(payload) }
    }
}

impl Payload {
    fn to_bytes(&self) -> [u8; PAYLOAD_BYTES] {
        let mut bytes = [0; PAYLOAD_BYTES];
        bytes[0] = self.kind as u8;
        bytes[1..17].copy_from_slice(self.site.as_bytes());
        bytes[17..33].copy_from_slice(self.subject.as_bytes());
        bytes[33..41].copy_from_slice(&self.issued_at.to_be_bytes());
        bytes[41..49].copy_from_slice(&self.expires_at.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != PAYLOAD_BYTES {
            return None;
        }
        let kind = [Kind::Visitor, Kind::Agent].into_iter().find(|kind| *kind as u8 == bytes[0])?;
        let id = |from: usize| Uuid::from_slice(&bytes[from..from + 16]).ok();
        let number = |from: usize| bytes[from..from + 8].try_into().ok().map(i64::from_be_bytes);
        let (site, subject) = (id(1)?, id(17)?);
        let (issued_at, expires_at) = (number(33)?, number(41)?);
        Some(Self { kind, site, subject, issued_at, expires_at })
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_767_225_600_000;
    const HOUR: Duration = Duration::from_secs(3600);
    const SITE: SiteId = SiteId(Uuid::from_u128(1));
    const OTHER_SITE: SiteId = SiteId(Uuid::from_u128(2));
    const VERA: VisitorId = VisitorId(Uuid::from_u128(3));
    const ALICE: AgentId = AgentId(Uuid::from_u128(4));

    fn credentials() -> Credentials {
        Credentials::new([7; 32])
    }

    #[test]
    fn a_token_names_whom_it_was_made_for() {
        let token = credentials().mint_agent(SITE, ALICE, NOW, HOUR);
        let good = credentials().verify_agent(&token, NOW).unwrap();
        assert_eq!((good.site, good.agent, good.issued_at), (SITE, ALICE, NOW));
        let token = credentials().mint_visitor(SITE, VERA, NOW, HOUR);
        assert_eq!(credentials().verify_visitor(&token, SITE, NOW).unwrap().visitor, VERA);
    }

    #[test]
    fn a_token_ends_when_it_says() {
        let token = credentials().mint_visitor(SITE, VERA, NOW, HOUR);
        let last = NOW + 3_599_999;
        assert!(credentials().verify_visitor(&token, SITE, last).is_ok());
        assert_eq!(credentials().verify_visitor(&token, SITE, last + 1), Err(BadToken));
    }

    #[test]
    fn kinds_sites_and_secrets_do_not_mix() {
        let visitor = credentials().mint_visitor(SITE, VERA, NOW, HOUR);
        assert_eq!(credentials().verify_agent(&visitor, NOW), Err(BadToken));
        assert_eq!(credentials().verify_visitor(&visitor, OTHER_SITE, NOW), Err(BadToken));
        let agent = credentials().mint_agent(SITE, ALICE, NOW, HOUR);
        assert_eq!(credentials().verify_visitor(&agent, SITE, NOW), Err(BadToken));
        assert_eq!(Credentials::new([8; 32]).verify_agent(&agent, NOW), Err(BadToken));
    }

    #[test]
    fn no_changed_or_shortened_token_is_good() {
        let token = credentials().mint_agent(SITE, ALICE, NOW, HOUR);
        for end in 0..token.len() {
            assert_eq!(credentials().verify_agent(&token[..end], NOW), Err(BadToken));
            let mut changed = token.clone().into_bytes();
            changed[end] = if changed[end] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(credentials().verify_agent(&changed, NOW), Err(BadToken), "at {end}");
        }
        assert!(credentials().verify_agent(&format!("{token}."), NOW).is_err());
        assert!(credentials().verify_agent(&"v1.".repeat(100_000), NOW).is_err());
    }

    #[test]
    fn a_seal_holds_its_parts_together() {
        let seal = credentials().seal(&[b"ab", b"c"]);
        assert!(credentials().is_sealed(&[b"ab", b"c"], &seal));
        assert!(!credentials().is_sealed(&[b"a", b"bc"], &seal));
        assert!(!credentials().is_sealed(&[b"ab", b"c"], &seal[..8]));
    }
}
