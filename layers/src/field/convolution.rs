//! Steerable convolution: from fields to fields on the plane.
//!
//! ```text
//! (k ⋆ f)(x) = Σ_y k(y − x) f(y) + b,    k = Σ_e w_e K_e,   K_e(g x) = ρ_out(g) K_e(x) ρ_in(g)⁻¹,   ρ_out(g) b = b
//! ```
//!
//! With such kernels Φ ∘ L_g = L_g ∘ Φ where (L_g f)(x) = ρ(g) f(g⁻¹x), whatever the weights. From `regular` to `regular` these are the
//! group convolutions with kernels that are band-limited on rings. Weights times the [basis](super::KernelSpace) are one bank of plain
//! filters, and the layer one dense convolution. Source: Weiler and Cesa 2019, "General E(2)-equivariant steerable CNNs", section 2.
//!
//! The weights of a kernel begin as normal, with a variance that makes an irrep of the output as large as the gain says,
//!
//! ```text
//! σ² = gain · dim / max(Σ_e |K_e|², Σ_e |Σ_x K_e(x)|²)          over all kernels, and fields of the input, that lead to the irrep
//! ```
//!
//! The first sum is what independent pixels need (He et al. 2015; Weiler et al. 2018, section 4.2). Where pixels are alike, as they are
//! behind smooth kernels, rings add up and the second is larger; then it is noise that becomes smaller, and nothing that grows from layer to layer.

use burn::module::{DisplaySettings, Initializer, ModuleDisplay, Param};
use burn::prelude::*;

use super::kernel_space::{KernelElement, KernelSpace};
use super::layout::{Layout, expect_fields, invariants};
use super::representation::{FieldError, FieldType, Representation};
use crate::convolution::{Padding2d, Window};
use crate::group::Group;
use crate::mark::Mark;
use crate::{LayerError, Parameters, expect};

const LAYER: &str = "SteerableConv2d";

/// The most numbers in the weights and in the filters.
const MAX_NUMBERS: usize = 1 << 28;

/// Configuration of a [`SteerableConv2d`].
#[derive(Config, Debug)]
pub struct SteerableConv2dConfig {
    /// The fields that come in.
    pub input: FieldType,
    /// The fields that come out.
    pub output: FieldType,
    /// Pixels along each side of the kernel.
    pub kernel_size: usize,
    /// Pixels between output positions, along both axes.
    #[config(default = 1)]
    pub stride: usize,
    /// What lies beyond the border.
    #[config(default = "Padding2d::None")]
    pub padding: Padding2d,
    /// Pixels between neighbouring taps of the kernel.
    #[config(default = 1)]
    pub dilation: usize,
    /// Whether there is a bias along each direction of an output field that nothing changes.
    #[config(default = true)]
    pub bias: bool,
    /// By how much the mean square grows from input to output at first, at most: 2 makes up for the half that ReLU takes.
    #[config(default = 2.0)]
    pub gain: f64,
    /// Height and width of the input where they are known: then [`validate`](Self::validate) checks that the stride keeps the
    /// group's symmetry.
    #[config(default = "None")]
    pub input_size: Option<[usize; 2]>,
}

