//! What changed between two results beyond the noise.
//!
//! A figure's noise is the spread of its rounds. It has changed if the rounds of one run all lie on one
//! side of all rounds of the other, and the middles are apart by more than what one machine does from
//! hour to hour. Figures that have a floor are compared as ratios to it, round by round.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::Value;

use crate::stats::{median, spread};

/// With several rounds on both sides, a smaller difference of the middles is noise, in per cent.
const SEVERAL_ROUNDS_PERCENT: f64 = 3.0;
/// With one round on either side nothing is known of its noise.
const ONE_ROUND_PERCENT: f64 = 30.0;
/// What describes the surroundings is no result.
const SURROUNDINGS: &[&str] = &[
    "server, of one core",
    "generator, of one core",
    "other processes, of the machine",
    "steal",
    "load average",
    "sent late, p99",
];
/// Conditions that belong to the moment, not to the experiment.
const OF_THE_MOMENT: &[&str] = &["fdatasync_us", "load_before"];

#[derive(Debug, Args)]
pub struct Options {
    /// A result written with --json
    before: PathBuf,
    /// Another of the same scenario
    after: PathBuf,
}

/// One figure of one run.
#[derive(Clone, Debug, PartialEq)]
struct Values {
    name: String,
    unit: String,
    /// Of the rounds that count.
    values: Vec<f64>,
    are_ratios: bool,
}

/// What became of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Noise,
    /// In per cent of what it was.
    Up(f64),
    Down(f64),
}

/// The table.
pub fn run(options: &Options) -> Result<String> {
    let (before, after) = (read(&options.before)?, read(&options.after)?);
    let (old, new) = (&before["scenario"], &after["scenario"]);
    ensure!(old == new, "one is of {old}, the other of {new}");
    let mut out = format!("{}\n", new.as_str().unwrap_or_default());
    for difference in differences(&before["conditions"], &after["conditions"]) {
        let _ = writeln!(out, "  other conditions: {difference}");
    }
    let (before, after) = (figures(&before), figures(&after));
    for (file, figures) in [(&options.before, &before), (&options.after, &after)] {
        if figures.is_empty() {
            let _ = writeln!(out, "  every round of {} is void: it says nothing", file.display());
        }
    }
    let mut noise = 0;
    for old in before {
        let Some(new) = after.iter().find(|new| new.name == old.name) else { continue };
        match judge(&old.values, &new.values) {
            Verdict::Noise => noise += 1,
            verdict => out.push_str(&line(&old, new, verdict)),
        }
    }
    let _ = writeln!(out, "  {noise} figures did not change beyond the noise");
    Ok(out)
}

fn read(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    let value: Value = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    ensure!(value["rounds"].is_array(), "{} is not a result of --json", file.display());
    Ok(value)
}

fn differences(before: &Value, after: &Value) -> Vec<String> {
    let fields = before.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str()));
    fields
        .filter(|(name, old)| after[name.as_str()] != **old)
        .map(|(name, old)| format!("{name} was {old}, now {}", after[name.as_str()]))
        .collect()
}

fn figures(result: &Value) -> Vec<Values> {
    let rounds = result["rounds"].as_array().into_iter().flatten();
    let counted = rounds.filter(|round| round["void"].is_null());
    let mut figures: Vec<Values> = Vec::new();
    for figure in counted.flat_map(|round| round["figures"].as_array().into_iter().flatten()) {
        let text = |field: &str| figure[field].as_str().unwrap_or_default().to_owned();
        let Some(value) = figure["value"].as_f64() else { continue };
        let (name, floor) = (text("name"), figure["floor"].as_f64());
        if SURROUNDINGS.contains(&name.as_str()) {
            continue;
        }
        let value = floor.map_or(value, |floor| value / floor);
        match figures.iter_mut().find(|known| known.name == name) {
            Some(known) => known.values.push(value),
            None => {
                let (unit, values) = (text("unit"), vec![value]);
                figures.push(Values { name, unit, values, are_ratios: floor.is_some() });
            }
        }
    }
    figures
}

