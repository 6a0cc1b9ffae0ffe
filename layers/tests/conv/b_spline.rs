//! Spline kernels in the layers that take them by configuration.

use burn::prelude::*;
use burn::store::ModuleRecord;
use burn::tensor::DType;
use burn::tensor::activation::relu;
use gcnn_layers::kernel::{BSplineConfig, Support};
use gcnn_layers::{
    GroupConv2dConfig, IsotropicConv2dConfig, KernelConfig, LayerError, LiftingConv2dConfig,
    Padding2d,
};
use rstest::rstest;

use super::equivariance::{EXACT, Smooth, exact_errors, smooth_errors};
use super::{device, group, noise, relative_error, reseed, tensor, values};

fn splines(order: usize, support: Support) -> KernelConfig {
    KernelConfig::b_spline(BSplineConfig {
        order,
        support,
        ..BSplineConfig::default()
    })
}

#[rstest]
fn exact_elements(
    #[values("C2", "C4", "D1", "D4", "C8", "D12")] name: &str,
    #[values(1, 2, 3)] order: usize,
    #[values(
        Support::Dense,
        Support::Localized,
        Support::Atrous,
        Support::Deformable
    )]
    support: Support,
    #[values((9, 5, 2, 1), (9, 4, 1, 2))] window: (usize, usize, usize, usize),
) {
    let (size, kernel_size, stride, dilation) = window;
    let window = (kernel_size, stride, Padding2d::None, dilation);
    let errors = exact_errors(name, size, window, splines(order, support));
    assert!(errors.iter().all(|&e| e < EXACT), "{errors:?}");
}

#[rstest]
fn low_orders_are_pixel_kernels(
    #[values(0, 1)] order: usize,
    #[values("trivial", "C4", "D4")] name: &str,
) {
    let layer = |kernel| {
        let config = GroupConv2dConfig::new(group(name), [2, 3], 5).with_kernel(kernel);
        reseed(config.init(&device()), 1, DType::F32)
    };
    let (pixels, splines) = (
        layer(KernelConfig::pixel()),
        layer(splines(order, Support::Dense)),
    );
    assert_eq!(
        values(&splines.filter_bank()),
        values(&pixels.filter_bank())
    );
}

/// The bounds that the documentation of the splines states: the error on smooth images falls with the order.
#[rstest]
#[case("C8", 5, [0.80, 0.20, 0.030, 0.016])]
#[case("C12", 5, [0.80, 0.20, 0.030, 0.016])]
#[case("D8", 5, [0.80, 0.20, 0.030, 0.016])]
#[case("C8", 7, [0.80, 0.20, 0.040, 0.010])]
#[case("C16", 7, [0.80, 0.20, 0.040, 0.010])]
#[case("C8", 9, [0.80, 0.20, 0.040, 0.010])]
fn the_error_falls_with_the_order(
    #[case] name: &str,
    #[case] size: usize,
    #[case] bounds: [f64; 4],
) {
    let errors =
        [0, 1, 2, 3].map(|order| smooth_errors(name, size, splines(order, Support::Dense)));
    println!("{name} {size}×{size}: [lifting, group] by order {errors:.4?}");
    for (error, bound) in errors.iter().zip(bounds) {
        assert!(error.iter().all(|&e| e < bound), "{errors:?}");
    }
    for pair in errors.windows(2) {
        assert!((0..2).all(|i| pair[1][i] < pair[0][i]), "{errors:?}");
    }
}

/// Splines that do not fill the kernel are as good.
#[rstest]
#[case(splines(2, Support::Localized), 7, 0.03)]
#[case(splines(3, Support::Localized), 7, 0.012)]
#[case(splines(2, Support::Atrous), 9, 0.05)]
#[case(splines(3, Support::Atrous), 9, 0.02)]
#[case(splines(3, Support::Deformable), 9, 0.02)]
fn other_supports_turn_as_well(
    #[case] kernel: KernelConfig,
    #[case] size: usize,
    #[case] bound: f64,
) {
    let errors = smooth_errors("C8", size, kernel);
    println!("{kernel:?} {size}×{size}: {errors:.4?}");
    assert!(errors.iter().all(|&e| e < bound), "{errors:?}");
}

