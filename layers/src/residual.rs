//! Residual block, G → G: two group convolutions beside a path that skips them.
//!
//! ```text
//! out = ReLU( BN(k₂ ⋆ ReLU(BN(k₁ ⋆ f))) + s(f) )      s(f) = f, or BN(k_s ⋆ f) with a kernel of one pixel
//! ```
//!
//! Where the block changes the number of fields, the shortcut is a 1×1 convolution. Sums of maps that turn alike turn like them: the block
//! commutes with H as its convolutions do. To halve maps, put a [`BlurPool2d`](crate::BlurPool2d) before it, which is exact at
//! every size. Source: He et al. 2016, figures 2 and 3, option B; Cohen & Welling 2016, section 8.2 (residual networks of
//! G-convolutions).

use burn::config::Config;
use burn::prelude::*;
use burn::tensor::activation::relu;
use serde::{Deserialize, Serialize};

use crate::{
    FieldBatchNorm, FieldBatchNormConfig, Group, GroupConv2d, GroupConv2dConfig, KernelConfig,
    KernelSize, LayerError, Padding2d, Parameters,
};

/// Configuration of a [`ResidualBlock`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResidualBlockConfig {
    /// The group H.
    pub group: Group,
    /// The number of input fields and of output fields.
    pub channels: [usize; 2],
    /// The kernels of both convolutions, in pixels: odd, since maps keep their size.
    pub kernel_size: KernelSize,
    /// How the kernels are parametrised.
    #[serde(default)]
    pub kernel: KernelConfig,
}

impl Config for ResidualBlockConfig {}

impl ResidualBlockConfig {
    /// With a weight per pixel of the kernels.
    pub fn new(group: Group, channels: [usize; 2], kernel_size: impl Into<KernelSize>) -> Self {
        Self {
            group,
            channels,
            kernel_size: kernel_size.into(),
            kernel: KernelConfig::default(),
        }
    }

    /// Sets how the kernels are parametrised.
    pub fn with_kernel(mut self, kernel: KernelConfig) -> Self {
        self.kernel = kernel;
        self
    }

    /// Checks that the block can be built.
    pub fn validate(&self) -> Result<(), LayerError> {
        let [first, second] = self.convolutions();
        first.validate()?;
        second.validate()?;
        self.shortcut()
            .map_or(Ok(()), |shortcut| shortcut.validate())
    }

    /// What the block learns, by name and shape; no tensor is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        let [first, second] = self.convolutions();
        let mut all = Parameters::new()
            .with_module("first", unit_parameters(&first)?)
            .with_module("second", unit_parameters(&second)?);
        if let Some(shortcut) = self.shortcut() {
            all = all.with_module("shortcut", unit_parameters(&shortcut)?);
        }
        Ok(all)
    }

    /// How many numbers the block takes beside its parameters, for its kernels under every element of the group.
    pub fn filter_numbers(&self) -> Result<usize, LayerError> {
        let mut convolutions = self.convolutions().into_iter().chain(self.shortcut());
        convolutions.try_fold(0usize, |all, own| {
            Ok(all.saturating_add(own.filter_numbers()?))
        })
    }

    /// Builds the block.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> ResidualBlock {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("ResidualBlock: {error}"))
    }

    /// Builds the block, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<ResidualBlock, LayerError> {
        let [first, second] = self.convolutions();
        let shortcut = self.shortcut();
        Ok(ResidualBlock {
            first: Normalised::new(&first, device)?,
            second: Normalised::new(&second, device)?,
            shortcut: shortcut
                .map(|shortcut| Normalised::new(&shortcut, device))
                .transpose()?,
        })
    }

    fn convolutions(&self) -> [GroupConv2dConfig; 2] {
        let [c_in, c_out] = self.channels;
        [[c_in, c_out], [c_out, c_out]].map(|channels| {
            self.convolution(channels, self.kernel_size)
                .with_kernel(self.kernel)
        })
    }

    fn shortcut(&self) -> Option<GroupConv2dConfig> {
        let [c_in, c_out] = self.channels;
        (c_in != c_out).then(|| self.convolution(self.channels, 1.into()))
    }

    /// Normalisation, which follows, would undo a bias.
    fn convolution(&self, channels: [usize; 2], kernel_size: KernelSize) -> GroupConv2dConfig {
        GroupConv2dConfig::new(self.group.clone(), channels, kernel_size)
            .with_padding(Padding2d::Same)
            .with_bias(false)
    }
}

fn unit_parameters(convolution: &GroupConv2dConfig) -> Result<Parameters, LayerError> {
    let norm = FieldBatchNormConfig::new(convolution.channels[1]).parameters();
    let own = Parameters::new().with_module("convolution", convolution.parameters()?);
    Ok(own.with_module("norm", norm))
}

/// Adds to a map what two convolutions make of it.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, ResidualBlockConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let block = ResidualBlockConfig::new(Group::cyclic(4)?, [6, 8], 3).init(&device);
/// let map = Tensor::<5>::ones([2, 6, 4, 15, 12], &device);
/// assert_eq!(block.forward(map).dims(), [2, 8, 4, 15, 12]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
pub struct ResidualBlock {
    first: Normalised,
    second: Normalised,
    /// Where fields become more or fewer.
    shortcut: Option<Normalised>,
}

/// Group convolution → normalisation.
#[derive(Module, Debug)]
struct Normalised {
    convolution: GroupConv2d,
    norm: FieldBatchNorm,
}

