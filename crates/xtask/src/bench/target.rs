//! What is wanted, and whether it was got.

use std::fmt::Write as _;

use serde_json::Value;

/// One row of the targets that one node can show.
pub struct Target {
    pub what: &'static str,
    /// The run and the figure that show it.
    pub run: &'static str,
    pub figure: &'static str,
    pub wanted: Wanted,
}

/// In the figure's own unit; floors and flushes are those of the same run.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    AtMost(f64),
    AtLeast(f64),
    Between(f64, f64),
    TimesFloor(f64),
    /// So many flushes more.
    AtMostAndFlushes(f64, f64),
    TimesFloorAndFlushes(f64, f64),
}

pub const TARGETS: &[Target] = &[
    row("CPU per durable message, 5,000/s", "relay-5000", COST, Wanted::TimesFloor(2.0)),
    row("CPU per durable message, saturated", "capacity", COST, Wanted::AtMost(30.0)),
    row(
        "relay p50, durable, 5,000/s",
        "relay-5000",
        "delivered p50",
        Wanted::TimesFloorAndFlushes(2.0, 1.5),
    ),
    row(
        "relay p99, durable, 5,000/s",
        "relay-5000",
        "delivered p99",
        Wanted::TimesFloorAndFlushes(3.0, 4.0),
    ),
    row("memory per idle, watching connection", "idle", "RSS per connection", Wanted::AtMost(6.0)),
    row(
        "memory 30 s after a burst, to before",
        "capacity",
        "RSS after a rest, to before",
        Wanted::AtMost(1.1),
    ),
    row("accept to first watch", "accept", "connections per second", Wanted::AtLeast(6000.0)),
    row("CPU per accept", "accept", "server CPU per connection", Wanted::AtMost(100.0)),
    row("storm of 18,000, 99 % back", "storm", "99 % back after", Wanted::AtMost(4.0)),
    row(
        "close to the last of 10",
        "close",
        "to the last of 10 p99",
        Wanted::AtMostAndFlushes(1500.0, 1.0),
    ),
    row(
        "close to the last of 1,000",
        "close",
        "to the last of 1000 p99",
        Wanted::AtMostAndFlushes(12_000.0, 1.0),
    ),
    row(
        "inbox, 50 agents, 2,000 changes/s: writes",
        "inbox",
        "writes to agents",
        Wanted::AtMost(2500.0),
    ),
    row("inbox: age of a change, p99", "inbox", "age of a change p99", Wanted::AtMost(60_000.0)),
    row("durable commits", "commit", "durable commands per second", Wanted::AtLeast(30_000.0)),
    row(
        "growth to 18,000: bytes per connection",
        "growth",
        "RSS per connection, last to first",
        Wanted::Between(0.95, 1.05),
    ),
    row(
        "growth to 18,000: CPU per message",
        "growth",
        "server CPU per message, last to first",
        Wanted::AtMost(1.3),
    ),
    row(
        "1 % stop reading: p99 of the others",
        "slow",
        "p99 of those who read, against all reading",
        Wanted::AtMost(1.1),
    ),
    row(
        "1 % stop reading: memory for each",
        "slow",
        "RSS more, for each who is stuck",
        Wanted::AtMost(1536.0),
    ),
    row("promises broken in mixed work", "mixed", "violations", Wanted::AtMost(0.0)),
    row("promises broken under kill -9", "chaos", "violations", Wanted::AtMost(0.0)),
];

/// Of one message, server time.
const COST: &str = "server CPU per message";

const fn row(
    what: &'static str,
    run: &'static str,
    figure: &'static str,
    wanted: Wanted,
) -> Target {
    Target { what, run, figure, wanted }
}

/// What became of a target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Met,
    /// In per cent of what was wanted.
    MissedBy(f64),
    /// The generator was the bottleneck: nothing can be said.
    Void,
    /// There is no such figure.
    NotMeasured,
    NotRun,
    /// The run ended with a broken promise, or could not run.
    Failed,
}

/// A target beside what was measured.
pub struct Judged {
    pub target: &'static Target,
    /// With its unit.
    measured: Option<(f64, String)>,
    /// What was wanted, once floor and flush are known.
    bound: Option<f64>,
    ratio: Option<f64>,
    pub verdict: Verdict,
    /// Other processes were running.
    is_disturbed: bool,
}

impl Judged {
    /// Nothing was measured.
    pub fn without(target: &'static Target, verdict: Verdict) -> Self {
        Self { target, measured: None, bound: None, ratio: None, verdict, is_disturbed: false }
    }
}

