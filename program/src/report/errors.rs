//! Numbers as a network says them against what they are, as a picture: a panel for each number, a dot for each test image.
//!
//! Of labels the panel shows how probable each is said to be of images that have it and of images that don't.

use std::path::Path;

use gcnn_datasets::TargetKind;
use gcnn_train::task::metrics::significant;
use gcnn_train::task::targets::TargetPredictions;
use gcnn_train::task::targets::measures::{AUC, MAE, R2};
use plotters::prelude::*;

use super::curves::{Area, GRID, INK, tick, write_picture};
use crate::ProgramError;

/// What the picture is called in a run folder.
pub const FILE: &str = "errors.svg";

/// Panels of a row, and of the whole picture.
const COLUMNS: usize = 3;
const MOST: usize = 12;
/// Dots of a panel: more cannot be told apart.
const DOTS: usize = 2_000;
/// Pixels of a panel.
const SIDE: [u32; 2] = [420, 400];

const DOT: RGBColor = RGBColor(0x0b, 0x6e, 0xc5);

/// Truths and answers of a target, at most so many, evenly spread over the examples.
pub fn pairs(predictions: &TargetPredictions, at: usize, most: usize) -> Vec<[f64; 2]> {
    let width = predictions.names().len();
    let truths = predictions.truths().iter().skip(at).step_by(width);
    let answers = predictions.answers().iter().skip(at).step_by(width);
    let pairs = truths
        .zip(answers)
        .map(|(truth, answer)| [*truth, *answer].map(f64::from));
    let known: Vec<[f64; 2]> = pairs
        .filter(|pair| pair.iter().all(|v| v.is_finite()))
        .collect();
    let shown = known.len().min(most);
    (0..shown)
        .map(|number| known[number * known.len() / shown])
        .collect()
}

/// The range of both, with a little room around it.
pub fn range(pairs: &[[f64; 2]]) -> [f64; 2] {
    let values = || pairs.iter().flatten().copied();
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return [0.0, 1.0];
    }
    let room = (0.05 * (high - low))
        .max(1e-6 * high.abs().max(low.abs()))
        .max(1e-9);
    [low - room, high + room]
}

/// Draws a panel for each target.
///
/// # Errors
/// Where the file cannot be written.
pub fn draw(path: &Path, predictions: &TargetPredictions) -> Result<(), ProgramError> {
    let count = predictions.names().len().min(MOST);
    let (columns, rows) = (count.min(COLUMNS), count.div_ceil(COLUMNS));
    let size = (SIDE[0] * columns as u32, SIDE[1] * rows as u32);
    write_picture(path, size, |area| {
        let text = |e: DrawingAreaErrorKind<_>| e.to_string();
        area.fill(&WHITE).map_err(text)?;
        for (at, panel) in area
            .split_evenly((rows, columns))
            .iter()
            .take(count)
            .enumerate()
        {
            panel_of(panel, predictions, at)?;
        }
        area.present().map_err(text)
    })
}

fn panel_of(area: &Area, predictions: &TargetPredictions, at: usize) -> Result<(), String> {
    let text = |e: DrawingAreaErrorKind<_>| e.to_string();
    let (judged, name) = (predictions.judged(), &predictions.names()[at]);
    let value = |measure| significant(judged.figure(measure, at).value);
    let mut points = pairs(predictions, at, DOTS);
    let is_label = predictions.kind() == TargetKind::Labels;
    let (title, x, y, axes) = match is_label {
        true => (
            format!("{name}: AUC {}", value(AUC)),
            "0: without it, 1: with it",
            "predicted probability",
            [[-0.5, 1.5], [-0.03, 1.03]],
        ),
        false => {
            let title = format!("{name}: R² {}, MAE {}", value(R2), value(MAE));
            (title, "true", "predicted", [range(&points); 2])
        }
    };
    if is_label {
        // Side by side in place of one upon the other.
        for (number, [truth, _]) in points.iter_mut().enumerate() {
            *truth += 0.3 * ((number * 37 % 101) as f64 / 50.0 - 1.0);
        }
    }
    let [[left, right], [low, high]] = axes;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16).into_font().color(&INK))
        .margin(14)
        .x_label_area_size(36)
        .y_label_area_size(60)
        .build_cartesian_2d(left..right, low..high)
        .map_err(text)?;
    chart
        .configure_mesh()
        .max_light_lines(1)
        .bold_line_style(GRID)
        .light_line_style(WHITE)
        .axis_style(INK)
        .label_style(("sans-serif", 12).into_font().color(&INK))
        .x_desc(x)
        .y_desc(y)
        .x_labels(if is_label { 2 } else { 5 })
        .y_labels(5)
        .x_label_formatter(&|x| tick(*x, right - left))
        .y_label_formatter(&|y| tick(*y, high - low))
        .draw()
        .map_err(text)?;
    if !is_label {
        let line = [(left, low), (right, high)];
        chart
            .draw_series(LineSeries::new(line, INK.stroke_width(1)))
            .map_err(text)?;
    }
    let dots = points.iter();
    let dots =
        dots.map(|[truth, answer]| Circle::new((*truth, *answer), 3, DOT.mix(0.55).filled()));
    chart.draw_series(dots).map(|_| ()).map_err(text)
}

#[cfg(test)]
mod tests {
    use gcnn_datasets::Split;

    use super::*;

    #[test]
    fn every_kind_and_count_can_be_drawn() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path().join(FILE);
        for (kind, count) in [
            (TargetKind::Numbers, 1),
            (TargetKind::Numbers, 5),
            (TargetKind::Numbers, 40),
            (TargetKind::Labels, 2),
        ] {
            let names: Vec<String> = (0..count).map(|at| format!("n{at} <&>")).collect();
            let truths: Vec<f32> = (0..10 * count).map(|i| (i / count % 2) as f32).collect();
            let mut answers = truths.clone();
            answers[0] = 0.25;
            let found = TargetPredictions::new(Split::Test, kind, names, truths, answers);
            draw(&path, &found.expect("answers")).expect("a picture");
            let svg = std::fs::read_to_string(&path).expect("the picture");
            assert!(
                svg.contains("<svg") && svg.contains("n0 &lt;&amp;&gt;"),
                "{svg}"
            );
            assert!(!svg.contains("NaN"));
        }
        // Nothing known of any, and one value.
        assert_eq!(range(&[]), [0.0, 1.0]);
        let [low, high] = range(&[[3.0, 3.0]]);
        assert!(low < 3.0 && high > 3.0);
    }
}
