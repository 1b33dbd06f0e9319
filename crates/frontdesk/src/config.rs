//! The configuration of `serve`: read once, judged whole, before anything is opened.

use std::fmt;
use std::net::SocketAddr;

use fanout::RedisAddress;
use tracing_subscriber::filter::Targets;

use crate::arguments::{LogFormat, ServeArgs, StoreArgs};
use crate::check;
use crate::home::{DatabaseUrl, Home};
use crate::limits::Limits;

/// What `serve` goes by.
#[derive(Clone, Debug)]
pub struct Config {
    pub home: Home,
    /// What carries hints to the other nodes of a shared store.
    pub redis: Option<RedisAddress>,
    pub listen: SocketAddr,
    pub node: String,
    pub console_origins: Vec<String>,
    pub log: LogFormat,
    pub log_filter: Targets,
    pub limits: Limits,
}

/// Everything that is wrong, one thing a line. Somebody's mistake, not the program's.
#[derive(Debug, PartialEq, Eq)]
pub struct Unusable(Vec<String>);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Unusable {}

/// Collects complaints, so that all can be mended at once.
#[derive(Default)]
pub struct Judge(Vec<String>);

impl Judge {
    /// The value, or its complaint kept: what was written where, what is wrong, what to do.
    pub fn take<T>(
        &mut self,
        place: &str,
        text: &str,
        judged: Result<T, check::Complaint>,
    ) -> Option<T> {
        judged.map_err(|complaint| self.0.push(format!("{place}: \"{text}\" {complaint}"))).ok()
    }

    /// Keeps a complaint that is about no value in particular.
    pub fn complain(&mut self, complaint: String) {
        self.0.push(complaint);
    }

    /// What was judged good, if nothing was bad.
    pub fn verdict<T>(self, good: Option<T>) -> Result<T, Unusable> {
        match good {
            Some(good) if self.0.is_empty() => Ok(good),
            _ => Err(Unusable(self.0)),
        }
    }
}

impl Config {
    /// Judges everything before complaining about anything.
    pub fn from_arguments(arguments: ServeArgs) -> Result<Self, Unusable> {
        let mut judge = Judge::default();
        let home = home(&arguments.store, &mut judge);
        let redis = redis(present(arguments.redis_url), home.as_ref(), &mut judge);
        let listen = &arguments.listen;
        let listen = judge.take("--listen (FRONTDESK_LISTEN)", listen, check::listen(listen));
        let node = match present(arguments.node) {
            Some(name) => judge.take("--node (FRONTDESK_NODE)", &name, check::node(&name)),
            None => Some(host_name()),
        };
        let mut console_origins = Vec::new();
        for text in arguments.console_origin.iter().filter(|text| !text.trim().is_empty()) {
            let place = "--console-origin (FRONTDESK_CONSOLE_ORIGIN)";
            console_origins.extend(judge.take(place, text, check::origin(text)));
        }
        let log_filter = filter(&arguments.log_filter, &mut judge);
        let limits = Limits::from_arguments(&arguments.limits, &mut judge);
        let good = (|| {
            let (home, listen, node, log_filter) = (home?, listen?, node?, log_filter?);
            let (log, limits) = (arguments.log, limits?);
            Some(Self { home, redis, listen, node, console_origins, log, log_filter, limits })
        })();
        judge.verdict(good)
    }
}

impl Home {
    /// For administrative commands, which need nothing else.
    pub fn from_arguments(arguments: &StoreArgs, judge: &mut Judge) -> Option<Self> {
        home(arguments, judge)
    }
}

fn home(arguments: &StoreArgs, judge: &mut Judge) -> Option<Home> {
    let Some(url) = present(arguments.database_url.clone()) else {
        if arguments.data.as_os_str().is_empty() {
            judge.complain(
                "--data (FRONTDESK_DATA): needs a folder, for example ./frontdesk-data".into(),
            );
            return None;
        }
        return Some(Home::Folder(arguments.data.clone()));
    };
    let place = "--database-url (FRONTDESK_DATABASE_URL)";
    judge.take(place, &without_password(&url), check::database_url(&url))?;
    Some(Home::Postgres(DatabaseUrl(url)))
}

/// What is wrong with it is told when all is judged.
fn redis(url: Option<String>, home: Option<&Home>, judge: &mut Judge) -> Option<RedisAddress> {
    let url = url?;
    let place = "--redis-url (FRONTDESK_REDIS_URL)";
    let judged = url.parse::<RedisAddress>().map_err(|wrong| wrong.to_string());
    let address = judge.take(place, &without_password(&url), judged)?;
    if home.is_some_and(|home| !home.is_shared()) {
        judge.complain(format!(
            "{place}: everything in --data is one node, which needs no Redis; leave it out, or share a database with --database-url"
        ));
    }
    Some(address)
}

