//! Functions on the group as vectors and tensors on the plane.
//!
//! ```text
//! v(x) = 1/|H| Σ_h ρ(h) f(x, h)
//! ```
//!
//! Of rotations that is the Fourier coefficient of frequency 1 for vectors, and of 0 and 2 for symmetric tensors; scalars are what
//! [`Projection`](crate::Projection) makes.

use burn::prelude::*;

use super::FieldKind;
use super::kind::mixed;
use crate::group::Group;

/// Configuration of a [`FieldProjection`].
#[derive(Config, Debug)]
pub struct FieldProjectionConfig {
    /// The group H.
    pub group: Group,
    /// What the field has at a place.
    pub kind: FieldKind,
}

impl FieldProjectionConfig {
    /// Builds the layer. It has no parameters and lives on no device.
    pub fn init(&self) -> FieldProjection {
        FieldProjection {
            group: self.group.clone(),
            kind: self.kind,
        }
    }
}

/// Makes vectors or tensors of functions on the group, of as many functions as one has components.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::Group;
/// use gcnn_layers::field::{FieldKind, FieldProjectionConfig};
///
/// # #[cfg(feature = "flex")] {
/// let group = Group::cyclic(8)?;
/// let vectors = FieldProjectionConfig::new(group, FieldKind::Vector).init();
/// let map = Tensor::<5>::ones([1, 6, 8, 24, 24], &Device::flex());
/// assert_eq!(vectors.forward(map).dims(), [1, 3, 2, 24, 24]);
/// # }
/// # Ok::<(), gcnn_layers::group::GroupError>(())
/// ```
#[derive(Module, Debug)]
pub struct FieldProjection {
    #[module(skip)]
    group: Group,
    #[module(skip)]
    kind: FieldKind,
}

impl FieldProjection {
    /// # Shapes
    /// - input: `[batch, channels · components, group, height, width]`
    /// - output: `[batch, channels, components, height, width]`
    ///
    /// # Panics
    /// If the input lives on another group, or its channels cannot be shared out among the components.
    pub fn forward(&self, map: Tensor<5>) -> Tensor<5> {
        let [batch, fields, found, height, width] = map.dims();
        let (components, order) = (self.kind.components(), self.group.order());
        assert!(
            found == order && fields.is_multiple_of(components),
            "FieldProjection takes {components} channels for each of its fields on {}, whose group axis has {order} elements: \
             [batch, {components} · fields, {order}, height, width]; found {:?}",
            self.group,
            map.dims()
        );
        // The component in row i that component j of element h has.
        let entry = |i: usize, j: usize, h: usize| {
            self.kind.representation(self.group.matrix(h))[i * components + j] / order as f64
        };
        let row = |i: usize| {
            let columns = (0..components).flat_map(move |j| (0..order).map(move |h| (j, h)));
            columns.map(move |(j, h)| entry(i, j, h))
        };
        let all: Vec<f64> = (0..components).flat_map(row).collect();
        let channels = fields / components;
        mixed(
            &all,
            map.reshape([batch, channels, components * order, height, width]),
        )
    }
}
