//! The report as one SVG sheet.
//!
//! ```text
//! error against angle, a line per layer       before training | after training
//! error of every element, a dot per layer     | one example's answers against its angle
//! maps that turn with the image, and back     or, for particles: predictions of turned simulations, turned back
//! ```

use super::svg::{ACCENT, Anchor, GRID, INK, Pen, SOFT, Sheet, Type, depth_colour};
use super::table::{number, verdict};
use super::{EquivarianceReport, Stage, Standing, Survey, Sweep};

/// What only a picture shows.
#[derive(Debug, Clone)]
pub enum Scene {
    /// An image and the maps of a layer, turned.
    Strips(Strips),
    /// Particles, and predictions of them from many sides, before and after training.
    Clouds(Vec<Cloud>),
}

/// A small bitmap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tile {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue of every pixel, row by row.
    pub rgb: Vec<u8>,
}

/// Maps that turn with an image.
#[derive(Debug, Clone, Default)]
pub struct Strips {
    /// The layer whose maps they are.
    pub layer: String,
    /// The field of the layer, counted from 0.
    pub field: usize,
    /// Directions that the field tells apart.
    pub orientations: usize,
    /// The angles.
    pub degrees: Vec<f64>,
    /// The turned images.
    pub images: Vec<Tile>,
    /// What the field says of them.
    pub maps: Vec<Tile>,
    /// The same, turned back.
    pub turned_back: Vec<Tile>,
    /// How far that is from the first.
    pub differences: Vec<Tile>,
    /// Its norm, relative to the first.
    pub errors: Vec<f64>,
    /// The image at every 45°, for the axis of its answers.
    pub thumbnails: Vec<Tile>,
}

/// A simulation seen along the axis that it is turned about.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// How many turns there are.
    pub turns: usize,
    /// The particles.
    pub orbits: Vec<Orbit>,
}

/// A particle of a [`Cloud`].
#[derive(Debug, Clone)]
pub struct Orbit {
    /// Where it is.
    pub start: [f64; 2],
    /// Where it will be.
    pub end: [f64; 2],
    /// Where it is predicted to be, of each turn, turned back.
    pub predicted: Vec<[f64; 2]>,
    /// Whether its charge is positive.
    pub positive: bool,
}

const WIDTH: f64 = 1080.0;
const MARGIN: f64 = 40.0;
const GAP: f64 = 44.0;
/// Exponents of the error axis: single precision rounds at 10⁻⁷.
const LOWEST: f64 = -8.0;
const HIGHEST: f64 = 0.5;
/// Elements of one standing that are drawn.
const MOST_ROWS: usize = 8;
/// Lines that answers are drawn with.
const CLASSES: [&str; 10] = [
    "#2463c4", "#d0334a", "#1f9d6b", "#b8730a", "#7b3fb3", "#12899e", "#c2418f", "#5b6b1f",
    "#6b4a3a", "#4a5568",
];
const SMALL: Type = Type::new(11.0, SOFT);

/// Draws the report.
pub fn draw(report: &EquivarianceReport) -> String {
    let mut sheet = Sheet::default();
    let mut y = header(&mut sheet, report);
    y = sweeps(&mut sheet, report, y);
    y = details(&mut sheet, report, y);
    y = match &report.scene {
        Scene::Strips(strips) => strips_of(&mut sheet, strips, report, y),
        Scene::Clouds(clouds) => clouds_of(&mut sheet, clouds, report, y),
    };
    sheet.finish(WIDTH, y + 24.0)
}

fn header(sheet: &mut Sheet, report: &EquivarianceReport) -> f64 {
    let subject = &report.subject;
    let title = format!("Does it turn with its input? {}", subject.network);
    sheet.words(MARGIN, 46.0, Type::new(22.0, INK).bold(), &title);
    let about = format!(
        "{} · {} {}, {}",
        subject.source, subject.examples, subject.unit, subject.data
    );
    sheet.words(MARGIN, 68.0, SMALL, &about);
    let mut y = 94.0;
    for line in verdict(report) {
        for line in wrapped(&line, 145) {
            sheet.words(MARGIN, y, Type::new(13.0, INK), &line);
            y += 18.0;
        }
    }
    y + 14.0
}

/// Words in lines of at most so many characters, where words allow.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > most {
            lines.push(word.to_string());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}

