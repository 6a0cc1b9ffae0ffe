//! The frame of a small chart, drawn inline: it takes its colours from the page.

use std::fmt::Write;

use gcnn_train::task::metrics::significant;

use crate::report::markup::escaped;

/// Extents of every chart. On a telephone they are its pixels, so that words stay readable.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;

/// A chart that grows. Writing to a string cannot fail, so nothing here does.
pub struct Chart {
    body: String,
    x: [f64; 2],
    y: [f64; 2],
    /// Whether y stands on a logarithmic axis.
    logarithmic: bool,
}

impl Chart {
    /// An empty chart over these ranges; of a logarithmic one both ends of `y` are positive.
    pub fn new(x: [f64; 2], y: [f64; 2], logarithmic: bool) -> Self {
        let widened = |[low, high]: [f64; 2]| match high > low {
            true => [low, high],
            false => [low - 0.5, low + 0.5],
        };
        let y = match logarithmic {
            true => widened(y.map(f64::log10)),
            false => widened(y),
        };
        Self {
            body: String::new(),
            x: widened(x),
            y,
            logarithmic,
        }
    }

    fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let y = if self.logarithmic { y.log10() } else { y };
        let share = |value: f64, [low, high]: [f64; 2]| (value - low) / (high - low);
        [
            LEFT + share(x, self.x) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - share(y, self.y) * (HEIGHT - TOP - BOTTOM),
        ]
    }

    /// Lines at round values of y with their numbers, and an axis with those of x.
    pub fn axes(&mut self, about_x: &str, x: &[f64], y_number: impl Fn(f64) -> String) {
        let bottom = HEIGHT - BOTTOM;
        for y in ticks(self.y, self.logarithmic) {
            let [_, at] = self.place([self.x[0], y]);
            let _ = write!(
                self.body,
                "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 3.5,
                escaped(&y_number(y))
            );
        }
        let _ = write!(
            self.body,
            "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{bottom}\" x2=\"{:.1}\" y2=\"{bottom}\"/>",
            WIDTH - RIGHT
        );
        for x in x {
            let [at, _] = self.place([*x, 1.0]);
            let _ = write!(
                self.body,
                "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 14.0,
                escaped(&plain(*x))
            );
        }
        let _ = write!(
            self.body,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            HEIGHT - 5.0,
            escaped(about_x)
        );
    }

    /// A line through points; those that are no numbers, or not positive on a logarithmic axis, interrupt it.
    pub fn path(&mut self, points: &[[f64; 2]], class: &str) {
        let mut path = String::new();
        let mut command = 'M';
        for point in points {
            let [x, y] = self.place(*point);
            match x.is_finite() && y.is_finite() {
                true => {
                    let _ = write!(path, "{command}{x:.1} {y:.1}");
                    command = 'L';
                }
                false => command = 'M',
            }
        }
        let _ = write!(self.body, "<path class=\"{class}\" d=\"{path}\"/>");
    }

    /// A dot, with words for whoever points at it.
    pub fn dot(&mut self, at: [f64; 2], radius: f64, class: &str, words: &str) {
        let [x, y] = self.place(at);
        if x.is_finite() && y.is_finite() {
            let _ = write!(
                self.body,
                "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"><title>{}</title></circle>",
                escaped(words)
            );
        }
    }

    /// A straight line.
    pub fn line(&mut self, from: [f64; 2], to: [f64; 2], class: &str) {
        let ([x1, y1], [x2, y2]) = (self.place(from), self.place(to));
        let _ = write!(
            self.body,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// A line from the bottom to the top, with words beside its upper end.
    pub fn upright(&mut self, x: f64, words: &str) {
        let [at, _] = self.place([x, 1.0]);
        let (anchor, shift) = match at > WIDTH * 0.6 {
            true => ("end", -4.0),
            false => ("start", 4.0),
        };
        let _ = write!(
            self.body,
            "<line class=\"dash\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            HEIGHT - BOTTOM,
            at + shift,
            TOP + 9.0,
            escaped(words)
        );
    }

    /// A box between two corners, with words for whoever points at it.
    pub fn block(&mut self, from: [f64; 2], to: [f64; 2], class: &str, words: &str) {
        let ([x1, y1], [x2, y2]) = (self.place(from), self.place(to));
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
            x1.min(x2),
            y1.min(y2),
            (x2 - x1).abs(),
            (y2 - y1).abs(),
            escaped(words)
        );
    }

    /// The chart with what it shows in words, for those who do not see it.
    pub fn finish(self, about: &str) -> String {
        format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{}</svg>\n",
            escaped(about),
            self.body
        )
    }
}

/// A number without superfluous zeros.
pub fn plain(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    match rounded == 0.0 && value != 0.0 {
        true => significant(value),
        false => rounded.to_string(),
    }
}

/// A few round numbers in a range; the range of a logarithmic axis is of the exponents.
pub fn ticks([low, high]: [f64; 2], logarithmic: bool) -> Vec<f64> {
    if logarithmic {
        let powers = low.floor() as i32..=high.ceil() as i32;
        let all = |digits: &[f64]| -> Vec<f64> {
            let values = powers
                .clone()
                .flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)));
            values
                .filter(|value| (low - 1e-9..=high + 1e-9).contains(&value.log10()))
                .collect()
        };
        let fine = all(&[1.0, 2.0, 5.0]);
        return if fine.len() <= 7 { fine } else { all(&[1.0]) };
    }
    let rough = (high - low) / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    let step = steps.into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last.min(first + 20))
        .map(|index| index as f64 * step)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(
            ticks([0.0, 1.0], false).map_plain(),
            ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        );
        assert_eq!(
            ticks([0.83, 0.87], false).map_plain(),
            ["0.83", "0.84", "0.85", "0.86", "0.87"]
        );
        assert_eq!(
            ticks([-2.0, 0.0], true).map_plain(),
            ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]
        );
        assert_eq!(ticks([-8.0, 0.0], true).len(), 9);
        assert_eq!(plain(3e-9), "3.000e-9");
    }

    trait MapPlain {
        fn map_plain(self) -> Vec<String>;
    }

    impl MapPlain for Vec<f64> {
        fn map_plain(self) -> Vec<String> {
            self.into_iter().map(plain).collect()
        }
    }

    #[test]
    fn a_chart_of_one_value_has_a_range() {
        let mut chart = Chart::new([1.0, 1.0], [0.3, 0.3], false);
        chart.axes("epoch", &[1.0], plain);
        chart.path(&[[1.0, 0.3], [2.0, f64::NAN]], "first");
        chart.dot([1.0, f64::NAN], 2.0, "first", "nowhere");
        let svg = chart.finish("one \"value\"");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert!(svg.contains("&quot;value&quot;") && !svg.contains("nowhere"));
    }
}
