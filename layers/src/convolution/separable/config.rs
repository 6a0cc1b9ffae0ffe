//! Which factors a separable kernel has, and how they begin.

use burn::module::Param;
use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::SeparableGroupConv2d;
use super::layer::{Dsep, FactorLayers, Gsep, Separable, Separable2d};
use crate::convolution::{
    ConvolutionConfig, DepthwiseConv2dConfig, GroupConv2dConfig, IsotropicConv2dConfig,
    LiftingConv2dConfig, Map, Padding2d, SpatialConv2dConfig,
};
use crate::error::LayerError;
use crate::group::Group;
use crate::kernel::{KernelConfig, KernelSize};
use crate::parameters::Parameters;

/// Which factors a kernel has. Written `separable`, `gsep`, `dsep` and `separable+2d` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Separation {
    /// k_oi(h) k_o(x): fields meet over H, and the plane is seen by each field and element apart.
    #[default]
    Separable,
    /// k_oi(h) k_oi(x): a kernel on H and one on the plane for each pair of fields.
    Gsep,
    /// k_oi k_o(x, h): fields meet in a matrix, and G is seen by each field apart.
    Dsep,
    /// k_oi(θ) k_o(s) k_o(x): of rotations and scales, fields meet over the rotations.
    #[serde(rename = "separable+2d")]
    Separable2d,
}

/// Configuration of a [`SeparableGroupConv2d`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, Padding2d, SeparableGroupConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let config = SeparableGroupConv2dConfig::new(Group::cyclic(8)?, [4, 6], 5.into()).with_padding(Padding2d::Same);
/// config.validate()?;
/// let conv = config.init(&device);
/// let map = Tensor::<5>::ones([2, 4, 8, 12, 12], &device);
/// assert_eq!(conv.forward(map).dims(), [2, 6, 8, 12, 12]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct SeparableGroupConv2dConfig {
    /// The group H of transformations beside translations.
    pub group: Group,
    /// The number of input fields and of output fields.
    pub channels: [usize; 2],
    /// The kernel in pixels, as the identity leaves it.
    pub kernel_size: KernelSize,
    /// Which factors the kernel has.
    #[config(default = "Separation::Separable")]
    pub separation: Separation,
    /// Pixels between output positions, along both axes.
    #[config(default = 1)]
    pub stride: usize,
    /// What lies beyond the border.
    #[config(default = "Padding2d::None")]
    pub padding: Padding2d,
    /// How many samples along an axis of H that ends a kernel sees, of scales for example; all where left out.
    #[config(default = "None")]
    pub range: Option<usize>,
    /// Whether each output field has a bias.
    #[config(default = true)]
    pub bias: bool,
    /// How the factors are parametrised.
    #[config(default = "KernelConfig::default()")]
    pub kernel: KernelConfig,
}

/// The configurations of the factors.
enum Factors {
    Separable(GroupConv2dConfig, SpatialConv2dConfig),
    Gsep(GroupConv2dConfig, LiftingConv2dConfig),
    Dsep(IsotropicConv2dConfig, DepthwiseConv2dConfig),
    Separable2d(
        GroupConv2dConfig,
        DepthwiseConv2dConfig,
        SpatialConv2dConfig,
    ),
}

/// What is asked of a factor, whichever spaces it maps between.
trait Factor {
    fn validate(&self) -> Result<(), LayerError>;
    fn parameters(&self) -> Result<Parameters, LayerError>;
    fn filter_numbers(&self) -> Result<usize, LayerError>;
}

impl<M: Map> Factor for ConvolutionConfig<M> {
    fn validate(&self) -> Result<(), LayerError> {
        self.validate()
    }

    fn parameters(&self) -> Result<Parameters, LayerError> {
        self.parameters()
    }

    fn filter_numbers(&self) -> Result<usize, LayerError> {
        self.filter_numbers()
    }
}

impl Factors {
    /// In order, by the names of the layer's fields.
    fn each(&self) -> Vec<(&'static str, &dyn Factor)> {
        match self {
            Self::Separable(over_group, spatial) => {
                vec![("over_group", over_group), ("spatial", spatial)]
            }
            Self::Gsep(over_group, plane) => vec![("over_group", over_group), ("plane", plane)],
            Self::Dsep(mixing, depthwise) => vec![("mixing", mixing), ("depthwise", depthwise)],
            Self::Separable2d(over_rotations, along_scales, spatial) => vec![
                ("over_rotations", over_rotations),
                ("along_scales", along_scales),
                ("spatial", spatial),
            ],
        }
    }
}

