//! Random changes of a colour image: what differs from laboratory to laboratory and says nothing about the tissue.
//!
//! Pixels are red, green and blue from 0 to 1; g(p) = 0.299 r + 0.587 g + 0.114 b is the grey of a pixel. With u uniform in
//! [−1, 1], drawn for each image and each line anew, and cutting to [0, 1] after each line:
//!
//! ```text
//! stain        od' = od + Σ_k (f_k − 1) c_k m_k                  k haematoxylin, eosin;  f_k = 1 + stain · u
//! brightness   p' = f p                                         f = 1 + brightness · u
//! contrast     p' = f p + (1 − f) ḡ                              f = 1 + contrast · u,  ḡ the mean grey of the image
//! saturation   p' = f p + (1 − f) g(p)                           f = 1 + saturation · u
//! hue          h' = h + hue · u                                  h in turns, value and chroma kept
//! ```
//!
//! **Stain.** Light that passes stained tissue is weakened exponentially, so stains add in optical density:
//!
//! ```text
//! od = −ln((255 p + 1) / 256) = c_h m_h + c_e m_e + c_r m_r
//! m_h ∝ (0.65, 0.70, 0.29)   m_e ∝ (0.07, 0.99, 0.11)   m_r ∝ m_h × m_e         red, green, blue; unit length
//! ```
//!
//! The amounts c of haematoxylin and eosin are multiplied by f_h and f_e, the residual c_r stays; what is white stays white.
//! Sources: Ruifrok & Johnston 2001, "Quantification of histochemical staining by color deconvolution" (the vectors);
//! Tellez et al. 2018, "Whole-slide mitosis detection in H&E breast histology" (factors on the amounts as augmentation);
//! brightness, contrast, saturation and hue as torchvision's `ColorJitter` defines them, in this fixed order.

/// Absorption of haematoxylin and of eosin in red, green and blue.
const STAINS: [[f64; 3]; 2] = [[0.65, 0.70, 0.29], [0.07, 0.99, 0.11]];

/// A change of an image's colours; 1 and, for hue, 0 change nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColourChange {
    /// Factors on haematoxylin and eosin.
    pub stains: [f64; 2],
    /// The factor on all values.
    pub brightness: f64,
    /// The factor on the distance from the image's mean grey.
    pub contrast: f64,
    /// The factor on the distance from the pixel's grey.
    pub saturation: f64,
    /// What is added to the hue, in turns.
    pub hue: f64,
}

impl ColourChange {
    /// No change.
    pub const NONE: Self = Self {
        stains: [1.0; 2],
        brightness: 1.0,
        contrast: 1.0,
        saturation: 1.0,
        hue: 0.0,
    };

    /// Changes an image, three planes of equal size, in place.
    pub fn apply(&self, image: &mut [f32]) {
        if self.stains != [1.0; 2] {
            let matrix = stain_matrix(self.stains);
            each(image, |pixel| restain(pixel, &matrix));
        }
        if self.brightness != 1.0 {
            let factor = self.brightness as f32;
            each(image, |pixel| pixel.map(|value| factor * value));
        }
        if self.contrast != 1.0 {
            let (factor, mean) = (self.contrast as f32, mean_grey(image));
            each(image, |pixel| {
                pixel.map(|value| factor * value + (1.0 - factor) * mean)
            });
        }
        if self.saturation != 1.0 {
            let factor = self.saturation as f32;
            each(image, |pixel| {
                let grey = grey(pixel);
                pixel.map(|value| factor * value + (1.0 - factor) * grey)
            });
        }
        if self.hue != 0.0 {
            let turn = self.hue as f32;
            each(image, |pixel| turn_hue(pixel, turn));
        }
    }
}

/// Changes each pixel of an image of three planes and cuts it to [0, 1].
fn each(image: &mut [f32], change: impl Fn([f32; 3]) -> [f32; 3]) {
    let plane = image.len() / 3;
    let (red, rest) = image.split_at_mut(plane);
    let (green, blue) = rest.split_at_mut(plane);
    for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
        let changed = change([*red, *green, *blue]);
        [*red, *green, *blue] = changed.map(|value| value.clamp(0.0, 1.0));
    }
}

fn mean_grey(image: &[f32]) -> f32 {
    let plane = image.len() / 3;
    let mean = |channel: usize| {
        let values = &image[channel * plane..(channel + 1) * plane];
        let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
        (sum / plane.max(1) as f64) as f32
    };
    grey([0, 1, 2].map(mean))
}

fn grey([red, green, blue]: [f32; 3]) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn unit(a: [f64; 3]) -> [f64; 3] {
    let length = dot(a, a).sqrt();
    a.map(|value| value / length)
}

/// The matrix with od' = matrix · od: I + Σ_k (f_k − 1) m_k d_k, where d_k · od is the amount c_k of stain k.
fn stain_matrix(factors: [f64; 2]) -> [[f32; 3]; 3] {
    let [haematoxylin, eosin] = STAINS.map(unit);
    let residual = unit(cross(haematoxylin, eosin));
    let volume = dot(haematoxylin, cross(eosin, residual));
    // The dual basis: d_h is orthogonal to eosin and the residual, d_h · m_h = 1.
    let duals = [cross(eosin, residual), cross(residual, haematoxylin)]
        .map(|dual| dual.map(|value| value / volume));
    let mut matrix = [[0.0; 3]; 3];
    for (row, line) in matrix.iter_mut().enumerate() {
        for (column, entry) in line.iter_mut().enumerate() {
            let own = if row == column { 1.0 } else { 0.0 };
            let change = (factors[0] - 1.0) * haematoxylin[row] * duals[0][column]
                + (factors[1] - 1.0) * eosin[row] * duals[1][column];
            *entry = (own + change) as f32;
        }
    }
    matrix
}

