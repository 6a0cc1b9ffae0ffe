//! Functions on the group as fields, and back: what the regular half has as `[batch, channels, group, height, width]` are the channels of
//! `regular` fields, one after the other. Nothing is computed.

use burn::prelude::*;

use super::layout::expect_fields;
use super::representation::{FieldBlock, FieldType, PointGroup};
use crate::LayerError;
use crate::group::Group;

/// Regular fields as a map on the group: what [`GroupConv2d`](crate::GroupConv2d) takes.
///
/// # Shapes
/// - features: `[batch, fields, height, width]`
/// - output: `[batch, channels, group, height, width]`
///
/// # Errors
/// If some field isn't `regular`.
///
/// # Panics
/// If the features have another number of channels.
pub fn to_group_map(fields: &FieldType, features: Tensor<4>) -> Result<Tensor<5>, LayerError> {
    let regular = |block: &FieldBlock| block.representation.is_regular();
    if let Some(other) = fields.blocks().iter().find(|block| !regular(block)) {
        return Err(LayerError::NotRegular {
            field: other.representation.to_string(),
            group: fields.group().to_string(),
        });
    }
    expect_fields("to_group_map", fields, &features);
    let [batch, channels, height, width] = features.dims();
    let count = fields.count();
    Ok(features.reshape([batch, count, channels / count, height, width]))
}

/// A map on the group as regular fields, and the fields that these are.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::field::from_group_map;
/// use gcnn_layers::{Group, LiftingConv2dConfig};
///
/// # #[cfg(feature = "flex")] {
/// let (device, group) = (Device::flex(), Group::dihedral(4)?);
/// let lifting = LiftingConv2dConfig::new(group.clone(), [1, 6], 5).init(&device);
/// let map = lifting.forward(Tensor::ones([1, 1, 9, 9], &device));
/// let (fields, features) = from_group_map(&group, map)?;
/// assert_eq!(fields.to_string(), "D4: 6 regular");
/// assert_eq!(features.dims(), [1, 48, 5, 5]);
/// # }
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
///
/// # Shapes
/// - map: `[batch, channels, group, height, width]`
/// - output: `[batch, channels · group, height, width]`
///
/// # Errors
/// If the group isn't one of rotations, or of rotations and reflections.
///
/// # Panics
/// If the map lives on another group.
pub fn from_group_map(group: &Group, map: Tensor<5>) -> Result<(FieldType, Tensor<4>), LayerError> {
    let [batch, channels, order, height, width] = map.dims();
    crate::expect::on_group("from_group_map", channels, group, &map);
    let fields = FieldType::regular(PointGroup::try_from(group)?, channels)?;
    Ok((
        fields,
        map.reshape([batch, channels * order, height, width]),
    ))
}
