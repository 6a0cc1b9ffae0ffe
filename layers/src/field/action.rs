//! How rotations and reflections act on fields.
//!
//! ```text
//! (L_g f)(x) = ρ(g) f(g⁻¹x)
//! ```

use burn::prelude::*;

use super::kind::mixed;
use super::layout::{blocks, expect_fields, joined};
use super::representation::{FieldError, FieldType, Isometry};
use crate::equivariance::PlaneTransformation;

impl Isometry {
    /// The same as what [`equivariance`](crate::equivariance) knows.
    pub fn transformation(self) -> PlaneTransformation {
        let rotation = PlaneTransformation::rotation(self.angle.to_degrees());
        match self.reflects {
            false => rotation,
            true => rotation.after_mirror(),
        }
    }
}

/// L_g of fields. Rotations by 90° and the mirror move pixels to pixels; others interpolate, as
/// [`plane_action`](crate::plane_action) does.
///
/// # Shapes
/// - features: `[batch, fields, height, width]`
/// - output: the same, with height and width exchanged where the element exchanges the axes
///
/// # Errors
/// If the fields' group doesn't have the element.
///
/// # Panics
/// If the features have another number of channels.
pub fn field_action(
    fields: &FieldType,
    element: Isometry,
    features: Tensor<4>,
) -> Result<Tensor<4>, FieldError> {
    expect_fields("field_action", fields, &features);
    let moved = element.transformation().on_plane(features);
    let own = fields.blocks().iter().zip(blocks(fields, moved));
    let turned: Result<Vec<_>, FieldError> = own
        .map(|(block, values)| Ok(mixed(&block.representation.matrix(element)?, values)))
        .collect();
    Ok(joined(turned?))
}