impl SeparableGroupConv2dConfig {
    fn factors(&self) -> Result<Factors, LayerError> {
        let (group, [_, fields], kernel) = (&self.group, self.channels, self.kernel);
        let apart = [fields, fields];
        let over = |group: &Group| {
            GroupConv2dConfig::new(group.clone(), self.channels, 1)
                .with_range(self.range)
                .with_bias(false)
                .with_kernel(kernel)
        };
        let spatial = || {
            SpatialConv2dConfig::new(group.clone(), apart, self.kernel_size)
                .with_stride(self.stride)
                .with_padding(self.padding)
                .with_bias(self.bias)
                .with_kernel(kernel)
        };
        Ok(match self.separation {
            Separation::Separable => Factors::Separable(over(group), spatial()),
            Separation::Gsep => {
                let plane =
                    LiftingConv2dConfig::new(group.clone(), self.channels, self.kernel_size)
                        .with_stride(self.stride)
                        .with_padding(self.padding)
                        .with_bias(self.bias)
                        .with_kernel(kernel);
                Factors::Gsep(over(group), plane)
            }
            Separation::Dsep => {
                let mixing = IsotropicConv2dConfig::new(Group::trivial(), self.channels, 1);
                let mut depthwise =
                    DepthwiseConv2dConfig::new(group.clone(), apart, self.kernel_size)
                        .with_stride(self.stride)
                        .with_padding(self.padding)
                        .with_bias(self.bias)
                        .with_kernel(kernel);
                depthwise.range = self.range;
                Factors::Dsep(mixing.with_bias(false), depthwise)
            }
            Separation::Separable2d => {
                let Some([rotations, scales]) = group.factors() else {
                    return Err(LayerError::NoProduct {
                        group: group.name().into(),
                    });
                };
                let mut along_scales = DepthwiseConv2dConfig::new(scales.clone(), apart, 1)
                    .with_bias(false)
                    .with_kernel(kernel);
                along_scales.range = self.range;
                Factors::Separable2d(over(rotations), along_scales, spatial())
            }
        })
    }

    /// Checks that the layer is consistent and equivariant, and says what would work where it is not.
    pub fn validate(&self) -> Result<(), LayerError> {
        let factors = self.factors()?;
        let mut each = factors.each().into_iter();
        each.try_for_each(|(_, factor)| factor.validate())
    }

    /// What the layer learns, by name and shape; no tensor is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        let mut all = Parameters::new();
        for (name, factor) in self.factors()?.each() {
            let field = format_args!("factors.{:?}.{name}", self.separation);
            all = all.with_module(field, factor.parameters()?);
        }
        Ok(all)
    }

    /// How many numbers the layer takes beside its parameters, for its kernels under every element of the group; the largest
    /// number there is where they are too many to count.
    pub fn filter_numbers(&self) -> Result<usize, LayerError> {
        let mut own = 0_usize;
        for (_, factor) in self.factors()?.each() {
            own = own.saturating_add(factor.filter_numbers()?);
        }
        Ok(match self.separation {
            // The bank is that of the group convolution, |H| times as large as its factor.
            Separation::Gsep => own.saturating_mul(self.group.order()),
            _ => own,
        })
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> SeparableGroupConv2d {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("SeparableGroupConv2d: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<SeparableGroupConv2d, LayerError> {
        self.validate()?;
        // Between two factors there is no ReLU that halves the second moment.
        let linear = std::f64::consts::FRAC_1_SQRT_2;
        let factors = match self.factors()? {
            Factors::Separable(over_group, spatial) => {
                let mut spatial = spatial.try_init(device)?;
                scale(&mut spatial.weight, linear);
                FactorLayers::Separable(Separable {
                    over_group: over_group.try_init(device)?,
                    spatial,
                })
            }
            Factors::Gsep(over_group, plane) => {
                let mut plane = plane.try_init(device)?;
                // Both factors would divide by the number of channels.
                scale(&mut plane.weight, (self.channels[0] as f64).sqrt() * linear);
                FactorLayers::Gsep(Gsep {
                    over_group: over_group.try_init(device)?,
                    plane,
                })
            }
            Factors::Dsep(mixing, depthwise) => {
                let mut depthwise = depthwise.try_init(device)?;
                scale(&mut depthwise.weight, linear);
                FactorLayers::Dsep(Dsep {
                    mixing: mixing.try_init(device)?,
                    depthwise,
                })
            }
            Factors::Separable2d(over_rotations, along_scales, spatial) => {
                let mut along_scales = along_scales.try_init(device)?;
                let mut spatial = spatial.try_init(device)?;
                scale(&mut along_scales.weight, linear);
                scale(&mut spatial.weight, linear);
                FactorLayers::Separable2d(Separable2d {
                    over_rotations: over_rotations.try_init(device)?,
                    along_scales,
                    spatial,
                })
            }
        };
        Ok(SeparableGroupConv2d {
            factors,
            group: self.group.clone(),
            channels: self.channels,
        })
    }
}

/// Weights times a number, as they begin.
fn scale(weight: &mut Param<Tensor<4>>, factor: f64) {
    *weight = Param::from_tensor((weight.val() * factor).detach());
}
