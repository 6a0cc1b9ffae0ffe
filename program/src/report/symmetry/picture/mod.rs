//! The report as one SVG sheet.
//!
//! ```text
//! error against angle, a line per layer       before training | after training
//! error of every element, a dot per layer     | one example's answers against its angle
//! maps that turn or grow with the image       or, for particles: predictions of turned simulations, turned back
//! ```

mod chart;
mod details;
mod scenes;
mod sweeps;

use super::EquivarianceReport;
use super::svg::{INK, SOFT, Sheet, Type};
use super::table::verdict;
use crate::report::bitmap::Tile;

/// What only a picture shows.
#[derive(Debug, Clone)]
pub enum Scene {
    /// An image and the maps of a layer, turned.
    Strips(Strips),
    /// Particles, and predictions of them from many sides, before and after training.
    Clouds(Vec<Cloud>),
}

/// Maps that change with an image.
#[derive(Debug, Clone, Default)]
pub struct Strips {
    /// The layer whose maps they are.
    pub layer: String,
    /// What the image does: `turning`, `growing`.
    pub change: &'static str,
    /// How to read the maps.
    pub explanation: String,
    /// By how much, for each column.
    pub columns: Vec<String>,
    /// What is shown of each change.
    pub rows: Vec<Strip>,
    /// The norm of the difference of each change, relative.
    pub errors: Vec<f64>,
    /// The image at every 45°, for the axis of its answers.
    pub thumbnails: Vec<Tile>,
}

/// A row of pictures, one for each change.
#[derive(Debug, Clone)]
pub struct Strip {
    /// What they are.
    pub name: String,
    /// And more of that.
    pub detail: String,
    /// The pictures.
    pub tiles: Vec<Tile>,
}

impl Strip {
    /// Name, detail, pictures.
    pub fn of((name, detail, tiles): (&str, &str, Vec<Tile>)) -> Self {
        Self {
            name: name.into(),
            detail: detail.into(),
            tiles,
        }
    }
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
const SMALL: Type = Type::new(11.0, SOFT);

/// Draws the report with its scene.
pub fn draw(report: &EquivarianceReport, scene: &Scene) -> String {
    let mut sheet = Sheet::default();
    let mut y = header(&mut sheet, report);
    y = sweeps::draw(&mut sheet, report, y);
    y = details::draw(&mut sheet, report, scene, y);
    y = match scene {
        Scene::Strips(strips) => scenes::strips(&mut sheet, strips, report.last_title(), y),
        Scene::Clouds(clouds) => scenes::clouds(&mut sheet, clouds, report, y),
    };
    sheet.finish(WIDTH, y + 24.0)
}

/// Draws nothing but maps that turn with their image.
pub fn draw_maps(strips: &Strips, when: &str) -> String {
    let mut sheet = Sheet::default();
    let y = scenes::strips(&mut sheet, strips, when, 24.0);
    sheet.finish(WIDTH, y + 12.0)
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

fn capitalised(words: &str) -> String {
    let mut rest = words.chars();
    let first = rest.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + rest.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_wrapped_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable", 3), ["unbreakable"]);
    }
}
