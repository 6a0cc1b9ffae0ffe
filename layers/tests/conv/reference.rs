//! Forward and gradients against the definition of the group correlation, in nested loops and float64, and against
//! finite differences.

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::{
    Group, GroupConv2d, GroupConv2dConfig, IsotropicConv2d, IsotropicConv2dConfig, KernelConfig,
    LiftingConv2d, LiftingConv2dConfig, Padding2d,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rstest::rstest;

use super::{device, group, noise, relative_error, reseed, tensor, values};

/// Where on the plane a random layer works.
#[derive(Debug, Clone, Copy)]
struct Case {
    batch: usize,
    channels: [usize; 2],
    kernel_size: usize,
    stride: usize,
    padding: Padding2d,
    dilation: usize,
    size: [usize; 2],
}

impl Case {
    fn random(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let padding =
            [Padding2d::None, Padding2d::Same, Padding2d::Circular][random.random_range(0..3)];
        let dilation = random.random_range(1..3);
        let kernel_size = match padding {
            Padding2d::None => random.random_range(1..5),
            _ => [1, 3, 5][random.random_range(0..3)],
        };
        let smallest = dilation * (kernel_size - 1) + 1;
        let mut side = || smallest + random.random_range(0..4);
        let size = [side(), side()];
        Self {
            batch: random.random_range(1..3),
            channels: [random.random_range(1..3), random.random_range(1..4)],
            kernel_size,
            stride: random.random_range(1..4),
            padding,
            dilation,
            size,
        }
    }

    fn pad(&self) -> usize {
        match self.padding {
            Padding2d::None => 0,
            _ => self.dilation * (self.kernel_size - 1) / 2,
        }
    }

    fn output_size(&self) -> [usize; 2] {
        let reach = self.dilation * (self.kernel_size - 1);
        self.size
            .map(|n| (n + 2 * self.pad() - reach - 1) / self.stride + 1)
    }

    /// The pixel under tap `tap` of output position `out` along an axis; `None` where a zero is read.
    fn pixel(&self, axis: usize, out: usize, tap: usize) -> Option<usize> {
        let n = self.size[axis] as i64;
        let at = (out * self.stride + tap * self.dilation) as i64 - self.pad() as i64;
        match self.padding {
            Padding2d::Circular => Some(at.rem_euclid(n) as usize),
            _ => (0..n).contains(&at).then_some(at as usize),
        }
    }
}

/// Calls `visit(output index, input index, weight index, coefficient)` for every product in the definition
///
/// ```text
/// out(x, o, h) = Σ_i Σ_h' Σ_z k_oi(h⁻¹z, h⁻¹h') f_i(x + z, h'),   k_oi(h⁻¹z, u) = Σ_j Basis_h[z, j] w[o, i, u, j]
/// ```
///
/// with `axis` elements in the input (1 on the plane).
fn products(
    case: &Case,
    h: &Group,
    axis: usize,
    basis: &dyn Fn(usize, usize) -> Vec<(usize, f64)>,
    weights: usize,
    visit: &mut dyn FnMut(usize, usize, usize, f64),
) {
    let ([rows, columns], k) = (case.output_size(), case.kernel_size);
    let [c_in, c_out] = case.channels;
    for (e, z) in h.elements().flat_map(|e| (0..k * k).map(move |z| (e, z))) {
        for (j, value) in basis(e, z) {
            for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
                let (Some(row), Some(column)) = (case.pixel(0, y, z / k), case.pixel(1, x, z % k))
                else {
                    continue;
                };
                for (b, o, i) in (0..case.batch * c_out * c_in)
                    .map(|n| (n / (c_out * c_in), n / c_in % c_out, n % c_in))
                {
                    for source in 0..axis {
                        let relative = if axis == 1 {
                            0
                        } else {
                            h.relative(e, source).expect("a finite group")
                        };
                        let out = (((b * c_out + o) * h.order() + e) * rows + y) * columns + x;
                        let input = (((b * c_in + i) * axis + source) * case.size[0] + row)
                            * case.size[1]
                            + column;
                        let weight = ((o * c_in + i) * axis + relative) * weights + j;
                        visit(out, input, weight, value);
                    }
                }
            }
        }
    }
}

/// For an element and a tap: the weights that meet there, and by how much.
type Turned = Box<dyn Fn(usize, usize) -> Vec<(usize, f64)>>;

/// Which weights tap z of the kernel turned by h takes. For groups of the pixel grid this is geometry alone: the
/// weight at h⁻¹z; for others it is the sampled interpolation.
fn basis_of(h: &Group, kernel_size: usize) -> (usize, Turned) {
    let (h, k) = (h.clone(), kernel_size);
    if h.is_exact() {
        let centre = (k as f64 - 1.0) / 2.0;
        let at = move |e: usize, z: usize| {
            let position = [(z % k) as f64 - centre, centre - (z / k) as f64];
            let [x, y] = h.act_inverse(e, position);
            vec![((centre - y) as usize * k + (x + centre) as usize, 1.0)]
        };
        (k * k, Box::new(at))
    } else {
        let kernel = KernelConfig::pixel()
            .sample(&h, k.into())
            .expect("a kernel");
        let n = kernel.weights();
        let at = move |e: usize, z: usize| {
            let row = kernel.values(e)[z * n..][..n].iter().copied().enumerate();
            row.filter(|&(_, value)| value != 0.0).collect()
        };
        (n, Box::new(at))
    }
}

