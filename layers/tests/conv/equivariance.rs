//! Turning the input turns the output: to rounding for elements that map the pixel grid to itself, under a bound for
//! the others.

use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::{
    Group, GroupConv2dConfig, IsotropicConv2dConfig, KernelConfig, LiftingConv2dConfig, Padding2d,
    group_action, plane_action,
};
use rstest::rstest;

use super::{device, group, noise, relative_error, reseed, tensor, values};

pub(super) const EXACT: f64 = 1e-5;

fn random_map<const D: usize>(dims: [usize; D], seed: u64) -> Tensor<D> {
    tensor(
        &noise(dims.iter().product(), seed),
        dims,
        &device(),
        DType::F32,
    )
}

/// Every layer's largest error over the elements that map the pixel grid to itself.
pub(super) fn exact_errors(
    name: &str,
    size: usize,
    window: (usize, usize, Padding2d, usize),
    kernel: KernelConfig,
) -> [f64; 3] {
    let h = group(name);
    let (kernel_size, stride, padding, dilation) = window;
    macro_rules! layer {
        ($config:ident, $seed:expr, $kernel:expr) => {{
            let config = $config::new(h.clone(), [2, 3], kernel_size)
                .with_stride(stride)
                .with_padding(padding)
                .with_dilation(dilation)
                .with_kernel($kernel)
                .with_input_size(Some([size, size]));
            config.validate().expect("a valid configuration");
            reseed(config.init(&device()), $seed, DType::F32)
        }};
    }
    let lifting = layer!(LiftingConv2dConfig, 10, kernel);
    let conv = layer!(GroupConv2dConfig, 20, kernel);
    // An isotropic layer has no trained centres; pixels stand in for them.
    let kernel = if kernel.is_deformable() {
        KernelConfig::pixel()
    } else {
        kernel
    };
    let isotropic = layer!(IsotropicConv2dConfig, 30, kernel);

    let plane = random_map([2, 2, size, size], 1);
    let map = random_map([2, 2, h.order(), size, size], 2);
    let lifted = lifting.forward(plane.clone());
    let convolved = conv.forward(map.clone());
    let smoothed = isotropic.forward(plane.clone());

    let mut worst = [0.0_f64; 3];
    for g in h.elements().filter(|&g| h.is_exact_element(g)) {
        let turned_plane = plane_action(&h, g, plane.clone());
        let turned_map = group_action(&h, g, map.clone());
        let errors = [
            relative_error(
                &values(&lifting.forward(turned_plane.clone())),
                &values(&group_action(&h, g, lifted.clone())),
            ),
            relative_error(
                &values(&conv.forward(turned_map)),
                &values(&group_action(&h, g, convolved.clone())),
            ),
            relative_error(
                &values(&isotropic.forward(turned_plane)),
                &values(&plane_action(&h, g, smoothed.clone())),
            ),
        ];
        for (worst, error) in worst.iter_mut().zip(errors) {
            *worst = worst.max(error);
        }
    }
    worst
}

#[rstest]
fn exact_elements(
    #[values("C2", "C4", "D1", "D2", "D4", "flip", "C8", "D12")] name: &str,
    #[values(Padding2d::None, Padding2d::Same, Padding2d::Circular)] padding: Padding2d,
    #[values((9, 3, 1, 1), (9, 3, 2, 1), (9, 3, 1, 2), (13, 5, 2, 1), (9, 4, 1, 2))] window: (
        usize,
        usize,
        usize,
        usize,
    ),
) {
    let (size, kernel_size, stride, dilation) = window;
    let errors = exact_errors(
        name,
        size,
        (kernel_size, stride, padding, dilation),
        KernelConfig::pixel(),
    );
    assert!(errors.iter().all(|&e| e < EXACT), "{errors:?}");
}

#[rstest]
fn even_kernels_without_padding_are_exact(
    #[values("C2", "C4", "D1", "D2", "D4", "flip")] name: &str,
    #[values((8, 4, 1, 1), (8, 2, 2, 1), (10, 4, 3, 1), (4, 4, 1, 1))] window: (
        usize,
        usize,
        usize,
        usize,
    ),
) {
    let (size, kernel_size, stride, dilation) = window;
    let errors = exact_errors(
        name,
        size,
        (kernel_size, stride, Padding2d::None, dilation),
        KernelConfig::pixel(),
    );
    assert!(errors.iter().all(|&e| e < EXACT), "{errors:?}");
}

#[test]
fn a_stride_that_does_not_fit_is_refused_for_a_reason() {
    let h = group("C4");
    let config = LiftingConv2dConfig::new(h.clone(), [1, 2], 3).with_stride(2);
    assert!(
        config
            .clone()
            .with_input_size(Some([8, 8]))
            .validate()
            .is_err()
    );
    let layer = reseed(config.init(&device()), 1, DType::F32);
    let image = random_map([1, 1, 8, 8], 2);
    let turned = layer.forward(plane_action(&h, 1, image.clone()));
    let error = relative_error(
        &values(&turned),
        &values(&group_action(&h, 1, layer.forward(image))),
    );
    assert!(error > 0.1, "{error}");
}

