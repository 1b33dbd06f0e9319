//! Commands that take longer than the check allows, or write.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::check::{build, cargo, npm, with_binary};
use crate::run::run;

/// The README's pictures: where the browser tests put them, and what they are called.
const PICTURES: &[&str] =
    &["console-conversation", "inbox-bulk-outcome", "widget-conversation", "widget-phone"];

/// Does what a machine can do.
pub fn fix() -> Result<()> {
    run(&mut cargo(&["fmt", "--all"]))?;
    crate::codegen::run(false)?;
    run(&mut npm(&["run", "build", "-w", "crates/pages"]))
}

/// `kill -9` at any moment, under load.
pub fn kill(rounds: u32) -> Result<()> {
    build()?;
    let mut test = system_test("kill");
    run(with_binary(&mut test).env("KILL_ROUNDS", rounds.to_string()))
}

/// Random visitors and agents, random disconnects.
pub fn model(seeds: u32, seed: u64) -> Result<()> {
    build()?;
    let mut test = system_test("model");
    let test = with_binary(&mut test).env("MODEL_SEEDS", seeds.to_string());
    run(test.env("MODEL_SEED", seed.to_string()))
}

/// Runs the browser tests and keeps the pictures that the README shows.
pub fn screenshots() -> Result<()> {
    build()?;
    run(with_binary(&mut npm(&["test", "-w", "tests/browser"])))?;
    std::fs::create_dir_all("docs")?;
    for name in PICTURES {
        let from = Path::new("tests/browser/out").join(format!("{name}.png"));
        std::fs::copy(&from, format!("docs/{name}.png"))
            .with_context(|| format!("{} was not made", from.display()))?;
    }
    Ok(())
}

fn system_test(name: &str) -> std::process::Command {
    cargo(&["test", "-j2", "-p", "system-tests", "--test", name, "--", "--nocapture"])
}