/// Output and gradients with respect to input and weights for the loss Σ r · out.
struct Outcome {
    output: Vec<f64>,
    input_gradient: Vec<f64>,
    weight_gradient: Vec<f64>,
    bias_gradient: Vec<f64>,
}

fn by_definition(
    case: &Case,
    h: &Group,
    axis: usize,
    x: &[f64],
    w: &[f64],
    bias: &[f64],
    r: &[f64],
) -> Outcome {
    let (weights, basis) = basis_of(h, case.kernel_size);
    let [rows, columns] = case.output_size();
    let field = h.order() * rows * columns;
    let mut output: Vec<f64> = (0..r.len()).map(|n| bias[n / field % bias.len()]).collect();
    let mut input_gradient = vec![0.0; x.len()];
    let mut weight_gradient = vec![0.0; w.len()];
    let mut bias_gradient = vec![0.0; bias.len()];
    products(
        case,
        h,
        axis,
        &basis,
        weights,
        &mut |out, input, weight, value| {
            output[out] += value * w[weight] * x[input];
            input_gradient[input] += value * w[weight] * r[out];
            weight_gradient[weight] += value * x[input] * r[out];
        },
    );
    for (n, r) in r.iter().enumerate() {
        bias_gradient[n / field % bias.len()] += r;
    }
    Outcome {
        output,
        input_gradient,
        weight_gradient,
        bias_gradient,
    }
}

fn compare(layer: &Outcome, expected: &Outcome, tolerance: f64, what: &str) {
    for (name, a, b) in [
        ("output", &layer.output, &expected.output),
        (
            "input gradient",
            &layer.input_gradient,
            &expected.input_gradient,
        ),
        (
            "weight gradient",
            &layer.weight_gradient,
            &expected.weight_gradient,
        ),
        (
            "bias gradient",
            &layer.bias_gradient,
            &expected.bias_gradient,
        ),
    ] {
        let error = relative_error(a, b);
        assert!(error < tolerance, "{what}: {name} {error}");
    }
}

macro_rules! layer {
    ($config:ident, $h:expr, $case:expr, $seed:expr, $device:expr, $dtype:expr) => {{
        let config = $config::new($h.clone(), $case.channels, $case.kernel_size)
            .with_stride($case.stride)
            .with_padding($case.padding)
            .with_dilation($case.dilation);
        config.validate().expect("a valid configuration");
        reseed(config.init($device), $seed, $dtype)
    }};
}

macro_rules! outcome {
    ($layer:expr, $input:expr, $r:expr) => {{
        let input = $input.require_grad();
        let output = $layer.forward(input.clone());
        let upstream = tensor(&$r, output.dims(), &output.device(), output.dtype());
        let gradients = (output.clone() * upstream).sum().backward();
        let bias = $layer.bias.as_ref().expect("a bias").val();
        Outcome {
            output: values(&output),
            input_gradient: values(&input.grad(&gradients).expect("input")),
            weight_gradient: values(&$layer.weight.val().grad(&gradients).expect("weight")),
            bias_gradient: values(&bias.grad(&gradients).expect("bias")),
        }
    }};
}

/// In float64 the groups of the pixel grid agree to rounding; interpolation is stored in the device's float32.
#[rstest]
#[case(DType::F64, 1e-12, 2e-7)]
#[case(DType::F32, 1e-5, 1e-5)]
fn the_definition(
    #[case] dtype: DType,
    #[case] exact: f64,
    #[case] interpolated: f64,
    #[values("trivial", "C2", "C3", "C4", "D1", "D2", "D4", "C8")] name: &str,
    #[values(0, 1, 2, 3, 4, 5)] seed: u64,
) {
    let h = group(name);
    let seed = 100 * seed + name.bytes().map(u64::from).sum::<u64>();
    let case = Case::random(seed);
    let tolerance = if h.is_exact() { exact } else { interpolated };
    let device = device().autodiff();
    let [c_in, c_out] = case.channels;
    let [rows, columns] = case.output_size();
    let r = noise(case.batch * c_out * h.order() * rows * columns, seed + 1);
    let [height, width] = case.size;

    let lifting: LiftingConv2d = layer!(LiftingConv2dConfig, h, case, seed, &device, dtype);
    let x = noise(case.batch * c_in * height * width, seed + 2);
    let input = tensor(&x, [case.batch, c_in, height, width], &device, dtype);
    let (w, b) = (
        values(&lifting.weight.val()),
        values(&lifting.bias.as_ref().unwrap().val()),
    );
    let expected = by_definition(&case, &h, 1, &x, &w, &b, &r);
    compare(
        &outcome!(lifting, input, r),
        &expected,
        tolerance,
        &format!("lifting {h} {case:?}"),
    );

    let conv: GroupConv2d = layer!(GroupConv2dConfig, h, case, seed, &device, dtype);
    let x = noise(case.batch * c_in * h.order() * height * width, seed + 3);
    let dims = [case.batch, c_in, h.order(), height, width];
    let input = tensor(&x, dims, &device, dtype);
    let (w, b) = (
        values(&conv.weight.val()),
        values(&conv.bias.as_ref().unwrap().val()),
    );
    let expected = by_definition(&case, &h, h.order(), &x, &w, &b, &r);
    compare(
        &outcome!(conv, input, r),
        &expected,
        tolerance,
        &format!("group {h} {case:?}"),
    );
}

