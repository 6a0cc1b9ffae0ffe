//! Splines on the plane.
//!
//! ```text
//! Basis_h[z, j] = Bⁿ((x − x_j)/s) Bⁿ((y − y_j)/s) / |det h|,   (x, y) = h⁻¹z,  (x_j, y_j) the j-th centre
//! ```
//!
//! Centres lie on a grid about the kernel's centre, as many along a side as fit: every spline vanishes at the first pixel
//! outside the kernel, so that none is cut off. That makes
//!
//! ```text
//! ⌊(size + 1)/s⌋ − n       for n ≥ 1,        ⌊size/s⌋   for n = 0
//! ```
//!
//! of them, for s = 1 one per pixel at orders 0 and 1. For groups that turn squares the corners of the grid are left
//! out, as with pixels. A spline that is cut off turns with a kernel that is not the same any more: with one centre per pixel
//! at every order the error of 5×5 kernels over C8 stays at 6 % and more, with centres that fit it is 2 % at order 2 and
//! 1 % at order 3.

use super::cardinal::cardinal;
use super::{BSplineConfig, Support};
use crate::group::Group;
use crate::kernel::taps::taps;
use crate::kernel::{KernelSize, MAX_KERNEL_SIZE, windows};

/// Splines about centres, and the points h⁻¹z that they are needed at.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::kernel) struct PlaneSplines {
    /// Along x and along y.
    pub(super) axes: [PlaneAxis; 2],
    /// [x, y]
    pub(super) centres: Vec<[f64; 2]>,
    /// The window of each group element: as far as its splines reach.
    pub(super) windows: Vec<KernelSize>,
    /// One list per group element, of the taps in the order of its window.
    pub(super) points: Vec<Vec<[f64; 2]>>,
    /// |det h| of each element, on the axes along which the kernel has more than one tap.
    pub(super) determinants: Vec<f64>,
}

/// The order of the splines along an axis of the plane, and s, pixels between their knots.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::kernel) struct PlaneAxis {
    pub(super) order: usize,
    pub(super) scale: f64,
}

impl PlaneAxis {
    /// On kernels with `size` pixels along the axis. A single tap is its own basis.
    fn new(config: &BSplineConfig, size: usize) -> Self {
        let (order, scale) = match size {
            1 => (0, 1.0),
            _ => (config.order, config.scale),
        };
        Self { order, scale }
    }

    fn at(&self, distance: f64) -> f64 {
        cardinal(self.order, distance / self.scale)
    }
}

/// How many splines fit along a side.
pub(super) fn fitting(config: &BSplineConfig, size: usize) -> usize {
    let PlaneAxis { order, scale } = PlaneAxis::new(config, size);
    // A little more than the quotient, against rounding: 6 / 1.2 is 5.
    let count = |pixels: usize| (pixels as f64 / scale + 1e-9) as usize;
    match order {
        0 => count(size),
        _ => count(size + 1).saturating_sub(order),
    }
}

/// The smallest kernel, larger than one pixel, into which a spline fits.
pub(super) fn smallest_size(config: &BSplineConfig) -> Option<usize> {
    (2..=MAX_KERNEL_SIZE).find(|&size| fitting(config, size) > 0)
}

/// `count` points about 0 at equal distances.
fn line(count: usize, distance: f64) -> Vec<f64> {
    let middle = (count as f64 - 1.0) / 2.0;
    (0..count).map(|i| (i as f64 - middle) * distance).collect()
}

/// The centres along an axis, and how far the outermost may lie from the middle.
fn along(config: &BSplineConfig, size: usize) -> (Vec<f64>, f64) {
    let PlaneAxis { scale, .. } = PlaneAxis::new(config, size);
    let fitting = fitting(config, size);
    let side = config.side.unwrap_or(BSplineConfig::SIDE).min(fitting);
    let reach = scale * (fitting as f64 - 1.0) / 2.0;
    let centres = match config.support {
        Support::Dense => line(fitting, scale),
        Support::Localized => line(side, scale),
        Support::Atrous | Support::Deformable => match side {
            1 => vec![0.0],
            _ => line(side, 2.0 * reach / (side as f64 - 1.0)),
        },
    };
    (centres, reach + scale / 2.0)
}

impl PlaneSplines {
    /// The centres alone.
    pub(super) fn centres(
        config: &BSplineConfig,
        group: &Group,
        size: KernelSize,
    ) -> Vec<[f64; 2]> {
        let [(ys, up), (xs, right)] = size.height_and_width().map(|side| along(config, side));
        // Row by row from the top, as pixels are.
        let rows = ys.iter().rev();
        let centres = rows.flat_map(|&y| xs.iter().map(move |&x| [x, y]));
        let square = group.keeps_squares();
        let radius = up.max(right) + 1e-9;
        let inside = |&[x, y]: &[f64; 2]| square || x.hypot(y) <= radius;
        centres.filter(inside).collect()
    }

    /// The configuration has been validated for this size.
    pub(super) fn new(config: &BSplineConfig, group: &Group, size: KernelSize) -> Self {
        let windows = windows::of_functions(group, size);
        let back = |(h, &window): (usize, &KernelSize)| {
            let taps = taps(window).into_iter();
            taps.map(|z| group.act_inverse(h, z)).collect()
        };
        let [height, width] = size.height_and_width();
        Self {
            axes: [width, height].map(|side| PlaneAxis::new(config, side)),
            centres: Self::centres(config, group, size),
            points: windows.iter().enumerate().map(back).collect(),
            windows,
            determinants: group
                .elements()
                .map(|h| windows::measure(group, h, size))
                .collect(),
        }
    }

    /// Basis_h, `[taps, centres]` row by row, for every h.
    pub(super) fn matrices(&self) -> Vec<Vec<f64>> {
        let [along_x, along_y] = self.axes;
        let value = |[x, y]: [f64; 2], [cx, cy]: [f64; 2]| along_x.at(x - cx) * along_y.at(y - cy);
        let matrix = |(points, determinant): (&Vec<[f64; 2]>, &f64)| {
            let row = |&point| {
                let centres = self.centres.iter();
                centres.map(move |&centre| value(point, centre) / determinant)
            };
            points.iter().flat_map(row).collect()
        };
        let elements = self.points.iter().zip(&self.determinants);
        elements.map(matrix).collect()
    }
}
