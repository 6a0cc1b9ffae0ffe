//! Images as thumbnails: those that the network is wrong or unsure about, and what it learns from.

use super::html::{self, percent};
use super::said::Said;
use crate::report::bitmap::Tile;
use crate::report::markup::escaped;

/// Pixels of the longer side of a thumbnail.
pub const SIDE: usize = 96;
/// The most pictures of each kind: the page stays small.
pub const WRONG: usize = 14;
/// As above.
pub const UNSURE: usize = 10;
/// As above.
pub const EXAMPLES: usize = 16;

/// A test image and what was said of it.
pub struct Judged {
    /// The image.
    pub tile: Tile,
    /// What was said.
    pub said: Said,
}

/// An image of the training split as the network saw it.
pub struct Example {
    /// The image.
    pub tile: Tile,
    /// Its class.
    pub class: String,
}

/// The section of what went wrong or nearly so.
pub fn mistakes(wrong: &[Judged], unsure: &[Judged]) -> String {
    let mut body = String::new();
    if wrong.is_empty() {
        body.push_str(&html::paragraph(
            "No test image was taken for what it is not.",
        ));
    } else {
        body.push_str("<h3>Wrong, and most sure of it</h3>\n");
        body.push_str(&html::aside(
            "Here a network and its data disagree most: look for wrong labels first.",
        ));
        body.push_str(&grid(wrong.iter().map(of_judged)));
    }
    if !unsure.is_empty() {
        body.push_str("<h3>Least certain</h3>\n");
        body.push_str(&grid(unsure.iter().map(of_judged)));
    }
    html::section("mistakes", "Pictures to look at", &body)
}

/// The section of what the network sees while it learns.
pub fn examples(examples: &[Example], [height, width]: [usize; 2], augmented: bool) -> String {
    let changed = match augmented {
        true => ", after the random motions and changes of colour that [augmentation] asks for",
        false => "; [augmentation] changes nothing",
    };
    let about = format!(
        "Training images at the size of the network's input, {width} × {height} pixels{changed}."
    );
    let figures = examples.iter().map(|example| {
        let caption = format!("<b>{}</b>", escaped(&example.class));
        figure(
            &example.tile,
            &format!("an image of {}", example.class),
            &caption,
        )
    });
    let body = format!("{}{}", html::aside(&about), grid(figures));
    html::section("examples", "What it sees", &body)
}

fn of_judged(judged: &Judged) -> String {
    let Said {
        name,
        truth,
        answer,
        confidence,
        is_right,
        ..
    } = &judged.said;
    let taken = match is_right {
        true => ", recognised".into(),
        false => format!(" taken for <b>{}</b>", escaped(answer)),
    };
    let caption = format!(
        "<b>{}</b>{}<br>{} sure<br><small>{}</small>",
        escaped(truth),
        taken,
        percent(*confidence),
        escaped(name)
    );
    figure(&judged.tile, &format!("{name}, {truth}"), &caption)
}

/// Thumbnails side by side.
pub fn grid(figures: impl Iterator<Item = String>) -> String {
    let figures: String = figures.collect();
    format!("<div class=\"pictures\">\n{figures}</div>\n")
}

/// A thumbnail with its caption. A picture that cannot be written as one is left out, not its caption.
pub fn figure(tile: &Tile, about: &str, caption: &str) -> String {
    let image = tile.data_uri().map_or(String::new(), |data| {
        format!(
            "<img src=\"{data}\" width=\"{}\" height=\"{}\" alt=\"{}\">",
            tile.width,
            tile.height,
            escaped(about)
        )
    });
    format!("<figure>{image}<figcaption>{caption}</figcaption></figure>\n")
}