/// Rotations that are not in H: the mean over H of a lifting convolution and ReLU, turned by half a step. The more elements,
/// the less it notices.
#[test]
fn the_error_under_all_rotations_falls_with_n() {
    const SIZE: usize = 7;
    const BATCH: usize = 64;
    let error = |n: usize| {
        let h = group(&format!("C{n}"));
        let config =
            LiftingConv2dConfig::new(h, [1, 32], SIZE).with_kernel(splines(3, Support::Dense));
        let layer = reseed(config.init(&device()), 5, DType::F32);
        let response = |angle: f64| {
            let (sin, cos) = angle.sin_cos();
            let turned = |p: usize| {
                let (x, y) = ((p % SIZE) as f64 - 3.0, 3.0 - (p / SIZE) as f64);
                [cos * x + sin * y, cos * y - sin * x]
            };
            let images: Vec<f64> = (0..BATCH as u64)
                .map(Smooth::new)
                .flat_map(|f| (0..SIZE * SIZE).map(move |p| f.at(turned(p))))
                .collect();
            let images = tensor(&images, [BATCH, 1, SIZE, SIZE], &device(), DType::F32);
            values(&relu(layer.forward(images)).mean_dim(2))
        };
        let half_a_step = std::f64::consts::PI / n as f64;
        relative_error(&response(half_a_step), &response(0.0))
    };
    let errors = [2, 4, 8, 16].map(error);
    println!("half a step of C2, C4, C8, C16: {errors:.4?}");
    assert!(
        errors[0] < 1.0 && errors[1] < 0.5 && errors[2] < 0.1 && errors[3] < 0.02,
        "{errors:?}"
    );
    assert!(
        errors.windows(2).all(|pair| pair[1] < pair[0]),
        "{errors:?}"
    );
}

#[rstest]
// Six fields from four: rotations × splines, and a bias per field.
#[case("C8", splines(2, Support::Dense), 6 * 4 * 8 * 12 + 6)]
#[case("C8", splines(2, Support::Localized), 6 * 4 * 3 * 9 + 6)]
#[case("D4", splines(2, Support::Atrous), 6 * 4 * 4 * 9 + 6)]
// The centres: nine on the plane, two angles on each coset.
#[case("D4", splines(2, Support::Deformable), 6 * 4 * 4 * 9 + 6 + 18 + 4)]
fn parameters(#[case] name: &str, #[case] kernel: KernelConfig, #[case] count: usize) {
    let conv = GroupConv2dConfig::new(group(name), [4, 6], 5)
        .with_kernel(kernel)
        .init(&device());
    assert_eq!(conv.num_params(), count);
}

#[test]
fn trained_centres_are_learned_saved_and_moved() {
    let training = device().autodiff();
    let config =
        GroupConv2dConfig::new(group("C8"), [2, 3], 5).with_kernel(splines(2, Support::Deformable));
    let map = |device: &Device| {
        tensor(
            &noise(2 * 2 * 8 * 49, 1),
            [2, 2, 8, 7, 7],
            device,
            DType::F32,
        )
    };
    let conv = reseed(config.init(&training), 1, DType::F32);
    let output = conv.forward(map(&training));
    let expected = values(&output);
    let gradients = (output.clone() * output).sum().backward();
    for gradient in [
        values(&conv.basis().centres().unwrap().grad(&gradients).unwrap()),
        values(
            &conv
                .basis()
                .group_centres()
                .unwrap()
                .grad(&gradients)
                .unwrap(),
        ),
    ] {
        assert!(gradient.iter().any(|g| g.abs() > 1e-3), "{gradient:?}");
    }
    let valid = conv.valid();
    assert_eq!(values(&valid.forward(map(&device()))), expected);

    // Weights, bias, centres, angles, and what the layer is over.
    let record = valid.into_record();
    assert_eq!(record.len(), 5);
    let bytes = record.into_bytes().unwrap();
    let other = reseed(config.init(&device()), 2, DType::F32);
    let loaded = other.load_record(ModuleRecord::from_bytes(bytes).unwrap());
    assert_eq!(values(&loaded.forward(map(&device()))), expected);
}

#[test]
fn what_does_not_fit_is_refused() {
    let lifting =
        LiftingConv2dConfig::new(group("C8"), [1, 2], 3).with_kernel(splines(4, Support::Dense));
    let text = lifting.validate().unwrap_err().to_string();
    assert!(
        text.contains("kernel_size 4 and more or a smaller order or scale works"),
        "{text}"
    );
    let isotropic = IsotropicConv2dConfig::new(group("C8"), [1, 2], 5);
    let deformable = isotropic
        .clone()
        .with_kernel(splines(2, Support::Deformable));
    assert_eq!(deformable.validate(), Err(LayerError::IsotropicDeformable));
    isotropic
        .with_kernel(splines(2, Support::Dense))
        .validate()
        .unwrap();
}

#[test]
fn layers_print_their_splines() {
    let conv = GroupConv2dConfig::new(group("C8"), [4, 6], 5)
        .with_kernel(splines(3, Support::Localized))
        .init(&device());
    let text = conv.to_string();
    assert!(
        text.contains("order: 3") && text.contains("Localized"),
        "{text}"
    );
}
