//! Attention against values of the official code of attentive group convolutions.

use std::f64::consts::FRAC_PI_2;

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::DType;
use gcnn_layers::attention::{Gated, InputAttention};
use gcnn_layers::convolution::Convolution;
use gcnn_layers::inference::{Finish, scale_and_shift};
use gcnn_layers::{
    AttentiveGateConfig, AttentiveLiftingConv2dConfig, AttentivePlaneGateConfig,
    FieldBatchNormConfig, GroupConv2dConfig, LiftingConv2dConfig, ProjectionConfig,
    SpatialMaxPool2dConfig,
};
use safetensors::{Dtype, SafeTensors};

use super::{device, group, relative_error, tensor, values};

/// By which the published code multiplies sums over H, which our weights contain.
const HAAR: f64 = FRAC_PI_2;

struct Reference(SafeTensors<'static>);

impl Reference {
    fn layers() -> Self {
        let bytes = include_bytes!("../fixtures/att_gconvs.safetensors");
        Self(SafeTensors::deserialize(bytes).unwrap())
    }

    fn network() -> Self {
        let bytes = include_bytes!("../fixtures/att_p4cnn.safetensors");
        Self(SafeTensors::deserialize(bytes).unwrap())
    }

    fn values(&self, name: &str) -> Vec<f64> {
        let array = self.0.tensor(name).unwrap();
        match array.dtype() {
            Dtype::F64 => array
                .data()
                .chunks_exact(8)
                .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
                .collect(),
            _ => array
                .data()
                .chunks_exact(4)
                .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
                .collect(),
        }
    }

    fn dims(&self, name: &str) -> Vec<usize> {
        self.0.tensor(name).unwrap().shape().to_vec()
    }

    fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let dims = self.dims(name).try_into().unwrap();
        tensor(&self.values(name), dims, device, DType::F64)
    }

    /// A weight in the shape of one of ours, multiplied by a factor.
    fn weight<const D: usize>(&self, of: &mut Param<Tensor<D>>, name: &str, factor: f64) {
        let device = of.device();
        let weight = tensor(&self.values(name), of.dims(), &device, DType::F64) * factor;
        *of = Param::from_tensor(match device.is_autodiff() {
            true => weight.detach().require_grad(),
            false => weight,
        });
    }

    fn agrees<const D: usize>(&self, found: &Tensor<D>, name: &str, tolerance: f64) {
        let error = relative_error(&values(found), &self.values(name));
        assert!(error < tolerance, "{name}: {error}");
    }

    fn gate<M: Gated>(&self, gate: &mut InputAttention<Convolution<M>>, layer: &str, factor: f64) {
        let name = |part: &str| format!("{layer}.{part}");
        let (squeeze, excite) = (
            name("channel_attention.weight_fc1"),
            name("channel_attention.weight_fc2"),
        );
        self.weight(&mut gate.squeeze.weight, &squeeze, 1.0);
        self.weight(&mut gate.excite.weight, &excite, 1.0);
        let spatial = name("spatial_attention.weight");
        self.weight(&mut gate.spatial.weight, &spatial, factor);
    }
}

const EXACT: f64 = 1e-12;

#[test]
fn a_gate_before_a_group_convolution_is_the_published_one() {
    let (reference, device) = (Reference::layers(), device().autodiff());
    let mut gate = AttentiveGateConfig::new(group("C4"), 4).init(&device);
    reference.gate(&mut gate, "fatt_gconv.w", HAAR);
    let config = GroupConv2dConfig::new(group("C4"), [4, 3], 3).with_bias(false);
    let mut conv = config.init(&device);
    reference.weight(&mut conv.weight, "fatt_gconv.w.weight", HAAR);
    let input = reference
        .tensor::<5>("fatt_gconv.in", &device)
        .require_grad();
    let (channel, spatial) = gate.attention(input.clone());
    assert_eq!(
        channel.dims()[..],
        reference.dims("fatt_gconv.alpha_channel")
    );
    reference.agrees(&channel, "fatt_gconv.alpha_channel", EXACT);
    assert_eq!(
        spatial.dims()[..],
        reference.dims("fatt_gconv.alpha_spatial")
    );
    reference.agrees(&spatial, "fatt_gconv.alpha_spatial", EXACT);
    let output = conv.forward(gate.forward(input.clone()));
    assert_eq!(output.dims()[..], reference.dims("fatt_gconv.out"));
    reference.agrees(&output, "fatt_gconv.out", EXACT);
    let gradients = (output.clone() * output.detach()).sum().backward();
    reference.agrees(
        &input.grad(&gradients).unwrap(),
        "fatt_gconv.grad.in",
        EXACT,
    );
    for (weight, name, factor) in [
        (&conv.weight, "weight", HAAR),
        (&gate.squeeze.weight, "channel_attention.weight_fc1", 1.0),
        (&gate.excite.weight, "channel_attention.weight_fc2", 1.0),
        (&gate.spatial.weight, "spatial_attention.weight", HAAR),
    ] {
        let gradient = weight.val().grad(&gradients).unwrap() * factor;
        reference.agrees(&gradient, &format!("fatt_gconv.grad.w.{name}"), EXACT);
    }
}

