//! Every check, in the order of what fails fastest. Writes nothing that git tracks.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::run::run;
use crate::{codegen, counts, house, tools};

/// One named step.
struct Step {
    name: &'static str,
    run: fn() -> Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "tools", run: tools::install },
    Step { name: "house rules", run: house::run },
    Step { name: "formatting", run: || run(&mut cargo(&["fmt", "--all", "--check"])) },
    Step { name: "generated files are current", run: || codegen::run(true) },
    Step {
        name: "pages are current",
        run: || run(&mut npm(&["run", "build:check", "-w", "crates/pages"])),
    },
    Step {
        name: "TypeScript: client",
        run: || run(&mut npm(&["run", "check", "-w", "protocol/ts"])),
    },
    Step {
        name: "TypeScript: pages",
        run: || run(&mut npm(&["run", "check", "-w", "crates/pages"])),
    },
    Step {
        name: "TypeScript: browser tests",
        run: || run(&mut npm(&["run", "check", "-w", "tests/browser"])),
    },
    Step {
        name: "client on vectors and a fake socket",
        run: || run(&mut npm(&["test", "-w", "protocol/ts"])),
    },
    Step {
        name: "widget in a page of its own",
        run: || run(&mut npm(&["test", "-w", "crates/pages"])),
    },
    Step { name: "clippy", run: clippy },
    Step { name: "the binary", run: build },
    Step { name: "instruction counts", run: || counts::run(false) },
    Step {
        name: "Rust tests",
        run: || run(with_binary(&mut cargo(&["test", "-j2", "--workspace"]))),
    },
    Step {
        name: "client against the real binary",
        run: || run(with_binary(&mut npm(&["run", "test:real", "-w", "protocol/ts"]))),
    },
    Step {
        name: "browser tests",
        run: || run(with_binary(&mut npm(&["test", "-w", "tests/browser"]))),
    },
];

/// Runs all steps (or those whose name contains `only`), goes on after a failure, and fails if any did.
pub fn all(only: Option<&str>) -> Result<()> {
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|step| only.is_none_or(|part| step.name.contains(part))).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        bail!("no such step; there are: {}", names.join(", "));
    }
    let (mut failed, began) = (Vec::new(), Instant::now());
    let mut times = Vec::new();
    for step in &chosen {
        println!("\n=== {}", step.name);
        let began = Instant::now();
        let result = (step.run)();
        times.push((step.name, began.elapsed(), result.is_ok()));
        if let Err(error) = result {
            println!("FAILED: {}: {error:#}", step.name);
            failed.push(step.name);
        }
    }
    summary(&times, began.elapsed());
    println!("{} passed, {} failed", chosen.len() - failed.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

fn summary(times: &[(&str, Duration, bool)], total: Duration) {
    println!("\n=== summary");
    for (name, took, passed) in times {
        let verdict = if *passed { "ok    " } else { "FAILED" };
        println!("{verdict} {:>6.1} s  {name}", took.as_secs_f64());
    }
    println!("       {:>6.1} s  in all", total.as_secs_f64());
}

/// The binary that the tests of the whole system use: the one that people run.
pub fn build() -> Result<()> {
    run(&mut cargo(&["build", "-j2", "--release", "-p", "frontdesk"]))
}

fn clippy() -> Result<()> {
    run(&mut cargo(&[
        "clippy",
        "-j2",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ]))
}

/// Cargo with these arguments.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    command
}

/// npm with these arguments.
pub fn npm(args: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(args).arg("--loglevel=error");
    command
}

/// Tests of the whole system find the binary here.
pub fn with_binary(command: &mut Command) -> &mut Command {
    command.env("FRONTDESK_BIN", release_of("frontdesk"))
}

/// Where cargo puts a program of ours.
pub fn release_of(name: &str) -> PathBuf {
    let program = target().join("release").join(name);
    std::path::absolute(&program).unwrap_or(program)
}

/// Where Cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()).into()
}
