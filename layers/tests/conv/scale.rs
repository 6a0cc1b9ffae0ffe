//! Convolutions over scales: against their definition, against one dense convolution, and equivariance.

use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::kernel::{BSplineConfig, HermiteConfig, Support};
use gcnn_layers::{
    Group, GroupConv2dConfig, KernelConfig, LayerError, LiftingConv2dConfig, Padding2d,
};
use rstest::rstest;

use super::{device, group, noise, relative_error, reseed, tensor, values};

fn hermite() -> KernelConfig {
    KernelConfig::hermite(HermiteConfig {
        order: 2,
        ..HermiteConfig::default()
    })
}

fn splines(support: Support) -> KernelConfig {
    KernelConfig::b_spline(BSplineConfig {
        support,
        ..BSplineConfig::default()
    })
}

fn kernel(name: &str) -> KernelConfig {
    match name {
        "pixel" => KernelConfig::pixel(),
        "hermite" => hermite(),
        "dense" => splines(Support::Dense),
        "localized" => splines(Support::Localized),
        "atrous" => splines(Support::Atrous),
        _ => splines(Support::Deformable),
    }
}

/// A window per scale computes what one dense convolution with zeros around smaller kernels does, and its gradients.
#[rstest]
fn parts_are_one_dense_convolution(
    #[values("R3", "R2(2)", "C4xR2(2)", "C8xR3(1.3)", "D1xR2(1.6)")] name: &str,
    #[values("pixel", "hermite", "dense", "localized", "deformable")] basis: &str,
    #[values(Padding2d::None, Padding2d::Same, Padding2d::Circular)] padding: Padding2d,
    #[values((1, None), (2, Some(1)), (1, Some(2)))] (stride, range): (usize, Option<usize>),
) {
    let (group, device) = (group(name), device().autodiff());
    let config = GroupConv2dConfig::new(group.clone(), [2, 3], 3)
        .with_kernel(kernel(basis))
        .with_padding(padding)
        .with_stride(stride)
        .with_range(range);
    let whole = name.ends_with("(2)");
    if basis == "pixel" && !whole {
        let error = config.validate().unwrap_err();
        assert!(matches!(error, LayerError::PixelsBetween { .. }), "{error}");
        return;
    }
    let conv = reseed(config.init(&device), 7, DType::F64);
    let dims = [2, 2, group.order(), 11, 11];
    let input = tensor(&noise(dims.iter().product(), 3), dims, &device, DType::F64).require_grad();
    let output = conv.forward(input.clone());
    let [_, _, _, height, width] = output.dims();
    assert_eq!(config.window().output_size([11, 11]), Some([height, width]));
    let r = tensor(
        &noise(output.dims().iter().product(), 5),
        output.dims(),
        &device,
        DType::F64,
    );
    let by_parts = (output.clone() * r.clone()).sum().backward();
    let planes = input.clone().reshape([2, 2 * group.order(), 11, 11]);
    let wrapped =
        gcnn_layers::convolution::continue_periodically(planes, conv.window().wrapped_pixels());
    let (bank, bias) = (conv.filter_bank(), conv.filter_bias());
    let zeros = match padding {
        Padding2d::Same => conv.window().padding_pixels(),
        _ => [0, 0],
    };
    let options = gcnn_layers::convolution::dense::Conv2dOptions::new()
        .with_stride([stride; 2])
        .with_padding(zeros);
    let dense = gcnn_layers::convolution::dense::conv2d(wrapped, bank, bias, options);
    let dense = dense.reshape(output.dims());
    assert!(relative_error(&values(&output), &values(&dense)) < 1e-12);
    let at_once = (dense * r).sum().backward();
    let of = |gradients: &burn::tensor::Gradients| {
        let own = conv.weight.val().grad(gradients).unwrap();
        let of_bias = conv.bias.as_ref().unwrap().val().grad(gradients).unwrap();
        let input = input.grad(gradients).unwrap();
        [values(&own), values(&of_bias), values(&input)]
    };
    for (found, expected) in of(&by_parts).iter().zip(of(&at_once)) {
        assert!(relative_error(found, &expected) < 1e-12);
    }
}

