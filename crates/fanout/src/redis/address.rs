//! Where Redis is: one server, one that sentinels know, or a cluster.

use std::fmt;
use std::str::FromStr;

use ::redis::{ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion, TlsCertificates};

use super::tls;

const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// `redis://[USER:PASSWORD@]HOST[:PORT]`, `redis+cluster://[USER:PASSWORD@]HOST[:PORT],…` or
/// `redis+sentinel://[USER:PASSWORD@]HOST[:PORT],…/MASTER`. User and password are those of the servers,
/// percent-encoded. `rediss://` and `rediss+cluster://` speak TLS; `?sslrootcert=FILE` is who vouches for
/// the servers. Shown without passwords.
#[derive(Clone)]
pub struct RedisAddress {
    pub(super) place: Place,
    /// Who may vouch for the servers, if they have to prove who they are.
    pub(super) tls: Option<TlsCertificates>,
}

#[derive(Clone)]
pub(super) enum Place {
    One(ConnectionInfo),
    Sentinels { sentinels: Vec<ConnectionInfo>, master: String, login: Login },
    Cluster(Vec<ConnectionInfo>),
}

/// Who we are to a server.
#[derive(Clone, Default)]
pub(super) struct Login {
    pub user: Option<String>,
    pub password: Option<String>,
}

/// Why an address is none; never says what the password is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error(
        "is no address of that kind; write redis[s]://HOST:PORT, redis+sentinel://HOST:PORT,HOST:PORT/MASTER or redis[s]+cluster://HOST:PORT,HOST:PORT"
    )]
    Form,
    #[error("names certificates in {path}, of which none can be read: {reason}")]
    Roots { path: String, reason: String },
    #[error("names no master; write redis+sentinel://HOST:PORT,HOST:PORT/MASTER")]
    NoMaster,
    #[error(
        "has more than hosts and ports; pub/sub knows no databases, and no options but rediss://…?sslrootcert=FILE"
    )]
    More,
}

impl FromStr for RedisAddress {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(Unreadable::Form)?;
        let (rest, roots) = match rest.split_once("?sslrootcert=") {
            Some((rest, path)) => (rest, Some(path)),
            None => (rest, None),
        };
        let tls = match (scheme.starts_with("rediss"), roots) {
            (true, roots) => Some(tls::certificates(roots)?),
            (false, Some(_)) => return Err(Unreadable::More),
            (false, None) => None,
        };
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Login::read(login)?, rest),
            None => (Login::default(), rest),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let place = match scheme {
            "redis" | "rediss" if !hosts.contains(',') => Place::One(server(hosts, PORT, &login)?),
            "redis+cluster" | "rediss+cluster" => Place::Cluster(servers(hosts, PORT, &login)?),
            "redis+sentinel" if path.is_empty() => return Err(Unreadable::NoMaster),
            "redis+sentinel" => {
                // The password is the server's; sentinels rarely have one, and then it is another.
                let sentinels = servers(hosts, SENTINEL_PORT, &Login::default())?;
                return match path.contains(['/', '?', '#']) {
                    true => Err(Unreadable::More),
                    false => {
                        let place = Place::Sentinels { sentinels, master: path.into(), login };
                        Ok(Self { place, tls })
                    }
                };
            }
            _ => return Err(Unreadable::Form),
        };
        // `/0` stands in many addresses and means nothing here.
        if matches!(path, "" | "0") {
            Ok(Self { place: place.with(tls.is_some()), tls })
        } else {
            Err(Unreadable::More)
        }
    }
}

impl Place {
    /// The same servers, spoken to with TLS if it is wanted.
    fn with(self, tls: bool) -> Self {
        match self {
            Self::One(server) if tls => Self::One(tls::with_tls(&server)),
            Self::Cluster(servers) if tls => {
                Self::Cluster(servers.iter().map(tls::with_tls).collect())
            }
            place => place,
        }
    }
}

impl Login {
    fn read(text: &str) -> Result<Self, Unreadable> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let [user, password] = [user, password].map(percent_decoded);
        let given = |text: String| (!text.is_empty()).then_some(text);
        let (user, password) = (user.ok_or(Unreadable::Form)?, password.ok_or(Unreadable::Form)?);
        Ok(Self { user: given(user), password: given(password) })
    }

    /// The same settings with this login, in the protocol that carries pushes beside answers.
    pub fn settings(&self) -> ::redis::RedisConnectionInfo {
        let mut settings =
            ::redis::RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3);
        if let Some(user) = &self.user {
            settings = settings.set_username(user);
        }
        match &self.password {
            Some(password) => settings.set_password(password),
            None => settings,
        }
    }
}

