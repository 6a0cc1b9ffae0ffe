//! From the weights of a kernel to a filter bank, on a device.

use burn::prelude::*;

use super::Spaces;
use super::linear::{Learned, LearnedPlane, LearnedRotations, SampledKernel};

/// A kernel on ℝ² × H, sampled for the spaces that a layer maps between: constants that follow the device and are not saved, or
/// what is computed from centres that are trained.
///
/// ```text
/// bank[(o, h), (i, h'), z] = Σ_m Σ_j Basis_h[z, j] AlongH[h⁻¹h', m] w[o, i, m, j]
/// ```
///
/// Where elements permute the taps, the whole is one selection and adds no rounding on any device; otherwise a matrix product
/// turns the taps and the selection orders the group axis.
#[derive(Module, Debug)]
pub struct Kernel {
    /// `[1, order_out · taps, weights]`: the taps of all turned kernels; absent where they are permutations.
    turn: Option<Tensor<3>>,
    /// `[relative, group_weights]`, a row per relative element h⁻¹h'; absent where it is the identity.
    along_group: Option<Tensor<2>>,
    /// What `turn` is computed from instead, where centres are trained.
    pub(super) learned_plane: Option<LearnedPlane>,
    /// What `along_group` is computed from instead.
    pub(super) learned_rotations: Option<LearnedRotations>,
    /// Which row of the weights `[relative, j]`, or of the turned kernels `[relative, h]`, each of the bank's `[h, h'(, z)]`
    /// is. One after the last is a row of zeros.
    arrange: Option<Tensor<1, Int>>,
    /// Whether some pair of response and input has no weight.
    zeros: bool,
    relative: usize,
    order_out: usize,
    order_in: usize,
    size: [usize; 2],
}

impl Kernel {
    /// Of a kernel that is linear in its weights.
    pub(crate) fn linear(kernel: &SampledKernel, spaces: &Spaces, device: &Device) -> Self {
        Self::new(kernel, kernel.permutation(), spaces, device)
    }

    /// The same with centres that are trained.
    pub(super) fn with_learned(
        kernel: &SampledKernel,
        centres: &Learned,
        spaces: &Spaces,
        device: &Device,
    ) -> Self {
        let permutation = match centres.plane {
            Some(_) => None,
            None => kernel.permutation(),
        };
        let linear = Self::new(kernel, permutation, spaces, device);
        let (plane, rotations) = (centres.plane.as_ref(), centres.rotations.as_ref());
        Self {
            turn: linear.turn.filter(|_| plane.is_none()),
            along_group: linear.along_group.filter(|_| rotations.is_none()),
            learned_plane: plane.map(|splines| LearnedPlane::new(splines, device)),
            learned_rotations: rotations.map(|splines| LearnedRotations::new(splines, device)),
            ..linear
        }
    }

    fn new(
        kernel: &SampledKernel,
        permutation: Option<Vec<usize>>,
        spaces: &Spaces,
        device: &Device,
    ) -> Self {
        let (order_out, order_in) = (spaces.order_out(), spaces.order_in());
        let size = kernel.size().height_and_width();
        let (taps, weights, relative) = (size[0] * size[1], kernel.weights(), kernel.relative());
        let pairs = spaces.pairs();
        let zeros = pairs.iter().any(Option::is_none);
        let ints = |values: Vec<usize>| {
            let values: Vec<i64> = values.into_iter().map(|v| v as i64).collect();
            Tensor::<1, Int>::from_data(values.as_slice(), device)
        };
        let pairs = pairs.iter().enumerate();
        let pairs = pairs.map(|(pair, relative)| (pair / order_in, *relative));
        let (turn, arrange) = match permutation {
            Some(source) => {
                let row = |h: usize, g: usize, z: usize| g * weights + source[h * taps + z];
                let rows = pairs.flat_map(|(h, g)| {
                    (0..taps).map(move |z| g.map_or(relative * weights, |g| row(h, g, z)))
                });
                (None, Some(ints(rows.collect())))
            }
            None => {
                let elements = 0..kernel.order();
                let turn: Vec<f64> = elements.flat_map(|h| kernel.values(h)).copied().collect();
                let data = TensorData::new(turn, [1, order_out * taps, weights]);
                let last = relative * order_out;
                let rows = pairs.map(|(h, g)| g.map_or(last, |g| g * order_out + h));
                // Without a group axis the turned kernels are in order already.
                let arrange = (relative > 1).then(|| ints(rows.collect()));
                (Some(Tensor::from_data(data, device)), arrange)
            }
        };
        let matrix = |rows: &[Vec<f64>]| {
            let dims = [rows.len(), kernel.group_weights()];
            Tensor::from_data(TensorData::new(rows.concat(), dims), device)
        };
        Self {
            turn,
            along_group: kernel.along_group().map(matrix),
            learned_plane: None,
            learned_rotations: None,
            arrange,
            zeros,
            relative,
            order_out,
            order_in,
            size,
        }
    }

    /// The filters of an ordinary convolution.
    ///
    /// # Shapes
    /// - weights: `[channels_out, channels_in, group_weights, weights]`; on the plane `group_weights` is 1
    /// - bank: `[channels_out · order_out, channels_in · order_in, height, width]`
    pub fn bank(&self, weights: Tensor<4>) -> Tensor<4> {
        let [c_out, c_in, group_weights, count] = weights.dims();
        let (h, [height, width], pairs) = (self.order_out, self.size, c_out * c_in);
        let (taps, relative) = (height * width, self.relative);
        // Channels last: then what is selected are whole rows, forward and backward.
        let kernels = weights.permute([2, 3, 0, 1]);
        let kernels = match self.along_group_matrix() {
            None => kernels,
            Some(along) => along
                .cast(kernels.dtype())
                .matmul(kernels.reshape([group_weights, count * pairs]))
                .reshape([relative, count, c_out, c_in]),
        };
        let rows = match self.turn_matrices() {
            None => kernels.reshape([relative * count, pairs]),
            Some(turn) => {
                let turn = turn.cast(kernels.dtype());
                let turned = turn.matmul(kernels.reshape([relative, count, pairs]));
                turned.reshape([relative * h, taps * pairs])
            }
        };
        let rows = match self.zeros {
            true => {
                let [_, numbers] = rows.dims();
                let zeros = Tensor::zeros([1, numbers], (&rows.device(), rows.dtype()));
                Tensor::cat(vec![rows, zeros], 0)
            }
            false => rows,
        };
        let filters = match &self.arrange {
            Some(order) => rows.select(0, order.clone()),
            None => rows,
        };
        filters
            .reshape([h, self.order_in, taps, c_out, c_in])
            .permute([3, 0, 4, 1, 2])
            .reshape([c_out * h, c_in * self.order_in, height, width])
    }

    /// Basis_h of every h, `[1, order_out · taps, weights]`, where it is more than a permutation.
    fn turn_matrices(&self) -> Option<Tensor<3>> {
        let learned = self.learned_plane.as_ref().map(LearnedPlane::matrices);
        learned.or_else(|| self.turn.clone())
    }

    /// AlongH, `[relative, group_weights]`, where it isn't the identity.
    fn along_group_matrix(&self) -> Option<Tensor<2>> {
        let rotations = self.learned_rotations.as_ref();
        let learned = rotations.map(LearnedRotations::matrix);
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