impl SteerableConv2dConfig {
    /// Checks that the layer is consistent and equivariant, and says what would work where it is not.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.pairs().map(|_| ())
    }

    /// What the layer learns, by name and shape; no tensor is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        let pairs = self
            .pairs()?
            .into_iter()
            .filter(|pair| !pair.elements.is_empty());
        let weights = pairs.enumerate().fold(Parameters::new(), |all, (n, pair)| {
            let weight = Parameters::new().with("weight", pair.shape(self));
            all.with_module(format_args!("kernels.{n}"), weight)
        });
        Ok(match (self.bias, invariants(&self.output)) {
            (true, count) if count > 0 => weights.with("bias", [count]),
            _ => weights,
        })
    }

    /// How many numbers the layer takes beside its parameters, for the bases of its kernels and for its filters.
    pub fn filter_numbers(&self) -> Result<usize, LayerError> {
        let pairs = self.pairs()?;
        let bases: usize = pairs.iter().map(|pair| pair.basis_numbers(self)).sum();
        Ok(bases + self.bank_numbers())
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> SteerableConv2d {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("{LAYER}: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<SteerableConv2d, LayerError> {
        let normal = Initializer::Normal {
            mean: 0.0,
            std: 1.0,
        };
        self.try_init_with(|shape, device| normal.init(shape, device).val(), device)
    }

    /// The same with numbers that are drawn otherwise, of variance 1.
    pub(super) fn try_init_with(
        &self,
        mut draw: impl FnMut([usize; 3], &Device) -> Tensor<3>,
        device: &Device,
    ) -> Result<SteerableConv2d, LayerError> {
        let pairs = self.pairs()?;
        let mut kernels = Vec::new();
        for pair in &pairs {
            if pair.elements.is_empty() {
                continue;
            }
            let deviations = self.deviations(pair, &pairs);
            let deviations = TensorData::new(deviations, [1, 1, pair.elements.len()]);
            let weight = draw(pair.shape(self), device) * Tensor::from_data(deviations, device);
            let [input, output] = pair.representations(self);
            let space = KernelSpace::new(input, output, self.kernel_size)?;
            let dims = [
                pair.elements.len(),
                pair.basis_numbers(self) / pair.elements.len(),
            ];
            kernels.push(PairKernel {
                // What has been computed is no parameter where gradients are tracked.
                weight: Param::from_tensor(weight.detach()),
                basis: Tensor::from_data(TensorData::new(space.into_values(), dims), device),
                place: pair.place,
                dims: [output.dim(), input.dim()],
            });
        }
        let directions = invariants(&self.output);
        Ok(SteerableConv2d {
            bias: (self.bias && directions > 0)
                .then(|| Initializer::Zeros.init([directions], device)),
            kernels,
            layout: Layout::new(&self.output, device),
            mark: Mark::new(format!("{} to {}", self.input, self.output), device),
            window: self.window(),
            grid: self.output.group().sampled(),
            input: self.input.clone(),
            output: self.output.clone(),
        })
    }

    /// Where the kernel is put.
    pub fn window(&self) -> Window {
        Window {
            kernel_size: self.kernel_size.into(),
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
        }
    }

    fn bank_numbers(&self) -> usize {
        self.input.dim() * self.output.dim() * self.kernel_size * self.kernel_size
    }

    /// The kernels between all blocks, once everything has been checked.
    fn pairs(&self) -> Result<Vec<Pair>, LayerError> {
        let (group, other) = (self.input.group(), self.output.group());
        if group != other {
            return Err(FieldError::other_group(group, other).into());
        }
        if !(self.gain.is_finite() && self.gain > 0.0) {
            return Err(LayerError::OutOfRange {
                what: "the gain of a steerable convolution",
                value: self.gain,
                range: "positive and finite",
            });
        }
        let mut pairs = Vec::new();
        for (o, output) in self.output.blocks().iter().enumerate() {
            for (i, input) in self.input.blocks().iter().enumerate() {
                let (from, to) = (&input.representation, &output.representation);
                pairs.push(Pair {
                    place: [o, i],
                    elements: KernelSpace::elements_of(from, to, self.kernel_size)?,
                });
            }
            let own = &pairs[pairs.len() - self.input.blocks().len()..];
            if own.iter().all(|pair| pair.elements.is_empty()) {
                return Err(LayerError::UnreachableField {
                    field: output.representation.to_string(),
                    input: self.input.clone(),
                    kernel_size: self.kernel_size,
                });
            }
        }
        self.window().validate(&group.sampled(), self.input_size)?;
        let of_weights = |pair: &Pair| pair.shape(self).iter().product::<usize>();
        let of_bases = |pair: &Pair| pair.basis_numbers(self);
        let sum = |numbers: &mut dyn Iterator<Item = usize>| numbers.fold(0, usize::saturating_add);
        let weights = sum(&mut pairs.iter().map(of_weights))
            .max(sum(&mut pairs.iter().map(of_bases)))
            .max(self.bank_numbers());
        match weights <= MAX_NUMBERS {
            true => Ok(pairs),
            false => Err(LayerError::TooManyWeights {
                weights,
                most: MAX_NUMBERS,
            }),
        }
    }

    /// The standard deviation of each kernel's weight at first.
    fn deviations(&self, pair: &Pair, all: &[Pair]) -> Vec<f64> {
        let irreps = pair.representations(self)[1].irreps();
        let largest = |irrep: usize| {
            let beside = all.iter().filter(|other| other.place[0] == pair.place[0]);
            let energies = beside.map(|other| other.energies(irrep, self));
            let [noise, constant] = energies.fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
            f64::max(noise, constant)
        };
        let energies: Vec<f64> = (0..irreps.len()).map(largest).collect();
        let elements = pair.elements.iter();
        let of_element = |element: &KernelElement| {
            let dim = irreps[element.output].dim() as f64;
            (self.gain * dim / energies[element.output]).sqrt()
        };
        elements.map(of_element).collect()
    }
}

/// The kernels from one block of the input to one of the output.
struct Pair {
    /// Which block of the output, and which of the input.
    place: [usize; 2],
    elements: Vec<KernelElement>,
}

impl Pair {
    fn shape(&self, of: &SteerableConv2dConfig) -> [usize; 3] {
        let [o, i] = self.place;
        let (output, input) = (&of.output.blocks()[o], &of.input.blocks()[i]);
        [output.multiplicity, input.multiplicity, self.elements.len()]
    }

    /// What kernels with weights of variance 1 make of noise and of constants of mean square 1, in an irrep of a field: squares, summed.
    fn energies(&self, irrep: usize, of: &SteerableConv2dConfig) -> [f64; 2] {
        let [_, output] = self.representations(of);
        let size = output.irreps()[irrep].dim() as f64;
        let fields = of.input.blocks()[self.place[1]].multiplicity as f64;
        let own = self.elements.iter().filter(|own| own.output == irrep);
        own.fold([0.0; 2], |[noise, constant], own| {
            [noise + fields * size, constant + fields * own.of_constant]
        })
    }

    fn basis_numbers(&self, of: &SteerableConv2dConfig) -> usize {
        let [input, output] = self.representations(of);
        self.elements.len() * input.dim() * output.dim() * of.kernel_size * of.kernel_size
    }

    /// Of the input and of the output.
    fn representations<'a>(&self, of: &'a SteerableConv2dConfig) -> [&'a Representation; 2] {
        let [o, i] = self.place;
        [
            &of.input.blocks()[i].representation,
            &of.output.blocks()[o].representation,
        ]
    }
}

