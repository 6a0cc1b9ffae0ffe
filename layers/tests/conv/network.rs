//! Kernels that are networks: against values of the official codes, equivariance, windows that are trained, and the bound of
//! their frequencies.

use std::collections::HashMap;

use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::kernel::{AngleOffsets, KernelMask, MagnetConfig, SirenConfig};
use gcnn_layers::{
    GroupConv2dConfig, KernelConfig, LayerError, LiftingConv2d, LiftingConv2dConfig, Padding2d,
};
use rstest::rstest;

use super::equivariance::{EXACT, exact_errors};
use super::{
    Reference, device, gradients, group, load, noise, relative_error, tensor, transposed, values,
};

pub(super) fn knigge() -> Reference {
    Reference::new(include_bytes!("../fixtures/knigge_separable.safetensors"))
}

fn flexconv() -> Reference {
    Reference::new(include_bytes!("../fixtures/flexconv.safetensors"))
}

/// The official SIREN: one hidden layer of 8, on a disc that ends at the outermost pixels.
pub(super) fn official_siren() -> KernelConfig {
    KernelConfig::siren(SirenConfig {
        hidden: 8,
        mask: KernelMask::Disc(1.0),
        ..SirenConfig::default()
    })
}

/// The values of an official SIREN under the names of a layer here; its last layer is the layer's weight, a constant after
/// each row of features.
pub(super) fn siren_values(
    reference: &Reference,
    official: &str,
    layer: &str,
) -> HashMap<String, Vec<f64>> {
    siren_names(official, layer)
        .map(|(from, to)| (to, reference.values(&from)))
        .into_iter()
        .map(|(to, values)| match to.ends_with("weight") {
            true => (to, transposed(&values, 8)),
            false => (to, values),
        })
        .chain([(format!("{layer}weight"), last_layer(reference, official))])
        .collect()
}

fn siren_names(official: &str, layer: &str) -> [(String, String); 4] {
    let inside = |part: &str| format!("{layer}basis.network.features.Siren.{part}");
    let of = |part: &str| format!("{official}net.net.{part}");
    [
        (of("0.linear.weight"), inside("first.weight")),
        (of("0.linear.bias"), inside("first.bias")),
        (of("1.linear.weight"), inside("inner.0.weight")),
        (of("1.linear.bias"), inside("inner.0.bias")),
    ]
}

fn last_layer(reference: &Reference, official: &str) -> Vec<f64> {
    let weight = reference.values(&format!("{official}final_linear.weight"));
    let bias = reference.values(&format!("{official}final_linear.bias"));
    let rows = weight.chunks(8).zip(bias);
    rows.flat_map(|(row, bias)| row.iter().copied().chain([bias]))
        .collect()
}

/// Where a kernel turns between pixels, its points are kept in single precision.
pub(super) const TURNED: f64 = 1e-6;

/// Whether all gradients are those of the file, of a kernel that turns between pixels.
pub(super) fn gradients_agree(
    found: &HashMap<String, Vec<f64>>,
    reference: &Reference,
    official: &str,
    layer: &str,
) {
    for (from, to) in siren_names(official, layer) {
        let expected = reference.values(&from);
        let expected = match to.ends_with("weight") {
            true => transposed(&expected, 8),
            false => expected,
        };
        let error = relative_error(&found[&to], &expected);
        assert!(error < TURNED, "{from}: {error}");
    }
    let error = relative_error(
        &found[&format!("{layer}weight")],
        &last_layer(reference, official),
    );
    assert!(error < TURNED, "{official}: {error}");
}

/// Upside down: the official code counts rows downwards, and turns the other way for it.
pub(super) fn flipped<const D: usize>(map: Tensor<D>) -> Tensor<D> {
    map.flip([D as isize - 2])
}

