//! What a run has found: figures by round, a table for people, JSON for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::meter::Reading;
use crate::stats::{Latencies, median, spread};

/// More than this, in per cent of the machine, disturbs.
const OTHERS_PERCENT_MAX: f64 = 2.0;
const STEAL_PERCENT_MAX: f64 = 0.5;

/// One figure of one round.
#[derive(Clone, Debug)]
pub struct Figure {
    pub name: String,
    pub unit: &'static str,
    pub value: f64,
    /// The same of the bare relay, in the same round.
    pub floor: Option<f64>,
    /// In words.
    pub target: &'static str,
}

/// What was measured at one go.
#[derive(Clone, Debug, Default)]
pub struct Round {
    pub figures: Vec<Figure>,
    /// Why it does not count.
    pub void: Option<String>,
    /// Why it should be looked at with care: the machine was not quiet.
    pub disturbed: Option<String>,
}

/// All rounds of one scenario.
#[derive(Debug)]
pub struct Report {
    pub scenario: &'static str,
    /// Under which conditions, for the JSON and the head of the table.
    pub conditions: Value,
    pub rounds: Vec<Round>,
    /// Figures over time or size, for the JSON and for plots.
    pub series: Vec<Series>,
    /// Why the run fails although it came to its end.
    pub failed: Option<String>,
}

/// How one figure runs.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: &'static str,
    pub points: Vec<(f64, f64)>,
}

impl Round {
    /// Adds a figure.
    pub fn add(&mut self, name: impl Into<String>, unit: &'static str, value: f64) -> &mut Figure {
        let name = name.into();
        self.figures.push(Figure { name, unit, value, floor: None, target: "" });
        // It was pushed a line before.
        self.figures.last_mut().expect("not empty")
    }

    /// Adds p50 to max, in µs.
    pub fn add_latencies(&mut self, name: &str, latencies: &Latencies, floor: Option<&Latencies>) {
        for (label, percent) in [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)] {
            let figure = self.add(format!("{name} {label}"), "µs", latencies.us(percent));
            figure.floor = floor.map(|floor| floor.us(percent));
        }
        let figure = self.add(format!("{name} max"), "µs", latencies.max_us());
        figure.floor = floor.map(Latencies::max_us);
    }

    /// Adds the server's time for each of `count`, and which of its threads spent it.
    pub fn add_cost(&mut self, each: &str, reading: &Reading, count: u64) -> &mut Figure {
        let place = self.figures.len();
        let us = |time: std::time::Duration| time.as_secs_f64() * 1e6 / count.max(1) as f64;
        self.add(format!("server CPU per {each}"), "µs", us(reading.server.total()));
        self.add("  of it user", "µs", us(reading.server.user));
        for (name, time) in reading.threads.iter().filter(|(_, time)| us(**time) >= 0.05) {
            self.add(format!("  of it {name}"), "µs", us(*time));
        }
        &mut self.figures[place]
    }

    /// Adds how quiet the machine was and what the generator took.
    pub fn add_surroundings(&mut self, reading: &Reading) {
        let Reading { others, steal, .. } = *reading;
        if others > OTHERS_PERCENT_MAX || steal > STEAL_PERCENT_MAX {
            let words =
                format!("other processes took {others:.0} % of the machine, the host {steal:.1} %");
            self.disturbed = Some(words);
        }
        let share =
            |time: std::time::Duration| 100.0 * time.as_secs_f64() / reading.took.as_secs_f64();
        self.add("server, of one core", "%", share(reading.server.total()));
        if !reading.neighbours.total().is_zero() {
            let neighbours = share(reading.neighbours.total());
            self.add("PostgreSQL and Redis, of one core", "%", neighbours);
        }
        self.add("generator, of one core", "%", share(reading.generator.total()));
        self.add("other processes, of the machine", "%", reading.others);
        self.add("steal", "%", reading.steal);
        self.add("load average", "", reading.load);
    }

    /// Says what a figure should be.
    pub fn target(&mut self, name: &str, target: &'static str) {
        if let Some(figure) = self.figures.iter_mut().find(|figure| figure.name == name) {
            figure.target = target;
        }
    }
}

impl Report {
    pub fn new(scenario: &'static str, conditions: Value, rounds: Vec<Round>) -> Self {
        Self { scenario, conditions, rounds, series: Vec::new(), failed: None }
    }

