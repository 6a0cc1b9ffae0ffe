//! Feature maps that turn or grow with their image, and predictions of particles that turn.

use super::chart::Chart;
use super::{Cloud, GAP, MARGIN, Orbit, SMALL, Strips, WIDTH, capitalised};
use crate::report::symmetry::EquivarianceReport;
use crate::report::symmetry::svg::{Anchor, INK, Pen, Sheet, Type};
use crate::report::symmetry::table::number;

/// An image and the maps of a layer, as the image changes, of a network at some time; gives where the drawing ends.
pub(super) fn strips(sheet: &mut Sheet, strips: &Strips, when: &str, y: f64) -> f64 {
    let left = MARGIN + 150.0;
    let columns = strips.columns.len().max(1) as f64;
    let pitch = (WIDTH - MARGIN - left) / columns;
    let side = pitch - 8.0;
    let title = format!(
        "{} {} with the image, {when}",
        capitalised(&strips.layer),
        strips.change
    );
    sheet.words(MARGIN, y + 8.0, Type::new(13.0, INK).bold(), &title);
    sheet.words(
        WIDTH - MARGIN - 8.0,
        y + 8.0,
        SMALL.at(Anchor::End),
        &strips.explanation,
    );
    let mut y = y + 34.0;
    for (column, change) in strips.columns.iter().enumerate() {
        let x = left + pitch * column as f64 + side / 2.0;
        sheet.words(x, y, SMALL.at(Anchor::Middle), change);
    }
    y += 8.0;
    for row in &strips.rows {
        let middle = y + side / 2.0;
        sheet.words(MARGIN, middle - 2.0, Type::new(12.0, INK), &row.name);
        sheet.words(MARGIN, middle + 14.0, SMALL, &row.detail);
        for (column, tile) in row.tiles.iter().enumerate() {
            sheet.tile([left + pitch * column as f64, y], side, tile);
        }
        y += pitch;
    }
    for (column, error) in strips.errors.iter().enumerate() {
        let x = left + pitch * column as f64 + side / 2.0;
        sheet.words(x, y + 8.0, SMALL.at(Anchor::Middle), &number(*error));
    }
    y + 16.0
}

/// Particles and predictions of them, turned back; gives where the drawing ends.
pub(super) fn clouds(
    sheet: &mut Sheet,
    clouds: &[Cloud],
    report: &EquivarianceReport,
    y: f64,
) -> f64 {
    let turns = clouds.first().map_or(0, |cloud| cloud.turns);
    let example = report.last().answers.example;
    let title =
        format!("Simulation {example}, turned in {turns} steps, predicted, and turned back");
    sheet.words(MARGIN, y + 8.0, Type::new(13.0, INK).bold(), &title);
    let words = "● now   ○ later   + predicted: crosses that lie apart show that the prediction depends on how the simulation is turned";
    sheet.words(MARGIN, y + 28.0, SMALL, words);
    let points = || {
        let orbits = clouds.iter().flat_map(|cloud| &cloud.orbits);
        orbits
            .flat_map(|orbit| {
                [orbit.start, orbit.end]
                    .into_iter()
                    .chain(orbit.predicted.iter().copied())
            })
            .filter(|point| point.iter().all(|c| c.is_finite()))
    };
    let range = |axis: usize| {
        let low = points()
            .map(|point| point[axis])
            .fold(f64::INFINITY, f64::min);
        let high = points()
            .map(|point| point[axis])
            .fold(f64::NEG_INFINITY, f64::max);
        match low <= high {
            true => [low, high],
            false => [-1.0, 1.0],
        }
    };
    let columns = clouds.len().max(1) as f64;
    let width = (WIDTH - 2.0 * MARGIN - GAP * (columns - 1.0)) / columns;
    let (x, up) = (range(0), range(1));
    let [across, upwards] = [x, up].map(|[low, high]| 1.12 * (high - low).max(1e-9));
    let height = (width * upwards / across).clamp(220.0, 420.0);
    // As much space for a unit to the right as upwards.
    let unit = (across / width).max(upwards / height);
    let around = |[low, high]: [f64; 2], length: f64| {
        let middle = (low + high) / 2.0;
        [middle - unit * length / 2.0, middle + unit * length / 2.0]
    };
    for (index, (cloud, (name, _))) in clouds.iter().zip(report.stages()).enumerate() {
        let left = MARGIN + index as f64 * (width + GAP);
        let chart = Chart {
            frame: [left, y + 62.0, width, height],
            x: around(x, width),
            y: around(up, height),
        };
        sheet.words(left, y + 54.0, SMALL.bold(), name);
        sheet.block([left, y + 62.0], [width, height], "#f5f6f8");
        orbits_of(sheet, &chart, &cloud.orbits);
    }
    y + 62.0 + height + 6.0
}

fn orbits_of(sheet: &mut Sheet, chart: &Chart, orbits: &[Orbit]) {
    let at = |[x, y]: [f64; 2]| chart.at(x, y);
    for orbit in orbits {
        let colour = if orbit.positive { "#d0334a" } else { "#2463c4" };
        let (start, end) = (at(orbit.start), at(orbit.end));
        sheet.line(start, end, Pen::new(colour, 1.2).dashed("3 4"));
        sheet.ring(end, 6.0, Pen::new(colour, 1.8));
        sheet.dot(start, 4.0, colour);
        for [x, y] in orbit.predicted.iter().map(|point| at(*point)) {
            if x.is_finite() && y.is_finite() {
                let pen = Pen::new(INK, 0.9);
                sheet.line([x - 3.0, y], [x + 3.0, y], pen);
                sheet.line([x, y - 3.0], [x, y + 3.0], pen);
            }
        }
    }
}
