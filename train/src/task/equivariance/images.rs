//! Networks for images, under elements of their group and other transformations of the plane.

use burn::prelude::*;
use gcnn_layers::Group;
use gcnn_layers::equivariance::{Feature, PlaneTransformation, survey as measure};

use super::{Element, Standing, Survey};

/// The elements of a network's group.
pub fn own_elements(group: &Group) -> Vec<(PlaneTransformation, Standing)> {
    let own = group.elements().map(|element| {
        let transformation = PlaneTransformation::of(group, element);
        let standing = match transformation.is_exact() {
            true => Standing::Exact,
            false => Standing::Interpolated,
        };
        (transformation, standing)
    });
    own.collect()
}

/// Every output of a network under some transformations, `images` of `[batch, channels, height, width]`. `outputs` gives what the network
/// says of images layer by layer, by name, the class scores last.
pub fn survey(
    group: &Group,
    elements: Vec<(PlaneTransformation, Standing)>,
    images: Tensor<4>,
    outputs: &dyn Fn(Tensor<4>) -> Vec<(String, Feature)>,
) -> Survey {
    let transformations: Vec<PlaneTransformation> = elements
        .iter()
        .map(|(transformation, _)| *transformation)
        .collect();
    let named = elements
        .into_iter()
        .map(|(transformation, standing)| Element {
            name: transformation.to_string(),
            standing,
        });
    Survey {
        elements: named.collect(),
        outputs: measure(group, &transformations, images, outputs),
    }
}