impl Normalised {
    fn new(convolution: &GroupConv2dConfig, device: &Device) -> Result<Self, LayerError> {
        Ok(Self {
            convolution: convolution.try_init(device)?,
            norm: FieldBatchNormConfig::new(convolution.channels[1]).try_init(device)?,
        })
    }

    fn forward(&self, map: Tensor<5>) -> Tensor<5> {
        self.norm.forward(self.convolution.forward(map))
    }
}

impl ResidualBlock {
    /// # Shapes
    /// - input: `[batch, channels_in, group, height, width]`
    /// - output: `[batch, channels_out, group, height, width]`
    ///
    /// # Panics
    /// If the input has another number of channels or lives on another group, or has numbers of another type than the weights.
    pub fn forward(&self, input: Tensor<5>) -> Tensor<5> {
        let first = self.first.convolution.forward(input.clone());
        let first = self.first.norm.forward_relu(first, None);
        let second = self.second.forward(first);
        let skipped = match &self.shortcut {
            Some(shortcut) => shortcut.forward(input),
            None => input,
        };
        relu(second + skipped)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::module::{ModuleVisitor, Param};
    use burn::tensor::Distribution;
    use rstest::rstest;

    use super::*;
    use crate::equivariance::PlaneTransformation;
    use crate::group_action;

    fn random(dims: [usize; 5], device: &Device) -> Tensor<5> {
        Tensor::random(dims, Distribution::Default, device)
    }

    fn largest(difference: Tensor<5>) -> f64 {
        difference.abs().max().into_scalar()
    }

    #[rstest]
    fn commutes_with_what_moves_pixels(
        #[values("trivial", "C4", "D4", "C8")] name: &str,
        #[values(4, 6)] fields: usize,
        #[values((8, 8), (7, 10))] (height, width): (usize, usize),
    ) {
        let (device, group) = (Device::flex(), name.parse::<Group>().unwrap());
        let block = ResidualBlockConfig::new(group.clone(), [4, fields], 3).init(&device);
        assert_eq!(block.shortcut.is_some(), fields != 4);
        let map = random([2, 4, group.order(), height, width], &device);
        let output = block.forward(map.clone());
        assert_eq!(output.dims(), [2, fields, group.order(), height, width]);
        let scale = largest(output.clone());
        let exact = group
            .elements()
            .filter(|g| PlaneTransformation::of(&group, *g).is_exact());
        for g in exact {
            let found = block.forward(group_action(&group, g, map.clone()));
            let error = largest(found - group_action(&group, g, output.clone())) / scale;
            assert!(error < 1e-5, "{error:.2e}");
        }
    }

    /// Where the second normalisation multiplies by zero, the positive map comes through as it is.
    #[test]
    fn what_adds_nothing_is_the_identity() {
        let device = Device::flex();
        let group: Group = "C4".parse().unwrap();
        let mut block = ResidualBlockConfig::new(group, [4, 4], 3).init(&device);
        let map = random([2, 4, 4, 6, 6], &device);
        assert!(largest(block.forward(map.clone()) - map.clone()) > 1e-2);
        block.second.norm.scale = Param::from_tensor(Tensor::zeros([4], &device));
        assert!(largest(block.forward(map.clone()) - map) < 1e-6);
    }

    #[test]
    fn every_parameter_has_a_gradient_and_is_said() {
        struct Reached<'a>(&'a burn::tensor::Gradients, usize);
        impl ModuleVisitor for Reached<'_> {
            fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
                if parameter.is_require_grad() {
                    let gradient = parameter.val().grad(self.0).expect("a gradient");
                    let largest: f32 = gradient.abs().max().into_scalar();
                    assert!(largest.is_finite() && largest > 0.0);
                    self.1 += parameter.val().dims().iter().product::<usize>();
                }
            }
        }
        let device = Device::flex().autodiff();
        let config = ResidualBlockConfig::new("D4".parse().unwrap(), [3, 4], 3);
        let block = config.init(&device);
        let map = random([2, 3, 8, 6, 6], &device);
        let output = block.forward(map);
        let gradients = output.powi_scalar(2).sum().backward();
        let mut reached = Reached(&gradients, 0);
        block.visit(&mut reached);
        // The kernels, and scale and shift behind each of them.
        let kernels = 9 * 8 * (3 * 4 + 4 * 4) + 8 * 3 * 4;
        assert_eq!(reached.1, kernels + 3 * 2 * 4);
        let running = 3 * 2 * 4;
        let said = config.parameters().unwrap().numbers();
        assert_eq!(said, reached.1 + running);
    }

    #[test]
    fn settings_that_do_not_fit_are_refused() {
        let of = |channels, size| ResidualBlockConfig::new(Group::trivial(), channels, size);
        let even = of([3, 4], 4).validate();
        assert!(matches!(even, Err(LayerError::HalfPixel { .. })));
        assert!(of([0, 4], 3).validate().is_err());
        assert!(of([4, 0], 3).try_init(&Device::flex()).is_err());
    }

    #[test]
    #[should_panic(expected = "GroupConv2d takes 4 channels on C4")]
    fn maps_on_another_group_are_refused() {
        let block =
            ResidualBlockConfig::new("C4".parse().unwrap(), [4, 4], 3).init(&Device::flex());
        let _ = block.forward(random([1, 4, 8, 6, 6], &Device::flex()));
    }
}