#[rstest]
#[case("se2_4", "C4")]
#[case("se2_8", "C8")]
fn lifting_with_a_siren_is_the_published_one(#[case] file: &str, #[case] name: &str) {
    let (reference, device) = (knigge(), device().autodiff());
    let order = group(name).order();
    let config = LiftingConv2dConfig::new(group(name), [2, 2], 5)
        .with_kernel(official_siren())
        .with_bias(false);
    let official = format!("{file}.lift.w.cknet.");
    let conv = load(
        config.init(&device),
        siren_values(&reference, &official, ""),
    );
    let input = reference.tensor(&format!("{file}.lift.in"), [1, 2, 8, 8], &device);
    let output = flipped(conv.forward(flipped(input)));
    reference.agrees_within(TURNED, &output, &format!("{file}.lift.out"));
    assert_eq!(output.dims(), [1, 2, order, 4, 4]);
    if file == "se2_8" {
        let loss = (output.clone() * output).sum() / 2.0;
        let found = gradients(&conv, &loss.backward());
        gradients_agree(&found, &reference, "se2_8.lift.grad.w.cknet.", "");
    }
}

#[test]
fn convolution_with_a_siren_is_the_published_one() {
    let (reference, device) = (knigge(), device());
    let config = GroupConv2dConfig::new(group("C4"), [2, 2], 5)
        .with_kernel(official_siren())
        .with_bias(false);
    let values = siren_values(&reference, "se2_4.nonsep.w.cknet.", "");
    let conv = load(config.init(&device), values);
    let input = tensor(
        &reference.values("se2_4.nonsep.in"),
        [1, 2, 4, 7, 7],
        &device,
        DType::F64,
    );
    let output = flipped(conv.forward(flipped(input)));
    reference.agrees(&output, "se2_4.nonsep.out");
}

fn official_magnet() -> MagnetConfig {
    MagnetConfig {
        hidden: 8,
        layers: 3,
        ..MagnetConfig::default()
    }
}

/// The official code's first coordinate goes down the rows, here the second goes up: the columns of its matrices change places.
fn swapped(values: &[f64]) -> Vec<f64> {
    values
        .chunks(2)
        .flat_map(|pair| [pair[1], pair[0]])
        .collect()
}

/// The values, or the gradients, of an official FlexConv under the names of a layer here.
fn flexconv_values(reference: &Reference, official: &str) -> HashMap<String, Vec<f64>> {
    let read = |name: &str| reference.values(&format!("{official}{name}"));
    let mut values = HashMap::new();
    let inside = |name: String| format!("basis.network.features.Magnet.{name}");
    for layer in 0..4 {
        let wave = swapped(&read(&format!("Kernel.filters.{layer}.linear.weight")));
        values.insert(
            inside(format!("gabor.{layer}.wave.weight")),
            transposed(&wave, 8),
        );
        let same = [
            ("wave.bias", "linear.bias"),
            ("gamma", "gamma"),
            ("centre", "mu"),
        ];
        for (to, from) in same {
            let own = read(&format!("Kernel.filters.{layer}.{from}"));
            let own = if from == "linear.bias" {
                own
            } else {
                swapped(&own)
            };
            values.insert(inside(format!("gabor.{layer}.{to}")), own);
        }
    }
    for layer in 0..3 {
        let weight = read(&format!("Kernel.linear.{layer}.weight"));
        values.insert(
            inside(format!("inner.{layer}.weight")),
            transposed(&weight, 8),
        );
        let bias = read(&format!("Kernel.linear.{layer}.bias"));
        values.insert(inside(format!("inner.{layer}.bias")), bias);
    }
    let (weight, bias) = (
        read("Kernel.output_linear.weight"),
        read("Kernel.output_linear.bias"),
    );
    let rows = weight.chunks(8).zip(bias);
    let last = rows.flat_map(|(row, bias)| row.iter().copied().chain([bias]));
    values.insert("weight".into(), last.collect());
    values.insert("bias".into(), read("bias"));
    let mask = read("mask_params");
    values.insert(
        "basis.network.gaussian.centre".into(),
        vec![mask[2], mask[0]],
    );
    values.insert(
        "basis.network.gaussian.tenfold_deviation".into(),
        vec![10.0 * mask[3], 10.0 * mask[1]],
    );
    values
}

