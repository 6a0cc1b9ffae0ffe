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

    /// Divides fields into groups, of which each sees the like group of the input alone: so many times fewer weights and
    /// multiplications. Its fields keep their orientations, so that the layer commutes with H as before.
    ///
    /// ```
    /// use burn::prelude::*;
    /// use gcnn_layers::{Group, GroupConv2dConfig};
    ///
    /// # #[cfg(feature = "flex")] {
    /// let conv = GroupConv2dConfig::new(Group::cyclic(4)?, [6, 9], 3).with_groups(3).init(&Device::flex());
    /// assert_eq!(conv.weight.dims(), [9, 2, 4, 9]);
    /// let map = Tensor::<5>::ones([2, 6, 4, 12, 12], &Device::flex());
    /// assert_eq!(conv.forward(map).dims(), [2, 9, 4, 10, 10]);
    /// # }
    /// # Ok::<(), gcnn_layers::LayerError>(())
    /// ```
    pub fn with_groups(mut self, groups: usize) -> Self {
        self.groups = groups;
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

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::Distribution;
    use rstest::rstest;

    use super::*;
    use crate::kernel::BSplineConfig;
    use crate::{KernelConfig, LayerError, group_action};
    use burn::prelude::*;

    fn largest<const D: usize>(difference: Tensor<D>) -> f64 {
        difference.abs().max().into_scalar()
    }

    /// Each group of fields by itself, whose weights are its part of the whole; and exported.
    #[rstest]
    fn groups_of_fields_stay_apart(
        #[values("trivial", "C4", "D4", "R3", "C4xR2")] name: &str,
        #[values(1, 2, 3, 6)] groups: usize,
    ) {
        let (device, group) = (Device::flex(), name.parse::<Group>().unwrap());
        let of = |channels| {
            let config = GroupConv2dConfig::new(group.clone(), channels, 3);
            config.with_kernel(KernelConfig::b_spline(BSplineConfig::default()))
        };
        let config = of([6, 12]).with_groups(groups);
        let conv = config.init(&device);
        let dims = [2, 6, group.order(), 14, 15];
        let map = Tensor::<5>::random(dims, Distribution::Default, &device);
        let whole = conv.forward(map.clone());
        let [inputs, outputs] = [6 / groups, 12 / groups];
        for own in 0..groups {
            let mut alone = of([inputs, outputs]).init(&device);
            let weight = conv.weight.val().narrow(0, own * outputs, outputs);
            alone.weight = burn::module::Param::from_tensor(weight);
            let found = alone.forward(map.clone().narrow(1, own * inputs, inputs));
            let expected = whole.clone().narrow(1, own * outputs, outputs);
            assert!(largest(found - expected) < 1e-5);
        }
        let [_, _, _, height, width] = whole.dims();
        let plain = conv.export();
        let planes = plain.forward(map.reshape([2, 6 * group.order(), 14, 15]));
        let exported = planes.reshape([2, 12, group.order(), height, width]);
        assert!(largest(exported - whole) < 1e-5);
        let said = config.parameters().unwrap();
        assert_eq!(said.get("weight"), Some(&conv.weight.dims()[..]));
    }

    #[rstest]
    fn groups_of_fields_turn(#[values("C4", "D4")] name: &str) {
        let (device, group) = (Device::flex(), name.parse::<Group>().unwrap());
        let conv = GroupConv2dConfig::new(group.clone(), [4, 6], 3)
            .with_groups(2)
            .init(&device);
        let map = Tensor::<5>::random([2, 4, group.order(), 7, 9], Distribution::Default, &device);
        for g in group.elements() {
            let expected = group_action(&group, g, conv.forward(map.clone()));
            let found = conv.forward(group_action(&group, g, map.clone()));
            assert!(largest(found - expected) < 1e-5);
        }
    }

    #[test]
    fn groups_that_do_not_divide_fields_are_refused() {
        let of = |channels, groups| {
            let config = GroupConv2dConfig::new(Group::trivial(), channels, 3);
            config.with_groups(groups)
        };
        assert!(matches!(
            of([4, 6], 0).validate(),
            Err(LayerError::Zero { .. })
        ));
        for channels in [[4, 6], [6, 4]] {
            let config = of(channels, 3);
            let unequal = LayerError::UnequalGroups {
                fields: 4,
                groups: 3,
            };
            assert_eq!(config.validate(), Err(unequal.clone()));
            assert_eq!(config.parameters(), Err(unequal));
        }
        assert_eq!(of([4, 6], 2).validate(), Ok(()));
        // What is left out of files is one.
        let text = serde_json::to_string(&of([4, 6], 1)).unwrap();
        assert!(!text.contains("groups"));
        assert_eq!(
            serde_json::from_str::<GroupConv2dConfig>(&text).unwrap(),
            of([4, 6], 1)
        );
    }
}
