//! The convolutions against the backend's ordinary one, finite differences, and itself on other numbers of threads.

use super::{conv2d, conv2d_and_finish};
use crate::Finish;
use burn::prelude::*;
use burn::tensor::{DType, TensorData, ops::ConvOptions};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

fn random<const D: usize>(seed: u64, shape: [usize; D], device: &Device) -> Tensor<D> {
    let mut rng = StdRng::seed_from_u64(seed);
    let numbers: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

fn padded(padding: [usize; 2]) -> ConvOptions<2> {
    ConvOptions::new([1, 1], padding, [1, 1], 1)
}

fn ordinary(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions<2>,
) -> Tensor<4> {
    burn::tensor::module::conv2d(input, weight, bias, options)
}

/// ‖a − b‖∞ / ‖b‖∞
fn difference<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    assert_eq!(a.dims(), b.dims());
    if b.shape().num_elements() == 0 {
        return 0.0;
    }
    let largest: f64 = b.clone().abs().max().into_scalar();
    let error: f64 = (a.clone() - b.clone()).abs().max().into_scalar();
    assert!(error.is_finite());
    error / largest.max(1e-3)
}

#[derive(Debug, Clone)]
struct Case {
    input: [usize; 4],
    channels_out: usize,
    kernel: [usize; 2],
    options: ConvOptions<2>,
    bias: bool,
}

impl Case {
    fn weight(&self) -> [usize; 4] {
        [
            self.channels_out,
            self.input[1] / self.options.groups,
            self.kernel[0],
            self.kernel[1],
        ]
    }
}

/// The same with a kernel for each channel by itself.
fn depthwise(case: Case) -> Case {
    let channels = case.input[1];
    Case {
        channels_out: channels,
        options: ConvOptions {
            groups: channels,
            ..case.options
        },
        ..case
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let pair = |range: std::ops::RangeInclusive<usize>| [range.clone(), range];
    (
        (1usize..=5, 1usize..=35, 1usize..=13, 1usize..=13),
        1usize..=45,
        pair(1..=5),
        pair(1..=3),
        pair(0..=4),
        pair(1..=3),
        any::<bool>(),
    )
        .prop_map(
            |((b, c, h, w), channels_out, kernel, stride, padding, dilation, bias)| Case {
                input: [b, c, h, w],
                channels_out,
                kernel,
                options: ConvOptions::new(stride, padding, dilation, 1),
                bias,
            },
        )
        .prop_filter("the kernel fits into the padded input", |case| {
            (0..2).all(|a| {
                case.input[2 + a] + 2 * case.options.padding[a].0
                    > case.options.dilation[a] * (case.kernel[a] - 1)
            })
        })
}

/// Compares outputs and gradients with the ordinary convolution's.
fn check(case: &Case) {
    let device = Device::flex().autodiff();
    let input = random(1, case.input, &device).require_grad();
    let weight = random(2, case.weight(), &device).require_grad();
    let bias = case
        .bias
        .then(|| random(3, [case.channels_out], &device).require_grad());
    let ours = conv2d(
        input.clone(),
        weight.clone(),
        bias.clone(),
        case.options.clone(),
    );
    let theirs = ordinary(
        input.clone(),
        weight.clone(),
        bias.clone(),
        case.options.clone(),
    );
    assert!(difference(&ours, &theirs) < 1e-5, "{case:?}");
    let factor = random(4, ours.dims(), &device);
    let ours = (ours * factor.clone()).sum().backward();
    let theirs = (theirs * factor).sum().backward();
    let compare = |ours: Option<Tensor<4>>, theirs: Option<Tensor<4>>, what: &str| {
        let (ours, theirs) = (ours.expect(what), theirs.expect(what));
        let error = difference(&ours, &theirs);
        assert!(error < 1e-5, "{what} of {case:?}: {error}");
    };
    compare(input.grad(&ours), input.grad(&theirs), "input gradient");
    compare(weight.grad(&ours), weight.grad(&theirs), "weight gradient");
    if let Some(bias) = bias {
        let reshape = |g: Option<Tensor<1>>| g.map(|g| g.reshape([1, 1, 1, -1]));
        compare(
            reshape(bias.grad(&ours)),
            reshape(bias.grad(&theirs)),
            "bias gradient",
        );
    }
}

/// Compares the convolution with ReLU and pooling in one pass with the operations one after the other.
fn check_finishes(case: &Case) {
    let device = Device::flex();
    let input = random(1, case.input, &device);
    let weight = random(2, case.weight(), &device);
    let bias = case.bias.then(|| random(3, [case.channels_out], &device));
    let separate = ordinary(
        input.clone(),
        weight.clone(),
        bias.clone(),
        case.options.clone(),
    );
    for finish in [Finish::Nothing, Finish::Relu, Finish::ReluMaxPool] {
        let [_, _, height, width] = separate.dims();
        if finish == Finish::ReluMaxPool && height.min(width) < 2 {
            continue;
        }
        let arguments = (input.clone(), weight.clone(), bias.clone());
        let ours = conv2d_and_finish(
            arguments.0,
            arguments.1,
            arguments.2,
            case.options.clone(),
            finish,
        );
        let error = difference(&ours, &finish.apply(separate.clone()));
        assert!(error < 1e-5, "{finish:?} of {case:?}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        ..Default::default()
    })]

    #[test]
    fn equals_the_ordinary_convolution(case in cases()) {
        check(&case);
        check_finishes(&case);
    }

    #[test]
    fn equals_the_ordinary_depthwise_convolution(case in cases()) {
        let case = depthwise(case);
        check(&case);
        check_finishes(&case);
    }
}