fn servers(hosts: &str, port: u16, login: &Login) -> Result<Vec<ConnectionInfo>, Unreadable> {
    hosts.split(',').map(|host| server(host, port, login)).collect()
}

fn server(host: &str, default: u16, login: &Login) -> Result<ConnectionInfo, Unreadable> {
    let (name, port) = match host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
        Some((name, port)) => (name, port.parse().map_err(|_| Unreadable::Form)?),
        None => (host, default),
    };
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let odd = |c: char| c.is_whitespace() || c.is_control() || "/?#[]@,".contains(c);
    if name.is_empty() || name.contains(odd) || (name.contains(':') && !host.starts_with('[')) {
        return Err(Unreadable::Form);
    }
    let info = (name, port).into_connection_info().map_err(|_| Unreadable::Form)?;
    Ok(info.set_redis_settings(login.settings()))
}

/// `None` if a percent sign is not followed by two hexadecimal digits, or it is no text.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |servers: &[ConnectionInfo]| {
            let servers: Vec<String> =
                servers.iter().map(|server| server.addr().to_string()).collect();
            servers.join(",")
        };
        let redis = if self.tls.is_some() { "rediss" } else { "redis" };
        match &self.place {
            Place::One(server) => write!(f, "{redis}://{}", server.addr()),
            Place::Sentinels { sentinels, master, .. } => {
                write!(f, "redis+sentinel://{}/{master}", list(sentinels))
            }
            Place::Cluster(servers) => write!(f, "{redis}+cluster://{}", list(servers)),
        }
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, Unreadable> {
        text.parse::<RedisAddress>().map(|address| format!("{address} {address:?}"))
    }

    #[test]
    fn every_form_is_read_and_shown_without_the_password() {
        let table = [
            ("redis://cache", "redis://cache:6379"),
            ("redis://cache:6380/0", "redis://cache:6380"),
            ("redis://:hunter2@cache", "redis://cache:6379"),
            ("redis://me:hunter2%40@[::1]:7", "redis://::1:7"),
            ("redis+cluster://me:hunter2@a:1,b", "redis+cluster://a:1,b:6379"),
            ("rediss://me:hunter2@cache", "rediss://cache:6379"),
            ("rediss+cluster://a:1,b/0", "rediss+cluster://a:1,b:6379"),
            ("redis+sentinel://:hunter2@a,b:2/desk", "redis+sentinel://a:26379,b:2/desk"),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text), Ok(format!("{expected} {expected}")), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_why() {
        let table = [
            ("", Unreadable::Form),
            ("cache:6379", Unreadable::Form),
            ("http://cache", Unreadable::Form),
            ("redis://", Unreadable::Form),
            ("redis://a,b", Unreadable::Form),
            ("redis://cache:port", Unreadable::Form),
            ("redis://cache:99999", Unreadable::Form),
            ("redis://a b", Unreadable::Form),
            ("redis://::1", Unreadable::Form),
            ("redis://me:%zz@cache", Unreadable::Form),
            ("redis://me:%f@cache", Unreadable::Form),
            ("redis://me:%ff@cache", Unreadable::Form),
            ("redis+cluster://a,,b", Unreadable::Form),
            ("redis://cache/3", Unreadable::More),
            ("redis://cache/0?protocol=2", Unreadable::More),
            ("redis+sentinel://a/desk/0", Unreadable::More),
            ("redis+sentinel://a,b", Unreadable::NoMaster),
            ("rediss://cache?protocol=2", Unreadable::Form),
            ("rediss+sentinel://a/desk", Unreadable::Form),
            ("redis://cache?sslrootcert=a.pem", Unreadable::More),
        ];
        for (text, wrong) in table {
            assert_eq!(shown(text), Err(wrong), "{text}");
        }
    }

    #[test]
    fn the_password_reaches_the_server_as_it_is_meant() {
        let Place::One(info) = "redis://me:p%40ss:%2F@cache".parse::<RedisAddress>().unwrap().place
        else {
            panic!("one server");
        };
        assert_eq!(info.redis_settings().username(), Some("me"));
        assert_eq!(info.redis_settings().password(), Some("p@ss:/"));
    }
}
