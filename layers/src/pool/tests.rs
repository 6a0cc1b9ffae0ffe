use burn::prelude::*;
use burn::tensor::DType;
use rstest::rstest;

use super::*;
use crate::equivariance::measure;
use crate::testing::noise;
use crate::{Group, LayerError};

fn device() -> Device {
    Device::flex()
}

/// `[1, 2, 2, 1, 2]`: two channels, two orientations, one row of two pixels.
fn hand_written() -> Tensor<5> {
    Tensor::from_floats(
        [[[[[1., -2.]], [[3., -4.]]], [[[0., 5.]], [[0., 7.]]]]],
        &device(),
    )
}

#[rstest]
#[case(ProjectionKind::Max, [3., -2., 0., 7.])]
#[case(ProjectionKind::Mean, [2., -3., 0., 6.])]
fn projection_of_a_hand_written_map(#[case] kind: ProjectionKind, #[case] expected: [f32; 4]) {
    let out = ProjectionConfig::new()
        .with_kind(kind)
        .init()
        .forward(hand_written());
    let expected = TensorData::new(expected.to_vec(), [1, 2, 1, 2]);
    out.into_data().assert_eq(&expected, true);
}

#[rstest]
#[case(GlobalPoolKind::Max, [3., 7.])]
#[case(GlobalPoolKind::Mean, [-0.5, 3.])]
#[case(GlobalPoolKind::Centre, [-0.5, 3.])]
fn global_pooling_of_a_hand_written_map(#[case] kind: GlobalPoolKind, #[case] expected: [f32; 2]) {
    let out = GlobalPool2dConfig::new()
        .with_kind(kind)
        .init()
        .forward(hand_written());
    let expected = TensorData::new(expected.to_vec(), [1, 2]);
    out.into_data().assert_eq(&expected, true);
}

#[rstest]
#[case(5, 7, &[17])]
#[case(4, 3, &[4, 7])]
#[case(4, 4, &[5, 6, 9, 10])]
#[case(1, 2, &[0, 1])]
fn the_centre_is_what_a_turn_about_it_leaves_there(
    #[case] height: usize,
    #[case] width: usize,
    #[case] middle: &[usize],
) {
    let pixels = height * width;
    let map = Tensor::<1, Int>::arange(0..pixels as i64, &device()).float();
    let map: Tensor<4> = map.reshape([1, 1, height, width]);
    let layer = GlobalPool2dConfig::new()
        .with_kind(GlobalPoolKind::Centre)
        .init();
    let expected = middle.iter().sum::<usize>() as f32 / middle.len() as f32;
    let expected = TensorData::new(vec![expected], [1, 1]);
    layer.forward(map).into_data().assert_eq(&expected, true);
}

#[test]
fn spatial_pooling_of_a_hand_written_map() {
    let map = Tensor::<2>::from_floats(
        [
            [1., 2., -1., -2.],
            [3., 4., -3., -8.],
            [0., 0., 5., 5.],
            [0., 1., 5., 5.],
        ],
        &device(),
    )
    .reshape([1, 1, 1, 4, 4]);
    let max = SpatialMaxPool2dConfig::new(2).init().forward(map.clone());
    let expected = TensorData::new(vec![4f32, -1., 1., 5.], [1, 1, 1, 2, 2]);
    max.into_data().assert_eq(&expected, true);
    let mean = SpatialAvgPool2dConfig::new(2).init().forward(map);
    let expected = TensorData::new(vec![2.5f32, -3.5, 0.25, 5.], [1, 1, 1, 2, 2]);
    mean.into_data().assert_eq(&expected, true);
}

#[test]
fn padding_neither_wins_nor_counts() {
    let map = Tensor::<4>::full([1, 1, 3, 3], -2.0, &device());
    let max = SpatialMaxPool2dConfig::new(3)
        .with_stride(1)
        .with_padding(1)
        .init();
    let mean = SpatialAvgPool2dConfig::new(3)
        .with_stride(1)
        .with_padding(1)
        .init();
    max.forward(map.clone())
        .into_data()
        .assert_eq(&map.to_data(), true);
    mean.forward(map.clone())
        .into_data()
        .assert_eq(&map.into_data(), true);
}

#[rstest]
fn projection_turns_with_its_input(
    #[values("C4", "D4", "D2")] group: &str,
    #[values(ProjectionKind::Max, ProjectionKind::Mean)] kind: ProjectionKind,
) {
    let group: Group = group.parse().unwrap();
    let layer = ProjectionConfig::new().with_kind(kind).init();
    let input = noise([2, 3, group.order(), 5, 5], 0, &device());
    let report = measure(&group, input, |map: Tensor<5>| layer.forward(map));
    assert!(report.max_error() < 1e-6, "{report}");
}

#[rstest]
fn global_pooling_is_invariant(
    #[values("C4", "D4")] group: &str,
    #[values(GlobalPoolKind::Max, GlobalPoolKind::Mean, GlobalPoolKind::Centre)]
    kind: GlobalPoolKind,
    #[values(5, 6)] side: usize,
) {
    let group: Group = group.parse().unwrap();
    let layer = GlobalPool2dConfig::new().with_kind(kind).init();
    let input = noise([2, 3, group.order(), side, side], 0, &device());
    let report = measure(&group, input, |map: Tensor<5>| layer.forward(map));
    assert!(report.max_error() < 1e-5, "{report}");
}