/// The isotropic convolution is the ordinary one with its expanded kernel; that kernel must not change under H.
#[rstest]
fn isotropic_kernels_are_constant_under_the_group(
    #[values("C2", "C4", "D1", "D4", "C8", "D6")] name: &str,
    #[values(3, 4, 5)] kernel_size: usize,
) {
    let h = group(name);
    let conv = IsotropicConv2dConfig::new(h.clone(), [2, 3], kernel_size).init(&device());
    let bank = reseed(conv, 5, DType::F32).filter_bank();
    for g in h.elements().filter(|&g| h.is_exact_element(g)) {
        let turned = gcnn_layers::plane_action(&h, g, bank.clone());
        assert!(
            relative_error(&values(&turned), &values(&bank)) < 1e-6,
            "{}",
            h.describe(g)
        );
    }
}

/// Checks the gradients of Σ out³ by central differences, one value of a tensor at a time. `loss` maps the
/// tensor to that loss.
fn check_gradient<const D: usize>(
    at: &Tensor<D>,
    gradient: &Tensor<D>,
    loss: impl Fn(Tensor<D>) -> Tensor<1>,
) {
    let step = 1e-5;
    let (values_at, gradient) = (values(at), values(gradient));
    let scale = gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
    let evaluate = |n: usize, change: f64| {
        let mut moved = values_at.clone();
        moved[n] += change;
        values(&loss(tensor(&moved, at.dims(), &at.device(), DType::F64)))[0]
    };
    let stride = values_at.len().div_ceil(12);
    for n in (0..values_at.len()).step_by(stride) {
        let numeric = (evaluate(n, step) - evaluate(n, -step)) / (2.0 * step);
        assert!(
            (numeric - gradient[n]).abs() < 1e-7 * scale,
            "{n}: {numeric} {}",
            gradient[n]
        );
    }
}

macro_rules! finite_differences {
    ($layer:expr, $input:expr) => {{
        let (layer, input) = ($layer, $input.require_grad());
        let gradients = layer.forward(input.clone()).powi_scalar(3).sum().backward();
        check_gradient(&input, &input.grad(&gradients).expect("input"), |input| {
            layer.forward(input).powi_scalar(3).sum()
        });
        let weight = layer.weight.val();
        check_gradient(
            &weight,
            &weight.grad(&gradients).expect("weight"),
            |weight| {
                let mut moved = layer.clone();
                moved.weight = Param::from_tensor(weight);
                moved.forward(input.clone()).powi_scalar(3).sum()
            },
        );
        let bias = layer.bias.as_ref().expect("a bias").val();
        check_gradient(&bias, &bias.grad(&gradients).expect("bias"), |bias| {
            let mut moved = layer.clone();
            moved.bias = Some(Param::from_tensor(bias));
            moved.forward(input.clone()).powi_scalar(3).sum()
        });
    }};
}

#[rstest]
fn finite_differences(
    #[values("trivial", "C4", "D4", "C8")] name: &str,
    #[values(Padding2d::None, Padding2d::Same, Padding2d::Circular)] padding: Padding2d,
) {
    let (h, device, dtype) = (group(name), device().autodiff(), DType::F64);
    let case = Case {
        batch: 2,
        channels: [2, 2],
        kernel_size: 3,
        stride: 2,
        padding,
        dilation: 1,
        size: [5, 7],
    };
    let plane = tensor(&noise(2 * 2 * 35, 6), [2, 2, 5, 7], &device, dtype);
    let map = tensor(
        &noise(2 * 2 * h.order() * 35, 7),
        [2, 2, h.order(), 5, 7],
        &device,
        dtype,
    );
    let lifting: LiftingConv2d = layer!(LiftingConv2dConfig, h, case, 8, &device, dtype);
    finite_differences!(lifting, plane.clone());
    let conv: GroupConv2d = layer!(GroupConv2dConfig, h, case, 9, &device, dtype);
    finite_differences!(conv, map);
    let isotropic: IsotropicConv2d = layer!(IsotropicConv2dConfig, h, case, 10, &device, dtype);
    finite_differences!(isotropic, plane);
}
