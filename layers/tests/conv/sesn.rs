//! Hermite kernels over scales, against values of the official scale-steerable networks.

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::group::{Axis, AxisKind, Coordinates, Group, Samples};
use gcnn_layers::kernel::HermiteConfig;
use gcnn_layers::{GroupConv2d, GroupConv2dConfig, KernelConfig, LiftingConv2dConfig, Padding2d};
use safetensors::SafeTensors;

use super::{device, relative_error, tensor, values};

/// The official scales are rounded to two digits: 1.5, 2.6, 4.5.
const SCALES: [f64; 3] = [1.0, 2.6 / 1.5, 3.0];

fn group() -> Group {
    let step = 3f64.sqrt().ln();
    let steps = SCALES.map(|scale| scale.ln() / step);
    Group::from_samples(Samples {
        name: "1.5, 2.6, 4.5".into(),
        matrices: SCALES.map(|s| [[s, 0.0], [0.0, s]]).to_vec(),
        axes: vec![Axis {
            kind: AxisKind::Scale,
            step,
            samples: 3,
            period: None,
        }],
        components: 1,
        coordinates: steps
            .map(|step| Coordinates {
                component: 0,
                steps: vec![step],
            })
            .to_vec(),
        logarithm: Box::new(|[[s, _], _]| (0, vec![s.ln()])),
    })
    .unwrap()
}

fn kernel() -> KernelConfig {
    KernelConfig::hermite(HermiteConfig {
        order: 4,
        scale: Some(1.5),
        widths: 4,
        functions: Some(49),
    })
}

struct Reference(SafeTensors<'static>);

impl Reference {
    fn new() -> Self {
        let bytes = include_bytes!("../fixtures/sesn.safetensors");
        Self(SafeTensors::deserialize(bytes).unwrap())
    }

    fn values(&self, name: &str) -> Vec<f64> {
        let bytes = self.0.tensor(name).unwrap().data().chunks_exact(4);
        bytes
            .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
            .collect()
    }

    fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let dims = self.0.tensor(name).unwrap().shape().to_vec();
        let dims: [usize; D] = dims.try_into().unwrap();
        tensor(&self.values(name), dims, device, DType::F64)
    }
}

/// Our functions run by degree n + m, with n along the columns; theirs by m within n, with n along the rows.
fn ours_of_theirs() -> Vec<usize> {
    let ours: Vec<[usize; 2]> = (0..=4)
        .flat_map(|degree| (0..=degree).map(move |m| [degree - m, m]))
        .collect();
    let theirs = (0..=4usize).flat_map(|column| (0..=4 - column).map(move |row| [column, row]));
    let place = |of: [usize; 2]| ours.iter().position(|function| *function == of).unwrap();
    theirs.map(place).collect()
}

/// Rows count downwards and y upwards: functions that are odd in y change their sign.
fn function(index: usize) -> (usize, f64) {
    // Of the last Gaussian both keep so many that they are not the same ones.
    let (gaussian, within) = (index / 15, index % 15);
    let ours = ours_of_theirs()[within];
    let degree = (0..=4usize).find(|d| ours < (d + 1) * (d + 2) / 2).unwrap();
    let along_y = ours - degree * (degree + 1) / 2;
    (
        15 * gaussian + ours,
        if along_y % 2 == 1 { -1.0 } else { 1.0 },
    )
}

/// The functions both have: the last Gaussian is cut after four of fifteen, here by degree, there by column.
const SHARED: usize = 45;

#[test]
fn functions_are_the_published_ones() {
    let (reference, group) = (Reference::new(), group());
    let theirs = reference.values("basis");
    let sampled = kernel().sample(&group, 5.into()).unwrap();
    assert_eq!(sampled.weights(), 49);
    for (scale, side) in [5usize, 7, 13].into_iter().enumerate() {
        assert_eq!(sampled.window(scale).height_and_width(), [side; 2]);
        let border = (13 - side) / 2;
        for index in 0..SHARED {
            let (ours, sign) = function(index);
            for pixel in 0..169 {
                let (row, column) = (pixel / 13, pixel % 13);
                let inside = |at: usize| (border..13 - border).contains(&at);
                let found = match inside(row) && inside(column) {
                    true => {
                        let tap = (row - border) * side + column - border;
                        sign * sampled.values(scale)[tap * 49 + ours]
                    }
                    false => 0.0,
                };
                let expected = theirs[(index * 3 + scale) * 169 + pixel];
                assert!(
                    (found - expected).abs() < 1e-6,
                    "{index} {scale} {pixel}: {found} {expected}"
                );
            }
        }
    }
    let norm = |scale: usize| {
        let squares = sampled.values(scale).iter().step_by(49).map(|v| v * v);
        squares.sum::<f64>().sqrt()
    };
    for (scale, expected) in [1.0, 0.553_801_566_5, 0.324_592_760_8]
        .into_iter()
        .enumerate()
    {
        assert!((norm(scale) - expected).abs() < 1e-6);
    }
}

/// Weights of theirs, `[out, in, samples, 49]`, without those of functions that we don't have, as ours.
fn weights(reference: &Reference, name: &str, samples: usize) -> (Vec<f64>, [usize; 4]) {
    let shape = reference.0.tensor(name).unwrap().shape().to_vec();
    let theirs = reference.values(name);
    let mut ours = vec![0.0; theirs.len()];
    for (row, values) in theirs.chunks(49).enumerate() {
        for (index, value) in values[..SHARED].iter().enumerate() {
            let (place, sign) = function(index);
            ours[49 * row + place] = sign * value;
        }
    }
    (ours, [shape[0], shape[1], samples, 49])
}

