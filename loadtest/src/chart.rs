//! A line chart as SVG: a scale for each axis, a grid, and a label at the end of every line.
//!
//! It is legible on a light page and on a dark one, and needs no script, font or style sheet.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 56.0;
/// Strong enough on white and on near-black, and apart for people who see few colours.
const COLOURS: [&str; 4] = ["#2f6fde", "#d9730d", "#1a936f", "#a64ac9"];
const GREY: &str = "#8a8f98";
/// Labels at the ends of lines are moved apart to this distance.
const LABEL_HEIGHT: f64 = 16.0;

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    pub label: String,
    pub points: Vec<(f64, f64)>,
}

/// A chart.
#[derive(Clone, Debug)]
pub struct Chart {
    pub title: String,
    pub x: String,
    pub y: String,
    pub lines: Vec<Line>,
}

/// From values to pixels, from 0 to a round number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    most: f64,
    step: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Holds `most` with about `steps` steps of 1, 2 or 5 times a power of ten.
    fn to_hold(most: f64, steps: f64, (from, to): (f64, f64)) -> Self {
        let rough = (if most > 0.0 { most } else { 1.0 }) / steps;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|nice| nice * power);
        let step = step.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(10.0 * power);
        Self { most: (most / step).ceil().max(1.0) * step, step, from, to }
    }

    fn at(&self, value: f64) -> f64 {
        self.from + (self.to - self.from) * value / self.most
    }

    fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        let count = (self.most / self.step).round() as u32;
        (0..=count).map(|nth| f64::from(nth) * self.step)
    }
}

impl Chart {
    /// The file.
    pub fn svg(&self) -> String {
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let most = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(0.0, f64::max);
        let x = Scale::to_hold(most(|point| point.0), 6.0, (LEFT, WIDTH - RIGHT));
        let y = Scale::to_hold(most(|point| point.1), 5.0, (HEIGHT - BOTTOM, TOP));
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"{GREY}\" role=\"img\" \
             aria-label=\"{}\">\n",
            escaped(&self.title)
        );
        self.frame(&mut out, x, y);
        self.draw(&mut out, x, y);
        out.push_str("</svg>\n");
        out
    }

    fn frame(&self, out: &mut String, x: Scale, y: Scale) {
        let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
        let _ = writeln!(
            out,
            "<text x=\"{LEFT}\" y=\"28\" font-size=\"17\" font-weight=\"600\">{}</text>\n\
             <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
             <text x=\"{LEFT}\" y=\"{}\" text-anchor=\"end\" dx=\"-8\">{}</text>",
            escaped(&self.title),
            HEIGHT - 12.0,
            escaped(&self.x),
            TOP - 10.0,
            escaped(&self.y),
        );
        for tick in y.ticks() {
            let (height, words) = (y.at(tick), number(tick));
            let _ = writeln!(
                out,
                "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{height:.1}\" y2=\"{height:.1}\" stroke=\"{GREY}\" \
                 stroke-opacity=\"0.25\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{words}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                height + 4.0
            );
        }
        for tick in x.ticks() {
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                x.at(tick),
                HEIGHT - BOTTOM + 20.0,
                number(tick)
            );
        }
    }

    fn draw(&self, out: &mut String, x: Scale, y: Scale) {
        let ends = self.lines.iter().map(|line| line.points.last().map_or(0.0, |end| y.at(end.1)));
        let labels = apart(&ends.collect::<Vec<f64>>());
        for ((nth, line), height) in self.lines.iter().enumerate().zip(labels) {
            let colour = COLOURS[nth % COLOURS.len()];
            let place = |point: &(f64, f64)| format!("{:.1},{:.1}", x.at(point.0), y.at(point.1));
            let points: Vec<String> = line.points.iter().map(place).collect();
            let _ = writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.2\" \
                 stroke-linejoin=\"round\"/>",
                points.join(" ")
            );
            // With many points the line is enough.
            for point in line.points.iter().filter(|_| line.points.len() <= 30) {
                let (cx, cy) = (x.at(point.0), y.at(point.1));
                let _ = writeln!(
                    out,
                    "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3.4\" fill=\"{colour}\"/>"
                );
            }
            let end = line.points.last().map_or(LEFT, |end| x.at(end.0));
            let _ = writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>",
                end + 9.0,
                height + 4.0,
                escaped(&line.label)
            );
        }
    }
}

/// The same heights, moved so that no label covers another.
fn apart(heights: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let (mut moved, mut lowest) = (heights.to_vec(), f64::NEG_INFINITY);
    for place in order {
        moved[place] = moved[place].max(lowest + LABEL_HEIGHT);
        lowest = moved[place];
    }
    moved
}

/// 12,000 and 0.5.
fn number(value: f64) -> String {
    if value < 10.0 && value.fract() != 0.0 {
        let text = format!("{value:.3}");
        return text.trim_end_matches('0').to_owned();
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_holds_everything_in_round_steps() {
        for (most, step, top) in [(18_000.0, 5_000.0, 20_000.0), (7.3, 2.0, 8.0), (0.31, 0.1, 0.4)]
        {
            let scale = Scale::to_hold(most, 5.0, (0.0, 100.0));
            assert!(
                (scale.step - step).abs() < 1e-9 && (scale.most - top).abs() < 1e-9,
                "{scale:?}"
            );
            assert!(scale.at(most) <= 100.0 && scale.at(0.0) == 0.0);
            assert_eq!(scale.ticks().last().map(|tick| (tick - top).abs() < 1e-9), Some(true));
        }
    }

    #[test]
    fn a_scale_of_nothing_is_a_scale() {
        assert_eq!(Scale::to_hold(0.0, 5.0, (0.0, 1.0)).at(0.0), 0.0);
    }

    #[test]
    fn labels_do_not_cover_each_other() {
        assert_eq!(apart(&[100.0, 20.0, 102.0]), [100.0, 20.0, 116.0]);
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!(
            ["0", "0.5", "7", "12,000", "1,000,000"].map(String::from),
            [0.0, 0.5, 7.0, 12e3, 1e6].map(number)
        );
    }

    #[test]
    fn a_chart_shows_every_point_and_escapes_words() {
        let line = Line { label: "a < b".into(), points: vec![(0.0, 1.0), (10.0, 5.0)] };
        let chart =
            Chart { title: "t & u".into(), x: "x".into(), y: "y".into(), lines: vec![line] };
        let svg = chart.svg();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("a &lt; b") && svg.contains("t &amp; u") && !svg.contains("NaN"));
    }
}