fn official_flexconv(
    reference: &Reference,
    name: &str,
    size: usize,
    device: &Device,
) -> LiftingConv2d {
    let config = LiftingConv2dConfig::new(group("trivial"), [2, 3], size)
        .with_kernel(KernelConfig::magnet(official_magnet()))
        .with_padding(Padding2d::Same);
    load(
        config.init(device),
        flexconv_values(reference, &format!("{name}.w.")),
    )
}

#[test]
fn flexconv_is_the_published_one() {
    let (reference, device) = (flexconv(), device().autodiff());
    let conv = official_flexconv(&reference, "anisotropic", 17, &device);
    // As many rows and columns as the mask needs, of 17.
    assert_eq!(conv.filter_bank().dims(), [3, 2, 11, 7]);
    reference.agrees(&flipped(conv.filter_bank()), "anisotropic.kernel");
    let input = reference.tensor("anisotropic.in", [1, 2, 11, 11], &device);
    let output = flipped(conv.forward(flipped(input)));
    reference.agrees(&output, "anisotropic.out");
    let loss = (output.clone() * output).sum() / 2.0;
    let mut found = gradients(&conv, &loss.backward());
    let tenfold = found
        .get_mut("basis.network.gaussian.tenfold_deviation")
        .unwrap();
    tenfold.iter_mut().for_each(|value| *value *= 100.0);
    for (name, expected) in flexconv_values(&reference, "anisotropic.grad.w.") {
        let error = relative_error(&found[&name], &expected);
        // Burn's division by a number has its backward in single precision.
        let bound = if name.ends_with("deviation") {
            1e-7
        } else {
            1e-11
        };
        assert!(error < bound, "{name}: {error}");
    }
    // Cut off at a tenth, it is the middle of what is not cut off.
    let conv = official_flexconv(&reference, "uncropped", 9, &device);
    let bank = flipped(conv.filter_bank());
    assert_eq!(bank.dims(), [3, 2, 3, 3]);
    let whole = reference.tensor("uncropped.kernel", [3, 2, 9, 9], &device);
    let middle = whole.narrow(2, 3, 3).narrow(3, 3, 3);
    assert!(relative_error(&values(&bank), &values(&middle)) < 1e-12);
}

/// The file's own sum adds the maxima of different units; what is compared is the right one.
#[test]
fn the_bound_of_frequencies_is_the_published_one() {
    let (reference, device) = (flexconv(), device());
    let conv = official_flexconv(&reference, "anisotropic", 17, &device);
    let expected = reference.values("reg.anisotropic.gabor_mask.2sigma.freqs_right");
    let found = conv.basis().highest_frequency().unwrap();
    let sum: f64 = expected.iter().sum();
    assert!((values(&found)[0] - sum).abs() < 1e-12 * sum);
    // Of 17 pixels the highest frequency is 4, of which each of four layers has one.
    let excess = expected.iter().map(|own| (own - 1.0).max(0.0).powi(2));
    let expected = 0.1 * excess.sum::<f64>();
    let found = values(&conv.basis().penalty().unwrap())[0];
    assert!(
        (found - expected).abs() < 1e-12 * expected,
        "{found}, {expected}"
    );
}

fn magnet(deviation: f64) -> KernelConfig {
    KernelConfig::magnet(MagnetConfig {
        hidden: 8,
        layers: 2,
        mask: KernelMask::Gaussian(deviation),
        ..MagnetConfig::default()
    })
}

fn siren(mask: KernelMask) -> KernelConfig {
    KernelConfig::siren(SirenConfig {
        hidden: 8,
        mask,
        ..SirenConfig::default()
    })
}

