//! Motions of images: scaling, rotation about the centre, reflection and translation in one resampling.
//!
//! ```text
//! (L_g f)(x) = f(g⁻¹ x),    g = (t, R(θ) M),    g⁻¹ x = M R(−θ) (x − t)
//! ```
//!
//! Pixel (row, column) of an n × m image lies at x = column − (m − 1)/2, y = (n − 1)/2 − row, so that positive angles
//! turn counter-clockwise as seen; M is the mirror (x, y) → (x, −y). Between pixels the image is interpolated, outside
//! it is 0. Where g maps the grid of pixels to itself (multiples of 90° on a square image) every weight is 0 or 1 and
//! the result is exact.
//!
//! Interpolation: bilinear, or bicubic with Keys' kernel for a = −1/2 (Keys 1981, "Cubic convolution interpolation for
//! digital image processing"), which is third-order accurate and blurs less; its overshoots are cut to the image's
//! own range.

mod antialiased;

use std::f64::consts::FRAC_PI_2;

use serde::{Deserialize, Serialize};

pub use antialiased::transform_antialiased;

/// How an image is read between its pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// From the 2 × 2 pixels around.
    Bilinear,
    /// From the 4 × 4 pixels around, by Keys' kernel.
    #[default]
    Bicubic,
}

/// What comes in from outside of an image that is moved. Written `black` and `mirror` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    /// Nothing: zeros, which suits what stands on a dark ground.
    #[default]
    Black,
    /// The image again, mirrored at its border: for textures, and whatever fills its picture.
    Mirror,
}

/// A motion of the plane: first the scaling, then the mirror, then the rotation, then the translation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AffineMap {
    cos: f64,
    sin: f64,
    mirror: bool,
    shift: [f64; 2],
    scale: [f64; 2],
}

impl AffineMap {
    /// The rotation by `angle` radians, counter-clockwise. Multiples of π/2 get exact matrices.
    pub fn rotation(angle: f64) -> Self {
        let quarters = angle / FRAC_PI_2;
        let nearest = quarters.round();
        let (sin, cos) = if (quarters - nearest).abs() < 1e-12 {
            match nearest.rem_euclid(4.0) as u8 {
                0 => (0.0, 1.0),
                1 => (1.0, 0.0),
                2 => (0.0, -1.0),
                _ => (-1.0, 0.0),
            }
        } else {
            angle.sin_cos()
        };
        Self {
            cos,
            sin,
            mirror: false,
            shift: [0.0; 2],
            scale: [1.0; 2],
        }
    }

    /// The rotation by so many quarter turns, counter-clockwise.
    pub fn quarter_turns(turns: usize) -> Self {
        Self::rotation((turns % 4) as f64 * FRAC_PI_2)
    }

    /// Reflects before rotating, (x, y) → (x, −y).
    pub fn with_mirror(mut self, mirror: bool) -> Self {
        self.mirror = mirror;
        self
    }

    /// Moves by so many pixels to the right and up, after rotating.
    pub fn with_shift(mut self, shift: [f64; 2]) -> Self {
        self.shift = shift;
        self
    }

    /// Multiplies width and height by these factors, which are greater than 0, before anything else.
    pub fn with_scale(mut self, scale: [f64; 2]) -> Self {
        self.scale = scale;
        self
    }

    /// What it does along the rows of an image of one row: scaling and translation.
    pub(crate) fn along_rows(self) -> Self {
        Self::rotation(0.0)
            .with_scale([self.scale[0], 1.0])
            .with_shift([self.shift[0], 0.0])
    }

    /// Whether it leaves everything where it is.
    pub fn is_identity(&self) -> bool {
        self.cos == 1.0 && !self.mirror && self.shift == [0.0; 2] && self.scale == [1.0; 2]
    }

    /// g⁻¹ (x, y).
    fn inverse(&self, x: f64, y: f64) -> [f64; 2] {
        let (x, y) = (x - self.shift[0], y - self.shift[1]);
        let (x, y) = (self.cos * x + self.sin * y, self.cos * y - self.sin * x);
        let y = if self.mirror { -y } else { y };
        [x / self.scale[0], y / self.scale[1]]
    }
}