#[test]
fn a_gate_before_a_lifting_convolution_is_the_published_one() {
    let (reference, device) = (Reference::layers(), device().autodiff());
    let config = AttentivePlaneGateConfig::new(group("C4"), 2);
    let mut gate = config.with_ratio(1).with_dilation(4).init(&device);
    reference.gate(&mut gate, "fatt_lift.w", 1.0);
    let config = LiftingConv2dConfig::new(group("C4"), [2, 3], 3).with_bias(false);
    let mut conv = config.init(&device);
    reference.weight(&mut conv.weight, "fatt_lift.w.weight", 1.0);
    let input = reference.tensor::<4>("fatt_lift.in", &device);
    let (channel, spatial) = gate.attention(input.clone());
    assert_eq!(
        channel.dims()[..],
        reference.dims("fatt_lift.alpha_channel")
    );
    reference.agrees(&channel, "fatt_lift.alpha_channel", EXACT);
    assert_eq!(
        spatial.dims()[..],
        reference.dims("fatt_lift.alpha_spatial")
    );
    reference.agrees(&spatial, "fatt_lift.alpha_spatial", EXACT);
    let output = conv.forward(gate.forward(input));
    reference.agrees(&output, "fatt_lift.out", EXACT);
    let gradients = (output.clone() * output.detach()).sum().backward();
    for (weight, name) in [
        (&conv.weight, "weight"),
        (&gate.squeeze.weight, "channel_attention.weight_fc1"),
        (&gate.excite.weight, "channel_attention.weight_fc2"),
        (&gate.spatial.weight, "spatial_attention.weight"),
    ] {
        let gradient = weight.val().grad(&gradients).unwrap();
        reference.agrees(&gradient, &format!("fatt_lift.grad.w.{name}"), EXACT);
    }
}

/// Ours take columns to rows: the second and third axis change places.
fn transposed(of: &[f64], [fields, rows, columns]: [usize; 3]) -> Vec<f64> {
    let at = |f: usize, c: usize, r: usize| of[(f * rows + r) * columns + c];
    (0..fields)
        .flat_map(|f| (0..columns).flat_map(move |c| (0..rows).map(move |r| at(f, c, r))))
        .collect()
}

#[test]
fn attention_within_a_lifting_convolution_is_the_published_one() {
    let (reference, device) = (Reference::layers(), device().autodiff());
    let convolution = LiftingConv2dConfig::new(group("C4"), [2, 3], 3).with_bias(false);
    let mut layer = AttentiveLiftingConv2dConfig::new(convolution).init(&device);
    reference.weight(&mut layer.convolution.weight, "att_lift.w.weight", 1.0);
    let spatial = "att_lift.w.spatial_attention.weight";
    reference.weight(&mut layer.spatial.weight, spatial, 1.0);
    let mixing = |name: &str| {
        let values = reference.values(&format!("att_lift.w.channel_attention.{name}"));
        let weight = tensor(
            &transposed(&values, [3, 2, 2]),
            [3, 2, 2],
            &device,
            DType::F64,
        );
        Param::from_tensor(weight.require_grad())
    };
    (layer.squeeze, layer.excite) = (mixing("weight_fc1"), mixing("weight_fc2"));
    let input = reference.tensor::<4>("att_lift.in", &device);
    let output = layer.forward(input);
    assert_eq!(output.dims()[..], reference.dims("att_lift.out"));
    reference.agrees(&output, "att_lift.out", EXACT);
    let gradients = (output.clone() * output.detach()).sum().backward();
    for (weight, name) in [
        (&layer.convolution.weight, "weight"),
        (&layer.spatial.weight, "spatial_attention.weight"),
    ] {
        let gradient = weight.val().grad(&gradients).unwrap();
        reference.agrees(&gradient, &format!("att_lift.grad.w.{name}"), EXACT);
    }
    for (weight, name) in [
        (&layer.squeeze, "weight_fc1"),
        (&layer.excite, "weight_fc2"),
    ] {
        let gradient = values(&weight.val().grad(&gradients).unwrap());
        let expected = reference.values(&format!("att_lift.grad.w.channel_attention.{name}"));
        let error = relative_error(&gradient, &transposed(&expected, [3, 2, 2]));
        assert!(error < EXACT, "{name}: {error}");
    }
}