fn filter(text: &str, judge: &mut Judge) -> Option<Targets> {
    let text = if text.trim().is_empty() { "info" } else { text };
    let judged = text.parse::<Targets>();
    let judged = judged.map_err(|_| "is no filter; write a level (error, warn, info, debug, trace) or levels by module, for example info,gateway=debug".into());
    judge.take("--log-filter (FRONTDESK_LOG)", text, judged)
}

/// An empty variable is one that is not set: compose files and unit files write them so.
fn present(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// An address that may be shown: `postgres://user:…@host/…`. Where it is not clear what is the password,
/// all that it may be is left out.
pub fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    // Passwords also stand behind the question mark.
    let (rest, more) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?…"));
    let ambiguous = url.rsplit('?').next().is_some_and(|more| more.contains('@'));
    match rest.rsplit_once('@') {
        _ if ambiguous && !more.is_empty() => format!("{scheme}…"),
        Some((_, host)) if scheme.is_empty() => format!("…@{host}{more}"),
        Some((who, host)) => {
            let user = who.split(':').next().unwrap_or_default();
            format!("{scheme}{user}:…@{host}{more}")
        }
        None => format!("{scheme}{rest}{more}"),
    }
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    check::node(name.trim()).unwrap_or_else(|_| "frontdesk".into())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::Arguments;

    fn config(flags: &[&str]) -> Result<Config, Unusable> {
        let words = ["frontdesk"].iter().chain(flags);
        Config::from_arguments(Arguments::parse_from(words).serve)
    }

    #[test]
    fn without_flags_it_listens_on_this_machine_only() {
        let config = config(&[]).unwrap();
        assert!(config.listen.ip().is_loopback());
        assert_eq!(config.home, Home::Folder("./frontdesk-data".into()));
    }

    #[test]
    fn everything_wrong_is_said_at_once_and_says_where() {
        let wrong =
            ["--listen", "8080", "--node", "a b", "--console-origin", "x", "--log-filter", "x=y"];
        let said = config(&wrong).unwrap_err().to_string();
        assert_eq!(said.lines().count(), 4, "{said}");
        for place in ["--listen", "--node", "--console-origin", "--log-filter", "FRONTDESK_LOG"] {
            assert!(said.contains(place), "{place} in {said}");
        }
    }

    #[test]
    fn a_limit_that_is_left_empty_is_the_default() {
        assert_eq!(config(&[]).unwrap().limits, Limits::DEFAULT);
        let limits =
            config(&["--commands-burst", " ", "--starts-per-minute", " 7 "]).unwrap().limits;
        assert_eq!(limits, Limits { starts_per_minute: 7, ..Limits::DEFAULT });
    }

    #[test]
    fn what_this_build_cannot_do_is_refused_without_showing_the_password() {
        let said = config(&["--redis-url", "http://me:hunter2@cache"]).unwrap_err().to_string();
        assert!(said.contains("redis[s]://HOST") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn one_node_by_itself_is_told_that_it_needs_no_redis() {
        let said = config(&["--redis-url", "redis://:hunter2@cache"]).unwrap_err().to_string();
        assert!(said.contains("needs no Redis") && !said.contains("hunter2"), "{said}");
        assert!(config(&["--redis-url", " "]).unwrap().redis.is_none());
    }

    #[test]
    fn a_database_goes_before_the_folder_and_is_never_shown_with_its_password() {
        let flags = ["--database-url", "postgres://me:hunter2@db/x", "--data", "somewhere"];
        let home = config(&flags).unwrap().home;
        assert!(matches!(home, Home::Postgres(_)));
        for shown in [home.to_string(), format!("{home:?}")] {
            assert!(shown.contains("me:…@db/x") && !shown.contains("hunter2"), "{shown}");
        }
        for wrong in ["mysql://me:hunter2@db/x", "postgres://me:hunter2@db/x?sslmode=perhaps"] {
            let said = config(&["--database-url", wrong]).unwrap_err().to_string();
            assert!(said.contains("--database-url") && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        assert_eq!(without_password("postgres://me:p@ss@db/x"), "postgres://me:…@db/x");
        assert_eq!(without_password("redis://cache:6379"), "redis://cache:6379");
        assert_eq!(without_password("postgres://db/x?password=p"), "postgres://db/x?…");
        assert_eq!(without_password("postgres://db/x?password=p@ss"), "postgres://…");
        assert_eq!(without_password("redis://:hun?ter2@cache"), "redis://…");
        assert_eq!(without_password(":hunter2@cache"), "…@cache");
        assert_eq!(without_password("cache:6379"), "cache:6379");
    }
}