/// Their output, of the functions that both have: the others' share is computed from their own basis.
fn shared_output(reference: &Reference, layer: &str, samples: usize) -> Vec<f64> {
    let device = device();
    let input: Tensor<4> = match samples {
        0 => reference.tensor(&format!("{layer}.in"), &device),
        _ => {
            let input: Tensor<5> = reference.tensor(&format!("{layer}.in"), &device);
            let [batch, channels, scales, height, width] = input.dims();
            input.reshape([batch, channels * scales, height, width])
        }
    };
    let (basis, theirs) = (
        reference.values("basis"),
        reference.values(&format!("{layer}.w.weight")),
    );
    let shape = reference
        .0
        .tensor(&format!("{layer}.w.weight"))
        .unwrap()
        .shape()
        .to_vec();
    let (c_out, c_in, taken, scales) = (
        shape[0],
        shape[1],
        samples.max(1),
        if samples == 0 { 1 } else { 3 },
    );
    let mut bank = vec![0.0; c_out * 3 * c_in * scales * 169];
    for o in 0..c_out {
        for s in 0..3 {
            for i in 0..c_in {
                for g in (0..taken).filter(|g| scales == 1 || s + g < 3) {
                    let source = if scales == 1 { 0 } else { s + g };
                    let start = (((o * 3 + s) * c_in + i) * scales + source) * 169;
                    for pixel in 0..169 {
                        bank[start + pixel] += (SHARED..49)
                            .map(|f| {
                                theirs[((o * c_in + i) * taken + g) * 49 + f]
                                    * basis[(f * 3 + s) * 169 + pixel]
                            })
                            .sum::<f64>();
                    }
                }
            }
        }
    }
    let bank = tensor(
        &bank,
        [c_out * 3, c_in * scales, 13, 13],
        &device,
        DType::F64,
    );
    let options = gcnn_layers::convolution::dense::Conv2dOptions::new().with_padding([6, 6]);
    let others = gcnn_layers::convolution::dense::conv2d(input, bank, None, options);
    let others = values(&others);
    let all = reference.values(&format!("{layer}.out"));
    all.iter()
        .zip(others)
        .map(|(all, others)| all - others)
        .collect()
}

#[test]
fn lifting_and_its_gradients() {
    let (reference, device) = (Reference::new(), device().autodiff());
    let mut layer = LiftingConv2dConfig::new(group(), [1, 2], 5)
        .with_kernel(kernel())
        .with_padding(Padding2d::Same)
        .init(&device);
    let (numbers, dims) = weights(&reference, "z2_h.w.weight", 1);
    layer.weight = Param::from_tensor(tensor(&numbers, dims, &device, DType::F64));
    layer.bias = Some(Param::from_tensor(reference.tensor("z2_h.w.bias", &device)));
    let output = layer.forward(reference.tensor("z2_h.in", &device));
    assert_eq!(output.dims(), [1, 2, 3, 12, 12]);
    let error = relative_error(&values(&output), &shared_output(&reference, "z2_h", 0));
    assert!(error < 1e-6, "{error}");
    // The loss's gradient with respect to the output is the official output.
    let official: Tensor<5> = reference.tensor("z2_h.out", &device);
    let gradients = (output * official).sum().backward();
    let found = values(&layer.weight.val().grad(&gradients).unwrap());
    let expected = reference.values("z2_h.grad.w.weight");
    for (row, expected) in expected.chunks(49).enumerate() {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (index, value) in expected[..SHARED].iter().enumerate() {
            let (place, sign) = function(index);
            ours.push(sign * found[49 * row + place]);
            theirs.push(*value);
        }
        let error = relative_error(&ours, &theirs);
        assert!(error < 1e-6, "{error}");
    }
    let of_bias = values(&layer.bias.unwrap().val().grad(&gradients).unwrap());
    let error = relative_error(&of_bias, &reference.values("z2_h.grad.w.bias"));
    assert!(error < 1e-6, "{error}");
}

fn on_group(reference: &Reference, layer: &str, range: usize) -> GroupConv2d {
    let device = device();
    let mut conv = GroupConv2dConfig::new(group(), [2, 2], 5)
        .with_range(Some(range))
        .with_kernel(kernel())
        .with_padding(Padding2d::Same)
        .init(&device);
    let (numbers, dims) = weights(reference, &format!("{layer}.w.weight"), range);
    assert_eq!(conv.weight.dims(), dims);
    conv.weight = Param::from_tensor(tensor(&numbers, dims, &device, DType::F64));
    conv.bias = Some(Param::from_tensor(
        reference.tensor(&format!("{layer}.w.bias"), &device),
    ));
    conv
}

#[test]
fn convolution_on_the_group_sees_one_scale_or_the_next_coarser_too() {
    let reference = Reference::new();
    for (layer, range) in [("h_h", 1), ("h_h_scale2", 2)] {
        let conv = on_group(&reference, layer, range);
        let output = conv.forward(reference.tensor(&format!("{layer}.in"), &device()));
        let (found, expected) = (values(&output), shared_output(&reference, layer, range));
        // From 2.6 to 4.5 is not the step from 1.5 to 2.6: rounded, the official scales are no sampling of a group, and between
        // the last two nothing is seen here.
        let scales = if range == 1 {
            vec![0, 1, 2]
        } else {
            vec![0, 2]
        };
        let of = |values: &[f64]| -> Vec<f64> {
            let maps = values.chunks(64).enumerate();
            let kept = maps.filter(|(map, _)| scales.contains(&(map % 3)));
            kept.flat_map(|(_, map)| map.to_vec()).collect()
        };
        let error = relative_error(&of(&found), &of(&expected));
        assert!(error < 1e-6, "{layer}: {error}");
    }
}