/// A smooth random function on ℝ² × H: Gaussians of a standard deviation of two pixels.
pub(super) struct Smooth {
    blobs: Vec<[f64; 3]>,
}

impl Smooth {
    pub(super) fn new(seed: u64) -> Self {
        let blobs = noise(18, seed);
        let blob = |b: &[f64]| [8.0 * b[0], 8.0 * b[1], b[2]];
        Self {
            blobs: blobs.chunks(3).map(blob).collect(),
        }
    }

    pub(super) fn at(&self, [x, y]: [f64; 2]) -> f64 {
        let blob =
            |[cx, cy, a]: &[f64; 3]| a * (-((x - cx).powi(2) + (y - cy).powi(2)) / 8.0).exp();
        self.blobs.iter().map(blob).sum()
    }
}

/// L_g of a smooth function sampled on the pixels: turned as a function, so that the input carries no interpolation.
fn sample(h: &Group, g: usize, function: &Smooth, size: usize) -> Vec<f64> {
    let centre = (size as f64 - 1.0) / 2.0;
    (0..size * size)
        .map(|p| [(p % size) as f64 - centre, centre - (p / size) as f64])
        .map(|x| function.at(h.act_inverse(g, x)))
        .collect()
}

const BATCH: usize = 48;
const CHANNELS: usize = 4;

/// The relative error at the image's centre, which every element keeps in place, over a batch of smooth inputs; the
/// largest over the elements.
fn centre_error(
    h: &Group,
    size: usize,
    axis: usize,
    forward: impl Fn(Vec<f64>) -> Vec<f64>,
) -> f64 {
    let functions: Vec<Smooth> = (0..BATCH * CHANNELS * axis)
        .map(|f| Smooth::new(1000 + f as u64))
        .collect();
    let input = |g: usize| -> Vec<f64> {
        let fields = functions.chunks(axis).flat_map(|field| {
            // (L_g f)(x, h') = f(g⁻¹x, g⁻¹h')
            (0..axis).flat_map(move |h_out| {
                let source = if axis == 1 {
                    0
                } else {
                    h.relative(g, h_out).expect("a finite group")
                };
                sample(h, g, &field[source], size)
            })
        });
        fields.collect()
    };
    let responses = forward(input(0));
    let turn = |g: usize| -> Vec<f64> {
        let fields = responses.chunks(h.order());
        fields
            .flat_map(|f| {
                h.elements()
                    .map(move |e| f[h.relative(g, e).expect("a finite group")])
            })
            .collect()
    };
    let errors = h
        .elements()
        .map(|g| relative_error(&forward(input(g)), &turn(g)));
    errors.fold(0.0, f64::max)
}

/// The errors of a lifting and a group convolution with random weights, whose window is the whole image.
pub(super) fn smooth_errors(name: &str, size: usize, kernel: KernelConfig) -> [f64; 2] {
    let h = group(name);
    let order = h.order();
    let lifting = LiftingConv2dConfig::new(h.clone(), [CHANNELS, 6], size)
        .with_kernel(kernel)
        .init(&device());
    let lifting = reseed(lifting, 3, DType::F32);
    let lifting_error = centre_error(&h, size, 1, |input| {
        let input = tensor(&input, [BATCH, CHANNELS, size, size], &device(), DType::F32);
        values(&lifting.forward(input))
    });
    let conv = GroupConv2dConfig::new(h.clone(), [CHANNELS, 6], size)
        .with_kernel(kernel)
        .init(&device());
    let conv = reseed(conv, 4, DType::F32);
    let group_error = centre_error(&h, size, order, |input| {
        let input = tensor(
            &input,
            [BATCH, CHANNELS, order, size, size],
            &device(),
            DType::F32,
        );
        values(&conv.forward(input))
    });
    [lifting_error, group_error]
}

/// The bounds that the documentation of the interpolation states.
#[rstest]
#[case("C8", 3, 0.12, 0.12)]
#[case("C12", 3, 0.12, 0.12)]
#[case("D8", 3, 0.12, 0.12)]
#[case("C8", 4, 0.10, 0.10)]
#[case("C8", 5, 0.06, 0.06)]
#[case("C12", 5, 0.06, 0.06)]
#[case("D8", 5, 0.06, 0.06)]
#[case("C8", 7, 0.04, 0.04)]
#[case("C16", 7, 0.04, 0.04)]
fn interpolated_elements(
    #[case] name: &str,
    #[case] size: usize,
    #[case] lifting_bound: f64,
    #[case] group_bound: f64,
) {
    let [lifting_error, group_error] = smooth_errors(name, size, KernelConfig::pixel());
    println!("{name} {size}×{size}: lifting {lifting_error:.4}, group {group_error:.4}");
    assert!(lifting_error < lifting_bound, "lifting {lifting_error}");
    assert!(group_error < group_bound, "group {group_error}");
}
