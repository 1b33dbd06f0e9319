//! loadtest/RESULTS.md: what was measured, between two marks; the rest of the file is written by people.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::target::{Judged, digits, table};

const FILE: &str = "loadtest/RESULTS.md";
const BEGIN: &str = "<!-- written by cargo xtask bench --write: begin -->\n";
const END: &str = "<!-- written by cargo xtask bench --write: end -->\n";

/// Replaces what stands between the marks.
pub fn write(judged: &[Judged], measured: &[(&str, &Value)]) -> Result<()> {
    let before = std::fs::read_to_string(FILE).context(FILE)?;
    let after = replaced(&before, &section(judged, measured)?).context("the marks are gone")?;
    std::fs::write(FILE, after).context(FILE)?;
    println!("wrote {FILE}");
    Ok(())
}

fn replaced(file: &str, section: &str) -> Option<String> {
    let (head, rest) = file.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{BEGIN}\n{section}\n{END}{tail}"))
}

fn section(judged: &[Judged], measured: &[(&str, &Value)]) -> Result<String> {
    let mut out = format!("{}\n\n{}\n", machine()?, table(judged));
    if let Some((_, growth)) = measured.iter().find(|(name, _)| *name == "growth") {
        out.push_str(&growing(growth));
    }
    for (picture, words) in [
        ("latency", "Latency against load"),
        ("memory", "Memory against connections"),
        ("soak", "Memory over time"),
    ] {
        let _ = writeln!(out, "![{words}](../docs/{picture}.svg)");
    }
    Ok(out)
}

fn machine() -> Result<String> {
    let git = Command::new("git").args(["describe", "--always", "--dirty"]).output()?;
    let commit = String::from_utf8_lossy(&git.stdout).trim().to_owned();
    let cores = std::thread::available_parallelism()?;
    let meminfo = std::fs::read_to_string("/proc/meminfo").context("/proc/meminfo")?;
    let total = meminfo.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok());
    let gib = total.unwrap_or(f64::NAN) / 1_048_576.0;
    Ok(format!(
        "`cargo xtask bench --write` at commit `{commit}`, {cores} cores, {gib:.0} GiB, loopback. \
         Medians of the rounds; the floor is measured in every round."
    ))
}

/// One row for each size.
fn growing(result: &Value) -> String {
    let mut out = String::from(
        "| quiet connections | KiB each | CPU per message, µs | delivered p99, µs |\n|---|---|---|---|\n",
    );
    let sizes = result["conditions"]["connections"].as_array();
    for size in sizes.into_iter().flatten().filter_map(Value::as_u64) {
        let figure = |name: &str| {
            let name = format!("{name} at {size}");
            let mut summary = result["summary"].as_array().into_iter().flatten();
            let figure = summary.find(|figure| figure["name"] == *name);
            figure.and_then(|figure| figure["median"].as_f64()).map_or("–".into(), digits)
        };
        let _ = writeln!(
            out,
            "| {size} | {} | {} | {} |",
            figure("RSS per connection"),
            figure("server CPU per message"),
            figure("delivered p99")
        );
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let file = format!("# Results\n{BEGIN}old\n{END}Experiments\n");
        let expected = format!("# Results\n{BEGIN}\nnew\n{END}Experiments\n");
        assert_eq!(replaced(&file, "new"), Some(expected));
        assert_eq!(replaced("no marks", "new"), None);
    }

    #[test]
    fn the_file_has_its_marks() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../loadtest/RESULTS.md");
        let text = std::fs::read_to_string(file).expect("it is there");
        assert!(replaced(&text, "new").is_some(), "{BEGIN} and {END}");
    }
}