    /// Whether any round counts.
    pub fn counts(&self) -> bool {
        self.rounds.iter().any(|round| round.void.is_none())
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut out = format!("\n{}  {}\n", self.scenario, self.conditions);
        let header = ["", "median", "least", "most", "floor", "× floor", "target"];
        let mut rows = vec![header.map(str::to_owned)];
        rows.extend(self.lines().iter().map(Line::cells));
        let width =
            |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..header.len()).map(width).collect();
        for row in &rows {
            let _ = write!(out, "  {:<w$}", row[0], w = widths[0]);
            for column in 1..header.len() - 1 {
                let _ = write!(out, "  {:>w$}", row[column], w = widths[column]);
            }
            let _ = writeln!(out, "  {}", row[header.len() - 1]);
        }
        for (nth, round) in self.rounds.iter().enumerate() {
            if let Some(why) = &round.void {
                let _ = writeln!(out, "  round {} is void: {why}", nth + 1);
            }
        }
        for (nth, round) in self.rounds.iter().enumerate() {
            if let Some(why) = &round.disturbed {
                let _ = writeln!(out, "  round {} was disturbed: {why}", nth + 1);
            }
        }
        if !self.counts() {
            out.push_str("  EVERY ROUND IS VOID. The figures above only help to find out why.\n");
        }
        out
    }

    /// The same for machines, with every round.
    pub fn json(&self) -> Value {
        let rounds: Vec<Value> = self
            .rounds
            .iter()
            .map(|round| json!({ "void": round.void, "disturbed": round.disturbed, "figures": round.figures.iter().map(one).collect::<Vec<_>>() }))
            .collect();
        let summary: Vec<Value> = self.lines().iter().map(Line::json).collect();
        let series: Vec<Value> = self
            .series
            .iter()
            .map(|one| json!({ "name": one.name, "points": one.points }))
            .collect();
        json!({
            "scenario": self.scenario, "conditions": self.conditions, "summary": summary,
            "rounds": rounds, "series": series, "failed": self.failed,
        })
    }

    fn lines(&self) -> Vec<Line> {
        let counts = |round: &&Round| round.void.is_none() || !self.counts();
        let counted: Vec<&Round> = self.rounds.iter().filter(counts).collect();
        let Some(first) = counted.first() else { return Vec::new() };
        let of = |name: &str| -> Vec<&Figure> {
            let all = counted.iter().flat_map(|round| &round.figures);
            all.filter(|figure| figure.name == name).collect()
        };
        first.figures.iter().map(|figure| Line::of(figure, &of(&figure.name))).collect()
    }
}

/// One figure over all rounds.
struct Line {
    name: String,
    unit: &'static str,
    median: f64,
    spread: (f64, f64),
    floor: Option<f64>,
    /// The median of the rounds' ratios, not the ratio of the medians.
    ratio: Option<f64>,
    target: &'static str,
}

impl Line {
    fn of(first: &Figure, all: &[&Figure]) -> Self {
        let values: Vec<f64> = all.iter().map(|figure| figure.value).collect();
        let floors: Vec<f64> = all.iter().filter_map(|figure| figure.floor).collect();
        let ratios: Vec<f64> = all
            .iter()
            .filter_map(|figure| figure.floor.map(|floor| figure.value / floor))
            .collect();
        Self {
            name: first.name.clone(),
            unit: first.unit,
            median: median(&values),
            spread: spread(&values),
            floor: (!floors.is_empty()).then(|| median(&floors)),
            ratio: (!ratios.is_empty()).then(|| median(&ratios)),
            target: first.target,
        }
    }

    fn cells(&self) -> [String; 7] {
        let optional = |value: Option<f64>| value.map_or(String::new(), digits);
        let name = if self.unit.is_empty() {
            self.name.clone()
        } else {
            format!("{} [{}]", self.name, self.unit)
        };
        let (least, most) = self.spread;
        let ratio = self.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let target = self.target.to_owned();
        [
            name,
            digits(self.median),
            digits(least),
            digits(most),
            optional(self.floor),
            ratio,
            target,
        ]
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "unit": self.unit, "median": self.median, "least": self.spread.0,
            "most": self.spread.1, "floor": self.floor, "ratio": self.ratio, "target": self.target,
        })
    }
}

fn one(figure: &Figure) -> Value {
    json!({ "name": figure.name, "unit": figure.unit, "value": figure.value, "floor": figure.floor })
}

/// As many digits as are worth reading.
fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(value: f64, floor: f64, void: Option<&str>) -> Round {
        let mut round = Round { void: void.map(str::to_owned), ..Round::default() };
        round.add("cost", "µs", value).floor = Some(floor);
        round
    }

    #[test]
    fn void_rounds_are_named_and_left_out() {
        let rounds =
            vec![round(10.0, 5.0, None), round(900.0, 5.0, Some("late")), round(30.0, 10.0, None)];
        let report = Report::new("relay", json!({}), rounds);
        assert!(report.counts());
        let line = &report.json()["summary"][0];
        assert_eq!((line["median"].as_f64(), line["most"].as_f64()), (Some(20.0), Some(30.0)));
        assert_eq!(line["ratio"], 2.5, "the median of the ratios");
        assert!(report.table().contains("round 2 is void: late"));
    }

    #[test]
    fn a_report_without_a_round_that_counts_says_so() {
        let report = Report::new("relay", json!({}), vec![round(1.0, 1.0, Some("late"))]);
        assert!(!report.counts());
    }
}