/// Moves an image `[channels, height, width]` into `moved`, which must be as long.
///
/// # Panics
/// Panics if the lengths don't agree.
pub fn transform(
    image: &[f32],
    [channels, height, width]: [usize; 3],
    motion: AffineMap,
    interpolation: Interpolation,
    fill: Fill,
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
    let ranges: Vec<[f32; 2]> = (image.chunks_exact((height * width).max(1)))
        .map(range)
        .collect();
    let reading = Reading {
        interpolation,
        fill,
    };
    let whole = Window {
        corner: [0; 2],
        size: [height, width],
    };
    whole.read(
        image,
        [channels, height, width],
        motion,
        reading,
        &ranges,
        moved,
    );
}

/// How an image is read between its pixels and outside of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) interpolation: Interpolation,
    pub(crate) fill: Fill,
}

/// A rectangle of pixels that is cut out of an image and moved about its own centre; it may reach beyond the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// The row and the column of its first pixel in the image.
    pub(crate) corner: [isize; 2],
    /// `[height, width]`.
    pub(crate) size: [usize; 2],
}

impl Window {
    /// Cuts it out of an image `[channels, height, width]` into `cut`, `[channels, height, width]` of the window. What comes in
    /// from beside it is what the image has there. Values are cut to the range of their channel.
    ///
    /// # Panics
    /// Panics if the lengths don't agree.
    pub(crate) fn read(
        &self,
        image: &[f32],
        [channels, height, width]: [usize; 3],
        motion: AffineMap,
        reading: Reading,
        ranges: &[[f32; 2]],
        cut: &mut [f32],
    ) {
        let (plane, own) = (height * width, self.size[0] * self.size[1]);
        assert_eq!(cut.len(), channels * own, "room for the window");
        for place in 0..own {
            let [row, column] = self.source(place, motion);
            let stencil = Stencil::at(row, column, reading.interpolation);
            for channel in 0..channels {
                let pixels = &image[channel * plane..(channel + 1) * plane];
                let [low, high] = ranges[channel];
                cut[channel * own + place] = stencil
                    .read(pixels, height, width, reading.fill)
                    .clamp(low, high);
            }
        }
    }

    /// Cuts it out of a map of numbers that have nothing between them, `[height, width]`: each pixel gets the number of the
    /// nearest one, beyond the border of the mirrored one.
    ///
    /// # Panics
    /// Panics if the lengths don't agree.
    pub(crate) fn read_nearest(
        &self,
        numbers: &[u8],
        [height, width]: [usize; 2],
        motion: AffineMap,
        cut: &mut [u8],
    ) {
        assert_eq!(numbers.len(), height * width, "a number for each pixel");
        assert_eq!(
            cut.len(),
            self.size[0] * self.size[1],
            "room for the window"
        );
        for (at, number) in cut.iter_mut().enumerate() {
            let nearest = self
                .source(at, motion)
                .map(|place| (place + 0.5).floor() as isize);
            let row = place(nearest[0], 0, height, Fill::Mirror);
            let column = place(nearest[1], 0, width, Fill::Mirror);
            // Only a place that no image reaches has none.
            if let (Some(row), Some(column)) = (row, column) {
                *number = numbers[row * width + column];
            }
        }
    }

