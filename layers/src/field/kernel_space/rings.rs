//! The rings that kernels live on.
//!
//! ```text
//! radii      0, 1, …, (k − 1)/2 pixels for odd sizes; ½, 1½, …, (k − 1)/2 for even ones
//! widths     σ = 0.6; 0.4 on the last ring; at r = 0 the pixel in the middle alone
//! band       m ≤ 2r − (r + 1) mod 2, at most 2 on the last ring; 2r on rings between pixels
//! ```
//!
//! On a ring of radius r there are about 2πr pixels: finer waves would alias. The last ring lies in the corners only in part.
//! Source: the default settings of escnn's `R2Conv`, which for even sizes has its rings where no pixels are.

/// Kernels at a distance from the middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ring {
    /// In pixels.
    pub(super) radius: f64,
    deviation: f64,
    /// The highest angular frequency.
    pub(super) band: usize,
}

impl Ring {
    /// How strong the ring is at a distance from the middle.
    pub(super) fn height(self, radius: f64) -> f64 {
        let away = (radius - self.radius) / self.deviation;
        (-away * away / 2.0).exp()
    }
}

/// The rings of a kernel of `size` × `size` pixels.
pub(super) fn rings(size: usize) -> Vec<Ring> {
    let count = size.div_ceil(2);
    let ring = |j: usize| {
        let (is_last, is_between) = (j + 1 == count, size.is_multiple_of(2));
        let finest = match (is_between, j) {
            (true, _) => 2 * j + 1,
            (false, 0) => 0,
            (false, _) => 2 * j - (j + 1) % 2,
        };
        Ring {
            radius: j as f64 + if is_between { 0.5 } else { 0.0 },
            deviation: match (is_last, is_between, j) {
                (_, false, 0) => 0.005,
                (true, ..) => 0.4,
                _ => 0.6,
            },
            band: if is_last { finest.min(2) } else { finest },
        }
    };
    (0..count).map(ring).collect()
}
