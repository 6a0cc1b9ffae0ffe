//! Errors of every element, a dot for each output; and beside them what the network says about one example that is turned.

use gcnn_train::task::equivariance::{Standing, Survey};

use super::chart::{Chart, HIGHEST, LOWEST, colour, exponent, power_of_ten};
use super::{GAP, MARGIN, SMALL, Scene, WIDTH, capitalised};
use crate::report::bitmap::Tile;
use crate::report::symmetry::EquivarianceReport;
use crate::report::symmetry::svg::{Anchor, GRID, INK, Pen, Sheet, Type};

/// Elements of one standing that are drawn.
const MOST_ROWS: usize = 8;
/// Lines that answers are drawn with.
const CLASSES: [&str; 10] = [
    "#2463c4", "#d0334a", "#1f9d6b", "#b8730a", "#7b3fb3", "#12899e", "#c2418f", "#5b6b1f",
    "#6b4a3a", "#4a5568",
];

/// Both side by side; gives where the next part begins.
pub(super) fn draw(sheet: &mut Sheet, report: &EquivarianceReport, scene: &Scene, y: f64) -> f64 {
    let half = (WIDTH - 2.0 * MARGIN - GAP) / 2.0;
    let below = elements_of(sheet, report, [MARGIN, y + 20.0], half);
    let right = MARGIN + half + GAP + 36.0;
    let height = (below - y - 54.0).clamp(170.0, 300.0);
    answers_of(
        sheet,
        report,
        scene,
        [right, y + 20.0, WIDTH - MARGIN - 76.0 - right, height],
    );
    below.max(y + 20.0 + height + 50.0)
}

/// A row per element, a dot per output: rings of the first stage, discs of the second.
fn elements_of(
    sheet: &mut Sheet,
    report: &EquivarianceReport,
    [left, top]: [f64; 2],
    width: f64,
) -> f64 {
    sheet.words(
        left,
        top - 12.0,
        Type::new(13.0, INK).bold(),
        "Error of every element, a dot per layer",
    );
    if report.after.is_some() {
        let x = left + width;
        sheet.words(
            x,
            top - 12.0,
            SMALL.at(Anchor::End),
            &format!("○ {}   ● after", report.beginning.title()),
        );
    }
    let axis = Chart {
        frame: [left + 206.0, top, width - 206.0, 0.0],
        x: [LOWEST, HIGHEST],
        y: [0.0, 1.0],
    };
    let survey = &report.last().survey;
    let mut y = top + 8.0;
    let mut rows = Vec::new();
    for standing in Standing::ALL {
        let title = standing.title();
        let members =
            || (0..survey.elements.len()).filter(|&e| survey.elements[e].standing == standing);
        let more = members().count().saturating_sub(MOST_ROWS);
        if members().next().is_none() {
            continue;
        }
        let more = match more {
            0 => String::new(),
            more => format!(", {more} more in the table"),
        };
        sheet.words(left, y + 4.0, SMALL.bold(), &format!("{title}{more}"));
        y += 19.0;
        for element in members().take(MOST_ROWS) {
            rows.push((y, element));
            y += 19.0;
        }
        y += 5.0;
    }
    let bottom = y - 8.0;
    for exponent in (LOWEST as i32..=0).filter(|e| e % 2 == 0) {
        let [x, _] = axis.at(f64::from(exponent), 0.0);
        sheet.line([x, top], [x, bottom], Pen::new(GRID, 1.0));
        sheet.words(
            x,
            bottom + 16.0,
            SMALL.at(Anchor::Middle),
            &power_of_ten(exponent),
        );
    }
    for (y, element) in rows {
        sheet.words(
            left,
            y + 4.0,
            Type::new(11.0, INK),
            &survey.elements[element].name,
        );
        if report.after.is_some() {
            dots_of(sheet, &axis, &report.before.survey, element, y - 3.5, false);
            dots_of(sheet, &axis, survey, element, y + 3.5, true);
        } else {
            dots_of(sheet, &axis, survey, element, y, false);
        }
    }
    bottom + 34.0
}

