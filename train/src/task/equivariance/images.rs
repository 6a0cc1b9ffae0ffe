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

/// What the report of a run may cost, in [`cost`]: about ten seconds on two cores.
const BUDGET: usize = 1_000_000_000;
/// What moving a number of a layer between pixels costs, beside computing it.
const INTERPOLATED: usize = 3;

/// How often a network is asked about each image of a survey: turned by every element, and as it is.
pub fn passes(elements: &[(PlaneTransformation, Standing)]) -> usize {
    let has = |exact: bool| {
        elements
            .iter()
            .any(|(transformation, _)| transformation.is_exact() == exact)
    };
    elements.len() + usize::from(has(true)) + usize::from(has(false))
}

/// How many images a report can afford, at least one, given what the network says of one of them: large images have large
/// layers, and every number of a layer is computed for every element, and moved by it.
pub fn affordable(
    elements: &[(PlaneTransformation, Standing)],
    one: &[(String, Feature)],
) -> usize {
    let size = |feature: &Feature| feature.shape().iter().product::<usize>();
    let numbers: usize = one.iter().map(|(_, feature)| size(feature)).sum();
    let moved = elements
        .iter()
        .filter(|(transformation, _)| !transformation.is_exact());
    let times = passes(elements) + INTERPOLATED * moved.count();
    (BUDGET / (numbers * times).max(1)).max(1)
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
        examples: images.dims()[0],
        elements: named.collect(),
        outputs: measure(group, &transformations, images, outputs),
    }
}