#[test]
fn equals_the_ordinary_convolution_on_the_sizes_that_networks_have() {
    for (input, channels_out, kernel, padding) in [
        ([1, 1, 1, 1], 1, 1, 0),
        ([1, 2, 1, 3], 3, 5, 2),
        ([2, 1, 28, 28], 40, 3, 0),
        ([3, 40, 26, 26], 40, 3, 0),
        ([17, 40, 6, 6], 40, 3, 0),
        ([9, 80, 24, 24], 80, 3, 1),
        ([70, 16, 7, 9], 19, 3, 2),
        ([17, 40, 4, 4], 40, 4, 0),
        ([1, 128, 24, 24], 128, 5, 2),
        ([1, 3, 70, 65], 17, 7, 3),
        ([2, 5, 9, 9], 3, 1, 0),
    ] {
        let case = Case {
            input,
            channels_out,
            kernel: [kernel; 2],
            options: padded([padding; 2]),
            bias: true,
        };
        check(&case);
        check_finishes(&case);
    }
}

/// Output and gradients of one call, in a pool of some threads.
fn bits_with_threads(threads: usize, case: &Case) -> Vec<Vec<f32>> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a thread pool");
    pool.install(|| {
        let device = Device::flex().autodiff();
        let input = random(1, case.input, &device).require_grad();
        let weight = random(2, case.weight(), &device).require_grad();
        let bias = random(3, [case.channels_out], &device).require_grad();
        let out = conv2d(
            input.clone(),
            weight.clone(),
            Some(bias.clone()),
            case.options.clone(),
        );
        let factor = random(4, out.dims(), &device);
        let gradients = (out.clone() * factor).sum().backward();
        let numbers = |data: TensorData| data.try_to_vec::<f32>().expect("float32");
        vec![
            numbers(out.into_data()),
            numbers(input.grad(&gradients).expect("input").into_data()),
            numbers(weight.grad(&gradients).expect("weight").into_data()),
            numbers(bias.grad(&gradients).expect("bias").into_data()),
        ]
    })
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for (input, channels_out, kernel) in [
        ([7, 20, 13, 11], 24, 3),
        ([9, 40, 26, 26], 40, 3),
        ([1, 3, 60, 60], 70, 5),
        ([33, 1, 9, 9], 5, 2),
    ] {
        let case = Case {
            input,
            channels_out,
            kernel: [kernel; 2],
            options: padded([1, 1]),
            bias: true,
        };
        for case in [depthwise(case.clone()), case] {
            let one = bits_with_threads(1, &case);
            for threads in [2, 3, 8] {
                assert!(
                    one == bits_with_threads(threads, &case),
                    "{threads} threads"
                );
            }
        }
    }
}

