use burn::prelude::*;
use burn::tensor::Tolerance;
use rstest::rstest;

use super::*;
use crate::testing::{blobs, noise};

fn device() -> Device {
    Device::flex()
}

fn assert_same<const D: usize>(left: Tensor<D>, right: Tensor<D>) {
    left.into_data().assert_eq(&right.into_data(), true);
}

#[test]
fn a_quarter_turn_is_counter_clockwise() {
    let group = Group::cyclic(4).unwrap();
    let image = Tensor::<2>::from_floats([[1., 2., 3.], [4., 5., 6.]], &device());
    let turned = plane_action(&group, 1, image.reshape([1, 1, 2, 3]));
    let expected = Tensor::<2>::from_floats([[3., 6.], [2., 5.], [1., 4.]], &device());
    assert_same(turned, expected.reshape([1, 1, 3, 2]));
}

#[test]
fn the_mirror_exchanges_top_and_bottom() {
    let group = Group::dihedral(4).unwrap();
    let image = Tensor::<2>::from_floats([[1., 2., 3.], [4., 5., 6.]], &device());
    let mirrored = plane_action(&group, 4, image.reshape([1, 1, 2, 3]));
    let expected = Tensor::<2>::from_floats([[4., 5., 6.], [1., 2., 3.]], &device());
    assert_same(mirrored, expected.reshape([1, 1, 2, 3]));
}

/// L_a L_b = L_ab, and L_g moves pixels where the matrix says.
#[rstest]
fn exact_actions_are_actions(#[values("C4", "D4", "C2", "D1", "D2")] group: &str) {
    let group: Group = group.parse().unwrap();
    let plane = noise([1, 2, 4, 5], 0, &device());
    let field = noise([1, 2, group.order(), 4, 5], 1, &device());
    for a in group.elements() {
        for b in group.elements() {
            let ab = group.product(a, b).unwrap();
            let two_steps = plane_action(&group, a, plane_action(&group, b, plane.clone()));
            assert_same(two_steps, plane_action(&group, ab, plane.clone()));
            let two_steps = group_action(&group, a, group_action(&group, b, field.clone()));
            assert_same(two_steps, group_action(&group, ab, field.clone()));
        }
    }
}

#[rstest]
fn exact_actions_agree_with_the_matrices(#[values("C4", "D4")] group: &str) {
    let group: Group = group.parse().unwrap();
    let size = 5;
    let image: Vec<f32> = (0..size * size).map(|pixel| pixel as f32).collect();
    let map = Tensor::<1>::from_floats(image.as_slice(), &device()).reshape([1, 1, size, size]);
    for g in group.elements() {
        let moved: Vec<f32> = plane_action(&group, g, map.clone())
            .into_data()
            .iter()
            .collect();
        for row in 0..size {
            for col in 0..size {
                let [x, y] = group.act(g, [col as f64 - 2.0, 2.0 - row as f64]);
                let target = (2.0 - y).round() as usize * size + (x + 2.0).round() as usize;
                assert_eq!(moved[target], image[row * size + col]);
            }
        }
    }
}

#[test]
fn orientations_move_by_the_group_product() {
    let group = Group::dihedral(3).unwrap();
    // Constant in space: only the orientations can move. Value h at orientation h.
    let field = Tensor::<1, Int>::arange(0..6, &device())
        .float()
        .reshape([1, 1, 6, 1, 1]);
    for g in group.elements() {
        let moved: Vec<f64> = group_action(&group, g, field.clone())
            .into_data()
            .iter()
            .collect();
        for h in group.elements() {
            let expected = h as f64;
            assert!((moved[group.product(g, h).unwrap()] - expected).abs() < 1e-6);
        }
    }
}

/// The bounds stated at `plane_action`: a blob turned by interpolation against the same blob drawn turned.
#[rstest]
#[case(1.5, 1e-2)]
#[case(3.0, 1e-3)]
#[case(6.0, 1e-4)]
fn interpolation_keeps_its_bound(#[case] deviation: f64, #[case] bound: f64) {
    let group = Group::dihedral(16).unwrap();
    let size = 64;
    let blob = |[cx, cy]: [f64; 2]| {
        let values: Vec<f32> = (0..size * size)
            .map(|pixel| {
                let x = (pixel % size) as f64 - 31.5 - cx;
                let y = 31.5 - (pixel / size) as f64 - cy;
                (-(x * x + y * y) / (2.0 * deviation * deviation)).exp() as f32
            })
            .collect();
        Tensor::<4>::from_data(TensorData::new(values, [1, 1, size, size]), &device())
    };
    let centre = [4.3, -2.9];
    let mut largest = 0f64;
    for g in group.elements() {
        let moved = plane_action(&group, g, blob(centre));
        let drawn = blob(group.act(g, centre));
        let difference = sum_of_squares(moved - drawn.clone());
        largest = largest.max(relative(difference, sum_of_squares(drawn)));
    }
    assert!(largest < bound, "{largest:e}");
}

