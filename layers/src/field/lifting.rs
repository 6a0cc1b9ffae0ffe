//! Vectors and tensors on the plane as functions on the group.
//!
//! ```text
//! f(x, h) = ρ(h⁻¹) v(x)
//! ```

use burn::prelude::*;

use super::FieldKind;
use super::kind::mixed;
use crate::group::Group;

/// Configuration of a [`FieldLifting`].
#[derive(Config, Debug)]
pub struct FieldLiftingConfig {
    /// The group H.
    pub group: Group,
    /// What the field has at a place.
    pub kind: FieldKind,
}

impl FieldLiftingConfig {
    /// Builds the layer. It has no parameters and lives on no device.
    pub fn init(&self) -> FieldLifting {
        FieldLifting {
            group: self.group.clone(),
            kind: self.kind,
        }
    }
}

/// Makes functions on the group of vectors or tensors.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::field::{FieldKind, FieldLiftingConfig};
/// use gcnn_layers::{Group, GroupConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let (device, group) = (Device::flex(), Group::cyclic(8)?);
/// let lifting = FieldLiftingConfig::new(group.clone(), FieldKind::Vector).init();
/// let conv = GroupConv2dConfig::new(group, [2, 6], 5).init(&device);
/// let wind = Tensor::<5>::ones([1, 1, 2, 24, 24], &device);
/// assert_eq!(conv.forward(lifting.forward(wind)).dims(), [1, 6, 8, 20, 20]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
pub struct FieldLifting {
    #[module(skip)]
    group: Group,
    #[module(skip)]
    kind: FieldKind,
}

impl FieldLifting {
    /// # Shapes
    /// - input: `[batch, channels, components, height, width]`
    /// - output: `[batch, channels · components, group, height, width]`
    ///
    /// # Panics
    /// If the input has another number of components.
    pub fn forward(&self, field: Tensor<5>) -> Tensor<5> {
        let [batch, channels, found, height, width] = field.dims();
        let (components, order) = (self.kind.components(), self.group.order());
        assert_eq!(
            found,
            components,
            "FieldLifting takes {components} components, [batch, channels, {components}, height, width]; found {:?}",
            field.dims()
        );
        let rows = |h| {
            let back = self.group.inverse_matrix(h);
            self.kind.representation(back)
        };
        let all: Vec<f64> = self.group.elements().flat_map(rows).collect();
        let seen: Tensor<6> =
            mixed(&all, field).reshape([batch, channels, order, components, height, width]);
        seen.swap_dims(2, 3)
            .reshape([batch, channels * components, order, height, width])
    }
}
