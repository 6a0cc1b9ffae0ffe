use burn::prelude::*;
use burn::tensor::Distribution;
use rstest::rstest;

use super::{BlurPool2dConfig, Upsample2dConfig, UpsampleKind};
use crate::{Group, LayerError, group_action};

fn largest<const D: usize>(difference: Tensor<D>) -> f64 {
    difference.abs().max().into_scalar()
}

#[rstest]
fn commute_with_right_angles_and_reflections(
    #[values("C4", "D4")] name: &str,
    #[values(1, 2, 7, 8)] side: usize,
) {
    let (device, group) = (Device::flex(), name.parse::<Group>().unwrap());
    let dims = [2, 3, group.order(), side, side];
    let map = Tensor::<5>::random(dims, Distribution::Default, &device);
    let kinds = [UpsampleKind::Nearest, UpsampleKind::Bilinear];
    let larger = [2, 3]
        .into_iter()
        .flat_map(|factor| kinds.map(|kind| Upsample2dConfig::new(factor).with_kind(kind).init()));
    let blur = BlurPool2dConfig::new().init();
    for g in group.elements() {
        let turned = group_action(&group, g, map.clone());
        for layer in larger.clone() {
            let expected = group_action(&group, g, layer.forward(map.clone()));
            assert!(largest(layer.forward(turned.clone()) - expected) < 1e-6);
        }
        let expected = group_action(&group, g, blur.forward(map.clone()));
        assert!(largest(blur.forward(turned.clone()) - expected) < 1e-6);
    }
}

#[test]
fn values_by_hand() {
    let device = Device::flex();
    let row = Tensor::<4>::from_data([[[[0.0, 4.0, 8.0]]]], &device);
    let values = |map: Tensor<4>| map.into_data().iter::<f32>().collect::<Vec<f32>>();
    let larger = |factor, kind| Upsample2dConfig::new(factor).with_kind(kind).init();
    let nearest = larger(2, UpsampleKind::Nearest).forward(row.clone());
    assert_eq!(nearest.dims(), [1, 1, 2, 6]);
    assert_eq!(values(nearest)[..6], [0.0, 0.0, 4.0, 4.0, 8.0, 8.0]);
    let bilinear = larger(2, UpsampleKind::Bilinear).forward(row.clone());
    assert_eq!(values(bilinear)[6..], [0.0, 1.0, 3.0, 5.0, 7.0, 8.0]);
    let blur = BlurPool2dConfig::new().init();
    assert_eq!(values(blur.forward(row)), [1.0, 7.0]);
    let even = Tensor::<4>::from_data([[[[0.0, 8.0, 16.0, 24.0]]]], &device);
    // (0 + 0 + 24 + 16)/8 and its mirror image.
    assert_eq!(values(blur.forward(even)), [5.0, 19.0]);
}

/// A constant stays what it is, and so does the mean of a map that is mirrored on, of upsampling.
#[test]
fn constants_stay() {
    let map = Tensor::<5>::full([1, 2, 4, 5, 6], 3.0, &Device::flex());
    let larger = Upsample2dConfig::new(3).init().forward(map.clone());
    assert!(largest(larger - 3.0) < 1e-6);
    let smaller = BlurPool2dConfig::new().init().forward(map);
    assert!(largest(smaller - 3.0) < 1e-6);
}

#[test]
fn gradients_flow() {
    let device = Device::flex().autodiff();
    let map = Tensor::<4>::random([1, 2, 5, 5], Distribution::Default, &device).require_grad();
    let larger = Upsample2dConfig::new(2).init().forward(map.clone());
    let smaller = BlurPool2dConfig::new().init().forward(larger);
    let gradients = smaller.sum().backward();
    let gradient = map.grad(&gradients).unwrap();
    // As many pixels go out as come in, and each of them is a mean.
    let sum: f64 = gradient.sum().into_scalar();
    assert!((sum - 50.0).abs() < 1e-3, "{sum}");
}

#[test]
fn factors_out_of_range_are_refused() {
    for factor in [0, 17, usize::MAX] {
        let error = Upsample2dConfig::new(factor).validate();
        assert!(
            matches!(error, Err(LayerError::OutOfRange { .. })),
            "{factor}"
        );
    }
}

/// Both sizes of each axis, on maps that aren't square, and of a single pixel.
#[rstest]
fn blurred_and_back_commutes_at_every_size(
    #[values("C4", "D4")] name: &str,
    #[values((1, 1), (2, 1), (7, 8), (9, 5), (12, 6))] (height, width): (usize, usize),
) {
    let (device, group) = (Device::flex(), name.parse::<Group>().unwrap());
    let dims = [2, 3, group.order(), height, width];
    let map = Tensor::<5>::random(dims, Distribution::Default, &device);
    let blur = BlurPool2dConfig::new().init();
    for kind in [UpsampleKind::Nearest, UpsampleKind::Bilinear] {
        let larger = Upsample2dConfig::new(2).with_kind(kind).init();
        let there_and_back = |map: Tensor<5>| {
            let [_, _, _, height, width] = map.dims();
            larger.forward_to(blur.forward(map), [height, width])
        };
        for g in group.elements() {
            let expected = group_action(&group, g, there_and_back(map.clone()));
            let found = there_and_back(group_action(&group, g, map.clone()));
            assert_eq!(found.dims(), expected.dims());
            assert!(
                largest(found - expected) < 1e-6,
                "{kind:?} {height}×{width}"
            );
        }
    }
}

#[test]
fn outer_pixels_stay_by_hand() {
    let row = Tensor::<4>::from_data([[[[0.0, 6.0, 12.0]]]], &Device::flex());
    let larger = |factor, kind, width| {
        let layer = Upsample2dConfig::new(factor).with_kind(kind).init();
        let data = layer.forward_to(row.clone(), [1, width]).into_data();
        data.iter::<f32>().collect::<Vec<f32>>()
    };
    let (nearest, bilinear) = (UpsampleKind::Nearest, UpsampleKind::Bilinear);
    assert_eq!(larger(2, bilinear, 5), [0.0, 3.0, 6.0, 9.0, 12.0]);
    assert_eq!(larger(2, nearest, 5), [0.0, 3.0, 6.0, 9.0, 12.0]);
    let thirds = [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0];
    assert!(
        (larger(3, bilinear, 7).iter().zip(thirds))
            .all(|(found, by_hand)| (found - by_hand).abs() < 1e-5)
    );
    assert_eq!(larger(3, nearest, 7), [0.0, 0.0, 6.0, 6.0, 6.0, 12.0, 12.0]);
}

#[test]
#[should_panic(expected = "found 1×3 to become 1×4")]
fn sizes_that_are_not_reached_are_refused() {
    let row = Tensor::<4>::zeros([1, 1, 1, 3], &Device::flex());
    let _ = Upsample2dConfig::new(2).init().forward_to(row, [1, 4]);
}