#[test]
fn gradients_flow_through_interpolation() {
    let group = Group::cyclic(8).unwrap();
    let image = blobs([1, 1, 12, 12], 1.5, 0, &device().autodiff()).require_grad();
    let gradients = plane_action(&group, 1, image.clone()).sum().backward();
    // Away from the border every pixel is shared out with weights that sum to about 1.
    let gradient = image.grad(&gradients).unwrap();
    let centre = gradient.slice([0..1, 0..1, 5..7, 5..7]);
    let ones = Tensor::<4>::ones([1, 1, 2, 2], &device());
    centre
        .into_data()
        .assert_approx_eq::<f32>(&ones.into_data(), Tolerance::absolute(0.15));
}

#[test]
fn the_disc_is_mapped_to_itself_and_stays_inside() {
    let group = Group::dihedral(4).unwrap();
    let mask = disc_mask([7, 7], 1.0, &device());
    assert_eq!(
        mask.clone().slice([0..1, 0..7]).sum().into_scalar::<f32>(),
        0.0
    );
    assert_eq!(
        mask.clone().slice([3..4, 0..7]).sum().into_scalar::<f32>(),
        5.0
    );
    let mask = mask.reshape([1, 1, 7, 7]);
    for g in group.elements() {
        assert_same(plane_action(&group, g, mask.clone()), mask.clone());
    }
}

#[test]
fn a_map_that_is_not_equivariant_is_found_out() {
    let group = Group::cyclic(4).unwrap();
    let input = noise([1, 1, 6, 6], 0, &device());
    // Shifting to the right commutes with no rotation but the identity.
    let report = measure(&group, input, |map: Tensor<4>| map.roll_dim(1, 3));
    assert_eq!(report.elements[0].error, 0.0);
    for element in &report.elements[1..] {
        assert!(element.error > 0.5, "{report}");
    }
}

#[test]
fn orientations_that_do_not_move_are_found_out() {
    let group = Group::cyclic(4).unwrap();
    let input = noise([1, 1, 4, 6, 6], 0, &device());
    // Keeps the first orientation alone: exact on the plane, wrong on the group.
    let report = measure(&group, input, |map: Tensor<5>| {
        map.slice([0..1, 0..1, 0..1]).repeat_dim(2, 4)
    });
    assert!(report.elements[1].error > 0.5, "{report}");
}

#[test]
fn a_point_function_is_equivariant_up_to_interpolation_under_fine_rotations() {
    let group = Group::cyclic(8).unwrap();
    let input = blobs([2, 2, 40, 40], 3.0, 0, &device());
    let region = Region::Disc { margin: 1.0 };
    let report = measure_on(&group, input, |map: Tensor<4>| map.tanh(), region);
    assert!(report.max_exact_error() < 1e-7, "{report}");
    assert!(report.max_error() < 2e-3, "{report}");
    assert!(report.max_error() > report.max_exact_error());
}

#[test]
fn the_report_reads_as_a_table_and_survives_a_file() {
    let report = EquivarianceReport {
        group: "C8".into(),
        elements: vec![
            ElementError {
                element: 0,
                name: "identity".into(),
                exact: true,
                error: 0.0,
            },
            ElementError {
                element: 1,
                name: "rotation by 45°".into(),
                exact: false,
                error: 0.0123,
            },
        ],
    };
    let table = report.to_string();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[2], "rotation by 45°  interpolated  1.23e-2");
    assert_eq!(report.max_exact_error(), 0.0);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(
        serde_json::from_str::<EquivarianceReport>(&json).unwrap(),
        report
    );
}

#[test]
fn a_map_that_gives_no_numbers_is_not_called_equivariant() {
    let group = Group::cyclic(4).unwrap();
    let input = noise([1, 1, 4, 4], 0, &device());
    let report = measure(&group, input, |map: Tensor<4>| map * f32::NAN);
    assert!(report.max_error().is_nan());
}