/// The attentive P4CNN for rotated digits, from its layers.
#[test]
fn the_published_network_has_its_parameters_and_logits() {
    let (reference, device) = (Reference::network(), device());
    let c4 = || group("C4");
    let of_plane = AttentivePlaneGateConfig::new(c4(), 1).with_dilation(4);
    let lifting = LiftingConv2dConfig::new(c4(), [1, 10], 3).with_bias(false);
    let gates = AttentiveGateConfig::new(c4(), 10);
    let conv = |kernel| GroupConv2dConfig::new(c4(), [10, 10], kernel).with_bias(false);
    let norm = FieldBatchNormConfig::new(10).with_epsilon(2e-5);
    let numbers = of_plane.parameters().unwrap().numbers()
        + lifting.parameters().unwrap().numbers()
        + 6 * gates.parameters().unwrap().numbers()
        + 5 * conv(3).parameters().unwrap().numbers()
        + conv(4).parameters().unwrap().numbers()
        // Half of a normalisation's are running statistics.
        + 6 * norm.parameters().numbers() / 2;
    assert_eq!(numbers, 29_462);

    let normalised = |map: Tensor<5>, number: usize| {
        let of = |name: &str| reference.tensor::<1>(&format!("w.bn{number}.{name}"), &device);
        let slope = of("weight") / (of("running_var") + norm.epsilon).sqrt();
        let offset = of("bias") - of("running_mean") * slope.clone();
        scale_and_shift(map, slope, offset, Finish::Relu)
    };
    let mut gate = of_plane.init(&device);
    reference.gate(&mut gate, "w.c1", 1.0);
    let mut first = lifting.init(&device);
    reference.weight(&mut first.weight, "w.c1.weight", 1.0);
    let image = gate.forward(reference.tensor("in", &device));
    let mut map = normalised(first.forward(image), 1);
    let mut seen = vec![map.clone()];
    for number in 2..=7 {
        let mut gate = gates.init(&device);
        reference.gate(&mut gate, &format!("w.c{number}"), HAAR);
        let mut own = conv(if number == 7 { 4 } else { 3 }).init(&device);
        reference.weight(&mut own.weight, &format!("w.c{number}.weight"), HAAR);
        map = own.forward(gate.forward(map));
        if number < 7 {
            map = normalised(map, number);
            seen.push(map.clone());
        }
        if number == 2 {
            map = SpatialMaxPool2dConfig::new(2).init().forward(map);
        }
    }
    let of_layers = |measure: fn(Tensor<5>) -> Tensor<5>| -> Vec<f64> {
        let maps = seen.iter().cloned().map(measure);
        maps.map(|map| values(&map.mean())[0]).collect()
    };
    for (found, name) in [
        (of_layers(|map| map), "check.layer_mean"),
        (
            of_layers(|map| map.clone() * map)
                .into_iter()
                .map(f64::sqrt)
                .collect(),
            "check.layer_rms",
        ),
    ] {
        assert!(
            relative_error(&found, &reference.values(name)) < 1e-6,
            "{name}"
        );
    }
    // The file holds numbers of 32 bits.
    reference.agrees(&map, "out.c7", 1e-6);
    let logits = ProjectionConfig::new().init().forward(map);
    reference.agrees(&logits, "out.logits", 1e-6);
}
