//! Errors against the angle by which the input is turned, a line for each output.

use super::chart::{Chart, HIGHEST, LOWEST, colour, exponent};
use super::{GAP, MARGIN, SMALL, WIDTH};
use crate::report::symmetry::svg::{Pen, SOFT, Sheet};
use crate::report::symmetry::{EquivarianceReport, Stage, Sweep};

/// A chart for each stage, and what its lines are; gives where the next part begins.
pub(super) fn draw(sheet: &mut Sheet, report: &EquivarianceReport, y: f64) -> f64 {
    let (height, left) = (230.0, MARGIN + 36.0);
    let stages = report.stages();
    let columns = stages.len() as f64;
    // Room for the labels between two charts.
    let gap = GAP + 20.0;
    let width = (WIDTH - MARGIN - left - gap * (columns - 1.0)) / columns;
    for (index, (name, stage)) in stages.into_iter().enumerate() {
        let chart = Chart {
            frame: [left + index as f64 * (width + gap), y + 20.0, width, height],
            x: [0.0, 360.0],
            y: [LOWEST, HIGHEST],
        };
        let (examples, unit) = (stage.sweep.examples, &report.subject.unit);
        let title = format!("Error when the input turns, {name}, {examples} {unit}");
        chart.angles(sheet, &title);
        chart.decades(sheet);
        curves_of(sheet, &chart, &stage.sweep);
    }
    legend(sheet, report.last(), [left, y + height + 62.0])
}

fn curves_of(sheet: &mut Sheet, chart: &Chart, sweep: &Sweep) {
    // The last angle is the first.
    let closed = |errors: &[f64]| -> Vec<[f64; 2]> {
        let angles = sweep.degrees.iter().copied().zip(errors.iter().copied());
        let again = errors.first().map(|error| (360.0, *error));
        angles
            .chain(again)
            .map(|(angle, error)| [angle, exponent(error)])
            .collect()
    };
    if let Some(errors) = &sweep.interpolation {
        curve_of(
            sheet,
            chart,
            &closed(errors),
            Pen::new(SOFT, 1.2).dashed("2 4"),
        );
    }
    let count = sweep.outputs.len();
    for (index, output) in sweep.outputs.iter().enumerate() {
        let colour = colour(index, count);
        let width = if index + 1 == count { 2.4 } else { 1.4 };
        curve_of(
            sheet,
            chart,
            &closed(&output.errors),
            Pen::new(&colour, width),
        );
    }
}

/// A line, thin where it falls by orders of magnitude: between two angles it is not known where. What it falls to is a dot.
fn curve_of(sheet: &mut Sheet, chart: &Chart, points: &[[f64; 2]], pen: Pen) {
    let falls = |a: &[f64; 2], b: &[f64; 2]| (a[1] - b[1]).abs() > 2.0;
    let at = |point: &[f64; 2]| chart.at(point[0], point[1]);
    let thin = Pen { width: 0.5, ..pen };
    // A point that is no number interrupts a line.
    let interrupted = |part: &[[f64; 2]]| -> Vec<[f64; 2]> {
        part.iter().map(at).chain([[f64::NAN; 2]]).collect()
    };
    let stretches = || points.chunk_by(|a, b| !falls(a, b));
    let long = stretches().filter(|stretch| stretch.len() > 1);
    sheet.path(long.flat_map(interrupted), pen);
    let pairs = points.windows(2).filter(|pair| falls(&pair[0], &pair[1]));
    sheet.path(pairs.flat_map(interrupted), thin);
    for point in stretches().filter(|stretch| stretch.len() == 1).flatten() {
        if pen.dashes.is_none() {
            sheet.dot(at(point), 0.6 + pen.width, pen.colour);
        }
    }
}

/// What the colours mean, in a row or more.
fn legend(sheet: &mut Sheet, stage: &Stage, [left, mut y]: [f64; 2]) -> f64 {
    let count = stage.sweep.outputs.len();
    let mut x = left;
    let mut entry = |sheet: &mut Sheet, pen: Pen, words: &str| {
        let width = 34.0 + 6.6 * words.chars().count() as f64;
        if x + width > WIDTH - MARGIN {
            (x, y) = (left, y + 18.0);
        }
        sheet.line([x, y - 4.0], [x + 20.0, y - 4.0], pen);
        sheet.words(x + 26.0, y, SMALL, words);
        x += width + 10.0;
    };
    for (index, output) in stage.sweep.outputs.iter().enumerate() {
        let colour = colour(index, count);
        let width = if index + 1 == count { 2.6 } else { 2.0 };
        entry(sheet, Pen::new(&colour, width), &output.name);
    }
    if stage.sweep.interpolation.is_some() {
        let pen = Pen::new(SOFT, 1.4).dashed("2 4");
        entry(sheet, pen, "interpolating the images alone, there and back");
    }
    y + 20.0
}
