//! Pictures from results: latency against load from `relay` at several rates, memory against
//! connections from `growth` or `idle`, memory over time from `mixed`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::Value;

use crate::chart::{Chart, Line};

#[derive(Debug, Args)]
pub struct Options {
    /// Results written with --json
    #[arg(required = true)]
    results: Vec<PathBuf>,
    /// Where latency.svg, memory.svg and soak.svg go, as far as there is something to show
    #[arg(long, default_value = ".")]
    out: PathBuf,
}

/// Writes what can be drawn; which files it wrote.
pub fn run(options: &Options) -> Result<String> {
    std::fs::create_dir_all(&options.out)?;
    let (mut results, mut words) = (Vec::new(), String::new());
    for file in &options.results {
        let result = read(file)?;
        if is_void(&result) {
            words.push_str(&format!("left out {}: every round is void\n", file.display()));
        } else {
            results.push(result);
        }
    }
    let charts =
        [("latency", latency(&results)), ("memory", memory(&results)), ("soak", soak(&results))];
    let before = words.len();
    for (name, chart) in charts {
        let Some(chart) = chart else { continue };
        let file = options.out.join(format!("{name}.svg"));
        std::fs::write(&file, chart.svg()).with_context(|| format!("write {}", file.display()))?;
        words.push_str(&format!("wrote {}\n", file.display()));
    }
    ensure!(
        words.len() > before,
        "{words}nothing to draw: no relay, growth, idle or mixed that counts"
    );
    Ok(words)
}

fn read(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}

fn is_void(result: &Value) -> bool {
    let mut rounds = result["rounds"].as_array().into_iter().flatten();
    rounds.all(|round| !round["void"].is_null())
}

fn of<'a>(results: &'a [Value], scenario: &'a str) -> impl Iterator<Item = &'a Value> {
    results.iter().filter(move |result| result["scenario"] == scenario)
}

/// A figure's middle, or its floor's.
fn figure(result: &Value, name: &str, field: &str) -> Option<f64> {
    let mut summary = result["summary"].as_array()?.iter();
    summary.find(|figure| figure["name"] == name)?[field].as_f64()
}

fn sorted(mut points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

fn latency(results: &[Value]) -> Option<Chart> {
    let line = |label: &str, name: &str, field: &str| {
        let points = of(results, "relay").filter_map(|result| {
            let rate = result["conditions"]["rate"].as_f64()?;
            Some((rate, figure(result, name, field)? / 1e3))
        });
        Line { label: label.into(), points: sorted(points.collect()) }
    };
    let lines = [
        line("p99, durable", "delivered p99", "median"),
        line("p50, durable", "delivered p50", "median"),
        line("floor p99", "delivered p99", "floor"),
        line("floor p50", "delivered p50", "floor"),
    ];
    chart("Visitor to agent, at a fixed rate", ("messages a second", "ms"), lines.into())
}

fn memory(results: &[Value]) -> Option<Chart> {
    let mut lines: Vec<Line> = series(results, "growth").collect();
    let per_file = of(results, "idle").filter_map(|result| {
        let count = result["conditions"]["connections"].as_f64()?;
        Some((count, figure(result, "RSS after", "median")?))
    });
    if lines.is_empty() {
        lines.push(Line { label: "server RSS".into(), points: sorted(per_file.collect()) });
    }
    chart("Memory of the server's process", ("idle connections, each watching", "MiB"), lines)
}

fn soak(results: &[Value]) -> Option<Chart> {
    let in_minutes = |line: Line| Line {
        points: line.points.iter().map(|(at, bytes)| (at / 60.0, bytes / 1_048_576.0)).collect(),
        label: "server RSS".into(),
    };
    let lines: Vec<Line> = series(results, "mixed").map(in_minutes).take(1).collect();
    chart("Memory during a day of mixed work", ("minutes", "MiB"), lines)
}

fn series<'a>(results: &'a [Value], scenario: &'a str) -> impl Iterator<Item = Line> + 'a {
    let all =
        of(results, scenario).flat_map(|result| result["series"].as_array().into_iter().flatten());
    all.map(|one| {
        let points = one["points"].as_array().into_iter().flatten();
        let points = points.filter_map(|point| Some((point[0].as_f64()?, point[1].as_f64()?)));
        Line {
            label: one["name"].as_str().unwrap_or_default().to_owned(),
            points: points.collect(),
        }
    })
}

fn chart(title: &str, (x, y): (&str, &str), lines: Vec<Line>) -> Option<Chart> {
    let lines: Vec<Line> = lines.into_iter().filter(|line| !line.points.is_empty()).collect();
    let chart = Chart { title: title.into(), x: x.into(), y: y.into(), lines };
    (!chart.lines.is_empty()).then_some(chart)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn relay(rate: f64, p99: f64) -> Value {
        let figure = json!({ "name": "delivered p99", "median": p99, "floor": p99 / 2.0 });
        json!({ "scenario": "relay", "conditions": { "rate": rate }, "summary": [figure] })
    }

    #[test]
    fn rates_are_drawn_in_order_whatever_the_order_of_the_files() {
        let chart = latency(&[relay(5000.0, 900.0), relay(1000.0, 400.0)]).expect("two points");
        assert_eq!(chart.lines[0].points, [(1000.0, 0.4), (5000.0, 0.9)]);
        assert_eq!(chart.lines.len(), 2, "no line without points");
    }

    #[test]
    fn there_is_no_chart_of_nothing() {
        assert!(memory(&[relay(1.0, 1.0)]).is_none() && soak(&[]).is_none());
    }
}
