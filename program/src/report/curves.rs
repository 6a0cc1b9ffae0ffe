//! The course of a run as a picture: loss and score over the epochs, training and validation.
//!
//! Values of more than an order of magnitude, as of an error that falls, stand on a logarithmic axis.

use std::path::Path;

use gcnn_train::files::write_atomically;
use gcnn_train::task::metrics::significant;
use gcnn_train::training::run_folder::{EpochRecord, PassRecord};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::ProgramError;

const SIZE: (u32, u32) = (960, 400);
const TRAINING: RGBColor = RGBColor(0x7a, 0x86, 0x95);
const VALIDATION: RGBColor = RGBColor(0x0b, 0x6e, 0xc5);
pub(crate) const GRID: RGBColor = RGBColor(0xe6, 0xe9, 0xed);
pub(crate) const INK: RGBColor = RGBColor(0x33, 0x3a, 0x44);

/// Draws one panel per metric, side by side.
pub fn draw(path: &Path, history: &[EpochRecord], metrics: &[&str]) -> Result<(), ProgramError> {
    write_picture(path, SIZE, |area| paint(area, history, metrics))
}

/// Paints a picture of so many pixels and writes it.
pub(crate) fn write_picture(
    path: &Path,
    size: (u32, u32),
    paint: impl FnOnce(&Area) -> Result<(), String>,
) -> Result<(), ProgramError> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        paint(&area).map_err(|reason| ProgramError::Drawing {
            path: path.to_path_buf(),
            reason,
        })?;
    }
    Ok(write_atomically(path, svg.as_bytes())?)
}

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn paint(area: &Area, history: &[EpochRecord], metrics: &[&str]) -> Result<(), String> {
    let text = |e: DrawingAreaErrorKind<_>| e.to_string();
    area.fill(&WHITE).map_err(text)?;
    let panels = area.split_evenly((1, metrics.len().max(1)));
    for (panel, metric) in panels.iter().zip(metrics) {
        panel_of(panel, history, metric)?;
    }
    area.present().map_err(text)
}

fn panel_of(area: &Area, history: &[EpochRecord], metric: &str) -> Result<(), String> {
    let text = |e: DrawingAreaErrorKind<_>| e.to_string();
    let series = |pass: fn(&EpochRecord) -> &PassRecord| -> Vec<(f64, f64)> {
        history
            .iter()
            .filter_map(|r| {
                let value = *pass(r).measures.get(metric)?;
                value.is_finite().then_some((r.epoch as f64, value))
            })
            .collect()
    };
    let (mut training, mut validation) = (series(|r| &r.training), series(|r| &r.validation));
    let logarithmic = spans_magnitudes(training.iter().chain(&validation));
    if logarithmic {
        for (_, y) in training.iter_mut().chain(&mut validation) {
            *y = y.log10();
        }
    }
    let (low, high) = range(&training, &validation, logarithmic);
    let last = history.last().map_or(1.0, |r| r.epoch as f64).max(2.0);
    let label = |y: &f64| match logarithmic {
        true => significant(10f64.powf(*y)),
        false => tick(*y, high - low),
    };
    let mut chart = over_epochs(area, metric, last, [low, high], &label)?;
    for (points, colour, name) in [
        (training, TRAINING, "training"),
        (validation, VALIDATION, "validation"),
    ] {
        let marks = points.len() <= 40;
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))
            .map_err(text)?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        if marks {
            chart
                .draw_series(points.iter().map(|p| Circle::new(*p, 2, colour.filled())))
                .map_err(text)?;
        }
    }
    let position = if matches!(metric, "loss" | "mse") {
        SeriesLabelPosition::UpperRight
    } else {
        SeriesLabelPosition::LowerRight
    };
    legend(&mut chart, position)
}

/// A chart over the epochs of a run.
pub(crate) type EpochChart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// An empty one with its axes; `label` writes the heights.
pub(crate) fn over_epochs<'a, 'b>(
    area: &'a Area<'b>,
    caption: &str,
    last: f64,
    [low, high]: [f64; 2],
    label: &dyn Fn(&f64) -> String,
) -> Result<EpochChart<'a, 'b>, String> {
    let text = |e: DrawingAreaErrorKind<_>| e.to_string();
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 18).into_font().color(&INK))
        .margin(14)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(1.0..last, low..high)
        .map_err(text)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .max_light_lines(1)
        .bold_line_style(GRID)
        .light_line_style(WHITE)
        .axis_style(INK)
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .x_desc("epoch")
        .x_labels((last as usize).min(10))
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_labels(6)
        .y_label_formatter(label)
        .draw()
        .map_err(text)?;
    Ok(chart)
}