#[rstest]
#[case::tiling(8, 2, 2, 0, true)]
#[case::odd_size(9, 2, 2, 0, false)]
#[case::overlapping(9, 3, 2, 0, true)]
#[case::overlapping_even(8, 3, 2, 0, false)]
#[case::padded(9, 3, 2, 1, true)]
#[case::padded_even(8, 3, 2, 1, false)]
#[case::stride_one(7, 2, 1, 0, true)]
fn exactness_under_90_degrees_is_what_validate_says(
    #[case] size: usize,
    #[case] kernel_size: usize,
    #[case] stride: usize,
    #[case] padding: usize,
    #[case] exact: bool,
) {
    let group = Group::cyclic(4).unwrap();
    let input = noise([1, 2, 4, size, size], 3, &device());
    let max = SpatialMaxPool2dConfig::new(kernel_size)
        .with_stride(stride)
        .with_padding(padding);
    let mean = SpatialAvgPool2dConfig::new(kernel_size)
        .with_stride(stride)
        .with_padding(padding);
    assert_eq!(
        max.clone()
            .with_input_size(Some([size, size]))
            .validate()
            .is_ok(),
        exact
    );
    assert_eq!(
        mean.clone()
            .with_input_size(Some([size, size]))
            .validate()
            .is_ok(),
        exact
    );
    let (max, mean) = (max.init(), mean.init());
    let max = measure(&group, input.clone(), |map: Tensor<5>| max.forward(map)).max_error();
    let mean = measure(&group, input, |map: Tensor<5>| mean.forward(map)).max_error();
    if exact {
        assert!(max < 1e-6 && mean < 1e-6, "max {max}, mean {mean}");
    } else {
        assert!(max > 0.1 && mean > 0.1, "max {max}, mean {mean}");
    }
}

#[test]
fn errors_name_sizes_that_work() {
    let config = SpatialMaxPool2dConfig::new(3).with_stride(2);
    let error = config
        .clone()
        .with_input_size(Some([9, 12]))
        .validate()
        .unwrap_err();
    let LayerError::WindowsLeaveStrip {
        size,
        smaller,
        larger,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((size, smaller, larger), (12, 11, 13));
    for size in [smaller, larger] {
        config
            .clone()
            .with_input_size(Some([size, size]))
            .validate()
            .unwrap();
    }
}

#[rstest]
#[case(SpatialMaxPool2dConfig::new(0), "at least 1")]
#[case(SpatialMaxPool2dConfig::new(2).with_stride(0), "at least 1")]
#[case(SpatialMaxPool2dConfig::new(2).with_padding(2), "padding up to 1 works")]
#[case(SpatialMaxPool2dConfig::new(5).with_input_size(Some([4, 4])), "does not fit")]
fn impossible_windows_are_refused(#[case] config: SpatialMaxPool2dConfig, #[case] says: &str) {
    let error = config.validate().unwrap_err().to_string();
    assert!(error.contains(says), "{error}");
}

#[test]
fn gradients_reach_what_was_pooled() {
    let device = device().autodiff();
    let input = noise([1, 2, 4, 4, 4], 1, &device).require_grad();
    let pooled = SpatialMaxPool2dConfig::new(2).init().forward(input.clone());
    let pooled = SpatialAvgPool2dConfig::new(2).init().forward(pooled);
    let pooled = ProjectionConfig::new().init().forward(pooled);
    let loss = GlobalPool2dConfig::new().init().forward(pooled).sum();
    let gradients = loss.backward();
    let gradient: Vec<f32> = input.grad(&gradients).unwrap().into_data().iter().collect();
    // Each channel keeps one orientation, whose four windows pass 1/4 to their largest value.
    assert_eq!(gradient.iter().filter(|g| **g == 0.25).count(), 8);
    assert_eq!(
        gradient.iter().filter(|g| **g == 0.0).count(),
        2 * 4 * 16 - 8
    );
}

/// A map with one value that is not a number, at each place of a window, and more of them around than any register takes.
fn broken(place: usize, dtype: DType, device: &Device) -> Tensor<4> {
    let dims = [1, 37, 4, 6];
    let data = noise(dims, 5, device).into_data();
    let mut values: Vec<f64> = data.iter().collect();
    for channel in 0..37 {
        values[channel * 24 + place / 2 * 6 + place % 2] = f64::NAN;
    }
    Tensor::from_data(TensorData::new(values, dims), (device, dtype))
}

/// Burn's pooling on flex lets what is not a number win, as PyTorch's does. So do a normalisation that pools and a convolution
/// that pools, rising and falling.
#[rstest]
fn what_is_not_a_number_wins_in_every_kernel(
    #[values(0, 1, 2, 3)] place: usize,
    #[values(DType::F32, DType::F64)] dtype: DType,
    #[values(1.0, -1.0)] slope: f64,
) {
    let device = device();
    let map = broken(place, dtype, &device);
    let not_numbers = |map: Tensor<4>| -> Vec<bool> {
        let values = map.into_data();
        values.iter::<f64>().map(f64::is_nan).collect()
    };
    let pool = SpatialMaxPool2dConfig::new(2).init();
    let expected = not_numbers(pool.forward(map.clone()));
    assert_eq!(expected.iter().filter(|nan| **nan).count(), 37);

    let lines = Tensor::<1>::full([37], slope, (&device, dtype));
    let zeros = Tensor::<1>::zeros([37], (&device, dtype));
    let finish = crate::finish::Finish::ReluMaxPool;
    let line = crate::norm::scale_and_shift(map.clone(), lines, zeros.clone(), finish);
    assert_eq!(not_numbers(line), expected);

    // A convolution mixes channels: of one, to many.
    let one = map.narrow(1, 0, 1);
    let weight = Tensor::<4>::full([37, 1, 1, 1], slope, (&device, dtype));
    let options = crate::convolution::dense::Conv2dOptions::new();
    let convolved =
        crate::convolution::dense::conv2d_and_finish(one, weight, Some(zeros), options, finish);
    assert_eq!(not_numbers(convolved), expected);
}
