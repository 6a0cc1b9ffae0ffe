//! The gradient with respect to the weight: per channel and tap, the sum over samples and pixels.

use super::axis::Axis;
use super::bands::{Band, bands};
use super::planes::{Planes, gather, gather_source};
use super::rows::Rows;
use crate::convolution::geometry::Geometry;
use crate::convolution::maps::Panel;
use crate::convolution::scratch::Scratch;
use crate::number::Number;
use rayon::prelude::*;

/// At least as many sums are computed side by side, where there is as much to be added. A constant: it decides in which
/// order numbers are added.
const PARTS: usize = 64;

/// The gradient with respect to the weight. Panels of the same channels are added up band by band, in a few parts, and the
/// parts in their order.
pub(super) fn gradient<T: Number>(input: &[T], gradient: &[T], sizes: &Geometry) -> Vec<T> {
    let planes = Planes::<T>::new(sizes.batch, sizes.channels_in);
    let axes = [0, 1].map(|axis| Axis::forward(sizes, axis));
    let (lanes, taps, classes) = (planes.lanes(), sizes.taps(), planes.classes());
    let bands: Vec<Band> = bands(&axes, lanes, 1)
        .into_iter()
        .map(|rows| Band::of_correlation(&axes, rows))
        .collect();
    // The bands of a class of panels, if it has as many as any.
    let most = planes.panels().div_ceil(classes) * bands.len();
    let parts = PARTS.div_ceil(classes).clamp(1, most);
    let mut sums = vec![T::ZERO; classes * parts * taps * lanes];
    sums.par_chunks_mut(taps * lanes)
        .enumerate()
        .for_each(|(task, sums)| {
            let (class, part) = (task / parts, task % parts);
            for member in part * most / parts..(part + 1) * most / parts {
                let panel = class + member / bands.len() * classes;
                if panel < planes.panels() {
                    let band = &bands[member % bands.len()];
                    add_band(input, gradient, &axes, &planes.panel(panel), band, sums);
                }
            }
        });
    let mut total = vec![T::ZERO; sizes.channels_in * taps];
    for (task, sums) in sums.chunks_exact(taps * lanes).enumerate() {
        for (tap, sums) in sums.chunks_exact(lanes).enumerate() {
            for (lane, &sum) in sums.iter().enumerate() {
                total[planes.channel(task / parts, lane) * taps + tap] += sum;
            }
        }
    }
    total
}

/// Adds what some rows of the planes of a panel make of the gradient, `[tap][lane]`.
fn add_band<T: Number>(
    input: &[T],
    gradient: &[T],
    axes: &[Axis; 2],
    panel: &Panel<T>,
    band: &Band,
    sums: &mut [T],
) {
    let [down, across] = axes;
    let mut source = Scratch::take(band.source.len() * across.bordered() * panel.width);
    gather_source(panel, input, axes, band.source.clone(), source.slice());
    let mut factors = Scratch::take(band.target.len() * across.target * panel.width);
    let size = [down.target, across.target];
    gather(panel, gradient, size, band.target.clone(), factors.slice());
    let job = Rows {
        source: source.slice(),
        factors: factors.slice(),
        rows: &band.rows,
        pairs: &band.pairs,
        columns: across.kernel,
        step: across.dilation,
        terms: across.target,
        term_step: across.stride,
    };
    let mut found = Scratch::take(sums.len());
    panel.kernels.sum_rows(&job, found.slice());
    for (sum, &more) in sums.iter_mut().zip(found.slice().iter()) {
        *sum += more;
    }
}
