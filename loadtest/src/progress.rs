//! One line that says how far it is, on a terminal rewritten, elsewhere now and then.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// The line.
pub struct Progress {
    what: &'static str,
    of: u64,
    every: Duration,
    last: Instant,
}

impl Progress {
    /// Nothing done of `of` yet.
    pub fn new(what: &'static str, of: u64) -> Self {
        let every = Duration::from_secs(if std::io::stderr().is_terminal() { 0 } else { 5 });
        let every = every.max(Duration::from_millis(200));
        Self { what, of, every, last: Instant::now() }
    }

    /// So many are done.
    pub fn at(&mut self, done: u64) {
        if done >= self.of || self.last.elapsed() >= self.every {
            self.last = Instant::now();
            say(&format!("{}: {done} of {}", self.what, self.of), done >= self.of);
        }
    }
}

/// Says what goes on now.
pub fn now(what: &str) {
    say(what, true);
}

fn say(line: &str, ends: bool) {
    let mut out = std::io::stderr().lock();
    // Nobody reads: so be it.
    let _ = if out.is_terminal() {
        write!(out, "\r\x1b[K{line}{}", if ends { "\n" } else { "" })
    } else {
        writeln!(out, "{line}")
    };
    let _ = out.flush();
}
