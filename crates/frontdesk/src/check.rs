//! Judges single values. Every refusal says what is wrong and what to write instead.

use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use protocol::SiteId;
use store::PostgresStore;

/// What is wrong with a value, and what to do about it.
pub type Complaint = String;

const NAME_CHARS_MAX: usize = 100;
const EMAIL_CHARS_MAX: usize = 254;
const NODE_CHARS_MAX: usize = 64;
const PASSWORD_CHARS_MIN: usize = 8;
const PASSWORD_BYTES_MAX: usize = 1024;
/// A million a second is one each microsecond, which is as fine as they are counted.
const LIMIT_MAX: u32 = 1_000_000;
const TTL_MAX: Duration = Duration::from_secs(3650 * 86_400);

/// `HOST:PORT`; a name is looked up.
pub fn listen(text: &str) -> Result<SocketAddr, Complaint> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if !text.contains(':') || text.starts_with(':') {
        return Err("needs a host and a port, for example 127.0.0.1:8080".into());
    }
    let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.ok_or_else(|| "is no address of this machine; write for example 127.0.0.1:8080".into())
}

/// A bare host, in lower case; IPv6 as browsers write it, in brackets.
pub fn domain(text: &str) -> Result<String, Complaint> {
    const REMEDY: &str = "Enter a hostname without http:// or a port.";
    let text = text.trim();
    if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<Ipv6Addr>() {
        return Ok(format!("[{address}]"));
    }
    if !text.is_ascii() {
        return Err(
            "has letters that browsers do not send; enter its form that begins with xn--".into()
        );
    }
    let label = |label: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(allowed)
    };
    let good = text.len() <= 253 && text.split('.').all(label);
    if good { Ok(text.to_ascii_lowercase()) } else { Err(REMEDY.into()) }
}

/// A number and s, m, h or d.
pub fn ttl(text: &str) -> Result<Duration, Complaint> {
    let wrong = || "is no duration: a number and s, m, h or d, for example 12h".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds_each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let seconds = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds_each));
    let ttl = Duration::from_secs(seconds.unwrap_or(u64::MAX));
    match ttl {
        Duration::ZERO => Err("is over at once; the least is 1s".into()),
        ttl if ttl > TTL_MAX => Err("is too long; the most is 3650d".into()),
        ttl => Ok(ttl),
    }
}

/// Scheme, host and perhaps a port, as browsers send it in `Origin`.
pub fn origin(text: &str) -> Result<String, Complaint> {
    const REMEDY: &str =
        "is no origin; write scheme, host and port only, for example https://desk.example.com";
    let text = text.trim().trim_end_matches('/');
    let after = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = after.filter(|authority| !authority.is_empty()).ok_or(REMEDY)?;
    let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    domain(host).map_err(|_| REMEDY)?;
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(REMEDY.into());
    }
    Ok(text.to_ascii_lowercase())
}

/// The address of a server of some kind: one of `schemes`, `://` and a host.
pub fn server_url(text: &str, schemes: &[&str]) -> Result<(), Complaint> {
    let host = text
        .split_once("://")
        .filter(|(scheme, _)| schemes.contains(scheme))
        .and_then(|(_, rest)| rest.split(['/', '?']).next())
        .map(|authority| authority.rsplit('@').next().unwrap_or(authority));
    match host {
        Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => Ok(()),
        _ => Err(format!("is no address of that kind; write {}://HOST/…", schemes[0])),
    }
}

/// The address of a database that this program can use.
pub fn database_url(text: &str) -> Result<(), Complaint> {
    server_url(text, &["postgres", "postgresql"])?;
    PostgresStore::admits(text).map_err(|refusal| format!("cannot be used: {refusal}"))
}

/// A name for a node: short, and harmless in logs and metrics.
pub fn node(text: &str) -> Result<String, Complaint> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if (1..=NODE_CHARS_MAX).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(format!("needs 1 to {NODE_CHARS_MAX} letters, digits, dots, hyphens or underscores"))
}

