//! The expansion of weights into a filter bank, on a device.

use burn::prelude::*;

use super::SampledKernel;
use crate::group::Group;

/// What the group does to a kernel, as constants that follow the device and are not saved.
///
/// ```text
/// bank[(o, h), (i, h'), z] = Σ_j Basis_h[z, j] w[o, i, h⁻¹h', j]
/// ```
///
/// Where elements permute the taps, the whole expansion is one selection and adds no rounding on any device;
/// otherwise a matrix product turns the taps and the selection orders the group axis.
#[derive(Module, Debug)]
pub struct FilterBasis {
    /// `[weights, order · size²]`: the taps of all turned kernels; absent where they are permutations.
    turn: Option<Tensor<2>>,
    /// Which column of the weights `[g, j]`, or of the turned kernels `[g, h]`, each of the bank's `[h, h'(, z)]` is.
    arrange: Option<Tensor<1, Int>>,
    order_out: usize,
    order_in: usize,
    size: usize,
}

impl FilterBasis {
    /// For filters on G, G → G: all of `[o, i, h⁻¹h', j]`.
    pub fn on_group(kernel: &SampledKernel, group: &Group, device: &Device) -> Self {
        let relative = |h: usize, h_in: usize| group.product(group.inverse(h), h_in);
        Self::new(kernel, group.order(), relative, device)
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
        let (turn, arrange) = match kernel.permutation() {
            Some(source) => {
                let column = |h: usize, g: usize, z: usize| g * weights + source[h * taps + z];
                let columns = pairs
                    .flat_map(|(h, h_in)| (0..taps).map(move |z| (h, h_in, z)))
                    .map(|(h, h_in, z)| column(h, relative(h, h_in), z));
                (None, Some(ints(columns.collect())))
            }
            None => {
                let mut turn: Vec<f64> = Vec::with_capacity(weights * order_out * taps);
                for j in 0..weights {
                    for h in 0..order_out {
                        turn.extend(kernel.values(h).iter().skip(j).step_by(weights));
                    }
                }
                let data = TensorData::new(turn, [weights, order_out * taps]);
                let columns = pairs.map(|(h, h_in)| relative(h, h_in) * order_out + h);
                // Without a group axis the turned kernels are in order already.
                let arrange = (order_in > 1).then(|| ints(columns.collect()));
                (Some(Tensor::from_data(data, device)), arrange)
            }
        };
        Self {
            turn,
            arrange,
            order_out,
            order_in,
            size,
        }
    }

    /// Expands weights into a filter bank.
    ///
    /// # Shapes
    /// - weights: `[channels_out, channels_in, order_in, weights]`
    /// - bank: `[channels_out · order_out, channels_in · order_in, size, size]`
    pub fn expand(&self, weights: Tensor<4>) -> Tensor<4> {
        let [c_out, c_in, order_in, count] = weights.dims();
        let (h, size) = (self.order_out, self.size);
        let select = |kernels: Tensor<3>| match &self.arrange {
            Some(columns) => kernels.select(1, columns.clone()),
            None => kernels,
        };
        let filters = match &self.turn {
            None => select(weights.reshape([c_out * c_in, order_in * count, 1])),
            Some(turn) => {
                let turn = turn.clone().cast(weights.dtype());
                let turned = weights
                    .reshape([c_out * c_in * order_in, count])
                    .matmul(turn);
                select(turned.reshape([c_out * c_in, order_in * h, size * size]))
            }
        };
        filters
            .reshape([c_out, c_in, h, self.order_in * size * size])
            .swap_dims(1, 2)
            .reshape([c_out * h, c_in * self.order_in, size, size])
    }
}
