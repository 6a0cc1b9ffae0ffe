//! Group convolution, G → G: a feature map on the group meets a kernel on the group.
//!
//! ```text
//! (k ⋆ f)(x, h) = Σ_h' Σ_y Σ_c k_c(h⁻¹(y − x), h⁻¹h') f_c(y, h') + b
//! ```
//!
//! The kernel of response h is the kernel of response e turned in the plane and moved along H. Turning the input turns
//! the output: (k ⋆ L_g f)(x, h) = (k ⋆ f)(g⁻¹x, g⁻¹h), with (L_g f)(x, h) = f(g⁻¹x, g⁻¹h). Source: Cohen & Welling
//! 2016, equation 11.

use super::layer::private::Sealed;
use super::{Convolution, ConvolutionConfig, FromGroup, Map};
use crate::group::Group;
use crate::kernel::Spaces;

/// G → G.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OnGroup;

impl Sealed for OnGroup {}

impl FromGroup for OnGroup {}

impl Map for OnGroup {
    const LAYER: &'static str = "GroupConv2d";

    #[expect(private_interfaces, reason = "only this crate has maps")]
    fn spaces<'a>(output: &'a Group, input: &'a Group, range: Option<usize>) -> Spaces<'a> {
        Spaces::Group {
            output,
            input,
            range,
        }
    }
}

/// Configuration of a [`GroupConv2d`].
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Group, GroupConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let device = Device::flex();
/// let config = GroupConv2dConfig::new(Group::dihedral(4)?, [4, 6], 3);
/// config.validate()?;
/// let conv = config.init(&device);
/// let map = Tensor::<5>::ones([2, 4, 8, 12, 12], &device);
/// assert_eq!(conv.forward(map).dims(), [2, 6, 8, 10, 10]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
pub type GroupConv2dConfig = ConvolutionConfig<OnGroup>;

impl GroupConv2dConfig {
    /// Takes maps whose group axis is sampled otherwise than the responses: finer, or coarser. The layer is equivariant under
    /// what both samplings have in common.
    ///
    /// ```
    /// use burn::prelude::*;
    /// use gcnn_layers::{Group, GroupConv2dConfig};
    ///
    /// # #[cfg(feature = "flex")] {
    /// let (c4, c8) = (Group::cyclic(4)?, Group::cyclic(8)?);
    /// let coarser = GroupConv2dConfig::new(c4, [4, 6], 3).with_input_group(c8).init(&Device::flex());
    /// let map = Tensor::<5>::ones([2, 4, 8, 12, 12], &Device::flex());
    /// assert_eq!(coarser.forward(map).dims(), [2, 6, 4, 10, 10]);
    /// # }
    /// # Ok::<(), gcnn_layers::LayerError>(())
    /// ```
    pub fn with_input_group(mut self, group: Group) -> Self {
        self.input_group = Some(group).filter(|group| *group != self.group);
        self
    }

    /// How many samples a kernel sees along an axis of H that ends: 1 means that scales don't meet. A kernel with a weight per
    /// sample sees those from the response's own scale on, coarser ones, as published; one that is a function on H sees both
    /// sides. What would lie beyond the last sample counts as zero. To leave out the responses that miss some of what they
    /// should see, give the layer fewer scales than its [input](Self::with_input_group).
    ///
    /// ```
    /// use burn::prelude::*;
    /// use gcnn_layers::kernel::HermiteConfig;
    /// use gcnn_layers::{Group, GroupConv2dConfig, KernelConfig, Padding2d};
    ///
    /// # #[cfg(feature = "flex")] {
    /// let kernel = KernelConfig::hermite(HermiteConfig::default());
    /// // Each of three scales sees itself and the next one of four.
    /// let conv = GroupConv2dConfig::new("R3".parse()?, [4, 6], 3)
    ///     .with_input_group("R4".parse()?)
    ///     .with_range(Some(2))
    ///     .with_kernel(kernel)
    ///     .with_padding(Padding2d::Same)
    ///     .init(&Device::flex());
    /// assert_eq!(conv.weight.dims(), [6, 4, 2, 10]);
    /// let map = Tensor::<5>::ones([2, 4, 4, 12, 12], &Device::flex());
    /// assert_eq!(conv.forward(map).dims(), [2, 6, 3, 12, 12]);
    /// # }
    /// # Ok::<(), gcnn_layers::LayerError>(())
    /// ```
    pub fn with_range(mut self, range: Option<usize>) -> Self {
        self.range = range;
        self
    }
}

/// Correlates a feature map on the group with kernels on the group. Made by
/// [`GroupConv2dConfig::init`](ConvolutionConfig::init).
pub type GroupConv2d = Convolution<OnGroup>;

impl GroupConv2d {
    /// The group that the input lives on.
    pub fn input_group(&self) -> &Group {
        &self.input_group
    }
}