fn dots_of(sheet: &mut Sheet, axis: &Chart, survey: &Survey, element: usize, y: f64, filled: bool) {
    let count = survey.outputs.len();
    for (index, output) in survey.outputs.iter().enumerate() {
        let [x, _] = axis.at(exponent(output.errors[element]), 0.0);
        if !x.is_finite() {
            continue;
        }
        let radius = if index + 1 == count { 4.0 } else { 3.0 };
        let colour = colour(index, count);
        match filled {
            true => sheet.dot([x, y], radius, &colour),
            false => sheet.ring([x, y], radius - 0.5, Pen::new(&colour, 1.2)),
        }
    }
}

fn answers_of(sheet: &mut Sheet, report: &EquivarianceReport, scene: &Scene, frame: [f64; 4]) {
    let answers = &report.last().answers;
    let thumbnails: &[Tile] = match scene {
        Scene::Strips(strips) => &strips.thumbnails,
        Scene::Clouds(_) => &[],
    };
    let room = if thumbnails.is_empty() { 0.0 } else { 34.0 };
    let [left, top, width, height] = frame;
    let values = || {
        answers
            .curves
            .iter()
            .flat_map(|curve| curve.values.iter().copied())
    };
    let y = match answers.are_shares {
        true => [-0.03, 1.03],
        false => {
            let low = values().fold(f64::INFINITY, f64::min);
            let high = values().fold(f64::NEG_INFINITY, f64::max);
            // Differences far below what is predicted are not blown up.
            let pad = (0.25 * (high - low))
                .max(0.05 * high.abs().max(low.abs()))
                .max(1e-6);
            match low.is_finite() && high.is_finite() {
                true => [low - pad, high + pad],
                false => [0.0, 1.0],
            }
        }
    };
    let chart = Chart {
        frame: [left, top + room, width, height - room],
        x: [0.0, 360.0],
        y,
    };
    let title = format!("{}, {}", capitalised(&answers.about), report.last_title());
    sheet.words(left, top - 12.0, Type::new(13.0, INK).bold(), &title);
    chart.angles(sheet, "");
    let ticks = match answers.are_shares {
        true => [0.0, 0.25, 0.5, 0.75, 1.0],
        false => [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| y[0] + (y[1] - y[0]) * share),
    };
    for value in ticks {
        let [x, at] = chart.at(0.0, value);
        sheet.line([x, at], [x + width, at], Pen::new(GRID, 1.0));
        sheet.words(
            x - 8.0,
            at + 4.0,
            SMALL.at(Anchor::End),
            &format!("{value:.2}"),
        );
    }
    for (index, tile) in thumbnails.iter().enumerate() {
        let [x, _] = chart.at(45.0 * index as f64, y[0]);
        sheet.tile([x - 13.0, top + 2.0], 26.0, tile);
    }
    // Only what matters somewhere has a line, and a name at its end.
    let matters = |values: &[f64]| values.iter().any(|value| value.abs() > 0.05);
    let shown = answers.curves.iter();
    let shown = shown.filter(|curve| !answers.are_shares || matters(&curve.values));
    let mut ends: Vec<(f64, &str, &'static str)> = Vec::new();
    for (index, curve) in shown.enumerate() {
        let colour = CLASSES[index % CLASSES.len()];
        let points = answers.degrees.iter().zip(&curve.values);
        sheet.path(
            points.map(|(angle, value)| chart.at(*angle, *value)),
            Pen::new(colour, 2.0),
        );
        if let Some(last) = curve.values.last() {
            ends.push((chart.at(360.0, *last)[1], &curve.name, colour));
        }
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let bottom = top + height;
    let mut free = top + room;
    for (rank, (y, name, colour)) in ends.iter().enumerate() {
        let after = (ends.len() - 1 - rank) as f64;
        let y = y.max(free).min(bottom - 13.0 * after);
        let style = Type::new(11.0, colour).bold();
        sheet.words(left + width + 8.0, y + 4.0, style, name);
        free = y + 13.0;
    }
}
