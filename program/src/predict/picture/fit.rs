//! Resizing a picture into the middle of a ground of one colour, without making the ground.
//!
//! ```text
//! padded extents    W = max(w, h a),  H = max(h, w / a),   a the aspect ratio of the target
//! target(y, x)      Σ_i Σ_j k((i − y′) / s_y) k((j − x′) / s_x) padded(i, j),   k(t) = max(0, 1 − |t|), weights of sum 1
//! ```
//!
//! with y′ = (y + ½) s − ½ and s the scale of an axis, at least 1: an average over the source pixels under a target pixel when
//! it shrinks, linear interpolation when it grows. What the ground adds to a sum is its colour times the weights that fall on
//! it, so that memory is that of the picture and the target, however long and thin the picture is. Without padding the sums
//! are those of `image::imageops::resize` with its triangle filter, to the bit.

use gcnn_datasets::Picture;

/// An axis of the picture in its ground.
#[derive(Debug, Clone, Copy)]
struct Axis {
    /// Pixels of the picture.
    own: usize,
    /// Pixels of the ground before them.
    before: usize,
    /// Pixels of both.
    padded: usize,
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
    fn new(own: usize, padded: usize, target: usize) -> Self {
        let padded = padded.max(own);
        Self {
            own,
            before: (padded - own) / 2,
            padded,
            target,
        }
    }

    fn taps(&self, place: usize) -> Taps {
        let ratio = self.padded as f32 / self.target as f32;
        let scale = ratio.max(1.0);
        let middle = (place as f32 + 0.5) * ratio;
        let last = self.padded as i64;
        let left = ((middle - scale).floor() as i64).clamp(0, last - 1);
        let right = ((middle + scale).ceil() as i64).clamp(left + 1, last);
        let middle = middle - 0.5;
        let weight = |pixel: i64| (1.0 - ((pixel as f32 - middle) / scale).abs()).max(0.0);
        let sum: f32 = (left..right).map(weight).sum();
        let (start, end) = (self.before as i64, (self.before + self.own) as i64);
        let ground = |pixels: std::ops::Range<i64>| -> f32 {
            pixels.map(|pixel| weight(pixel) / sum).sum::<f32>()
        };
        let first = left.max(start);
        Taps {
            ground: [ground(left..right.min(start)), ground(left.max(end)..right)],
            first: (first - start) as usize,
            weights: (first..right.min(end)).map(|p| weight(p) / sum).collect(),
        }
    }
}

/// A picture in the middle of a ground of a colour, resized to `[height, width]`: `[channels, height, width]`.
pub(super) fn fit(picture: &Picture, [height, width]: [usize; 2], ground: &[f32]) -> Vec<f32> {
    let ([own_height, own_width], channels) = (picture.size(), picture.channels());
    let aspect = width as f64 / height as f64;
    let padded_width = (own_height as f64 * aspect).round() as usize;
    let padded_height = (own_width as f64 / aspect).round() as usize;
    let down = Axis::new(own_height, padded_height, height);
    let across = Axis::new(own_width, padded_width, width);
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
                *sum += value * weight;
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
