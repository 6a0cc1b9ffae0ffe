//! Networks for images, under elements of their group and other motions of the plane.

use burn::prelude::*;
use gcnn_layers::Group;
use gcnn_layers::equivariance::{Feature, PlaneMotion, survey as measure};

use super::{Element, Standing, Survey};

/// The elements of a network's group.
pub fn own_elements(group: &Group) -> Vec<(PlaneMotion, Standing)> {
    let own = group.elements().map(|element| {
        let motion = PlaneMotion::of(group, element);
        let standing = match motion.is_exact() {
            true => Standing::Exact,
            false => Standing::Interpolated,
        };
        (motion, standing)
    });
    own.collect()
}

/// Every output of a network under some motions, `images` of `[batch, channels, height, width]`. `outputs` gives what the network
/// says of images layer by layer, by name, the class scores last.
pub fn survey(
    group: &Group,
    elements: Vec<(PlaneMotion, Standing)>,
    images: Tensor<4>,
    outputs: &dyn Fn(Tensor<4>) -> Vec<(String, Feature)>,
) -> Survey {
    let motions: Vec<PlaneMotion> = elements.iter().map(|(motion, _)| *motion).collect();
    let named = elements.into_iter().map(|(motion, standing)| Element {
        name: motion.to_string(),
        standing,
    });
    Survey {
        elements: named.collect(),
        outputs: measure(group, &motions, images, outputs),
    }
}
