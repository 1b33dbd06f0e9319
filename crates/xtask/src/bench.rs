//! The whole load test against the targets: what was wanted, what was measured, and the verdict.
//!
//! A target that is missed is a verdict, not a failure; a promise that breaks is a failure. `runs.rs` is
//! what runs, `target.rs` what is wanted of it, `results.rs` writes it into loadtest/RESULTS.md.
//!
//! Never here: how anything is measured. That is `loadtest`, in a process of its own.

mod results;
mod runs;
mod target;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::check::{cargo, target as build_folder, with_binary};
use crate::run::run as execute;
use runs::{RUNS, Run};
use target::{Judged, TARGETS, Verdict};

#[derive(Debug, Args)]
pub struct Options {
    /// Every scenario once and briefly: shows that it works, measures nothing
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// Only the runs whose name contains this; the results of the others stay as they are
    #[arg(long)]
    only: Option<String>,
    /// Write tables and pictures into loadtest/RESULTS.md and docs/
    #[arg(long)]
    write: bool,
}

/// What became of one run.
enum Outcome {
    Measured(Value),
    /// It was not asked for and has left no result.
    Absent,
    /// A promise was broken, or it could not run at all.
    Failed,
}

/// Runs the set, prints the verdicts, and fails if a promise was broken.
pub fn run(options: &Options) -> Result<()> {
    execute(&mut cargo(&["build", "-j2", "--release", "-p", "frontdesk", "-p", "loadtest"]))?;
    let folder = build_folder().join(if options.quick { "bench-quick" } else { "bench" });
    std::fs::create_dir_all(&folder)?;
    let began = Instant::now();
    let mut outcomes = Vec::new();
    for one in RUNS {
        outcomes.push((one, outcome(one, options, &folder)?));
    }
    let of =
        |name: &str| outcomes.iter().find(|(one, _)| one.name == name).map(|(_, outcome)| outcome);
    let judged: Vec<Judged> = TARGETS.iter().map(|target| judge(target, of(target.run))).collect();
    print!("\n{}", target::table(&judged));
    println!(
        "\n{:.0} s in all; every figure is in {}",
        began.elapsed().as_secs_f64(),
        folder.display()
    );
    if options.write {
        let measured: Vec<(&str, &Value)> = outcomes.iter().filter_map(measured).collect();
        results::write(&judged, &measured)?;
        execute(plot(&folder, &measured).env("CARGO_TERM_QUIET", "true"))?;
    }
    let failed = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Failed));
    let failed: Vec<&str> = failed.map(|(one, _)| one.name).collect();
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

fn measured<'a>((one, outcome): &'a (&Run, Outcome)) -> Option<(&'a str, &'a Value)> {
    match outcome {
        Outcome::Measured(result) => Some((one.name, result)),
        Outcome::Absent | Outcome::Failed => None,
    }
}

fn outcome(one: &Run, options: &Options, folder: &Path) -> Result<Outcome> {
    let file = folder.join(format!("{}.json", one.name));
    if options.only.as_deref().is_none_or(|part| one.name.contains(part)) {
        println!("\n=== {}", one.name);
        // What is there afterwards was measured now.
        let _ = std::fs::remove_file(&file);
        let mut command = loadtest();
        command.args(if options.quick { one.quick } else { one.args }).arg("--json").arg(&file);
        let status = with_binary(&mut command).status().context("start loadtest")?;
        // Without a round that counts it exits with 1 as well, but leaves a result.
        if !status.success() && !file.exists() {
            return Ok(Outcome::Failed);
        }
    }
    let Ok(text) = std::fs::read_to_string(&file) else { return Ok(Outcome::Absent) };
    let result: Value = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    let failed = !result["failed"].is_null();
    Ok(if failed { Outcome::Failed } else { Outcome::Measured(result) })
}

fn judge(target: &'static target::Target, outcome: Option<&Outcome>) -> Judged {
    match outcome {
        Some(Outcome::Measured(result)) => target.judge(result),
        Some(Outcome::Failed) => Judged::without(target, Verdict::Failed),
        Some(Outcome::Absent) | None => Judged::without(target, Verdict::NotRun),
    }
}

fn loadtest() -> std::process::Command {
    std::process::Command::new(build_folder().join("release/loadtest"))
}

fn plot(folder: &Path, measured: &[(&str, &Value)]) -> std::process::Command {
    let file = |(name, _): &(&str, &Value)| folder.join(format!("{name}.json"));
    let files: Vec<PathBuf> = measured.iter().map(file).collect();
    let mut command = loadtest();
    command.args(["plot", "--out", "docs"]).args(files);
    command
}
