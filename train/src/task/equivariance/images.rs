//! Networks for images, under elements of their group and other transformations of the plane.

use std::cell::RefCell;

use burn::prelude::*;
use gcnn_layers::Group;
use gcnn_layers::equivariance::{Feature, PlaneTransformation, survey as measure};

use super::{Element, Standing, Survey};

/// By how much an image may grow: beyond that most of it is out of the picture, and little is left to be compared.
const LARGEST_FACTOR: f64 = 2.0 + 1e-6;

/// The elements of a network's group that leave enough of an image.
pub fn own_elements(group: &Group) -> Vec<(PlaneTransformation, Standing)> {
    let all = group
        .elements()
        .map(|element| PlaneTransformation::of(group, element));
    let leaves_enough =
        |transformation: &PlaneTransformation| transformation.factor() <= LARGEST_FACTOR;
    let own = all.filter(leaves_enough).map(|transformation| {
        let standing = match transformation.is_exact() {
            true => Standing::Exact,
            false => Standing::Interpolated,
        };
        (transformation, standing)
    });
    own.collect()
}

/// What the report of a run may cost, in multiplications: about ten seconds on two cores.
const BUDGET: u64 = 200_000_000_000;
/// What moving a number of a layer between pixels costs: 36 taps, which are not next to each other.
const INTERPOLATED: u64 = 2_000;

/// How often a network is asked about each image of a survey: turned by every element, and as it is.
pub fn passes(elements: &[(PlaneTransformation, Standing)]) -> usize {
    let has = |exact: bool| {
        elements
            .iter()
            .any(|(transformation, _)| transformation.is_exact() == exact)
    };
    elements.len() + usize::from(has(true)) + usize::from(has(false))
}

/// How many images a report can afford, at least one, given what the network says of one of them and the multiplications that
/// it takes: the network sees every image turned by every element, and what it says is moved by it.
pub fn affordable(
    elements: &[(PlaneTransformation, Standing)],
    one: &[(String, Feature)],
    multiplications: u64,
) -> usize {
    let size = |feature: &Feature| feature.shape().iter().product::<usize>() as u64;
    let numbers: u64 = one.iter().map(|(_, feature)| size(feature)).sum();
    let moved = elements
        .iter()
        .filter(|(transformation, _)| !transformation.is_exact());
    let seen = multiplications.saturating_mul(passes(elements) as u64);
    let moved = numbers.saturating_mul(INTERPOLATED * moved.count() as u64);
    let cost = seen.saturating_add(moved).max(1);
    usize::try_from(BUDGET / cost).unwrap_or(usize::MAX).max(1)
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

/// The same; `seen` hears how many images have passed through the network, and how many will.
pub fn survey_heard(
    group: &Group,
    elements: Vec<(PlaneTransformation, Standing)>,
    images: Tensor<4>,
    outputs: impl Fn(Tensor<4>) -> Vec<(String, Feature)>,
    seen: &mut dyn FnMut(usize, usize),
) -> Survey {
    let all = images.dims()[0] * passes(&elements);
    let heard = RefCell::new((0, seen));
    let outputs = |images: Tensor<4>| {
        let [batch, ..] = images.dims();
        let said = outputs(images);
        let (done, seen) = &mut *heard.borrow_mut();
        *done += batch;
        seen(*done, all);
        said
    };
    survey(group, elements, images, &outputs)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn large_networks_are_measured_on_fewer_images() {
        let elements = |order| own_elements(&Group::cyclic(order).expect("a group"));
        let layer = |side: usize| {
            let map = Tensor::<4>::zeros([1, 2, side, side], &Device::flex());
            vec![("layer 1".to_string(), Feature::Plane(map))]
        };
        assert_eq!(passes(&elements(4)), 5);
        // Of a group that also interpolates, what is not turned is seen whole and in its disc.
        assert_eq!(passes(&elements(8)), 10);
        let count = |order, side, multiplications| {
            affordable(&elements(order), &layer(side), multiplications)
        };
        assert_eq!(count(4, 10, 1_000_000_000), 40);
        assert!(count(8, 10, 1_000_000_000) < 20);
        assert!(count(8, 1000, 1_000_000_000) < count(8, 10, 1_000_000_000));
        assert_eq!(count(4, 10, u64::MAX), 1);
        assert!(count(4, 1, 0) > 1_000_000);
    }
}