/// How many of something there may be.
pub fn limit(text: &str) -> Result<u32, Complaint> {
    let number = text.parse().ok().filter(|number| (1..=LIMIT_MAX).contains(number));
    number.ok_or_else(|| format!("is no limit; write a whole number from 1 to {LIMIT_MAX}"))
}

/// What a site or a person is called.
pub fn name(text: &str) -> Result<String, Complaint> {
    let text = text.trim();
    let length = text.chars().count();
    if (1..=NAME_CHARS_MAX).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!("needs 1 to {NAME_CHARS_MAX} characters and no line breaks"))
}

/// An e-mail address, in lower case.
pub fn email(text: &str) -> Result<String, Complaint> {
    let text = text.trim();
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    match text.rsplit_once('@') {
        Some((person, host))
            if plain && !person.is_empty() && !host.is_empty() && text.len() <= EMAIL_CHARS_MAX =>
        {
            Ok(text.to_lowercase())
        }
        _ => Err("is no e-mail address; write for example ada@example.com".into()),
    }
}

/// A site's id.
pub fn site(text: &str) -> Result<SiteId, Complaint> {
    SiteId::parse(text.trim())
        .ok_or_else(|| "is no site id; `frontdesk site add` prints one".into())
}

/// A password that can be remembered by its hash.
pub fn password(text: &str) -> Result<String, Complaint> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.chars().count() < PASSWORD_CHARS_MIN {
        return Err(format!(
            "is too short; the first line of standard input needs {PASSWORD_CHARS_MIN} characters or more"
        ));
    }
    if text.len() > PASSWORD_BYTES_MAX {
        return Err(format!("is too long; the most is {PASSWORD_BYTES_MAX} bytes"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_bare_hosts_in_lower_case() {
        let table = [
            ("shop.example", Some("shop.example")),
            ("SHOP.Example", Some("shop.example")),
            (" localhost ", Some("localhost")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("::1", Some("[::1]")),
            ("[::1]", Some("[::1]")),
            ("http://shop.example", None),
            ("shop.example:8080", None),
            ("shop.example/path", None),
            ("shop.example.", None),
            ("*.shop.example", None),
            ("user@shop.example", None),
            ("", None),
            ("shöp.example", None),
        ];
        for (text, host) in table {
            assert_eq!(domain(text).ok().as_deref(), host, "{text}");
        }
    }

    #[test]
    fn a_limit_is_a_whole_number_that_can_be_counted() {
        let table = [
            ("1", Some(1)),
            ("1000000", Some(1_000_000)),
            ("0", None),
            ("-1", None),
            ("1000001", None),
            ("99999999999999999999", None),
            ("1.5", None),
            ("1e3", None),
            ("many", None),
        ];
        for (text, number) in table {
            assert_eq!(limit(text).ok(), number, "{text}");
        }
    }

    #[test]
    fn a_time_to_live_is_a_number_and_a_unit() {
        let seconds = |text: &str| ttl(text).ok().map(|ttl| ttl.as_secs());
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("5m"), Some(300));
        assert_eq!(seconds("12h"), Some(43_200));
        assert_eq!(seconds("30d"), Some(2_592_000));
        for wrong in [
            "",
            "12",
            "h",
            "0s",
            "-1h",
            "+1h",
            "1.5h",
            "12H",
            "1w",
            "4000d",
            "99999999999999999999d",
            "1ü",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn origins_have_a_scheme_and_no_path() {
        for good in [
            "https://desk.example",
            "http://localhost:5173",
            "https://Desk.example/",
            "http://[::1]:80",
            "http://[::1]",
        ] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for wrong in [
            "desk.example",
            "https://",
            "https://desk.example/path",
            "ftp://x",
            "https://x:port",
            "null",
        ] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn server_addresses_need_their_scheme_and_a_host() {
        let postgres = ["postgres", "postgresql"];
        assert!(server_url("postgres://user:secret@db.example/frontdesk", &postgres).is_ok());
        assert!(server_url("postgresql://db.example", &postgres).is_ok());
        for wrong in ["mysql://db", "postgres://", "postgres://user@/x", "db.example", ""] {
            assert!(server_url(wrong, &postgres).is_err(), "{wrong}");
        }
    }
}
