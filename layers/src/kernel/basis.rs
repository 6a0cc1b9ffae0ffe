//! The expansion of weights into a filter bank, on a device.

use burn::prelude::*;

use super::SampledKernel;
use super::b_spline::{LearnedPlane, LearnedRotations};
use crate::group::Group;

/// What the group does to a kernel, as constants that follow the device and are not saved, or computed from centres
/// that are trained.
///
/// ```text
/// bank[(o, h), (i, h'), z] = Σ_m Σ_j Basis_h[z, j] AlongH[h⁻¹h', m] w[o, i, m, j]
/// ```
///
/// Where elements permute the taps, the whole expansion is one selection and adds no rounding on any device;
/// otherwise a matrix product turns the taps and the selection orders the group axis.
#[derive(Module, Debug)]
pub struct FilterBasis {
    /// `[1, order · size², weights]`: the taps of all turned kernels; absent where they are permutations.
    turn: Option<Tensor<3>>,
    /// `[order_in, group_weights]`; absent where it is the identity.
    along_group: Option<Tensor<2>>,
    /// What `turn` is computed from instead, where centres are trained.
    pub(super) learned_plane: Option<LearnedPlane>,
    /// What `along_group` is computed from instead.
    pub(super) learned_rotations: Option<LearnedRotations>,
    /// Which row of the weights `[g, j]`, or of the turned kernels `[g, h]`, each of the bank's `[h, h'(, z)]` is.
    arrange: Option<Tensor<1, Int>>,
    order_out: usize,
    order_in: usize,
    size: usize,
}

impl FilterBasis {
    /// For filters on G, G → G: all of `[o, i, m, j]`.
    pub fn on_group(kernel: &SampledKernel, group: &Group, device: &Device) -> Self {
        let relative = |h: usize, h_in: usize| group.product(group.inverse(h), h_in);
        let basis = Self::new(kernel, group.order(), relative, device);
        match kernel.learned().and_then(|l| l.rotations.as_ref()) {
            Some(splines) => Self {
                learned_rotations: Some(LearnedRotations::new(splines, device)),
                ..basis
            },
            None => {
                let matrix = |rows: &[Vec<f64>]| {
                    let dims = [rows.len(), kernel.group_weights()];
                    Tensor::from_data(TensorData::new(rows.concat(), dims), device)
                };
                Self {
                    along_group: kernel.along_group().map(matrix),
                    ..basis
                }
            }
        }
    }

    /// For filters on the plane, ℝ² → G (or ℝ² → ℝ² for an [invariant](SampledKernel::invariant) kernel): no h'.
    pub fn on_plane(kernel: &SampledKernel, device: &Device) -> Self {
        Self::new(kernel, 1, |_, _| 0, device)
    }

    fn new(
        kernel: &SampledKernel,
        order_in: usize,
        relative: impl Fn(usize, usize) -> usize,
        device: &Device,
    ) -> Self {
        let (order_out, size, weights) = (kernel.order(), kernel.size(), kernel.weights());
        let taps = size * size;
        let pairs = (0..order_out * order_in).map(|pair| (pair / order_in, pair % order_in));
        let ints = |values: Vec<usize>| {
            let values: Vec<i64> = values.into_iter().map(|v| v as i64).collect();
            Tensor::<1, Int>::from_data(values.as_slice(), device)
        };
        let learned_plane = kernel.learned().and_then(|l| l.plane.as_ref());
        let (turn, arrange) = match kernel.permutation() {
            Some(source) if learned_plane.is_none() => {
                let row = |h: usize, g: usize, z: usize| g * weights + source[h * taps + z];
                let rows = pairs
                    .flat_map(|(h, h_in)| (0..taps).map(move |z| (h, h_in, z)))
                    .map(|(h, h_in, z)| row(h, relative(h, h_in), z));
                (None, Some(ints(rows.collect())))
            }
            _ => {
                let turn: Vec<f64> = (0..order_out)
                    .flat_map(|h| kernel.values(h))
                    .copied()
                    .collect();
                let data = TensorData::new(turn, [1, order_out * taps, weights]);
                let rows = pairs.map(|(h, h_in)| relative(h, h_in) * order_out + h);
                // Without a group axis the turned kernels are in order already.
                let arrange = (order_in > 1).then(|| ints(rows.collect()));
                (Some(Tensor::from_data(data, device)), arrange)
            }
        };
        let learned_plane = learned_plane.map(|splines| LearnedPlane::new(splines, device));
        Self {
            turn: turn.filter(|_| learned_plane.is_none()),
            along_group: None,
            learned_plane,
            learned_rotations: None,
            arrange,
            order_out,
            order_in,
            size,
        }
    }

    /// Expands weights into a filter bank.
    ///
    /// # Shapes
    /// - weights: `[channels_out, channels_in, group_weights, weights]`; on the plane `group_weights` is 1
    /// - bank: `[channels_out · order_out, channels_in · order_in, size, size]`
    pub fn expand(&self, weights: Tensor<4>) -> Tensor<4> {
        let [c_out, c_in, group_weights, count] = weights.dims();
        let (h, size, pairs) = (self.order_out, self.size, c_out * c_in);
        let (taps, order_in) = (size * size, self.order_in);
        // Channels last: then what is selected are whole rows, forward and backward.
        let kernels = weights.permute([2, 3, 0, 1]);
        let kernels = match self.along_group_matrix() {
            None => kernels,
            Some(along) => along
                .cast(kernels.dtype())
                .matmul(kernels.reshape([group_weights, count * pairs]))
                .reshape([order_in, count, c_out, c_in]),
        };
        let rows = match self.turn_matrices() {
            None => kernels.reshape([order_in * count, pairs]),
            Some(turn) => {
                let turn = turn.cast(kernels.dtype());
                let turned = turn.matmul(kernels.reshape([order_in, count, pairs]));
                turned.reshape([order_in * h, taps * pairs])
            }
        };
        let filters = match &self.arrange {
            Some(order) => rows.select(0, order.clone()),
            None => rows,
        };
        filters
            .reshape([h, self.order_in, taps, c_out, c_in])
            .permute([3, 0, 4, 1, 2])
            .reshape([c_out * h, c_in * self.order_in, size, size])
    }

    /// Basis_h of every h, `[1, order · size², weights]`, where it is more than a permutation.
    fn turn_matrices(&self) -> Option<Tensor<3>> {
        let learned = self.learned_plane.as_ref().map(LearnedPlane::matrices);
        learned.or_else(|| self.turn.clone())
    }

    /// AlongH, `[order_in, group_weights]`, where it isn't the identity.
    fn along_group_matrix(&self) -> Option<Tensor<2>> {
        let learned = self
            .learned_rotations
            .as_ref()
            .map(LearnedRotations::matrix);
        learned.or_else(|| self.along_group.clone())
    }

    /// The trained centres on the plane, `[weights, 2]`: x to the right, y upwards, in pixels about the kernel's centre.
    pub fn centres(&self) -> Option<Tensor<2>> {
        self.learned_plane.as_ref().map(|plane| plane.centres.val())
    }

    /// The trained centres on H, `[group_weights]`: in steps of 2π/N, those on the rotations first, then those on the
    /// reflections.
    pub fn angles(&self) -> Option<Tensor<1>> {
        let rotations = self.learned_rotations.as_ref();
        rotations.map(|rotations| rotations.angles.val())
    }
}