/// A place on the sheet with coordinates of its own.
struct Chart {
    /// Left, top, width, height.
    frame: [f64; 4],
    x: [f64; 2],
    y: [f64; 2],
}

impl Chart {
    fn at(&self, x: f64, y: f64) -> [f64; 2] {
        let [left, top, width, height] = self.frame;
        let share = |value: f64, [low, high]: [f64; 2]| (value - low) / (high - low);
        [
            left + width * share(x, self.x),
            top + height * (1.0 - share(y, self.y)),
        ]
    }

    /// Title, and an axis of angles.
    fn angles(&self, sheet: &mut Sheet, title: &str) {
        let [left, top, _, height] = self.frame;
        sheet.words(left, top - 12.0, Type::new(13.0, INK).bold(), title);
        for quarter in 0..=8 {
            let degrees = 45.0 * f64::from(quarter);
            let [x, _] = self.at(degrees, self.y[0]);
            let pen = Pen::new(GRID, 1.0);
            sheet.line([x, top], [x, top + height], pen);
            sheet.words(
                x,
                top + height + 16.0,
                SMALL.at(Anchor::Middle),
                &format!("{degrees}°"),
            );
        }
    }

    /// An axis of powers of ten.
    fn decades(&self, sheet: &mut Sheet) {
        let [left, _, width, _] = self.frame;
        for exponent in (LOWEST as i32..=HIGHEST as i32).filter(|e| e % 2 == 0) {
            let [_, y] = self.at(self.x[0], f64::from(exponent));
            sheet.line([left, y], [left + width, y], Pen::new(GRID, 1.0));
            sheet.words(
                left - 8.0,
                y + 4.0,
                SMALL.at(Anchor::End),
                &power_of_ten(exponent),
            );
        }
    }
}

/// `1`, `10⁻⁶`.
fn power_of_ten(exponent: i32) -> String {
    if exponent == 0 {
        return "1".into();
    }
    let digits = exponent.to_string();
    let raised = digits.chars().map(|c| match c.to_digit(10) {
        Some(digit) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize],
        None => '⁻',
    });
    format!("10{}", raised.collect::<String>())
}

/// The exponent of an error, inside the axis.
fn exponent(error: f64) -> f64 {
    match error {
        0.0 => LOWEST,
        _ => error.log10().clamp(LOWEST, HIGHEST),
    }
}

/// The colour of output `index` of `count`.
fn colour(index: usize, count: usize) -> String {
    match index + 1 == count {
        true => ACCENT.into(),
        false => depth_colour(index as f64 / (count.max(3) - 2) as f64),
    }
}