/// Correlates fields with kernels that turn them into other fields.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::field::{FieldType, SteerableConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let image: FieldType = "SO(2): 3 trivial".parse()?;
/// let hidden: FieldType = "SO(2): 8 trivial + 4 irrep(1) + 4 irrep(2)".parse()?;
/// let conv = SteerableConv2dConfig::new(image, hidden, 5).init(&device);
/// assert_eq!(conv.to_string(), "SO(2): 3 trivial → SO(2): 8 trivial + 4 irrep(1) + 4 irrep(2), 5×5");
/// let pictures = Tensor::<4>::ones([2, 3, 28, 28], &device);
/// assert_eq!(conv.forward(pictures).dims(), [2, 24, 24, 24]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct SteerableConv2d {
    /// The kernels between blocks of fields that have any, by the output's block and then by the input's.
    pub kernels: Vec<PairKernel>,
    /// One for each direction of an output field that nothing changes, in the order of the fields.
    pub bias: Option<Param<Tensor<1>>>,
    pub(super) layout: Layout,
    mark: Mark,
    #[module(skip)]
    window: Window,
    #[module(skip)]
    grid: Group,
    #[module(skip)]
    input: FieldType,
    #[module(skip)]
    output: FieldType,
}

/// The kernels from one block of fields to another.
#[derive(Module, Debug)]
pub struct PairKernel {
    /// `[fields_out, fields_in, elements]`, the elements of a [`KernelSpace`].
    pub weight: Param<Tensor<3>>,
    /// `[elements, components_out · components_in · height · width]`.
    basis: Tensor<2>,
    #[module(skip)]
    place: [usize; 2],
    #[module(skip)]
    dims: [usize; 2],
}