#[rstest]
fn exact_elements(
    #[values("C4", "D4", "flip", "C8", "D12")] name: &str,
    #[values(
        siren(KernelMask::Pixels),
        siren(KernelMask::Smooth(2.0)),
        magnet(0.3),
        magnet(0.7)
    )]
    kernel: KernelConfig,
    #[values(Padding2d::None, Padding2d::Same)] padding: Padding2d,
) {
    let errors = exact_errors(name, 9, (5, 1, padding, 1), kernel);
    assert!(errors.iter().all(|&e| e < EXACT), "{errors:?}");
}

/// A network of low frequency is as smooth as splines are, and turns as well.
#[test]
fn turns_between_pixels_are_bounded() {
    let device = device();
    device.seed(3);
    let size = 33;
    let kernel = KernelConfig::siren(SirenConfig {
        frequency: 2.0,
        mask: KernelMask::Smooth(8.0),
        ..SirenConfig::default()
    });
    let c8 = group("C8");
    let config = LiftingConv2dConfig::new(c8.clone(), [1, 4], 9)
        .with_kernel(kernel)
        .with_bias(false)
        .with_padding(Padding2d::Same);
    let conv = config.init(&device);
    // Sums of Gaussians, drawn at 0° and at 45°.
    let image = |angle: f64| {
        let (sin, cos) = angle.sin_cos();
        let blobs = [[3.0, 1.5, 1.0], [-2.0, 4.0, -0.7], [-1.0, -3.0, 1.3]];
        let value = |pixel: usize| -> f64 {
            let x = (pixel % size) as f64 - 16.0;
            let y = 16.0 - (pixel / size) as f64;
            let (u, v) = (cos * x + sin * y, -sin * x + cos * y);
            let blob =
                |[a, b, h]: &[f64; 3]| h * (-((u - a).powi(2) + (v - b).powi(2)) / 8.0).exp();
            blobs.iter().map(blob).sum()
        };
        let values: Vec<f64> = (0..size * size).map(value).collect();
        tensor(&values, [1, 1, size, size], &device, DType::F32)
    };
    let straight = conv.forward(image(0.0));
    let turned = conv.forward(image(std::f64::consts::FRAC_PI_4));
    // The middle pixel is where it was; its orientations have moved on by one.
    let middle = |map: Tensor<5>| values(&map.narrow(3, 16, 1).narrow(4, 16, 1));
    let (straight, turned) = (middle(straight), middle(turned));
    let expected: Vec<f64> = (0..32)
        .map(|place| straight[place / 8 * 8 + (place + 7) % 8])
        .collect();
    let error = relative_error(&turned, &expected);
    assert!(error < 0.02, "{error}");
}

/// The window follows the mask, in both directions, and nothing of the larger one stays.
#[test]
fn windows_follow_the_mask() {
    use burn::module::Param;
    let device = device();
    let config = LiftingConv2dConfig::new(group("trivial"), [1, 2], 29)
        .with_kernel(magnet(0.1))
        .with_padding(Padding2d::Same);
    let conv = config.init(&device);
    #[derive(Debug)]
    struct Widths([f64; 2]);
    impl burn::module::ModuleMapper for Widths {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let own = self.0;
            match (D, param.val().dims().as_slice()) {
                // The widths are the only numbers of one axis that aren't small at first.
                (1, [2]) if values(&param.val()).iter().all(|v| v.abs() > 0.01) => {
                    param.map(|old| {
                        Tensor::from_data(
                            TensorData::from([10.0 * own[0], 10.0 * own[1]]),
                            &old.device(),
                        )
                    })
                }
                _ => param,
            }
        }
    }
    for (widths, [height, width]) in [
        ([0.1, 0.1], [7, 7]),
        ([0.3, 0.05], [3, 19]),
        ([0.9, 0.9], [29, 29]),
        ([0.001, 0.001], [1, 1]),
        ([0.1, 0.2], [13, 7]),
    ] {
        let conv = conv.clone().map(&mut Widths(widths));
        assert_eq!(
            conv.filter_bank().dims(),
            [2, 1, height, width],
            "{widths:?}"
        );
        let image = Tensor::<4>::ones([1, 1, 31, 31], &device);
        assert_eq!(conv.forward(image.clone()).dims(), [1, 2, 1, 31, 31]);
        // Without padding the output is as large as the whole window leaves it, whatever is cut off.
        let plain = conv.export();
        let same = plain.forward(image.clone()).reshape([1, 2, 1, 31, 31]);
        let error = relative_error(&values(&same), &values(&conv.forward(image)));
        assert!(error < 1e-5, "{error}");
    }
}