fn restain(pixel: [f32; 3], matrix: &[[f32; 3]; 3]) -> [f32; 3] {
    let density = pixel.map(|value| -((255.0 * value + 1.0) / 256.0).ln());
    matrix.map(|line| {
        let density: f32 = line.iter().zip(density).map(|(m, od)| m * od).sum();
        (256.0 * (-density).exp() - 1.0) / 255.0
    })
}

/// Adds to the hue, in turns: through hue, chroma and value and back.
fn turn_hue([red, green, blue]: [f32; 3], turn: f32) -> [f32; 3] {
    let value = red.max(green).max(blue);
    let chroma = value - red.min(green).min(blue);
    if chroma <= 0.0 {
        return [red, green, blue];
    }
    let sixths = if value == red {
        (green - blue) / chroma
    } else if value == green {
        (blue - red) / chroma + 2.0
    } else {
        (red - green) / chroma + 4.0
    };
    let sixths = sixths + 6.0 * turn;
    [5.0, 3.0, 1.0].map(|offset| {
        let k = (offset + sixths).rem_euclid(6.0);
        value - chroma * k.min(4.0 - k).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed<const N: usize>(change: ColourChange, mut image: [f32; N]) -> [f32; N] {
        change.apply(&mut image);
        image
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        let close = found
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(
            close && found.len() == expected.len(),
            "{found:?}, not {expected:?}"
        );
    }

    /// The colour of tissue with so much haematoxylin and eosin.
    fn stained(amounts: [f64; 2]) -> [f32; 3] {
        let [haematoxylin, eosin] = STAINS.map(unit);
        [0, 1, 2].map(|channel| {
            let density = amounts[0] * haematoxylin[channel] + amounts[1] * eosin[channel];
            ((256.0 * (-density).exp() - 1.0) / 255.0) as f32
        })
    }

    #[test]
    fn stains_change_by_their_factors_each() {
        for amounts in [[1.0, 0.0], [0.0, 0.8], [0.7, 0.4]] {
            let change = ColourChange {
                stains: [1.5, 0.5],
                ..ColourChange::NONE
            };
            let expected = stained([1.5 * amounts[0], 0.5 * amounts[1]]);
            assert_close(&changed(change, stained(amounts)), &expected);
            assert_close(&changed(change, [1.0; 3]), &[1.0; 3]);
        }
        // Haematoxylin is blue-violet, eosin pink: red light tells them apart.
        let ([blue, _, _], [pink, _, _]) = (stained([1.0, 0.0]), stained([0.0, 1.0]));
        assert!(blue < 0.55 && pink > 0.9, "{blue}, {pink}");
    }

    #[test]
    fn what_absorbs_neither_stain_stays() {
        // Along the residual, which has a negative part: not a colour, but a direction of density.
        let [haematoxylin, eosin] = STAINS.map(unit);
        let residual = unit(cross(haematoxylin, eosin));
        for line in 0..3 {
            let row = stain_matrix([3.0, 0.2])[line].map(f64::from);
            assert!((dot(row, residual) - residual[line]).abs() < 1e-6);
        }
    }

    #[test]
    fn simple_changes_are_those_of_their_formulas() {
        // Two pixels: (0.2, 0.4, 0.6) and (1, 0.5, 0).
        let image = [0.2, 1.0, 0.4, 0.5, 0.6, 0.0];
        let brighter = ColourChange {
            brightness: 1.5,
            ..ColourChange::NONE
        };
        assert_close(&changed(brighter, image), &[0.3, 1.0, 0.6, 0.75, 0.9, 0.0]);
        // Greys 0.363 and 0.5925, mean 0.47775.
        let flat = ColourChange {
            contrast: 0.5,
            ..ColourChange::NONE
        };
        let expected = image.map(|value| 0.5 * value + 0.5 * 0.47775);
        assert_close(&changed(flat, image), &expected);
        let dull = ColourChange {
            saturation: 0.0,
            ..ColourChange::NONE
        };
        let greys = [0.363, 0.5925, 0.363, 0.5925, 0.363, 0.5925];
        assert_close(&changed(dull, image), &greys);
        assert_eq!(changed(ColourChange::NONE, image), image);
    }

    #[test]
    fn hue_goes_round() {
        let by = |hue| ColourChange {
            hue,
            ..ColourChange::NONE
        };
        assert_close(&changed(by(1.0 / 3.0), [1.0, 0.0, 0.0]), &[0.0, 1.0, 0.0]);
        assert_close(&changed(by(0.5), [0.8, 0.2, 0.2]), &[0.2, 0.8, 0.8]);
        assert_close(&changed(by(-1.0 / 6.0), [0.0, 0.9, 0.9]), &[0.0, 0.9, 0.0]);
        assert_close(&changed(by(0.25), [0.3; 3]), &[0.3; 3]);
        let pixel = [0.2, 0.4, 0.7];
        assert_close(&changed(by(0.2), changed(by(-0.2), pixel)), &pixel);
    }
}