fn sweeps(sheet: &mut Sheet, report: &EquivarianceReport, y: f64) -> f64 {
    let (height, left) = (230.0, MARGIN + 36.0);
    let stages = report.stages();
    let columns = stages.len() as f64;
    let width = (WIDTH - MARGIN - left - GAP * (columns - 1.0)) / columns;
    for (index, (name, stage)) in stages.into_iter().enumerate() {
        let chart = Chart {
            frame: [left + index as f64 * (width + GAP), y + 20.0, width, height],
            x: [0.0, 360.0],
            y: [LOWEST, HIGHEST],
        };
        chart.angles(sheet, &format!("Error when the input turns, {name}"));
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
    for stretch in points.chunk_by(|a, b| !falls(a, b)) {
        if stretch.len() > 1 {
            sheet.path(stretch.iter().map(at), pen);
        } else if pen.dashes.is_none() {
            stretch
                .iter()
                .for_each(|point| sheet.dot(at(point), 0.6 + pen.width, pen.colour));
        }
    }
    for pair in points.windows(2).filter(|pair| falls(&pair[0], &pair[1])) {
        sheet.path(pair.iter().map(at), thin);
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

fn details(sheet: &mut Sheet, report: &EquivarianceReport, y: f64) -> f64 {
    let half = (WIDTH - 2.0 * MARGIN - GAP) / 2.0;
    let below = elements_of(sheet, report, [MARGIN, y + 20.0], half);
    let right = MARGIN + half + GAP + 36.0;
    let height = (below - y - 54.0).clamp(170.0, 300.0);
    answers_of(
        sheet,
        report,
        [right, y + 20.0, WIDTH - MARGIN - 76.0 - right, height],
    );
    below.max(y + 20.0 + height + 50.0)
}

/// A row per element, a dot per output: rings before training, discs after it.
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
            "○ before training   ● after",
        );
    }
    let axis = Chart {
        frame: [left + 190.0, top, width - 190.0, 0.0],
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

fn answers_of(sheet: &mut Sheet, report: &EquivarianceReport, frame: [f64; 4]) {
    let answers = &report.last().answers;
    let thumbnails: &[Tile] = match &report.scene {
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
    let y = match &report.scene {
        Scene::Strips(_) => [-0.03, 1.03],
        Scene::Clouds(_) => {
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
    let when = if report.after.is_some() {
        "after training"
    } else {
        "before training"
    };
    let title = format!("{}, {when}", capitalised(&answers.about));
    sheet.words(left, top - 12.0, Type::new(13.0, INK).bold(), &title);
    chart.angles(sheet, "");
    let ticks = match &report.scene {
        Scene::Strips(_) => [0.0, 0.25, 0.5, 0.75, 1.0],
        Scene::Clouds(_) => [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| y[0] + (y[1] - y[0]) * share),
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
    let shown = answers.curves.iter().filter(|curve| match &report.scene {
        Scene::Strips(_) => matters(&curve.values),
        Scene::Clouds(_) => true,
    });
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

fn capitalised(words: &str) -> String {
    let mut rest = words.chars();
    let first = rest.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + rest.as_str()
}

fn strips_of(sheet: &mut Sheet, strips: &Strips, report: &EquivarianceReport, y: f64) -> f64 {
    let left = MARGIN + 150.0;
    let columns = strips.degrees.len().max(1) as f64;
    let pitch = (WIDTH - MARGIN - left) / columns;
    let side = pitch - 8.0;
    let when = if report.after.is_some() {
        "after training"
    } else {
        "before training"
    };
    let title = format!(
        "{} turning with the image, {when}",
        capitalised(&strips.layer)
    );
    sheet.words(MARGIN, y + 8.0, Type::new(13.0, INK).bold(), &title);
    let explanation = match strips.orientations {
        0 | 1 => format!("field {}, lighter where it responds more", strips.field),
        n => format!(
            "field {}: lighter where it responds more, the hue says in which of its {n} orientations",
            strips.field
        ),
    };
    sheet.words(
        WIDTH - MARGIN - 8.0,
        y + 8.0,
        SMALL.at(Anchor::End),
        &explanation,
    );
    let mut y = y + 34.0;
    for (column, degrees) in strips.degrees.iter().enumerate() {
        let x = left + pitch * column as f64 + side / 2.0;
        sheet.words(x, y, SMALL.at(Anchor::Middle), &format!("{degrees}°"));
    }
    y += 8.0;
    let rows = [
        ("the image", "turned", &strips.images),
        ("the map", "of the turned image", &strips.maps),
        ("the map", "turned back", &strips.turned_back),
        ("difference", "to the map at 0°", &strips.differences),
    ];
    for (first, second, tiles) in rows {
        sheet.words(MARGIN, y + side / 2.0 - 2.0, Type::new(12.0, INK), first);
        sheet.words(MARGIN, y + side / 2.0 + 14.0, SMALL, second);
        for (column, tile) in tiles.iter().enumerate() {
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

fn clouds_of(sheet: &mut Sheet, clouds: &[Cloud], report: &EquivarianceReport, y: f64) -> f64 {
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
    let [width, height] = [
        (WIDTH - 2.0 * MARGIN - GAP * (columns - 1.0)) / columns,
        420.0,
    ];
    // As much space for a unit to the right as upwards.
    let (x, up) = (range(0), range(1));
    let unit = ((x[1] - x[0]) / width)
        .max((up[1] - up[0]) / height)
        .max(1e-9)
        * 1.12;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_wrapped_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable", 3), ["unbreakable"]);
    }

    #[test]
    fn powers_of_ten_are_raised() {
        assert_eq!(power_of_ten(-6), "10⁻⁶");
        assert_eq!(power_of_ten(0), "1");
    }

    #[test]
    fn errors_stay_on_their_axis() {
        assert_eq!(exponent(0.0), LOWEST);
        assert_eq!(exponent(1e9), HIGHEST);
        assert!((exponent(1e-3) + 3.0).abs() < 1e-12);
        assert!(exponent(f64::NAN).is_nan());
    }
}
