//! A convolution or an input gradient: from source planes to target planes.

use super::axis::Axis;
use super::bands::{Band, bands};
use super::planes::{Planes, gather_source};
use super::rows::Rows;
use crate::Finish;
use crate::convolution::finish::{PanelBias, finish_pixels};
use crate::convolution::geometry::Geometry;
use crate::convolution::maps::Panel;
use crate::convolution::moves::Lines;
use crate::convolution::scratch::Scratch;
use crate::convolution::tiles::MAX_VECTORS;
use crate::number::Number;
use crate::shared::{Shared, written};
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// A convolution or an input gradient.
pub(super) struct Pass<'a, T: 'static> {
    planes: Planes<T>,
    axes: [Axis; 2],
    /// Whether kernels are turned by 180°.
    turned: bool,
    bias: Option<&'a [T]>,
    finish: Finish,
}

impl<'a, T: Number> Pass<'a, T> {
    /// From input to output.
    pub fn forward(sizes: &Geometry, bias: Option<&'a [T]>, finish: Finish) -> Self {
        Self {
            planes: Planes::new(sizes.batch, sizes.channels_in),
            axes: [0, 1].map(|axis| Axis::forward(sizes, axis)),
            turned: false,
            bias,
            finish,
        }
    }

    /// From output gradient to input gradient.
    pub fn backward(sizes: &Geometry) -> Self {
        Self {
            planes: Planes::new(sizes.batch, sizes.channels_in),
            axes: [0, 1].map(|axis| Axis::backward(sizes, axis)),
            turned: true,
            bias: None,
            finish: Finish::Nothing,
        }
    }

    /// The target.
    pub fn run(&self, source: &[T], weight: &[T]) -> Vec<T> {
        let mut weights = Scratch::take(self.planes.classes() * self.taps() * self.planes.lanes());
        let weights = weights.slice();
        self.planes
            .pack_weights(weight, self.taps(), self.turned, weights);
        let weights = &*weights;
        let rows = self.axes[0].target;
        // Rows that are pooled together stay together.
        let [height, _] = self.finish.size(self.axes.map(|axis| axis.target));
        let together = rows / height.max(1);
        let bands: Vec<Band> = bands(&self.axes, self.planes.lanes(), together)
            .into_iter()
            .map(|rows| Band::of_convolution(&self.axes, rows))
            .collect();
        let tasks = self.planes.panels() * bands.len();
        let all = |out: &mut [MaybeUninit<T>]| {
            let out = Shared::empty(out);
            (0..tasks).into_par_iter().for_each(|task| {
                let (panel, band) = (task / bands.len(), &bands[task % bands.len()]);
                self.band(source, weights, panel, band, out);
            });
        };
        // SAFETY: the panels cover all planes, and the bands all rows of each.
        unsafe { written(self.planes.total() * self.written(rows), all) }
    }

    fn taps(&self) -> usize {
        self.axes[0].kernel * self.axes[1].kernel
    }

    /// Pixels that are written for the first rows of a plane.
    fn written(&self, rows: usize) -> usize {
        let [height, width] = self.finish.size([rows, self.axes[1].target]);
        height * width
    }

    /// Some rows of the planes of a panel.
    fn band(&self, source: &[T], weights: &[T], index: usize, band: &Band, out: Shared<'_, T>) {
        let [down, across] = &self.axes;
        let panel = self.planes.panel(index);
        let mut rows = Scratch::take(band.source.len() * across.bordered() * panel.width);
        let source_rows = band.source.clone();
        gather_source(&panel, source, &self.axes, source_rows, rows.slice());
        let numbers = self.taps() * panel.width;
        let class = index % self.planes.classes();
        let job = Rows {
            source: rows.slice(),
            factors: &weights[class * numbers..][..numbers],
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
        let plane = self.written(down.target);
        let lines = Lines {
            stride: plane,
            channels: panel.channels,
            length: self.written(band.target.len()),
        };
        let start = panel.start * plane + self.written(band.target.start);
        let (kernels, width) = (panel.kernels, panel.width);
        // SAFETY: these rows of these planes belong to this task.
        unsafe { kernels.scatter(target, width, out, start, lines, &add) };
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
