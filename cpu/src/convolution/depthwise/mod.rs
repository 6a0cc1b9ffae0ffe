//! Depthwise convolution: each channel has a kernel of its own.
//!
//! ```text
//! out(b, c, y, x) = bias(c) + Σ_i Σ_j weight(c, i, j) · input(b, c, y·s + i·d − p, x·s + j·d − p)
//! weight'(c, i, j) = Σ_b Σ_y Σ_x out'(b, c, y, x) · input(b, c, y·s + i·d − p, x·s + j·d − p)
//! ```
//!
//! The input gradient is a convolution of the output gradient with the kernel turned by 180° (`axis.rs`). There is no sum
//! over channels that a product of matrices could take: planes are brought side by side into the lanes of registers
//! (`planes.rs`), pixel by pixel, where all three are sums of products of rows (`rows.rs`), in bands that stay in a cache
//! (`bands.rs`). So no lane is empty, whatever width an image has and however large the kernel is.

mod axis;
mod bands;
mod planes;
pub(super) mod rows;

use super::chunks::Wanted;
use super::finish::{PanelBias, finish_pixels};
use super::geometry::Geometry;
use super::maps::Panel;
use super::moves::Lines;
use super::scratch::Scratch;
use super::tiles::MAX_VECTORS;
use crate::Finish;
use crate::number::Number;
use crate::shared::{Shared, written};
use axis::Axis;
use bands::{Band, bands};
use planes::{Planes, gather, gather_source};
use rayon::prelude::*;
use rows::Rows;
use std::mem::MaybeUninit;

/// Sums of the weight gradient that are computed side by side, at least, where the batch has as many panels. A constant:
/// it decides in which order numbers are added.
const PARTS: usize = 64;

/// The convolution, with what follows it.
pub(super) fn convolve<T: Number>(
    input: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    sizes: &Geometry,
    finish: Finish,
) -> Vec<T> {
    let pass = Pass {
        planes: Planes::new(sizes.batch, sizes.channels_in),
        axes: [0, 1].map(|axis| Axis::forward(sizes, axis)),
        bias,
        finish,
    };
    let mut packed = Scratch::take(pass.planes.classes() * sizes.taps() * pass.planes.lanes());
    let taps = sizes.taps();
    pass.planes
        .pack_weights(weight, taps, false, packed.slice());
    pass.run(input, packed.slice())
}

/// The gradients with respect to the input and the weight.
pub(super) fn gradients<T: Number>(
    input: &[T],
    weight: &[T],
    gradient: &[T],
    sizes: &Geometry,
    wanted: Wanted,
) -> (Option<Vec<T>>, Option<Vec<T>>) {
    let of_input = || {
        let pass = Pass {
            planes: Planes::new(sizes.batch, sizes.channels_in),
            axes: [0, 1].map(|axis| Axis::backward(sizes, axis)),
            bias: None,
            finish: Finish::Nothing,
        };
        let taps = sizes.taps();
        let mut packed = Scratch::take(pass.planes.classes() * taps * pass.planes.lanes());
        pass.planes.pack_weights(weight, taps, true, packed.slice());
        pass.run(gradient, packed.slice())
    };
    (
        wanted.input.then(of_input),
        wanted
            .weight
            .then(|| weight_gradient(input, gradient, sizes)),
    )
}

/// A convolution or an input gradient.
struct Pass<'a, T: 'static> {
    planes: Planes<T>,
    axes: [Axis; 2],
    bias: Option<&'a [T]>,
    finish: Finish,
}