#[test]
fn a_stride_may_be_larger_than_the_input() {
    check(&Case {
        input: [1, 2, 9, 1],
        channels_out: 3,
        kernel: [2, 2],
        options: ConvOptions::new([1, 2], [0, 2], [1, 1], 1),
        bias: false,
    });
}

#[test]
fn views_need_not_be_contiguous() {
    let device = Device::flex().autodiff();
    let options = padded([1, 0]);
    let input = random(1, [9, 11, 6, 3], &device).require_grad();
    let weight = random(2, [3, 5, 2, 4], &device).require_grad();
    // Axes swapped and a slice; axes swapped and one reversed.
    let view = |t: Tensor<4>| t.permute([3, 2, 0, 1]).slice([0..3, 1..6, 0..9, 2..11]);
    let filter = |t: Tensor<4>| t.permute([3, 1, 0, 2]).flip([2]);
    let copy = |t: Tensor<4>| t * 1.0;
    let ours = conv2d(
        view(input.clone()),
        filter(weight.clone()),
        None,
        options.clone(),
    );
    let theirs = ordinary(
        copy(view(input.clone())),
        copy(filter(weight.clone())),
        None,
        options,
    );
    assert!(difference(&ours, &theirs) < 1e-5);
    // The gradient that arrives is a view, too.
    let factor = random(3, [9, 10, 4, 3], &device).permute([3, 2, 1, 0]);
    let factor = factor.slice([0..3, 0..4, 0..10, 0..8]);
    assert_eq!(ours.dims(), [3, 4, 9, 8]);
    let factor = factor.slice([0..3, 0..4, 0..9, 0..8]);
    let ours = (ours * factor.clone()).sum().backward();
    let theirs = (theirs * factor).sum().backward();
    for tensor in [input, weight] {
        let (ours, theirs) = (tensor.grad(&ours), tensor.grad(&theirs));
        let error = difference(&ours.expect("ours"), &theirs.expect("theirs"));
        assert!(error < 1e-5, "{error}");
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let device = Device::flex().autodiff();
    let double = (&device, DType::F64);
    let shape = [2, 3, 7, 6];
    let weight_shape = [5, 3, 3, 2];
    let options = ConvOptions::new([2, 1], [1, 2], [1, 2], 1);
    let numbers = |seed: u64, count: usize| -> Vec<f64> {
        let mut rng = StdRng::seed_from_u64(seed);
        (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
    };
    let values = [numbers(1, 252), numbers(2, 90), numbers(3, 5)];
    let make = |values: &[Vec<f64>; 3]| {
        let tensor = |i: usize, shape: [usize; 4]| {
            Tensor::<4>::from_data(TensorData::new(values[i].clone(), shape), double)
        };
        let bias = Tensor::<1>::from_data(TensorData::new(values[2].clone(), [5]), double);
        (tensor(0, shape), tensor(1, weight_shape), bias)
    };
    // A loss that is not linear: Σ out³.
    let loss = |values: &[Vec<f64>; 3]| -> f64 {
        let (input, weight, bias) = make(values);
        let out = conv2d(input, weight, Some(bias), options.clone());
        out.powi_scalar(3).sum().into_scalar()
    };
    let (input, weight, bias) = make(&values);
    let (input, weight, bias) = (
        input.require_grad(),
        weight.require_grad(),
        bias.require_grad(),
    );
    let out = conv2d(
        input.clone(),
        weight.clone(),
        Some(bias.clone()),
        options.clone(),
    );
    assert_eq!(out.dtype(), DType::F64);
    let gradients = out.powi_scalar(3).sum().backward();
    let data = |data: TensorData| data.try_to_vec::<f64>().expect("float64");
    let found = [
        data(input.grad(&gradients).expect("input").into_data()),
        data(weight.grad(&gradients).expect("weight").into_data()),
        data(bias.grad(&gradients).expect("bias").into_data()),
    ];
    let step = 1e-5;
    for (which, found) in found.iter().enumerate() {
        for index in (0..found.len()).step_by(7) {
            let mut moved = values.clone();
            moved[which][index] += step;
            let above = loss(&moved);
            moved[which][index] -= 2.0 * step;
            let slope = (above - loss(&moved)) / (2.0 * step);
            assert!(
                (slope - found[index]).abs() < 1e-6 * (1.0 + slope.abs()),
                "operand {which}, number {index}: {slope} and {}",
                found[index]
            );
        }
    }
}

#[test]
fn an_untracked_input_gets_no_gradient() {
    let device = Device::flex().autodiff();
    let input = random(1, [2, 3, 6, 6], &device);
    let weight = random(2, [4, 3, 3, 3], &device).require_grad();
    let out = conv2d(input.clone(), weight.clone(), None, padded([0, 0]));
    let gradients = out.sum().backward();
    assert!(input.grad(&gradients).is_none());
    assert!(weight.grad(&gradients).is_some());
}

#[test]
fn what_the_kernels_do_not_compute_is_left_to_burn() {
    let device = Device::flex();
    let input = random(1, [2, 4, 6, 5], &device);
    let groups = |groups: usize| ConvOptions::new([1, 1], [1, 1], [1, 1], groups);
    let uneven = ConvOptions::new_with_padding([1, 1], [(1, 0), (2, 1)], [1, 1], 1);
    let uneven_depthwise = ConvOptions::new_with_padding([1, 1], [(1, 0), (2, 1)], [1, 1], 4);
    for (options, channels_out, channels) in [
        (groups(2), 6, 2),
        (groups(4), 8, 1),
        (uneven, 6, 4),
        (uneven_depthwise, 4, 1),
    ] {
        let weight = random(2, [channels_out, channels, 3, 3], &device);
        let ours = conv2d(input.clone(), weight.clone(), None, options.clone());
        let theirs = ordinary(input.clone(), weight.clone(), None, options.clone());
        ours.into_data()
            .assert_eq(&theirs.clone().into_data(), true);
        let ours = conv2d_and_finish(input.clone(), weight, None, options, Finish::ReluMaxPool);
        let theirs = Finish::ReluMaxPool.apply(theirs);
        ours.into_data().assert_eq(&theirs.into_data(), true);
    }
}

#[test]
fn gradients_pass_what_follows() {
    let device = Device::flex().autodiff();
    let input = random(1, [2, 3, 6, 6], &device).require_grad();
    let weight = random(2, [4, 3, 3, 3], &device);
    let options = padded([1, 1]);
    let finish = Finish::ReluMaxPool;
    let ours = conv2d_and_finish(input.clone(), weight.clone(), None, options.clone(), finish);
    let theirs = finish.apply(ordinary(input.clone(), weight, None, options));
    let (ours, theirs) = (ours.sum().backward(), theirs.sum().backward());
    let (ours, theirs) = (input.grad(&ours), input.grad(&theirs));
    let error = difference(&ours.expect("ours"), &theirs.expect("theirs"));
    assert!(error < 1e-5, "{error}");
}

#[test]
#[should_panic(expected = "conv2d: the bias is for 3 channels, the weight has 4")]
fn a_bias_of_other_channels_is_refused() {
    let device = Device::flex();
    let [input, weight] = [[1, 2, 4, 4], [4, 2, 3, 3]].map(|shape| random(1, shape, &device));
    conv2d(input, weight, Some(random(2, [3], &device)), padded([0, 0]));
}
