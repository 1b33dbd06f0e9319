//! The house rules that a machine can check: who may import whom, and what must not stand in the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// Which of our crates each may use. The same table stands in ARCHITECTURE.md.
const MAY_USE: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("planted", &[]),
    ("conversation", &["protocol", "planted"]),
    ("store", &["conversation", "protocol", "planted"]),
    ("fanout", &["conversation", "protocol", "planted"]),
    ("hub", &["conversation", "store", "fanout", "protocol", "planted"]),
    ("gateway", &["hub", "conversation", "store", "protocol", "planted"]),
    ("pages", &[]),
    ("throwaway", &[]),
    ("client", &["protocol"]),
    ("frontdesk", &["protocol", "conversation", "store", "fanout", "hub", "gateway", "pages"]),
    ("counts", &["protocol", "conversation", "store", "fanout", "hub", "gateway"]),
    ("loadtest", &["client", "protocol", "throwaway"]),
    ("simulation", &["hub", "fanout", "store", "conversation", "protocol"]),
    ("system-tests", &["client", "protocol", "conversation", "throwaway"]),
    ("xtask", &["protocol", "planted"]),
];

/// What a crate must never see, whoever else brings it.
const NEVER: &[(&str, &[&str])] = &[
    ("protocol", &["tokio", "redis", "hyper", "axum", "rusqlite"]),
    ("conversation", &["tokio", "rand", "redis", "hyper", "rusqlite"]),
    ("store", &["hyper", "axum", "tokio-tungstenite", "redis"]),
    ("fanout", &["hyper", "axum", "tokio-tungstenite", "rusqlite"]),
    ("hub", &["hyper", "axum", "tokio-tungstenite", "redis", "rusqlite"]),
    ("gateway", &["redis", "rusqlite", "tokio-postgres"]),
    ("client", &["rusqlite", "redis", "axum"]),
    ("simulation", &["hyper", "axum", "tokio-tungstenite", "redis", "rusqlite"]),
];

/// Checks the table of allowed dependencies against what Cargo says.
pub fn run() -> Result<()> {
    let ours = crates()?;
    let mut wrong = Vec::new();
    for (name, uses) in &ours {
        let Some((_, allowed)) = MAY_USE.iter().find(|(krate, _)| krate == name) else {
            wrong.push(format!("{name}: not in the table of allowed dependencies"));
            continue;
        };
        let of_ours = uses.iter().filter(|used| ours.contains_key(*used) && *used != name);
        for used in of_ours.filter(|used| !allowed.contains(&used.as_str())) {
            wrong.push(format!("{name} must not use {used}"));
        }
        let never = NEVER.iter().find(|(krate, _)| krate == name).map_or(&[][..], |(_, list)| list);
        for used in uses.iter().filter(|used| never.contains(&used.as_str())) {
            wrong.push(format!("{name} must never see {used}"));
        }
    }
    wrong.extend(the_map_is_true(&ours)?);
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{}\nremedy: crates/xtask/src/house.rs says who may use whom, and why", wrong.join("\n"))
}

/// Our crates, each with the names of what it uses outside its tests.
fn crates() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .context("cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata has packages")?;
    Ok(packages.iter().map(|package| (text(&package["name"]), uses(package))).collect())
}

fn uses(package: &Value) -> BTreeSet<String> {
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    dependencies.filter(|d| d["kind"] != "dev").map(|d| text(&d["name"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// ARCHITECTURE.md names every crate, and every source file it names is there.
fn the_map_is_true(ours: &BTreeMap<String, BTreeSet<String>>) -> Result<Vec<String>> {
    let map = std::fs::read_to_string("ARCHITECTURE.md").context("ARCHITECTURE.md")?;
    let unnamed = ours.keys().filter(|name| !map.contains(&format!("`{name}`")));
    let mut wrong: Vec<String> =
        unnamed.map(|name| format!("ARCHITECTURE.md does not name the crate `{name}`")).collect();
    let named = map.split('`').filter(|word| is_source_path(word));
    wrong.extend(
        named
            .filter(|path| !std::path::Path::new(path).exists())
            .map(|path| format!("ARCHITECTURE.md names {path}, which is not there")),
    );
    Ok(wrong)
}

fn is_source_path(word: &str) -> bool {
    let ends = [".rs", ".ts", ".tsx", ".sql", ".mjs", ".md", "/"];
    word.contains('/')
        && !word.starts_with('/')
        && !word.contains([' ', '*', '{', '<'])
        && ends.iter().any(|end| word.ends_with(end))
}