impl<T: Number> Pass<'_, T> {
    /// The target, given the source and the packed weights.
    fn run(&self, source: &[T], weights: &[T]) -> Vec<T> {
        let [rows, columns] = self.axes.map(|axis| axis.target);
        let [height, width] = self.finish.size([rows, columns]);
        // Rows that are pooled together stay together.
        let together = rows / height.max(1);
        let bands: Vec<Band> = bands(&self.axes, self.planes.lanes(), together)
            .into_iter()
            .map(|rows| Band::of_convolution(&self.axes, rows))
            .collect();
        let plane = height * width;
        let tasks = self.planes.panels() * bands.len();
        let all = |out: &mut [MaybeUninit<T>]| {
            let out = Shared::empty(out);
            (0..tasks).into_par_iter().for_each(|task| {
                let (panel, band) = (task / bands.len(), &bands[task % bands.len()]);
                self.band(source, weights, panel, band, plane, out);
            });
        };
        // SAFETY: the panels cover all planes, and the bands all rows of each.
        unsafe { written(self.planes.total() * plane, all) }
    }

    /// Some rows of some planes.
    fn band(
        &self,
        source: &[T],
        weights: &[T],
        index: usize,
        band: &Band,
        plane: usize,
        out: Shared<'_, T>,
    ) {
        let panel = self.planes.panel(index);
        let across = &self.axes[1];
        let mut rows = Scratch::take(band.source.len() * across.bordered() * panel.width);
        let source_rows = band.source.clone();
        gather_source(&panel, source, &self.axes, source_rows, rows.slice());
        let taps = self.axes[0].kernel * across.kernel;
        let class = index % self.planes.classes();
        let job = Rows {
            source: rows.slice(),
            factors: &weights[class * taps * panel.width..][..taps * panel.width],
            rows: &band.rows,
            pairs: &band.pairs,
            columns: across.target,
            step: across.stride,
            terms: across.kernel,
            term_step: across.dilation,
        };
        let size = [band.target.len(), across.target];
        let mut target = Scratch::take(size[0] * size[1] * panel.width);
        let target = target.slice();
        panel.kernels.sum_rows(&job, target);
        let bias = self.lane_bias(&panel);
        let add = finish_pixels(self.finish, &panel, target, size, bias);
        let written = |rows: usize| -> usize {
            let size = self.finish.size([rows, across.target]);
            size.iter().product()
        };
        let lines = Lines {
            stride: plane,
            channels: panel.channels,
            length: written(band.target.len()),
        };
        let start = panel.start * plane + written(band.target.start);
        // SAFETY: these rows of these planes belong to this task.
        unsafe {
            panel
                .kernels
                .scatter(target, panel.width, out, start, lines, &add);
        }
    }

    /// The bias of each plane of a panel.
    fn lane_bias(&self, panel: &Panel<T>) -> PanelBias<T> {
        let mut lanes = [T::ZERO; MAX_VECTORS * 16];
        if let Some(bias) = self.bias {
            for (lane, number) in lanes[..panel.channels].iter_mut().enumerate() {
                *number = bias[(panel.start + lane) % bias.len()];
            }
        }
        lanes
    }
}

/// The gradient with respect to the weight: per channel and tap, the sum over samples and pixels. A part sums some panels
/// of the same channels, band by band; parts are added in their order.
fn weight_gradient<T: Number>(input: &[T], gradient: &[T], sizes: &Geometry) -> Vec<T> {
    let planes = Planes::<T>::new(sizes.batch, sizes.channels_in);
    let axes = [0, 1].map(|axis| Axis::forward(sizes, axis));
    let (lanes, taps, classes) = (planes.lanes(), sizes.taps(), planes.classes());
    let bands: Vec<Band> = bands(&axes, lanes, 1)
        .into_iter()
        .map(|rows| Band::of_correlation(&axes, rows))
        .collect();
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
                    let panel = planes.panel(panel);
                    let band = &bands[member % bands.len()];
                    add_band(input, gradient, &axes, &panel, band, sums);
                }
            }
        });
    let mut found = vec![T::ZERO; sizes.channels_in * taps];
    for (task, sums) in sums.chunks_exact(taps * lanes).enumerate() {
        for (tap, sums) in sums.chunks_exact(lanes).enumerate() {
            for (lane, &sum) in sums.iter().enumerate() {
                found[planes.channel(task / parts, lane) * taps + tap] += sum;
            }
        }
    }
    found
}

/// Adds what some rows of some planes make of the weight gradient, `[tap][lane]`.
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