#[test]
fn without_padding_a_smaller_window_leaves_the_output_as_it_is() {
    let device = device();
    let config = GroupConv2dConfig::new(group("C4"), [2, 2], 9).with_kernel(magnet(0.2));
    let conv = config.init(&device);
    assert_eq!(conv.filter_bank().dims(), [8, 8, 3, 3]);
    let map = tensor(&noise(8 * 121, 4), [1, 2, 4, 11, 11], &device, DType::F32);
    let output = conv.forward(map.clone());
    assert_eq!(output.dims(), [1, 2, 4, 3, 3]);
    let plain = conv.export().forward(map.reshape([1, 8, 11, 11]));
    let error = relative_error(&values(&plain), &values(&output));
    assert!(error < 1e-5, "{error}");
}

/// Of what a window held before nothing is kept, however often it changes.
#[test]
#[cfg(target_os = "linux")]
fn changing_windows_leak_nothing() {
    let device = device().autodiff();
    let resident = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
        pages * 4096
    };
    let convs: Vec<_> = [0.05, 0.2, 0.4, 0.1]
        .into_iter()
        .map(|deviation| {
            let config = LiftingConv2dConfig::new(group("C4"), [4, 8], 29)
                .with_kernel(magnet(deviation))
                .with_padding(Padding2d::Same);
            config.init(&device)
        })
        .collect();
    let step = |conv: &LiftingConv2d| {
        let map = Tensor::<4>::ones([2, 4, 16, 16], &device);
        let _ = conv.forward(map).sum().backward();
    };
    for conv in convs.iter().cycle().take(12) {
        step(conv);
    }
    let before = resident();
    for conv in convs.iter().cycle().take(40) {
        step(conv);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more");
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |kernel| {
        let config = LiftingConv2dConfig::new(group("C4"), [1, 1], 5).with_kernel(kernel);
        config.validate().unwrap_err().to_string()
    };
    let siren = |change: fn(&mut SirenConfig)| {
        let mut config = SirenConfig::default();
        change(&mut config);
        KernelConfig::siren(config)
    };
    assert!(refused(siren(|c| c.hidden = 0)).contains("hidden"));
    assert!(refused(siren(|c| c.layers = 9)).contains("layers"));
    assert!(refused(siren(|c| c.frequency = f64::NAN)).contains("frequency"));
    assert!(refused(siren(|c| c.mask = KernelMask::Disc(-1.0))).contains("radius"));
    assert!(refused(magnet(0.0)).contains("deviation"));
    let sample = magnet(0.1).sample(&group("C4"), 5.into());
    assert_eq!(sample.unwrap_err(), LayerError::NotLinear);
}

#[test]
fn is_written_in_words() {
    let json = serde_json::to_string(&magnet(0.5)).unwrap();
    assert!(json.contains(r#""mask":{"gaussian":0.5}"#), "{json}");
    let read: KernelConfig =
        serde_json::from_str(r#"{"basis":"siren","mask":"pixels","hidden":64}"#).unwrap();
    assert_eq!(read, KernelConfig::siren(SirenConfig::default()));
}

#[test]
#[should_panic(expected = "without reflections")]
fn grids_of_angles_with_reflections_are_not_turned() {
    let config = GroupConv2dConfig::new(group("D4"), [1, 1], 3);
    let conv = config
        .with_kernel(siren(KernelMask::Pixels))
        .init(&device());
    let offsets = AngleOffsets {
        input: 0.0,
        output: 0.1,
    };
    let _ = conv.forward_at(Tensor::ones([1, 1, 8, 5, 5], &device()), offsets);
}