/// out(x, s, o) = Σ_s' Σ_z w[s⁻¹s', z] f(x + s z, s'), without any bank.
#[test]
fn pixels_are_dilated_by_whole_scales() {
    let (group, device) = (group("R3(2)"), device());
    let config = GroupConv2dConfig::new(group, [2, 2], 3)
        .with_padding(Padding2d::Same)
        .with_bias(false);
    let conv = reseed(config.init(&device), 1, DType::F64);
    let size = 12i64;
    let dims = [1, 2, 3, size as usize, size as usize];
    let numbers = noise(dims.iter().product(), 2);
    let f = |i: usize, s: usize, row: i64, col: i64| match (0..size).contains(&row)
        && (0..size).contains(&col)
    {
        true => {
            numbers[((i * 3 + s) * size as usize + row as usize) * size as usize + col as usize]
        }
        false => 0.0,
    };
    let weight = values(&conv.weight.val());
    let w = |o: usize, i: usize, g: usize, tap: usize| weight[((o * 2 + i) * 3 + g) * 9 + tap];
    let output = values(&conv.forward(tensor(&numbers, dims, &device, DType::F64)));
    let mut expected = Vec::new();
    for o in 0..2 {
        for s in 0..3usize {
            for (row, col) in (0..size).flat_map(|row| (0..size).map(move |col| (row, col))) {
                let mut sum = 0.0;
                for i in 0..2 {
                    for of in s..3 {
                        for tap in 0..9 {
                            let (down, right) = (tap as i64 / 3 - 1, tap as i64 % 3 - 1);
                            let reach = 1 << s;
                            sum += w(o, i, of - s, tap)
                                * f(i, of, row + reach * down, col + reach * right);
                        }
                    }
                }
                expected.push(sum);
            }
        }
    }
    assert!(relative_error(&output, &expected) < 1e-12);
}

/// (f ⋆ k_a)(a·x) = (f(a·) ⋆ k)(x) for whole a: subsampling the image is looking through a dilated kernel.
#[rstest]
fn subsampling_and_dilation_are_the_same(#[values(2, 3)] base: usize) {
    let group: Group = format!("R2({base})").parse().unwrap();
    let lifting = LiftingConv2dConfig::new(group, [1, 3], 3).with_padding(Padding2d::Same);
    let lifting = reseed(lifting.init(&device()), 4, DType::F64);
    let side = 9 * base;
    let image = tensor(
        &noise(side * side, 6),
        [1, 1, side, side],
        &device(),
        DType::F64,
    );
    let every = |axis: usize, image: Tensor<4>, from: usize| {
        let places: Vec<i64> = (from..side).step_by(base).map(|at| at as i64).collect();
        image.select(axis, Tensor::from_data(places.as_slice(), &device()))
    };
    let small = every(3, every(2, image.clone(), 0), 0);
    let of_small = lifting.forward(small).narrow(2, 0, 1).reshape([1, 3, 9, 9]);
    let large: Tensor<4> = lifting
        .forward(image)
        .narrow(2, 1, 1)
        .reshape([1, 3, side, side]);
    let large = every(3, every(2, large, 0), 0);
    assert!(relative_error(&values(&large), &values(&of_small)) < 1e-12);
}

/// What a kernel adds up to is the same at every scale: exactly at whole ones, up to sampling at others.
#[rstest]
#[case("R3(2)", 1e-12)]
#[case("R2(3)", 1e-12)]
#[case("R5", 0.05)]
#[case("R4(1.3)", 0.06)]
fn splines_keep_their_mass(#[case] name: &str, #[case] bound: f64) {
    let kernel = splines(Support::Dense).sample(&group(name), 3.into());
    let kernel = kernel.unwrap();
    let sums: Vec<f64> = (0..kernel.order())
        .map(|h| kernel.values(h).iter().step_by(kernel.weights()).sum())
        .collect();
    for sum in &sums {
        assert!((sum / sums[0] - 1.0).abs() < bound, "{sums:?}");
    }
}

/// An image that is known at every scale: blobs about random points.
fn blobs(side: usize, scale: f64, seed: u64) -> Vec<f64> {
    let numbers = noise(36, seed);
    let blobs: Vec<[f64; 4]> = numbers
        .chunks(4)
        .map(|n| [3.0 * n[0], 3.0 * n[1], 1.5 + 0.4 * n[2], n[3]])
        .collect();
    let middle = (side as f64 - 1.0) / 2.0;
    let at = |pixel: usize| {
        let x = ((pixel % side) as f64 - middle) / scale;
        let y = (middle - (pixel / side) as f64) / scale;
        let value = |[cx, cy, width, height]: &[f64; 4]| {
            let (x, y) = ((x - cx) / width, (y - cy) / width);
            height * (-(x * x + y * y) / 2.0).exp()
        };
        blobs.iter().map(value).sum::<f64>()
    };
    (0..side * side).map(at).collect()
}