    /// The row and the column in the image that a motion of the window brings to its pixel `place`.
    fn source(&self, place: usize, motion: AffineMap) -> [f64; 2] {
        let [height, width] = self.size;
        let (row, column) = (place / width, place % width);
        let centre = [(width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0];
        let [x, y] = motion.inverse(column as f64 - centre[0], centre[1] - row as f64);
        let corner = self.corner.map(|corner| corner as f64);
        [corner[0] + (centre[1] - y), corner[1] + (x + centre[0])]
    }
}

/// The range of a channel, with the 0 that lies outside of it.
fn range(pixels: &[f32]) -> [f32; 2] {
    pixels.iter().fold([0.0, 0.0], |[low, high], pixel| {
        [low.min(*pixel), high.max(*pixel)]
    })
}

/// The pixels around a point and their weights: the same for all channels.
struct Stencil {
    first: [isize; 2],
    size: usize,
    weights: [[f32; 4]; 2],
}

impl Stencil {
    fn at(row: f64, column: f64, interpolation: Interpolation) -> Self {
        let (row_floor, column_floor) = (row.floor(), column.floor());
        let parts = [(row - row_floor) as f32, (column - column_floor) as f32];
        let floor = [row_floor as isize, column_floor as isize];
        match interpolation {
            Interpolation::Bilinear => Self {
                first: floor,
                size: 2,
                weights: parts.map(|t| [1.0 - t, t, 0.0, 0.0]),
            },
            Interpolation::Bicubic => Self {
                first: floor.map(|place| place - 1),
                size: 4,
                weights: parts.map(keys),
            },
        }
    }

    fn read(&self, pixels: &[f32], height: usize, width: usize, fill: Fill) -> f32 {
        match self.size {
            2 => self.read_window::<2>(pixels, height, width, fill),
            _ => self.read_window::<4>(pixels, height, width, fill),
        }
    }

