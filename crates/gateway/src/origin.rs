//! Where a browser says that a page comes from, judged before any upgrade.

use axum::http::{HeaderMap, header};

/// The header, read strictly: scheme, host and port, nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: &'static str,
    /// In lower case.
    host: String,
    /// As given, or the scheme's own.
    port: u16,
}

/// Whether a page of this site may open a visitor's socket: its host is one of the site's domains,
/// exactly. Absent, repeated, `null` and malformed origins are foreign.
pub(crate) fn admits_visitor(headers: &HeaderMap, domains: &[String]) -> bool {
    match of(headers) {
        Found::One(origin) => {
            domains.iter().any(|domain| domain.eq_ignore_ascii_case(&origin.host))
        }
        Found::None | Found::Bad => false,
    }
}

/// Whether an agent may come from there: no browser, this server itself, or a configured console.
pub(crate) fn admits_agent(headers: &HeaderMap, consoles: &[String]) -> bool {
    match of(headers) {
        Found::None => true,
        Found::Bad => false,
        Found::One(origin) => origin.is_own(headers) || origin.is_one_of(consoles),
    }
}

enum Found {
    None,
    Bad,
    One(Origin),
}

fn of(headers: &HeaderMap) -> Found {
    let mut all = headers.get_all(header::ORIGIN).iter();
    let Some(first) = all.next() else { return Found::None };
    if all.next().is_some() {
        return Found::Bad;
    }
    match first.to_str().ok().and_then(Origin::parse) {
        Some(origin) => Found::One(origin),
        None => Found::Bad,
    }
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme =
            ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
        let (host, port) = host_and_port(authority)?;
        let port = port.unwrap_or(if scheme == "https" { 443 } else { 80 });
        Some(Self { scheme, host, port })
    }

    /// The page comes from the host and port that it talks to. Behind a proxy that ends TLS the
    /// scheme is not known here, so each stands for its own default port.
    fn is_own(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let Some((host, port)) = host.and_then(host_and_port) else { return false };
        let default = if self.scheme == "https" { 443 } else { 80 };
        host == self.host && port.unwrap_or(default) == self.port
    }

    fn is_one_of(&self, consoles: &[String]) -> bool {
        consoles
            .iter()
            .any(|console| Self::parse(console.trim_end_matches('/')).as_ref() == Some(self))
    }
}

/// The host in lower case, and the port if there is one; `None` for anything else in between.
fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let end = rest.find(']')?;
            (&authority[..end + 2], &rest[end + 1..])
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
        None if port.is_empty() => None,
        None => return None,
    };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_[]:".contains(&b);
    let good = !host.is_empty() && host.bytes().all(allowed);
    good.then(|| (host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn twenty_origins() {
        let domains = ["shop.example".to_owned(), "127.0.0.1".to_owned()];
        let table = [
            ("https://shop.example", true),
            ("http://shop.example", true),
            ("https://shop.example:8443", true),
            ("https://SHOP.Example", true),
            ("http://127.0.0.1:5173", true),
            ("HTTPS://shop.example", true),
            ("https://shop.example.evil.test", false),
            ("https://evilshop.example", false),
            ("https://www.shop.example", false),
            ("https://shop.example.", false),
            ("https://shop.example@evil.test", false),
            ("https://evil.test@shop.example", false),
            ("https://shop.example/path", false),
            ("https://shop.example:", false),
            ("https://shop.example:99999", false),
            ("https://shop.example:80a", false),
            ("file://shop.example", false),
            ("shop.example", false),
            ("null", false),
            ("", false),
            ("https://shöp.example", false),
            ("https:///shop.example", false),
            ("https://shop.example https://evil.test", false),
        ];
        for (origin, admitted) in table {
            assert_eq!(
                admits_visitor(&headers(&[("origin", origin)]), &domains),
                admitted,
                "{origin}"
            );
        }
        assert!(!admits_visitor(&headers(&[]), &domains), "absent");
        let two = headers(&[("origin", "https://shop.example"), ("origin", "https://evil.test")]);
        assert!(!admits_visitor(&two, &domains), "repeated");
    }

    #[test]
    fn agents_come_from_here_from_a_console_or_from_no_browser() {
        let consoles = ["https://desk.example".to_owned(), "http://localhost:5173/".to_owned()];
        let admitted = |origin: Option<&str>, host: &str| {
            let mut pairs = vec![("host", host)];
            pairs.extend(origin.map(|origin| ("origin", origin)));
            admits_agent(&headers(&pairs), &consoles)
        };
        assert!(admitted(None, "chat.example"));
        assert!(admitted(Some("https://chat.example"), "chat.example"));
        assert!(admitted(Some("http://chat.example:80"), "chat.example"));
        assert!(admitted(Some("http://127.0.0.1:8080"), "127.0.0.1:8080"));
        assert!(admitted(Some("http://[::1]:8080"), "[::1]:8080"));
        assert!(admitted(Some("https://desk.example"), "chat.example"));
        assert!(admitted(Some("http://localhost:5173"), "chat.example"));
        assert!(!admitted(Some("http://desk.example"), "chat.example"));
        assert!(!admitted(Some("http://localhost:5174"), "chat.example"));
        assert!(!admitted(Some("http://127.0.0.1:8081"), "127.0.0.1:8080"));
        assert!(!admitted(Some("https://evil.test"), "chat.example"));
        assert!(!admitted(Some("null"), "chat.example"));
        assert!(!admitted(Some("https://chat.example.evil.test"), "chat.example"));
    }
}