fn judge(before: &[f64], after: &[f64]) -> Verdict {
    let (old, new) = (median(before), median(after));
    let percent = 100.0 * (new / old - 1.0);
    let needed = if before.len() > 1 && after.len() > 1 {
        SEVERAL_ROUNDS_PERCENT
    } else {
        ONE_ROUND_PERCENT
    };
    let ((old_least, old_most), (new_least, new_most)) = (spread(before), spread(after));
    let apart = old_most < new_least || new_most < old_least;
    match percent {
        _ if !apart || !percent.is_finite() || percent.abs() < needed => Verdict::Noise,
        up if up > 0.0 => Verdict::Up(up),
        down => Verdict::Down(-down),
    }
}

fn line(old: &Values, new: &Values, verdict: Verdict) -> String {
    let unit = if new.are_ratios { "× floor" } else { new.unit.as_str() };
    let words = match verdict {
        Verdict::Up(percent) => format!("up by {percent:.0} %{}", good(new, true)),
        Verdict::Down(percent) => format!("down by {percent:.0} %{}", good(new, false)),
        Verdict::Noise => "noise".into(),
    };
    let shown = |values: &[f64]| {
        let (least, most) = spread(values);
        format!("{:.2} ({least:.2} to {most:.2})", median(values))
    };
    format!(
        "  {:<44} {words:<22} {} → {} {unit}\n",
        new.name,
        shown(&old.values),
        shown(&new.values)
    )
}

/// Rates should be high; times, bytes and costs low. Of what is only counted nothing is said.
fn good(figure: &Values, is_up: bool) -> &'static str {
    let high_is_good = match figure.unit.as_str() {
        "1/s" => true,
        "µs" | "ms" | "s" | "KiB" | "MiB" | "×" => false,
        _ => return "",
    };
    if high_is_good == is_up { ", better" } else { ", worse" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rounds_that_overlap_are_noise() {
        assert_eq!(judge(&[10.0, 11.0, 12.0], &[11.5, 13.0, 14.0]), Verdict::Noise);
        assert_eq!(judge(&[10.0, 10.0], &[10.0, 10.0]), Verdict::Noise);
    }

    #[test]
    fn rounds_that_lie_apart_are_a_change_unless_it_is_tiny() {
        assert_eq!(
            judge(&[100.0, 101.0], &[120.6, 121.2]),
            Verdict::Up(100.0 * (120.9 / 100.5 - 1.0))
        );
        assert!(matches!(judge(&[120.0, 121.0], &[100.0, 101.0]), Verdict::Down(_)));
        assert_eq!(judge(&[100.0, 100.1], &[101.0, 101.1]), Verdict::Noise);
    }

    #[test]
    fn single_rounds_need_a_large_difference() {
        assert_eq!(judge(&[100.0], &[125.0]), Verdict::Noise);
        assert!(matches!(judge(&[100.0], &[140.0]), Verdict::Up(_)));
    }

    #[test]
    fn nothing_is_said_of_what_was_nothing() {
        assert_eq!(judge(&[0.0, 0.0], &[5.0, 6.0]), Verdict::Noise);
        assert_eq!(judge(&[], &[5.0]), Verdict::Noise);
    }

    #[test]
    fn figures_with_a_floor_are_ratios_and_void_rounds_do_not_count() {
        let figure =
            |value: f64| json!({ "name": "cost", "unit": "µs", "value": value, "floor": 5.0 });
        let result = json!({ "rounds": [
            { "void": null, "figures": [figure(10.0)] },
            { "void": "late", "figures": [figure(500.0)] },
            { "void": null, "figures": [figure(15.0), { "name": "steal", "unit": "%", "value": 1.0 }] },
        ]});
        let expected = Values {
            name: "cost".into(),
            unit: "µs".into(),
            values: vec![2.0, 3.0],
            are_ratios: true,
        };
        assert_eq!(figures(&result), [expected]);
    }

    #[test]
    fn conditions_of_the_moment_are_no_difference() {
        let before = json!({ "rate": 5000, "load_before": 0.1 });
        let after = json!({ "rate": 8000, "load_before": 2.0 });
        assert_eq!(differences(&before, &after), ["rate was 5000, now 8000"]);
    }
}