    /// Reads N × N pixels; N is known to the compiler, which makes the common case, a window inside the image, fast.
    fn read_window<const N: usize>(
        &self,
        pixels: &[f32],
        height: usize,
        width: usize,
        fill: Fill,
    ) -> f32 {
        let [rows, columns] = &self.weights;
        let mut sum = 0.0;
        let corner = self
            .first
            .map(|first| usize::try_from(first).unwrap_or(usize::MAX / 2));
        if corner[0] + N <= height && corner[1] + N <= width {
            for (down, row_weight) in rows[..N].iter().enumerate() {
                let start = (corner[0] + down) * width + corner[1];
                let line = &pixels[start..start + N];
                let across: f32 = (0..N).map(|right| columns[right] * line[right]).sum();
                sum += row_weight * across;
            }
            return sum;
        }
        for (down, row_weight) in rows[..N].iter().enumerate() {
            let Some(row) = place(self.first[0], down, height, fill) else {
                continue;
            };
            let line = &pixels[row * width..(row + 1) * width];
            for (right, column_weight) in columns[..N].iter().enumerate() {
                if let Some(column) = place(self.first[1], right, width, fill) {
                    sum += row_weight * column_weight * line[column];
                }
            }
        }
        sum
    }
}

/// The index `first + step` where it is one, or that of the pixel that is mirrored there.
fn place(first: isize, step: usize, extent: usize, fill: Fill) -> Option<usize> {
    let index = first.checked_add_unsigned(step)?;
    match fill {
        Fill::Black => usize::try_from(index).ok().filter(|index| *index < extent),
        Fill::Mirror => {
            // The image, then its mirror image, again and again.
            let period = isize::try_from(extent.checked_mul(2)?).ok()?;
            let within = usize::try_from(index.checked_rem_euclid(period)?).ok()?;
            Some(within.min(2 * extent - 1 - within))
        }
    }
}

/// Keys' cubic weights, a = −1/2, of the pixels at −1, 0, 1, 2 for a point at t in [0, 1).
fn keys(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    const BOTH: [Interpolation; 2] = [Interpolation::Bilinear, Interpolation::Bicubic];

    fn moved(
        image: &[f32],
        shape: [usize; 3],
        motion: AffineMap,
        interpolation: Interpolation,
    ) -> Vec<f32> {
        let mut out = vec![f32::NAN; image.len()];
        transform(image, shape, motion, interpolation, Fill::Black, &mut out);
        out
    }

    #[test]
    fn a_mirrored_image_goes_on_beyond_its_border() {
        let image = [1.0, 2.0, 3.0];
        let mut moved = [0.0; 3];
        let right = AffineMap::rotation(0.0).with_shift([2.0, 0.0]);
        for interpolation in BOTH {
            transform(
                &image,
                [1, 1, 3],
                right,
                interpolation,
                Fill::Mirror,
                &mut moved,
            );
            assert_eq!(moved, [2.0, 1.0, 1.0]);
            transform(
                &image,
                [1, 1, 3],
                right,
                interpolation,
                Fill::Black,
                &mut moved,
            );
            assert_eq!(moved, [0.0, 0.0, 1.0]);
        }
        // What is the same everywhere stays so, however it is turned.
        let grey = [0.5; 2 * 25];
        let mut turned = [0.0; 2 * 25];
        let turn = AffineMap::rotation(0.7).with_shift([9.0, -30.0]);
        transform(
            &grey,
            [2, 5, 5],
            turn,
            Interpolation::Bicubic,
            Fill::Mirror,
            &mut turned,
        );
        assert!(
            turned.iter().all(|value| (value - 0.5).abs() < 1e-6),
            "{turned:?}"
        );
    }

    /// A window of the whole, and one that is cut out of the middle of a turned image.
    #[test]
    fn windows_turn_about_their_own_centres() {
        let image: Vec<f32> = (0..2 * 9 * 12).map(|i| ((i * 37) % 101) as f32).collect();
        let (shape, ranges) = ([2, 9, 12], [[0.0, 101.0]; 2]);
        let reading = Reading {
            interpolation: Interpolation::Bicubic,
            fill: Fill::Mirror,
        };
        let read = |corner, size: [usize; 2], motion| {
            let mut cut = vec![f32::NAN; 2 * size[0] * size[1]];
            let window = Window { corner, size };
            window.read(&image, shape, motion, reading, &ranges, &mut cut);
            cut
        };
        let turn = AffineMap::rotation(0.6)
            .with_mirror(true)
            .with_shift([1.5, 0.25]);
        let mut whole = vec![0.0; image.len()];
        transform(
            &image,
            shape,
            turn,
            Interpolation::Bicubic,
            Fill::Mirror,
            &mut whole,
        );
        assert_eq!(read([0, 0], [9, 12], turn), whole);
        // Three columns and rows about the centre of the whole.
        let middle = read([3, 4], [3, 4], turn);
        for (place, found) in middle.iter().enumerate() {
            let (channel, row, column) = (place / 12, place / 4 % 3, place % 4);
            let expected = whole[(channel * 9 + 3 + row) * 12 + 4 + column];
            assert!((found - expected).abs() < 1e-3);
        }
        // Beyond the edges the image is mirrored.
        let corner = read([-2, 10], [3, 4], AffineMap::rotation(0.0));
        let numbers: Vec<u8> = image[..108].iter().map(|value| *value as u8).collect();
        let mut nearest = [0; 12];
        let window = Window {
            corner: [-2, 10],
            size: [3, 4],
        };
        window.read_nearest(&numbers, [9, 12], AffineMap::rotation(0.0), &mut nearest);
        for (place, number) in nearest.iter().enumerate() {
            let (row, column) = ([1, 0, 0][place / 4], [10, 11, 11, 10][place % 4]);
            assert_eq!(corner[place], image[row * 12 + column]);
            assert_eq!(f32::from(*number), corner[place]);
        }
    }

    #[test]
    fn scaling_moves_pixels_away_from_the_centre() {
        let mut image = vec![0.0; 49];
        image[3 * 7 + 4] = 1.0;
        let wider = AffineMap::rotation(0.0).with_scale([2.0, 1.0]);
        let wide = moved(&image, [1, 7, 7], wider, Interpolation::Bilinear);
        // From one pixel right of the centre to two, and twice as wide; as high as before.
        assert_eq!(wide[3 * 7 + 3..3 * 7 + 7], [0.0, 0.5, 1.0, 0.5]);
        assert!(wide.iter().sum::<f32>() == 2.0);
        // The rotation comes after it.
        let turned = AffineMap::quarter_turns(1).with_scale([2.0, 1.0]);
        let high = moved(&image, [1, 7, 7], turned, Interpolation::Bilinear);
        assert_eq!([high[2 * 7 + 3], high[7 + 3], high[3]], [0.5, 1.0, 0.5]);
    }

    #[test]
    fn quarter_turns_move_pixels_exactly() {
        let image = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        let expected: [[f32; 9]; 4] = [
            image,
            [3.0, 6.0, 9.0, 2.0, 5.0, 8.0, 1.0, 4.0, 7.0],
            [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
            [7.0, 4.0, 1.0, 8.0, 5.0, 2.0, 9.0, 6.0, 3.0],
        ];
        for interpolation in BOTH {
            for (turns, expected) in expected.iter().enumerate() {
                let shape = [1, 3, 3];
                assert_eq!(
                    moved(
                        &image,
                        shape,
                        AffineMap::quarter_turns(turns),
                        interpolation
                    ),
                    expected
                );
                let angle = turns as f64 * FRAC_PI_2 - 4.0 * PI;
                assert_eq!(
                    moved(&image, shape, AffineMap::rotation(angle), interpolation),
                    expected
                );
            }
        }
    }

    #[test]
    fn quarter_turns_are_exact_on_even_sizes_and_every_channel() {
        let image: Vec<f32> = (0..2 * 28 * 28)
            .map(|index| ((index * 37) % 101) as f32 / 101.0)
            .collect();
        for interpolation in BOTH {
            let mut turned = image.clone();
            for _ in 0..4 {
                turned = moved(
                    &turned,
                    [2, 28, 28],
                    AffineMap::quarter_turns(1),
                    interpolation,
                );
            }
            assert_eq!(turned, image);
        }
    }

    #[test]
    fn mirror_comes_before_rotation_and_shift_after() {
        let image = [1.0, 2.0, 3.0, 4.0];
        let mirror = AffineMap::rotation(0.0).with_mirror(true);
        assert_eq!(
            moved(&image, [1, 2, 2], mirror, Interpolation::Bilinear),
            [3.0, 4.0, 1.0, 2.0]
        );
        let both = AffineMap::quarter_turns(1).with_mirror(true);
        assert_eq!(
            moved(&image, [1, 2, 2], both, Interpolation::Bicubic),
            [4.0, 2.0, 3.0, 1.0]
        );
        let right = AffineMap::quarter_turns(2).with_shift([1.0, 0.0]);
        assert_eq!(
            moved(&image, [1, 2, 2], right, Interpolation::Bicubic),
            [0.0, 4.0, 0.0, 2.0]
        );
    }

    /// A smooth image can be rotated by its formula: what interpolation adds is the error of its order. The peak lies on a
    /// pixel, because bicubic values are cut to the range of the pixels.
    #[test]
    fn rotation_follows_the_formula_on_a_smooth_image() {
        let size = 33;
        let smooth = |x: f64, y: f64| {
            let (u, v) = (x - 3.0, y - 2.0);
            (-(u * u + 2.0 * v * v) / 24.0).exp()
        };
        let sample = |angle: f64| -> Vec<f32> {
            let (sin, cos) = angle.sin_cos();
            (0..size * size)
                .map(|index| {
                    let (x, y) = ((index % size) as f64 - 16.0, 16.0 - (index / size) as f64);
                    smooth(cos * x + sin * y, cos * y - sin * x) as f32
                })
                .collect()
        };
        for (interpolation, bound) in [
            (Interpolation::Bilinear, 0.035),
            (Interpolation::Bicubic, 0.005),
        ] {
            for angle in [0.3, 1.0, 2.5, 4.0, -0.7] {
                let turned = moved(
                    &sample(0.0),
                    [1, size, size],
                    AffineMap::rotation(angle),
                    interpolation,
                );
                let worst = turned
                    .iter()
                    .zip(sample(angle))
                    .map(|(a, b)| (a - b).abs())
                    .fold(0.0, f32::max);
                assert!(worst < bound, "{interpolation:?} by {angle}: {worst}");
            }
        }
    }

    #[test]
    fn values_stay_in_the_range_of_the_image() {
        let image: Vec<f32> = (0..100)
            .map(|index| if index % 3 == 0 { 1.0 } else { 0.0 })
            .collect();
        let turned = moved(
            &image,
            [1, 10, 10],
            AffineMap::rotation(0.4),
            Interpolation::Bicubic,
        );
        assert!(turned.iter().all(|value| (0.0..=1.0).contains(value)));
    }
}
