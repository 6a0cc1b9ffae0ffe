//! Bringing a picture to a size: stretched, in the middle of a ground of one colour, or its middle alone.
//!
//! ```text
//! resize   the whole picture: H = h, W = w
//! pad      in a ground:       W = max(w, h a),  H = max(h, w / a)
//! crop     its middle:        W = min(w, h a),  H = min(h, w / a)         a the aspect ratio of the target, width / height
//!
//! target(y, x) = Σ_i Σ_j k((i − y′) / s_y) k((j − x′) / s_x) shaped(i, j),   k(t) = max(0, 1 − |t|), weights of sum 1
//! ```
//!
//! with `shaped` of H × W pixels, y′ = (y + ½) s − ½ and s the scale of an axis, at least 1: an average over the source pixels
//! under a target pixel when it shrinks, linear interpolation when it grows. What the ground adds to a sum is its colour times
//! the weights that fall on it, so that it is never made, and memory is that of the picture and the target, however long and
//! thin the picture is. Without a ground the sums are those of `image::imageops::resize` with its triangle filter, to the bit.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Picture;
use super::stretch::Curve;

/// How a picture of another shape is brought to a size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Both axes are scaled to the size, each by its own factor: circles may become ellipses.
    Resize,
    /// The longer side is scaled to the size, and the rest filled with the mean colour of the picture's border: nothing is lost
    /// and shapes stay.
    #[default]
    Pad,
    /// The shorter side is scaled to the size, and the middle cut out: shapes stay, the ends of the longer side are lost.
    Crop,
}

impl Fit {
    /// The rows and columns that become the target: more than the picture has where it stands in a ground, fewer where it is
    /// cut.
    fn extents(self, [height, width]: [usize; 2], target: [usize; 2]) -> [usize; 2] {
        let aspect = target[1] as f64 / target[0] as f64;
        let as_wide = (height as f64 * aspect).round() as usize;
        let as_high = (width as f64 / aspect).round() as usize;
        match self {
            Self::Resize => [height, width],
            Self::Pad => [as_high.max(height), as_wide.max(width)],
            Self::Crop => [as_high.clamp(1, height), as_wide.clamp(1, width)],
        }
    }
}

/// An axis of the picture.
#[derive(Debug, Clone, Copy)]
struct Axis {
    /// The first pixel of the picture that counts.
    first: usize,
    /// How many of them count.
    own: usize,
    /// Pixels of the ground before them.
    before: usize,
    /// Pixels of both.
    shaped: usize,
    /// Pixels of the target.
    target: usize,
}

/// What a target pixel is made of, along an axis.
struct Taps {
    /// The weight of the ground before the picture and behind it.
    ground: [f32; 2],
    /// The first pixel of the picture that counts.
    first: usize,
    /// The weights of pixels of the picture.
    weights: Vec<f32>,
}

impl Axis {
    fn new(picture: usize, shaped: usize, target: usize) -> Self {
        let own = picture.min(shaped);
        Self {
            first: (picture - own) / 2,
            own,
            before: (shaped - own) / 2,
            shaped,
            target,
        }
    }

    fn taps(&self, place: usize) -> Taps {
        let ratio = self.shaped as f32 / self.target as f32;
        let scale = ratio.max(1.0);
        let middle = (place as f32 + 0.5) * ratio;
        let last = self.shaped as i64;
        let left = ((middle - scale).floor() as i64).clamp(0, last - 1);
        let right = ((middle + scale).ceil() as i64).clamp(left + 1, last);
        let middle = middle - 0.5;
        let weight = |pixel: i64| (1.0 - ((pixel as f32 - middle) / scale).abs()).max(0.0);
        let sum: f32 = (left..right).map(weight).sum();
        let (start, end) = (self.before as i64, (self.before + self.own) as i64);
        let ground =
            |pixels: Range<i64>| -> f32 { pixels.map(|pixel| weight(pixel) / sum).sum::<f32>() };
        let first = left.max(start);
        Taps {
            ground: [ground(left..right.min(start)), ground(left.max(end)..right)],
            first: self.first + (first - start) as usize,
            weights: (first..right.min(end)).map(|p| weight(p) / sum).collect(),
        }
    }
}

/// The picture in `[height, width]`: `[channels, height, width]`, with a curve for its values and a colour for its ground.
pub(super) fn resized(
    picture: &Picture,
    [height, width]: [usize; 2],
    fit: Fit,
    curve: Curve,
    ground: &[f32],
) -> Vec<f32> {
    let ([own_height, own_width], channels) = (picture.size(), picture.channels());
    let [rows, columns] = fit.extents(picture.size(), [height, width]);
    let down = Axis::new(own_height, rows, height);
    let across = Axis::new(own_width, columns, width);
    let across: Vec<Taps> = (0..width).map(|place| across.taps(place)).collect();

    let row_len = own_width * channels;
    let mut resized = vec![0.0; channels * height * width];
    let mut sums = vec![0.0f32; row_len];
    for row in 0..height {
        let taps = down.taps(row);
        let [before, behind] = taps.ground;
        for (place, sum) in sums.iter_mut().enumerate() {
            *sum = before * ground[place % channels];
        }
        let mut inside = 0.0;
        for (number, weight) in taps.weights.iter().enumerate() {
            inside += weight;
            let start = (taps.first + number) * row_len;
            let values = picture.samples().values(start..start + row_len);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += curve.at(value) * weight;
            }
        }
        for (place, sum) in sums.iter_mut().enumerate() {
            *sum += behind * ground[place % channels];
        }
        for channel in 0..channels {
            // A column of the ground alone.
            let beside = (before + inside + behind) * ground[channel];
            for (column, taps) in across.iter().enumerate() {
                let mut sum = taps.ground[0] * beside;
                for (number, weight) in taps.weights.iter().enumerate() {
                    sum += sums[(taps.first + number) * channels + channel] * weight;
                }
                sum += taps.ground[1] * beside;
                resized[(channel * height + row) * width + column] = sum.clamp(0.0, 1.0);
            }
        }
    }
    resized
}

#[cfg(test)]
mod tests;
