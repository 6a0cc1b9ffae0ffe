//! From the weights of a kernel to a filter bank, on a device.

use burn::prelude::*;

use super::Spaces;
use super::linear::{Learned, LearnedGroup, LearnedPlane, SampledKernel};
use super::part::{Part, parts};

/// A kernel on ℝ² × H, sampled for the spaces that a layer maps between: constants that follow the device and are not saved, or
/// what is computed from centres that are trained.
///
/// ```text
/// bank[(o, h), (i, h'), z] = Σ_m Σ_j Basis_h[z, j] AlongH[h⁻¹h', m] w[o, i, m, j]
/// ```
///
/// Where elements permute the taps, the whole is one selection and adds no rounding on any device; otherwise a matrix product
/// turns the taps and the selection orders the group axis. Where elements scale, the bank has parts: responses with one
/// window each.
#[derive(Module, Debug)]
pub struct Kernel {
    /// `[1, taps of all elements, weights]`: the taps of all turned kernels, part by part; absent where they are permutations.
    turn: Option<Tensor<3>>,
    /// `[relative, group_weights]`, a row per relative element h⁻¹h'; absent where it is the identity.
    along_group: Option<Tensor<2>>,
    /// What `turn` is computed from instead, where centres are trained.
    pub(super) learned_plane: Option<LearnedPlane>,
    /// What `along_group` is computed from instead.
    pub(super) learned_group: Option<LearnedGroup>,
    parts: Vec<Part>,
    /// Where each response is among those of all parts, if not in its place.
    order: Option<Tensor<1, Int>>,
    relative: usize,
    order_in: usize,
    /// Height and width of the largest window.
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
        let (plane, group) = (centres.plane.as_ref(), centres.group.as_ref());
        let order: Vec<usize> = linear.parts.iter().flat_map(Part::elements).collect();
        Self {
            turn: linear.turn.filter(|_| plane.is_none()),
            along_group: linear.along_group.filter(|_| group.is_none()),
            learned_plane: plane.map(|splines| LearnedPlane::new(splines, &order, device)),
            learned_group: group.map(|splines| LearnedGroup::new(splines, device)),
            ..linear
        }
    }

    fn new(
        kernel: &SampledKernel,
        permutation: Option<Vec<usize>>,
        spaces: &Spaces,
        device: &Device,
    ) -> Self {
        let parts = parts(kernel, permutation.as_deref(), spaces, device);
        let elements: Vec<usize> = parts.iter().flat_map(Part::elements).collect();
        let weights = kernel.weights();
        let turn = permutation.is_none().then(|| {
            let values = elements.iter().flat_map(|&h| kernel.values(h));
            let turn: Vec<f64> = values.copied().collect();
            let dims = [1, turn.len() / weights.max(1), weights];
            Tensor::from_data(TensorData::new(turn, dims), device)
        });
        let matrix = |rows: &[Vec<f64>]| {
            let dims = [rows.len(), kernel.group_weights()];
            Tensor::from_data(TensorData::new(rows.concat(), dims), device)
        };
        let in_order = elements.iter().enumerate().all(|(place, &h)| place == h);
        let places: Vec<i64> = (0..elements.len())
            .filter_map(|h| elements.iter().position(|&of| of == h))
            .map(|place| place as i64)
            .collect();
        let sides = |part: &Part| part.size().height_and_width();
        let larger = |[h, w]: [usize; 2], [y, x]: [usize; 2]| [h.max(y), w.max(x)];
        Self {
            turn,
            along_group: kernel.along_group().map(matrix),
            learned_plane: None,
            learned_group: None,
            order: (!in_order).then(|| Tensor::from_data(places.as_slice(), device)),
            size: parts.iter().map(sides).fold([1, 1], larger),
            relative: kernel.relative(),
            order_in: spaces.order_in(),
            parts,
        }
    }

    /// The filters of an ordinary convolution.
    ///
    /// # Shapes
    /// - weights: `[channels_out, channels_in, group_weights, weights]`; on the plane `group_weights` is 1
    /// - bank: `[channels_out · order_out, channels_in · order_in, height, width]`, with zeros around kernels whose window is
    ///   not the largest
    pub fn bank(&self, weights: Tensor<4>) -> Tensor<4> {
        let [c_out, c_in, _, _] = weights.dims();
        let ([height, width], order_in) = (self.size, self.order_in);
        let mut banks = self.banks(weights);
        if let [_] = self.parts.as_slice()
            && let Some(bank) = banks.pop()
        {
            return bank;
        }
        let parts = self.parts.iter().zip(banks);
        let whole = parts.map(|(part, bank)| {
            let responses = part.responses();
            let bank = part.in_window(bank, self.size);
            let bank = bank.reshape([c_out * responses * c_in, part.inputs(), height, width]);
            let bank = part.among_all(bank, order_in);
            bank.reshape([c_out, responses, c_in * order_in, height, width])
        });
        let whole = Tensor::cat(whole.collect(), 1);
        let order_out = whole.dims()[1];
        let whole = match &self.order {
            Some(order) => whole.select(1, order.clone()),
            None => whole,
        };
        whole.reshape([c_out * order_out, c_in * order_in, height, width])
    }

    /// The filters of each part: `[channels_out · responses, channels_in · inputs, height, width]`.
    pub(crate) fn banks(&self, weights: Tensor<4>) -> Vec<Tensor<4>> {
        let [c_out, c_in, group_weights, count] = weights.dims();
        let (channels, relative) = ([c_out, c_in], self.relative);
        let pairs = c_out * c_in;
        // Channels last: then what is selected are whole rows, forward and backward.
        let kernels = weights.permute([2, 3, 0, 1]);
        let kernels = match self.along_group_matrix() {
            None => kernels,
            Some(along) => along
                .cast(kernels.dtype())
                .matmul(kernels.reshape([group_weights, count * pairs]))
                .reshape([relative, count, c_out, c_in]),
        };
        match (self.turn_matrices(), self.parts.as_slice()) {
            (None, parts) => {
                let rows = kernels.reshape([relative * count, pairs]);
                let of_part = |part: &Part| part.bank(rows.clone(), channels);
                parts.iter().map(of_part).collect()
            }
            (Some(turn), parts) => {
                let turn = turn.cast(kernels.dtype());
                let turned = turn.matmul(kernels.reshape([relative, count, pairs]));
                let (mut banks, mut start) = (Vec::new(), 0);
                for part in parts {
                    let (responses, taps) = (part.responses(), part.taps());
                    let own = match parts {
                        [_] => turned.clone(),
                        _ => turned.clone().narrow(1, start, responses * taps),
                    };
                    let rows = own.reshape([relative * responses, taps * pairs]);
                    banks.push(part.bank(rows, channels));
                    start += responses * taps;
                }
                banks
            }
        }
    }

    /// Whether responses differ in their windows, or in the inputs that they see.
    pub(crate) fn is_in_parts(&self) -> bool {
        self.parts.len() > 1
    }

    /// Responses that have one window and see the same inputs.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Responses part by part, `[batch, channels, responses, …]`, as those of one group after the other.
    pub(crate) fn in_order(&self, responses: Tensor<5>) -> Tensor<5> {
        match &self.order {
            Some(order) => responses.select(2, order.clone()),
            None => responses,
        }
    }

    /// Basis_h of every h, `[1, taps of all elements, weights]`, where it is more than a permutation.
    fn turn_matrices(&self) -> Option<Tensor<3>> {
        let learned = self.learned_plane.as_ref().map(LearnedPlane::matrices);
        learned.or_else(|| self.turn.clone())
    }

    /// AlongH, `[relative, group_weights]`, where it isn't the identity.
    fn along_group_matrix(&self) -> Option<Tensor<2>> {
        let learned = self.learned_group.as_ref().map(LearnedGroup::matrix);
        learned.or_else(|| self.along_group.clone())
    }

    /// The trained centres on the plane, `[weights, 2]`: x to the right, y upwards, in pixels about the kernel's centre.
    pub fn centres(&self) -> Option<Tensor<2>> {
        self.learned_plane.as_ref().map(|plane| plane.centres.val())
    }

    /// The trained centres on H, `[group_weights, axes]`: in steps of each axis of H, those on the rotations first, then those
    /// on the reflections.
    pub fn group_centres(&self) -> Option<Tensor<2>> {
        self.learned_group.as_ref().map(|group| group.centres.val())
    }
}