impl Target {
    /// Finds the figure in a result of `loadtest --json`, and judges it.
    pub fn judge(&'static self, result: &Value) -> Judged {
        let figure = list(&result["summary"]).find(|figure| figure["name"] == self.figure);
        let value = figure.and_then(|figure| figure["median"].as_f64());
        let (Some(figure), Some(value)) = (figure, value) else {
            return Judged::without(self, Verdict::NotMeasured);
        };
        let flush = result["conditions"]["fdatasync_us"].as_f64().unwrap_or(0.0);
        let floor = figure["floor"].as_f64();
        let ratio = figure["ratio"].as_f64();
        let is_void = list(&result["rounds"]).all(|round| !round["void"].is_null());
        let unit = figure["unit"].as_str().unwrap_or_default().to_owned();
        Judged {
            target: self,
            measured: Some((value, unit)),
            bound: self.wanted.bound(floor, flush),
            ratio,
            verdict: if is_void {
                Verdict::Void
            } else {
                self.wanted.verdict(value, ratio, floor, flush)
            },
            is_disturbed: list(&result["rounds"]).any(|round| !round["disturbed"].is_null()),
        }
    }
}

impl Wanted {
    /// In the figure's unit, as far as it is one number.
    fn bound(self, floor: Option<f64>, flush: f64) -> Option<f64> {
        match self {
            Self::AtMost(bound) | Self::AtLeast(bound) => Some(bound),
            Self::Between(..) => None,
            Self::TimesFloor(times) => floor.map(|floor| floor * times),
            Self::AtMostAndFlushes(bound, flushes) => Some(bound + flushes * flush),
            Self::TimesFloorAndFlushes(times, flushes) => {
                floor.map(|floor| floor * times + flushes * flush)
            }
        }
    }

    fn verdict(self, value: f64, ratio: Option<f64>, floor: Option<f64>, flush: f64) -> Verdict {
        let above = |value: f64, bound: f64| match value <= bound {
            true => Verdict::Met,
            false => Verdict::MissedBy(100.0 * (value / bound - 1.0)),
        };
        let below = |value: f64, bound: f64| match value >= bound {
            true => Verdict::Met,
            false => Verdict::MissedBy(100.0 * (1.0 - value / bound)),
        };
        match (self, ratio) {
            (Self::AtLeast(bound), _) => below(value, bound),
            (Self::Between(least, _), _) if value < least => below(value, least),
            (Self::Between(_, most), _) => above(value, most),
            // The median of the rounds' ratios says more than the ratio of the medians.
            (Self::TimesFloor(times), Some(ratio)) => above(ratio, times),
            (wanted, _) => match wanted.bound(floor, flush) {
                Some(bound) => above(value, bound),
                None => Verdict::NotMeasured,
            },
        }
    }

    fn words(self, bound: Option<f64>) -> String {
        let bound = bound.map_or(String::new(), |bound| format!(" = {}", digits(bound)));
        let flushes =
            |count: f64| if count == 1.0 { "flush".into() } else { format!("{count} flushes") };
        match self {
            Self::AtMost(most) => format!("≤ {}", digits(most)),
            Self::AtLeast(least) => format!("≥ {}", digits(least)),
            Self::Between(least, most) => format!("{least} to {most}"),
            Self::TimesFloor(times) => format!("≤ {times} × floor"),
            Self::AtMostAndFlushes(most, count) => {
                format!("≤ {} + {}{bound}", digits(most), flushes(count))
            }
            Self::TimesFloorAndFlushes(times, count) => {
                format!("≤ {times} × floor + {}{bound}", flushes(count))
            }
        }
    }
}

/// Four columns and the verdict, as a table in Markdown that is legible as it is.
pub fn table(judged: &[Judged]) -> String {
    let header = ["", "target", "measured", "× floor", "verdict"].map(str::to_owned);
    let mut rows = vec![header];
    rows.extend(judged.iter().map(cells));
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut out = String::new();
    for (nth, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(out, "| {cell:<width$} ");
        }
        out.push_str("|\n");
        if nth == 0 {
            widths.iter().for_each(|width| _ = write!(out, "|{:-<1$}", "", width + 2));
            out.push_str("|\n");
        }
    }
    out
}

fn cells(judged: &Judged) -> [String; 5] {
    let measured = judged.measured.as_ref();
    let measured =
        measured.map(|(value, unit)| format!("{} {unit}", digits(*value)).trim().to_owned());
    let disturbed = if judged.is_disturbed { ", disturbed" } else { "" };
    let verdict = match judged.verdict {
        Verdict::Met => format!("met{disturbed}"),
        Verdict::MissedBy(percent) => format!("missed by {percent:.0} %{disturbed}"),
        Verdict::Void => "void".into(),
        Verdict::NotMeasured => "not measured".into(),
        Verdict::NotRun => "not run".into(),
        Verdict::Failed => "FAILED".into(),
    };
    [
        judged.target.what.to_owned(),
        judged.target.wanted.words(judged.bound),
        measured.unwrap_or_default(),
        judged.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}")),
        verdict,
    ]
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// As many digits as are worth reading.
pub fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests;