impl PairKernel {
    /// `[fields_out · components_out, fields_in · components_in, height, width]`.
    fn bank(&self, size: usize) -> Tensor<4> {
        let weight = self.weight.val();
        let ([fields_out, fields_in, elements], [d_out, d_in]) = (weight.dims(), self.dims);
        let basis = self.basis.clone().cast(weight.dtype());
        let kernels = weight
            .reshape([fields_out * fields_in, elements])
            .matmul(basis);
        let kernels: Tensor<4> =
            kernels.reshape([fields_out, fields_in, d_out, d_in * size * size]);
        kernels
            .swap_dims(1, 2)
            .reshape([fields_out * d_out, fields_in * d_in, size, size])
    }
}

impl ModuleDisplay for SteerableConv2d {
    fn format(&self, _: DisplaySettings) -> String {
        let [side, _] = self.window.kernel_size.height_and_width();
        format!("{} → {}, {side}×{side}", self.input, self.output)
    }
}

impl SteerableConv2d {
    /// # Shapes
    /// - input: `[batch, input, height, width]`, the channels of the input's fields
    /// - output: `[batch, output, height_out, width_out]`
    ///
    /// # Panics
    /// If the input has another number of channels or numbers of another type, or is smaller than the kernel.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        expect_fields(LAYER, &self.input, &input);
        expect::numbers(LAYER, self.kernels[0].weight.val().dtype(), input.dtype());
        let (bank, bias) = (self.filter_bank(), self.filter_bias());
        self.window.correlate(LAYER, &self.grid, input, bank, bias)
    }

    /// The filters of an ordinary convolution, `[output, input, height, width]`: with [`filter_bias`](Self::filter_bias) all that the
    /// layer is once it is trained.
    pub fn filter_bank(&self) -> Tensor<4> {
        let [side, _] = self.window.kernel_size.height_and_width();
        // To every field there is one.
        let like = self.kernels[0].weight.val();
        let like = (&like.device(), like.dtype());
        let mut kernels = self.kernels.iter().peekable();
        let rows = self.output.blocks().iter().enumerate().map(|(o, output)| {
            let row = self.input.blocks().iter().enumerate().map(|(i, input)| {
                match kernels.next_if(|kernel| kernel.place == [o, i]) {
                    Some(kernel) => kernel.bank(side),
                    None => Tensor::zeros([output.dim(), input.dim(), side, side], like),
                }
            });
            Tensor::cat(row.collect(), 1)
        });
        Tensor::cat(rows.collect(), 0)
    }

    /// The bias of that convolution, `[output]`: zero where the group changes a component.
    pub fn filter_bias(&self) -> Option<Tensor<1>> {
        let bias = self.bias.as_ref();
        bias.map(|bias| self.layout.of_invariants(bias.val()))
    }

    /// The fields that come in.
    pub fn input_fields(&self) -> &FieldType {
        &self.input
    }

    /// The fields that come out.
    pub fn output_fields(&self) -> &FieldType {
        &self.output
    }

    /// Where the kernel is put.
    pub fn window(&self) -> Window {
        self.window
    }
}