/// Says which line is which.
pub(crate) fn legend<'a, 'b: 'a>(
    chart: &mut EpochChart<'a, 'b>,
    position: SeriesLabelPosition,
) -> Result<(), String> {
    chart
        .configure_series_labels()
        .position(position)
        .label_font(("sans-serif", 13).into_font().color(&INK))
        .background_style(WHITE.mix(0.85))
        .border_style(GRID)
        .draw()
        .map_err(|e: DrawingAreaErrorKind<_>| e.to_string())
}

/// Whether the largest value is more than ten times the smallest.
fn spans_magnitudes<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> bool {
    let (low, high) = points.fold((f64::INFINITY, 0f64), |(low, high), (_, y)| {
        (low.min(*y), high.max(*y))
    });
    low > 0.0 && high > 10.0 * low
}

/// The values' range with a little room around it.
fn range(a: &[(f64, f64)], b: &[(f64, f64)], negative: bool) -> (f64, f64) {
    let values = || a.iter().chain(b).map(|(_, y)| *y);
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return (0.0, 1.0);
    }
    let room = ((high - low) * 0.06).max(1e-3);
    let low = low - room;
    (if negative { low } else { low.max(0.0) }, high + room)
}

/// A value with as many digits as a range needs.
pub(crate) fn tick(value: f64, span: f64) -> String {
    let digits = (2.0 - span.log10()).ceil().clamp(0.0, 300.0) as usize;
    if digits <= 5 || value == 0.0 {
        return format!("{value:.0$}", digits.min(5));
    }
    let before = value.abs().log10().floor() as i32;
    let digits = (digits as i32 + before).max(0) as usize;
    format!("{value:.digits$e}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn record(epoch: usize, loss: f64) -> EpochRecord {
        let pass = PassRecord {
            measures: BTreeMap::from([("loss".into(), loss), ("accuracy".into(), 1.0 - loss)]),
            examples_per_second: 1.0,
        };
        EpochRecord {
            epoch,
            step: epoch as u64,
            learning_rate: 1.0,
            training: pass.clone(),
            validation: pass,
            best: true,
            kernel_sizes: BTreeMap::new(),
            returns: Vec::new(),
            seconds: 1.0,
        }
    }

    #[test]
    fn every_length_of_run_can_be_drawn() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("curves.svg");
        for epochs in [0, 1, 2, 60] {
            let history: Vec<_> = (1..=epochs).map(|e| record(e, 1.0 / e as f64)).collect();
            draw(&path, &history, &["loss", "accuracy"]).expect("a picture");
            let svg = std::fs::read_to_string(&path).expect("the picture");
            for word in ["<svg", "loss", "accuracy", "validation"] {
                assert!(svg.contains(word), "{word} is missing with {epochs} epochs");
            }
        }
    }

    #[test]
    fn an_error_that_falls_far_stands_on_a_logarithmic_axis() {
        let points = |values: [f64; 2]| values.map(|y| (1.0, y));
        assert!(spans_magnitudes(points([0.3, 0.004]).iter()));
        assert!(!spans_magnitudes(points([0.9, 0.5]).iter()));
        assert!(!spans_magnitudes(points([0.0, 0.5]).iter()));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("curves.svg");
        draw(&path, &[record(1, 0.3), record(2, 0.004)], &["loss"]).expect("a picture");
        let svg = std::fs::read_to_string(&path).expect("the picture");
        assert!(svg.contains("0.01"), "{svg}");
    }

    #[test]
    fn ticks_have_the_digits_that_their_range_needs() {
        assert_eq!(tick(0.9123, 0.5), "0.912");
        assert_eq!(tick(812.3, 500.0), "812");
        assert_eq!(tick(0.91234, 0.02), "0.9123");
        assert_eq!(tick(1.234e-6, 1e-6), "1.23e-6");
        assert_eq!(tick(0.0, 1e-6), "0.00000");
    }

    #[test]
    fn values_that_are_no_numbers_are_left_out() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("curves.svg");
        let history = [record(1, f64::NAN), record(2, 0.5)];
        draw(&path, &history, &["loss"]).expect("a picture");
    }
}
