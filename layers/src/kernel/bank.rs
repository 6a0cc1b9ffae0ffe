//! From the weights of a kernel to a filter bank, on a device.

use burn::prelude::*;

use super::layout::Layout;
use super::linear::{Learned, LearnedGroup, LearnedPlane, SampledKernel};
use super::network::{NetworkConfig, NetworkKernel};
use super::part::{Part, Permutation, in_window, parts};
use super::{AngleOffsets, KernelSize, Spaces};

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
    /// What stands in place of both, where the kernel is a network.
    network: Option<NetworkKernel>,
    parts: Vec<Part>,
    /// Where each response is among those of all parts, if not in its place.
    order: Option<Tensor<1, Int>>,
    relative: usize,
    order_in: usize,
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

    /// Of a kernel that is a network.
    pub(super) fn of_network(
        config: &NetworkConfig,
        size: KernelSize,
        layout: &Layout,
        spaces: &Spaces,
        device: &Device,
    ) -> Self {
        let bare = Self::bare(layout, None, spaces, device);
        let elements: Vec<Vec<usize>> = bare.parts.iter().map(Part::elements).collect();
        let network = NetworkKernel::new(config, spaces, size, layout, &elements, device);
        Self {
            network: Some(network),
            ..bare
        }
    }

    fn new(
        kernel: &SampledKernel,
        permutation: Option<Vec<usize>>,
        spaces: &Spaces,
        device: &Device,
    ) -> Self {
        let weights = kernel.weights();
        let source = permutation.as_deref().map(|source| (source, weights));
        let bare = Self::bare(kernel.layout(), source, spaces, device);
        let turn = permutation.is_none().then(|| {
            let elements = bare.parts.iter().flat_map(Part::elements);
            let turn: Vec<f64> = elements.flat_map(|h| kernel.values(h)).copied().collect();
            let dims = [1, turn.len() / weights.max(1), weights];
            Tensor::from_data(TensorData::new(turn, dims), device)
        });
        let matrix = |rows: &[Vec<f64>]| {
            let dims = [rows.len(), kernel.group_weights()];
            Tensor::from_data(TensorData::new(rows.concat(), dims), device)
        };
        Self {
            turn,
            along_group: kernel.along_group().map(matrix),
            ..bare
        }
    }

    /// What every kernel has: which of its values stands where in the bank.
    fn bare(
        layout: &Layout,
        permutation: Option<Permutation>,
        spaces: &Spaces,
        device: &Device,
    ) -> Self {
        let parts = parts(layout, permutation, spaces, device);
        let elements: Vec<usize> = parts.iter().flat_map(Part::elements).collect();
        let in_order = elements.iter().enumerate().all(|(place, &h)| place == h);
        let places: Vec<i64> = (0..elements.len())
            .filter_map(|h| elements.iter().position(|&of| of == h))
            .map(|place| place as i64)
            .collect();
        Self {
            turn: None,
            along_group: None,
            learned_plane: None,
            learned_group: None,
            network: None,
            order: (!in_order).then(|| Tensor::from_data(places.as_slice(), device)),
            relative: layout.relative(),
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
        self.bank_at(weights, AngleOffsets::default())
    }

    /// The same where the grids of angles are turned.
    ///
    /// # Panics
    /// If they are, and the kernel is not a network.
    pub(crate) fn bank_at(&self, weights: Tensor<4>, offsets: AngleOffsets) -> Tensor<4> {
        let [c_out, c_in, _, _] = weights.dims();
        let order_in = self.order_in;
        let mut banks = self.banks(weights, offsets);
        if let [_] = self.parts.as_slice()
            && let Some(bank) = banks.pop()
        {
            return bank;
        }
        let sides = banks.iter().map(|bank| {
            let [_, _, height, width] = bank.dims();
            [height, width]
        });
        let larger = |[h, w]: [usize; 2], [y, x]: [usize; 2]| [h.max(y), w.max(x)];
        let size @ [height, width] = sides.fold([1, 1], larger);
        let parts = self.parts.iter().zip(banks);
        let whole = parts.map(|(part, bank)| {
            let responses = part.responses();
            let bank = in_window(bank, size);
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
    pub(crate) fn banks(&self, weights: Tensor<4>, offsets: AngleOffsets) -> Vec<Tensor<4>> {
        match &self.network {
            Some(network) => self.banks_of_network(network, weights, offsets),
            None => {
                assert!(
                    offsets.is_none(),
                    "a kernel that is not a network has its samples where they are"
                );
                self.linear_banks(weights)
            }
        }
    }

    fn banks_of_network(
        &self,
        network: &NetworkKernel,
        weights: Tensor<4>,
        offsets: AngleOffsets,
    ) -> Vec<Tensor<4>> {
        let [c_out, c_in, _, count] = weights.dims();
        let pairs = c_out * c_in;
        let last_layer = weights.reshape([pairs, count]).transpose();
        let parts = self.parts.iter().zip(network.features(offsets));
        let bank = |(part, (features, size)): (&Part, (Tensor<2>, KernelSize))| {
            let values = features.matmul(last_layer.clone());
            let rows = self.relative * part.responses();
            part.bank(
                values.reshape([rows, size.taps() * pairs]),
                [c_out, c_in],
                size,
            )
        };
        parts.map(bank).collect()
    }

    /// The mean over H of what all features sum to, squared, over the relative elements and taps: a weight's share in the
    /// second moment of a response to independent pixels.
    pub(super) fn energy(&self) -> Option<f64> {
        let network = self.network.as_ref()?;
        let responses: usize = self.parts.iter().map(Part::responses).sum();
        let squares = network
            .features(AngleOffsets::default())
            .into_iter()
            .map(|(features, _)| {
                // The last one is a constant, whose weight is zero at first.
                let [_, count] = features.dims();
                let own = features.narrow(1, 0, count - 1);
                (own.clone() * own).sum().into_scalar::<f64>()
            });
        Some(squares.sum::<f64>() / responses.max(1) as f64)
    }

    /// What the loss adds for a kernel that is finer than the pixels, weighted; nothing for most kernels.
    pub fn penalty(&self) -> Option<Tensor<1>> {
        self.network.as_ref()?.penalty()
    }

    /// The highest frequency that a kernel has, in periods per half of its side, where that is known: of a MAGNet it is, from
    /// its weights, `[1]`.
    pub fn highest_frequency(&self) -> Option<Tensor<1>> {
        self.network.as_ref()?.highest_frequency()
    }

    /// Height and width of what a kernel's trained mask leaves of it, in pixels and parts of them, as the identity has it; none
    /// where it isn't trained.
    pub fn trained_size(&self) -> Option<[f64; 2]> {
        self.network.as_ref()?.trained_size()
    }

    /// Whether the windows of kernels are trained with them.
    pub fn is_cropped(&self) -> bool {
        self.network.as_ref().is_some_and(NetworkKernel::is_cropped)
    }

    fn linear_banks(&self, weights: Tensor<4>) -> Vec<Tensor<4>> {
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
                let of_part = |part: &Part| part.bank(rows.clone(), channels, part.size());
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
                    banks.push(part.bank(rows, channels, part.size()));
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