/// ‖(k ⋆ L_s f)(0, s h) − (k ⋆ f)(0, h)‖ / ‖(k ⋆ f)(0, h)‖ of one layer after the other, without their last scales: those
/// have neighbours that were cut off.
fn scale_error(name: &str, kernel: KernelConfig, size: usize, range: usize) -> f64 {
    const SIDE: usize = 45;
    let (group, device) = (group(name), device());
    let scales = group.axes().last().unwrap().samples;
    let factor = group
        .determinant(group.order() - 1)
        .sqrt()
        .powf(1.0 / (scales - 1) as f64);
    let lifting = LiftingConv2dConfig::new(group.clone(), [1, 4], size)
        .with_kernel(kernel)
        .with_padding(Padding2d::Same)
        .init(&device);
    let conv = GroupConv2dConfig::new(group.clone(), [4, 8], size)
        .with_kernel(kernel)
        .with_range(Some(range))
        .with_padding(Padding2d::Same)
        .init(&device);
    let (lifting, conv) = (reseed(lifting, 1, DType::F64), reseed(conv, 2, DType::F64));
    let turns = group.order() / scales;
    let centre = |scale: f64, seed: u64| {
        let image = blobs(SIDE, scale, seed);
        let image = tensor(&image, [1, 1, SIDE, SIDE], &device, DType::F64);
        let output = conv.forward(burn::tensor::activation::relu(lifting.forward(image)));
        let centre = output.narrow(3, SIDE / 2, 1).narrow(4, SIDE / 2, 1);
        values(&centre)
    };
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    for seed in 0..6 {
        let (small, large) = (centre(1.0, seed), centre(factor, seed));
        // Both scale neighbourhoods are whole: of kernels with a weight per scale on the coarser side, of splines on both.
        let whole = scales - range;
        let first = match kernel {
            KernelConfig::BSpline(_) => range - 1,
            _ => 0,
        };
        for channel in 0..8 {
            let of = |values: &[f64], s: usize| {
                values[(channel * scales + s) * turns..][..turns].to_vec()
            };
            for s in first..whole {
                expected.extend(of(&small, s));
                found.extend(of(&large, s + 1));
            }
        }
    }
    relative_error(&found, &expected)
}

#[rstest]
#[case("R3", "hermite", 7, 0.025)]
#[case("R3(1.5)", "hermite", 7, 0.025)]
#[case("C8xR3(1.3)", "hermite", 7, 0.03)]
#[case("R3", "hermite", 9, 0.016)]
#[case("R3", "dense", 5, 0.04)]
#[case("R3(1.5)", "dense", 5, 0.02)]
#[case("C8xR3", "dense", 5, 0.04)]
#[case("R3(2)", "pixel", 5, 1e-12)]
fn growing_the_image_moves_responses_along_scale(
    #[case] name: &str,
    #[case] basis: &str,
    #[case] size: usize,
    #[case] bound: f64,
) {
    let error = scale_error(name, kernel(basis), size, 1);
    println!("{name} {basis} {size}×{size}: {error:.4}");
    assert!(error < bound, "{name} {basis}: {error}");
}

#[rstest]
#[case("R4(1.3)", "hermite", 7, 0.025)]
#[case("R4", "localized", 5, 0.05)]
fn neighbouring_scales_move_along_too(
    #[case] name: &str,
    #[case] basis: &str,
    #[case] size: usize,
    #[case] bound: f64,
) {
    let error = scale_error(name, kernel(basis), size, 2);
    println!("{name} {basis} {size}×{size}, two scales: {error:.4}");
    assert!(error < bound, "{name} {basis}: {error}");
}

#[test]
fn what_has_no_kernels_is_refused() {
    let refused = |config: LiftingConv2dConfig| config.validate().unwrap_err();
    let lifting = |name: &str, size: usize| LiftingConv2dConfig::new(group(name), [1, 2], size);
    let even = refused(lifting("R3", 4).with_kernel(hermite()));
    assert!(matches!(even, LayerError::EvenUnderScale { .. }), "{even}");
    let large = refused(lifting("R9", 5).with_kernel(hermite()));
    assert!(matches!(large, LayerError::ScaledKernel { .. }), "{large}");
    assert!(large.to_string().contains("scaling by"), "{large}");
    let between = refused(lifting("C8xR2(2)", 5));
    assert!(between.to_string().contains("hermite"), "{between}");
    let isotropic = gcnn_layers::IsotropicConv2dConfig::new(group("R3"), [1, 2], 3);
    let isotropic = isotropic.with_kernel(hermite()).validate().unwrap_err();
    assert!(
        matches!(isotropic, LayerError::IsotropicUnderScale { .. }),
        "{isotropic}"
    );
    let nothing = GroupConv2dConfig::new(group("R3"), [1, 2], 3)
        .with_kernel(hermite())
        .with_range(Some(0));
    assert!(matches!(
        nothing.validate(),
        Err(LayerError::Zero { what: "the range" })
    ));
}
