//! A sheet to draw on, in SVG: words, lines, dots and bitmaps. Charts of [`curves`](crate::report::curves) come from a plotting
//! library; feature maps, whose pixels have to stay pixels, and what stands around them do not fit one.

use std::fmt::Write;

use crate::report::bitmap::Tile;
use crate::report::markup::escaped;

/// Text and axes.
pub const INK: &str = "#1f2933";
/// Text that explains.
pub const SOFT: &str = "#66727f";
/// Lines behind everything.
pub const GRID: &str = "#e6e9ed";
/// The last output.
pub const ACCENT: &str = "#d0334a";

/// Where a word's position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How a word looks.
#[derive(Debug, Clone, Copy)]
pub struct Type {
    pub size: f64,
    pub colour: &'static str,
    pub bold: bool,
    pub anchor: Anchor,
}

impl Type {
    pub const fn new(size: f64, colour: &'static str) -> Self {
        Self {
            size,
            colour,
            bold: false,
            anchor: Anchor::Start,
        }
    }

    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub const fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy)]
pub struct Pen<'a> {
    pub colour: &'a str,
    pub width: f64,
    pub dashes: Option<&'static str>,
}

impl<'a> Pen<'a> {
    pub const fn new(colour: &'a str, width: f64) -> Self {
        Self {
            colour,
            width,
            dashes: None,
        }
    }

    pub const fn dashed(self, dashes: &'static str) -> Self {
        Self {
            dashes: Some(dashes),
            ..self
        }
    }

    fn attributes(&self) -> String {
        let dashes = match self.dashes {
            Some(dashes) => format!(" stroke-dasharray=\"{dashes}\""),
            None => String::new(),
        };
        let Self { colour, width, .. } = self;
        format!("stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}")
    }
}

/// What has been drawn. Writing to a string cannot fail, so nothing here does.
#[derive(Debug, Default)]
pub struct Sheet {
    body: String,
}

impl Sheet {
    pub fn words(&mut self, x: f64, y: f64, style: Type, words: &str) {
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if style.bold {
            " font-weight=\"600\""
        } else {
            ""
        };
        let Type { size, colour, .. } = style;
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{colour}\"{weight}{anchor}>{}</text>",
            escaped(words)
        );
    }

    pub fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], pen: Pen) {
        let _ = writeln!(
            self.body,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {}/>",
            pen.attributes()
        );
    }

    /// A line through points; those that are no numbers interrupt it.
    pub fn path(&mut self, points: impl Iterator<Item = [f64; 2]>, pen: Pen) {
        let mut path = String::new();
        let mut command = 'M';
        for [x, y] in points {
            if x.is_finite() && y.is_finite() {
                let _ = write!(path, "{command}{x:.1} {y:.1}");
                command = 'L';
            } else {
                command = 'M';
            }
        }
        let _ = writeln!(
            self.body,
            "<path d=\"{path}\" fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\" {}/>",
            pen.attributes()
        );
    }

    pub fn dot(&mut self, [x, y]: [f64; 2], radius: f64, colour: &str) {
        let _ = writeln!(
            self.body,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\"/>"
        );
    }

    pub fn ring(&mut self, [x, y]: [f64; 2], radius: f64, pen: Pen) {
        let _ = writeln!(
            self.body,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"#fff\" {}/>",
            pen.attributes()
        );
    }

    pub fn block(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], colour: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"3\" fill=\"{colour}\"/>"
        );
    }

    /// A bitmap whose pixels stay sharp.
    pub fn tile(&mut self, [x, y]: [f64; 2], side: f64, tile: &Tile) {
        let Some(data) = tile.data_uri() else {
            return;
        };
        let _ = writeln!(
            self.body,
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{side:.1}\" height=\"{side:.1}\" \
             style=\"image-rendering:pixelated\" href=\"{data}\"/>"
        );
    }

    /// The whole drawing on white.
    pub fn finish(self, width: f64, height: f64) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"Inter, system-ui, 'Segoe UI', Helvetica, Arial, \
             sans-serif\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{}</svg>\n",
            self.body
        )
    }
}

/// The colour of a layer, from the first (light) to the last (dark); `place` from 0 to 1.
pub fn depth_colour(place: f64) -> String {
    let [r, g, b] = oklch(
        0.80 - 0.48 * place,
        0.11,
        (150.0 + 130.0 * place).to_radians(),
    );
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The colour of a response: as light as it is strong, as colourful as it has a direction, in the hue of the direction.
pub fn response_colour(strength: f64, coherence: f64, direction: f64) -> [u8; 3] {
    let s = strength.clamp(0.0, 1.0).powf(0.7);
    oklch(
        0.16 + 0.72 * s,
        0.17 * s * coherence.clamp(0.0, 1.0),
        direction,
    )
}

/// The colour of a difference, from none (dark) to as large as the largest response.
pub fn difference_colour(size: f64) -> [u8; 3] {
    let s = size.clamp(0.0, 1.0).powf(0.7);
    oklch(0.16 + 0.66 * s, 0.19 * s, 0.75)
}

/// Lightness, chroma and hue (radians) to sRGB. Source: Ottosson 2020, "A perceptual color space for image processing".
fn oklch(lightness: f64, chroma: f64, hue: f64) -> [u8; 3] {
    let (a, b) = (chroma * hue.cos(), chroma * hue.sin());
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    let linear = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ];
    linear.map(|channel| {
        let channel = channel.clamp(0.0, 1.0);
        let encoded = if channel <= 0.003_130_8 {
            12.92 * channel
        } else {
            1.055 * channel.powf(1.0 / 2.4) - 0.055
        };
        (encoded * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_break_the_drawing() {
        let mut sheet = Sheet::default();
        sheet.words(0.0, 0.0, Type::new(10.0, INK), "a<b> & c");
        let svg = sheet.finish(10.0, 10.0);
        assert!(svg.contains("a&lt;b&gt; &amp; c"), "{svg}");
    }

    #[test]
    fn what_has_no_direction_is_grey_and_what_is_stronger_is_lighter() {
        let [weak, strong] = [0.2, 0.9].map(|strength| response_colour(strength, 0.0, 1.0));
        assert!(weak[0].abs_diff(weak[2]) <= 1 && strong[0] > weak[0]);
        let [east, west] = [0.0, 3.0].map(|direction| response_colour(0.8, 1.0, direction));
        assert!(east[0] > east[1] && west[1] > west[0], "{east:?} {west:?}");
    }

    #[test]
    fn a_line_is_interrupted_by_what_is_no_number() {
        let mut sheet = Sheet::default();
        let points = [[0.0, 1.0], [1.0, f64::NAN], [2.0, 3.0]];
        sheet.path(points.into_iter(), Pen::new(INK, 1.0));
        assert!(sheet.body.contains("M0.0 1.0M2.0 3.0"), "{}", sheet.body);
    }
}
