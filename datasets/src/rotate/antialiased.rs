//! Motions that shrink: the image is smoothed as far as it is made smaller, in the same resampling.
//!
//! ```text
//! (L_g f)(x) = Σ_j f(j) k_x(j − q) k_y(j − q) / Z,    q = g⁻¹ x,    Z the sum of the weights over the whole lattice
//! k_a(t) = k(s_a t)                                  s_a = min(1, scale along axis a)
//! ```
//!
//! with k Keys' cubic kernel for a = −1/2, as [`transform`](super::transform) has it. The kernel is stretched by 1/s, so
//! that as seen in the moved image it always reaches over the same 4 × 4 pixels and passes what those can show:
//! frequencies above half a cycle per pixel of the moved image are weakened instead of folded back. Where nothing shrinks
//! this is the bicubic interpolation of [`transform`](super::transform). Weights are those that image libraries call
//! antialiased bicubic. Outside the image is 0, and overshoots are cut to the image's own range.

use super::{AffineMap, range};

/// Moves an image `[channels, height, width]`, smoothed as far as it shrinks, into `moved`, which must be as long. Its time does
/// not grow as the factor shrinks: what lies outside the image is not summed.
///
/// # Panics
/// Panics if the lengths don't agree.
pub fn transform_antialiased(
    image: &[f32],
    [channels, height, width]: [usize; 3],
    motion: AffineMap,
    moved: &mut [f32],
) {
    assert_eq!(
        image.len(),
        channels * height * width,
        "an image of {channels} × {height} × {width}"
    );
    assert_eq!(moved.len(), image.len(), "room for the moved image");
    if motion.is_identity() {
        return moved.copy_from_slice(image);
    }
    let plane = height * width;
    let centre = [(width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0];
    let ranges: Vec<[f32; 2]> = image.chunks_exact(plane.max(1)).map(range).collect();
    let scales = motion.scale.map(|scale| scale.min(1.0));
    let [mut columns, mut rows] = [Taps::default(), Taps::default()];
    for row in 0..height {
        for column in 0..width {
            let [x, y] = motion.inverse(column as f64 - centre[0], centre[1] - row as f64);
            columns.set(x + centre[0], scales[0], width);
            rows.set(centre[1] - y, scales[1], height);
            for channel in 0..channels {
                let pixels = &image[channel * plane..(channel + 1) * plane];
                let mut sum = 0.0;
                for (down, weight) in rows.weights.iter().enumerate() {
                    let start = (rows.first + down) * width + columns.first;
                    let line = &pixels[start..start + columns.weights.len()];
                    let across = line.iter().zip(&columns.weights);
                    sum += weight * across.map(|(pixel, weight)| pixel * weight).sum::<f32>();
                }
                let [low, high] = ranges[channel];
                moved[channel * plane + row * width + column] = sum.clamp(low, high);
            }
        }
    }
}

/// The pixels of an axis that a point is made of: those inside the image.
#[derive(Default)]
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Taps {
    /// Those around `point`, for an axis of so many pixels that is scaled by `scale`, at most 1.
    fn set(&mut self, point: f64, scale: f64, extent: usize) {
        self.weights.clear();
        self.first = 0;
        let reach = 2.0 / scale;
        // A point that far outside sees nothing of the image; its place may not even be a whole number that fits.
        if !(point > -reach && point < extent as f64 - 1.0 + reach) {
            return;
        }
        let (start, end) = (
            (point - reach).floor() as i64,
            (point + reach).ceil() as i64,
        );
        let mut sum = 0.0;
        for place in start..=end {
            let weight = keys(scale * (place as f64 - point));
            sum += weight;
            if (0..extent as i64).contains(&place) {
                if self.weights.is_empty() {
                    self.first = place as usize;
                }
                self.weights.push(weight as f32);
            }
        }
        self.weights
            .iter_mut()
            .for_each(|weight| *weight /= sum as f32);
    }
}

/// Keys' cubic kernel, a = −1/2.
fn keys(t: f64) -> f64 {
    let t = t.abs();
    if t <= 1.0 {
        (1.5 * t - 2.5) * t * t + 1.0
    } else if t < 2.0 {
        ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotate::{Fill, Interpolation, transform};

    fn moved(image: &[f32], shape: [usize; 3], motion: AffineMap) -> Vec<f32> {
        let mut out = vec![f32::NAN; image.len()];
        transform_antialiased(image, shape, motion, &mut out);
        out
    }

    fn scaled(factor: f64) -> AffineMap {
        AffineMap::rotation(0.0).with_scale([factor; 2])
    }

    #[test]
    fn where_nothing_shrinks_it_is_bicubic_interpolation() {
        let image: Vec<f32> = (0..2 * 9 * 7)
            .map(|i| (i * 37 % 101) as f32 / 101.0)
            .collect();
        for motion in [
            AffineMap::rotation(0.4),
            scaled(1.7).with_shift([0.3, -1.1]),
            AffineMap::quarter_turns(2).with_mirror(true),
        ] {
            let mut plain = vec![0.0; image.len()];
            let fill = Fill::Black;
            transform(
                &image,
                [2, 9, 7],
                motion,
                Interpolation::Bicubic,
                fill,
                &mut plain,
            );
            for (one, other) in moved(&image, [2, 9, 7], motion).iter().zip(plain) {
                assert!((one - other).abs() < 1e-6, "{one} and {other}");
            }
        }
    }

    #[test]
    fn quarter_turns_are_exact() {
        let image = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        let turned = [3.0, 6.0, 9.0, 2.0, 5.0, 8.0, 1.0, 4.0, 7.0];
        assert_eq!(
            moved(&image, [1, 3, 3], AffineMap::quarter_turns(1)),
            turned
        );
        // Scaling commutes with them.
        let small: Vec<f32> = moved(&image, [1, 3, 3], scaled(0.5));
        let one = moved(&small, [1, 3, 3], AffineMap::quarter_turns(1));
        let both = AffineMap::quarter_turns(1).with_scale([0.5; 2]);
        for (one, other) in one.iter().zip(moved(&image, [1, 3, 3], both)) {
            assert!((one - other).abs() < 1e-6, "{one} and {other}");
        }
    }

    /// A Gaussian of deviation σ becomes one of deviation s σ, which its formula gives. What the kernel adds is small where
    /// the Gaussian is wide as seen in the small image.
    #[test]
    fn a_smooth_image_shrinks_as_its_formula_says() {
        let size = 97;
        let gaussian = |deviation: f64, [x, y]: [f64; 2]| -> Vec<f32> {
            (0..size * size)
                .map(|i| {
                    let (right, up) = ((i % size) as f64 - 48.0 - x, 48.0 - (i / size) as f64 - y);
                    (-(right * right + up * up) / (2.0 * deviation * deviation)).exp() as f32
                })
                .collect()
        };
        for factor in [0.3, 0.5, 0.8] {
            let image = gaussian(2.5 / factor, [5.0, -3.0]);
            // Turned about the centre and scaled in one.
            let (sin, cos) = 0.7f64.sin_cos();
            let place = [5.0 * cos + 3.0 * sin, 5.0 * sin - 3.0 * cos].map(|v| factor * v);
            let motion = AffineMap::rotation(0.7).with_scale([factor; 2]);
            let small = moved(&image, [1, size, size], motion);
            let worst = small.iter().zip(gaussian(2.5, place));
            let worst = worst.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "{factor}: {worst}");
        }
    }

    /// The finest stripes that pixels can show are grey in an image of a third of the size, and what lies outside is black.
    #[test]
    fn stripes_that_are_too_fine_become_grey_and_light_is_kept() {
        let size = 60;
        let stripes: Vec<f32> = (0..size * size).map(|i| (i % 2) as f32).collect();
        let small = moved(&stripes, [1, size, size], scaled(1.0 / 3.0));
        let at = |row: usize, column: usize| small[row * size + column];
        for row in 23..37 {
            for column in 23..37 {
                assert!((at(row, column) - 0.5).abs() < 0.02, "{}", at(row, column));
            }
        }
        assert_eq!((at(5, 5), at(30, 10), at(58, 30)), (0.0, 0.0, 0.0));
        // The sum of the light goes with the area.
        let mut square = vec![0.0; size * size];
        for (row, column) in (20..40).flat_map(|row| (20..40).map(move |column| (row, column))) {
            square[row * size + column] = 1.0;
        }
        for factor in [0.31, 0.5, 0.93] {
            let sum: f32 = moved(&square, [1, size, size], scaled(factor)).iter().sum();
            let expected = 400.0 * (factor * factor) as f32;
            assert!(
                (sum - expected).abs() < 0.02 * expected,
                "{sum} of {expected}"
            );
        }
    }

    #[test]
    fn odd_factors_take_no_endless_time() {
        let image = [1.0; 4];
        for factor in [1e-3, 5e8] {
            let out = moved(&image, [1, 2, 2], scaled(factor));
            assert!(
                out.iter().all(|value| (0.0..=1.0).contains(value)),
                "{out:?}"
            );
        }
    }
}
