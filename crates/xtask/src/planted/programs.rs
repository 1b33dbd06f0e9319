//! The test programs, built with the defects planted, and what they say.

use std::fmt::{Display, Formatter};
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::check::cargo;

/// Whose tests look for defects.
const CRATES: &[&str] = &["conversation", "fanout", "hub", "store", "gateway", "simulation"];
/// Tests of tests, which know nothing of defects, and tests that start a server of their own each.
const NOT_ASKED: &[&str] = &["judges", "replay", "redis", "postgres"];
/// A defect may make a test wait for ever; that is a failure, too. But a machine may be busy: a program has
/// so many times what it needed without any defect, and never less than a minute.
const PATIENCE: u32 = 10;
const PATIENCE_MIN: Duration = Duration::from_secs(60);
/// What a program has without any defect.
const ENOUGH: Duration = Duration::from_secs(1800);

/// One program made of tests.
pub struct Program {
    pub name: String,
    path: PathBuf,
    /// Where its package is: tests find their files from there.
    home: PathBuf,
    patience: Duration,
}

/// What it said.
pub enum Verdict {
    Passed,
    Failed(Failure),
}

/// The first test that failed.
pub struct Failure {
    test: String,
    /// The promise that the simulation saw broken.
    promise: Option<String>,
    /// The program had to be ended.
    hung: bool,
}

/// Builds them all, in a place of their own, so that nothing that is shipped ever has a defect in it.
pub fn build() -> Result<Vec<Program>> {
    let mut build = cargo(&["test", "-j2", "--no-run", "--message-format=json-render-diagnostics"]);
    build.args(["--features", "planted-bugs"]);
    build.arg("--target-dir").arg(crate::check::target().join("planted"));
    for name in CRATES {
        build.args(["-p", name]);
    }
    let output = build.stderr(Stdio::inherit()).output().context("cargo test --no-run")?;
    if !output.status.success() {
        bail!("the tests do not build with the defects planted");
    }
    let lines = output.stdout.split(|byte| *byte == b'\n');
    Ok(lines.filter_map(program_of).collect())
}

/// What cargo has built, if it is a program of tests.
fn program_of(line: &[u8]) -> Option<Program> {
    let message: Value = serde_json::from_slice(line).ok()?;
    let path = message["executable"].as_str()?;
    let target = message["target"]["name"].as_str()?;
    if message["profile"]["test"] != true || NOT_ASKED.iter().any(|not| target.starts_with(not)) {
        return None;
    }
    let home = PathBuf::from(message["manifest_path"].as_str()?).parent()?.to_owned();
    let manifest = std::fs::read_to_string(home.join("Cargo.toml")).ok()?;
    let krate = manifest.lines().find_map(|line| line.strip_prefix("name = "))?;
    let name = format!("{}/{target}", krate.trim_matches('"'));
    Some(Program { name, path: PathBuf::from(path), home, patience: ENOUGH })
}

impl Program {
    /// From now on it has no more time than this tells.
    pub fn took(&mut self, time: Duration) {
        self.patience = PATIENCE_MIN.max(time * PATIENCE);
    }

    /// Runs all of its tests in this environment.
    pub fn run(&self, environment: &[(&str, &str)]) -> Result<Verdict> {
        let mut command = Command::new(&self.path);
        command.current_dir(&self.home).env("RUST_BACKTRACE", "0");
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("{} does not start", self.name))?;
        let mut said = child.stdout.take().context("its output is piped")?;
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            said.read_to_string(&mut text).map(|_| text)
        });
        let status = wait(&mut child, self.patience)?;
        let text = reader.join().ok().and_then(Result::ok).unwrap_or_default();
        Ok(match status {
            Some(status) if status.success() => Verdict::Passed,
            other => Verdict::Failed(Failure::read(&text, other.is_none())),
        })
    }
}

/// Waits for its end, but not for ever.
fn wait(child: &mut Child, patience: Duration) -> Result<Option<ExitStatus>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if began.elapsed() > patience {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Failure {
    /// From what the program said.
    fn read(text: &str, hung: bool) -> Self {
        let failed =
            |line: &str| line.strip_prefix("test ")?.strip_suffix(" ... FAILED").map(str::to_owned);
        let test = text.lines().find_map(failed).unwrap_or_else(|| "before any test".to_owned());
        let breaks = |line: &&str| line.starts_with("seed ") && line.contains(" breaks ");
        let promise = text.lines().find(breaks).map(|line| line.trim_end_matches(':').to_owned());
        Self { test, promise, hung }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.test)?;
        if let Some(promise) = &self.promise {
            write!(f, " ({promise})")?;
        }
        f.write_str(if self.hung { ", and it never ended" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_its_test_and_the_promise_it_broke() {
        let said = "test other ... ok\ntest every_seed ... FAILED\n\nfailures:\n\
            seed 3 breaks P4, one owner:\n  Ann and Ben\nseed 5 breaks P5, close is a barrier:\n";
        let failure = Failure::read(said, false);
        assert_eq!(failure.to_string(), "every_seed (seed 3 breaks P4, one owner)");
    }

    #[test]
    fn a_program_that_says_nothing_and_hangs_is_told_so() {
        assert_eq!(Failure::read("", true).to_string(), "before any test, and it never ended");
    }
}
