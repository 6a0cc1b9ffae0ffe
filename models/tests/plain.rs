//! Exported networks: the same logits, descriptions that rebuild them, and descriptions that do not fit.

mod common;

use std::collections::HashMap;

use burn::prelude::*;
use burn::store::ModuleRecord;
use burn::tensor::Tolerance;
use gcnn_layers::kernel::{BSplineConfig, KernelMask, MagnetConfig, SirenConfig, Support};
use gcnn_layers::{GlobalPoolKind, Group, KernelConfig, Padding2d, ProjectionKind, Separation};
use gcnn_models::export::{DESCRIPTION, PlainFileError, PlainStep};
use gcnn_models::file::{self, WeightsError};
use gcnn_models::{
    AttentionConfig, GcnnConfig, GroupDenseNetConfig, Head, InputShape, ModelError, Normalisation,
    PlainNetwork, PlainNetworkConfig, weights,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rstest::rstest;

use common::reseeded;

const DIGITS: InputShape = InputShape {
    channels: 1,
    height: 28,
    width: 28,
};

fn noise(dims: [usize; 4], device: &Device) -> Tensor<4> {
    let mut random = StdRng::seed_from_u64(5);
    let values: Vec<f32> = (0..dims.iter().product())
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    Tensor::from_data(TensorData::new(values, dims), device)
}

/// ‖a − b‖∞ / ‖b‖∞, of logits that are not all alike.
fn difference(a: Tensor<2>, b: Tensor<2>) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let largest = |tensor: Tensor<2>| tensor.abs().max().into_scalar::<f64>();
    let spread = b.clone().max().into_scalar::<f64>() - b.clone().min().into_scalar::<f64>();
    assert!(
        spread > 0.1 * largest(b.clone()),
        "the logits are all alike"
    );
    largest(a - b.clone()) / largest(b)
}

fn group(name: &str) -> Group {
    name.parse().unwrap()
}

/// A small network with everything that a layer can have.
fn small(name: &str) -> GcnnConfig {
    GcnnConfig {
        group: group(name),
        channels: vec![3; 3],
        kernel_sizes: vec![5, 3, 3, 3],
        pool_after: vec![1],
        ..GcnnConfig::p4cnn()
    }
}

/// With gates before its convolutions.
fn attentive(config: GcnnConfig, image_dilation: Option<usize>) -> GcnnConfig {
    GcnnConfig {
        attention: Some(AttentionConfig {
            image_dilation,
            ..AttentionConfig::default()
        }),
        ..config
    }
}

fn splines(support: Support) -> KernelConfig {
    KernelConfig::b_spline(BSplineConfig {
        support,
        ..BSplineConfig::default()
    })
}

fn magnet() -> KernelConfig {
    KernelConfig::magnet(MagnetConfig {
        mask: KernelMask::Gaussian(0.4),
        ..MagnetConfig::default()
    })
}

#[rstest]
#[case::p4cnn(GcnnConfig::p4cnn())]
#[case::z2cnn(GcnnConfig::z2cnn())]
#[case::trivial(small("trivial"))]
#[case::reflections(small("D4"))]
#[case::eight_rotations(small("C8"))]
#[case::splines(GcnnConfig { kernel: splines(Support::Dense), channels: vec![3; 2], kernel_sizes: vec![5; 3], ..small("C8") })]
#[case::trained_centres(GcnnConfig { kernel: splines(Support::Deformable), channels: vec![3; 2], kernel_sizes: vec![5; 3], ..small("C4") })]
#[case::zeros_beyond_the_border(GcnnConfig { padding: Padding2d::Same, ..small("C4") })]
#[case::periodic(GcnnConfig { padding: Padding2d::Circular, pool_after: vec![1, 2], ..small("D4") })]
#[case::unnormalised(GcnnConfig { normalisation: Normalisation::None, ..small("C4") })]
#[case::neither_norm_nor_bias(GcnnConfig { normalisation: Normalisation::None, bias: false, ..small("C4") })]
#[case::no_bias(GcnnConfig { bias: false, ..small("C4") })]
#[case::linear_head(GcnnConfig { head: Head::Linear, kernel_sizes: vec![3; 3], ..small("C4") })]
#[case::means_and_maxima(GcnnConfig {
    projection: ProjectionKind::Mean, global_pool: GlobalPoolKind::Max, ..small("C4")
})]
#[case::centre(GcnnConfig {
    head: Head::Linear, kernel_sizes: vec![3; 3], global_pool: GlobalPoolKind::Centre, ..small("C4")
})]
#[case::sines(GcnnConfig { kernel: KernelConfig::siren(SirenConfig::default()), ..small("C8") })]
#[case::gabor_functions(GcnnConfig { kernel: magnet(), padding: Padding2d::Same, ..small("D4") })]
#[case::cropped_gabor_functions(GcnnConfig { kernel: magnet(), ..small("C4") })]
#[case::separable(GcnnConfig { separable: Some(Separation::Separable), ..small("D4") })]
#[case::separable_circular(GcnnConfig { separable: Some(Separation::Separable), padding: Padding2d::Circular, ..small("C4") })]
#[case::gsep(GcnnConfig { separable: Some(Separation::Gsep), kernel: magnet(), ..small("C4") })]
#[case::dsep(GcnnConfig { separable: Some(Separation::Dsep), ..small("C8") })]
#[case::separable_2d(GcnnConfig {
    separable: Some(Separation::Separable2d),
    kernel: KernelConfig::siren(SirenConfig::default()),
    padding: Padding2d::Same,
    ..small("C4xR2(2)")
})]
#[case::attention(attentive(small("C4"), None))]
#[case::attention_to_images(attentive(small("D4"), Some(4)))]
#[case::attention_to_eight_rotations(attentive(small("C8"), Some(1)))]
#[case::attention_by_splines(attentive(
    GcnnConfig { kernel: splines(Support::Dense), channels: vec![3; 2], kernel_sizes: vec![5; 3], ..small("C8") }, None
))]
#[case::attention_of_a_periodic_network(attentive(
    GcnnConfig { padding: Padding2d::Circular, head: Head::Linear, kernel_sizes: vec![3; 3], ..small("C4") }, Some(2)
))]
#[case::odd_map_under_a_pooling(GcnnConfig { kernel_sizes: vec![2, 3, 3, 3], ..small("trivial") })]
fn logits_of_the_exported_network_are_the_same(#[case] config: GcnnConfig) {
    let device = Device::flex();
    let network = reseeded(config.init(DIGITS, 4, &device).unwrap(), 11);
    let plain = network.export();
    let images = noise([7, 1, 28, 28], &device);
    let expected = network.forward(images.clone());
    let error = difference(plain.forward(images.clone()), expected.clone());
    assert!(error < 1e-5, "relative error {error:e}");
    rebuilds(&plain, DIGITS, images, expected);
}

/// A class map of the exported network is that of the trained one, head and pooling over windows included.
#[rstest]
#[case::mean(GcnnConfig { kernel_sizes: vec![5, 3, 3, 2], ..small("C4") })]
#[case::max(GcnnConfig { kernel_sizes: vec![5, 3, 3, 2], global_pool: GlobalPoolKind::Max, ..small("D4") })]
#[case::linear(GcnnConfig { head: Head::Linear, kernel_sizes: vec![3; 3], ..small("C4") })]
#[case::centre(GcnnConfig { kernel_sizes: vec![5, 3, 3, 2], global_pool: GlobalPoolKind::Centre, ..small("D4") })]
fn class_maps_of_the_exported_network_are_the_same(#[case] config: GcnnConfig) {
    let device = Device::flex();
    let network = reseeded(config.init(DIGITS, 4, &device).unwrap(), 11);
    let plain = network.export();
    let image = noise([1, 1, 36, 32], &device);
    let (map, expected) = (plain.class_map(image.clone()), network.class_map(image));
    assert_eq!(plain.stride(), network.stride());
    assert_eq!(map.dims(), expected.dims());
    assert!(map.dims()[2] > 1 && map.dims()[3] > 1);
    let error = difference(map.flatten(1, 3), expected.flatten(1, 3));
    assert!(error < 1e-5, "relative error {error:e}");
}

#[rstest]
#[case::c4(GroupDenseNetConfig::c4(), 32)]
#[case::d4(GroupDenseNetConfig { projection: ProjectionKind::Mean, ..GroupDenseNetConfig::d4() }, 32)]
#[case::plain(GroupDenseNetConfig::plain(), 36)]
fn logits_of_an_exported_dense_network_are_the_same(
    #[case] config: GroupDenseNetConfig,
    #[case] size: usize,
) {
    let device = Device::flex();
    let config = GroupDenseNetConfig {
        blocks: 3,
        growth: 4,
        ..config
    };
    let tissue = InputShape {
        channels: 3,
        height: size,
        width: size,
    };
    let network = reseeded(config.init(tissue, 3, &device).unwrap(), 11);
    let plain = network.export();
    let images = noise([5, 3, size, size], &device);
    let expected = network.forward(images.clone());
    let error = difference(plain.forward(images.clone()), expected.clone());
    assert!(error < 1e-5, "relative error {error:e}");
    let larger = noise([1, 3, size + 8, size], &device);
    let [map, same] = [plain.class_map(larger.clone()), network.class_map(larger)];
    assert_eq!(plain.stride(), network.stride());
    let error = difference(map.flatten(1, 3), same.flatten(1, 3));
    assert!(error < 1e-5, "relative error {error:e} of class maps");
    rebuilds(&plain, tissue, images, expected);
}

/// The description, written and read, and the weights make the network again.
fn rebuilds(plain: &PlainNetwork, input: InputShape, images: Tensor<4>, expected: Tensor<2>) {
    let text = serde_json::to_string(&plain.describe(input)).unwrap();
    let config: PlainNetworkConfig = serde_json::from_str(&text).unwrap();
    assert_eq!(config, plain.describe(input));
    assert_eq!(config.classes(), Ok(expected.dims()[1]));
    assert_eq!(config.parameters().numbers(), Module::num_params(plain));
    let bytes = plain.clone().into_record().into_bytes().unwrap();
    let rebuilt = config.init(&images.device()).unwrap();
    let rebuilt = rebuilt.load_record(ModuleRecord::from_bytes(bytes).unwrap());
    assert_eq!(rebuilt.describe(input), config);
    let pooled = |network: &PlainNetwork| network.class_map(images.clone()).flatten(1, 3);
    let error = difference(pooled(&rebuilt), pooled(plain));
    assert!(error < 1e-5, "relative error {error:e} of class maps");
    let error = difference(rebuilt.forward(images), expected);
    assert!(error < 1e-5, "relative error {error:e}");
}

/// What is exported from a network in training carries nothing of its graph, and evaluates like the network in evaluation.
#[test]
fn networks_in_training_are_exported_as_they_evaluate() {
    let device = Device::flex().autodiff();
    let network = reseeded(small("C4").init(DIGITS, 4, &device).unwrap(), 11);
    let plain = network.export();
    let images = noise([3, 1, 28, 28], &device);
    let evaluated = network.valid().forward(images.clone().inner());
    let error = difference(plain.forward(images).inner(), evaluated);
    assert!(error < 1e-5, "relative error {error:e}");
}

/// One number of a valid description is changed at a time.
#[rstest]
#[case::channels(r#""channels":[12,12]"#, r#""channels":[13,12]"#, "there are 12")]
#[case::no_channels(r#""channels":[12,12]"#, r#""channels":[12,0]"#, "no channels")]
#[case::kernel(r#""kernel_size":[5,5]"#, r#""kernel_size":[29,5]"#, "reaches over 28")]
#[case::no_kernel(r#""kernel_size":[5,5]"#, r#""kernel_size":[0,5]"#, "at least 1")]
#[case::dilation(
    r#""dilation":[1,1]"#,
    r#""dilation":[18446744073709551615,1]"#,
    "reaches over"
)]
#[case::padding(
    r#""padding":[0,0]"#,
    r#""padding":[1000000000,0]"#,
    "beside the image"
)]
#[case::volume(
    r#""padding":[0,0],"dilation":[1,1]"#,
    r#""padding":[6000,6000],"dilation":[1500,1500]"#,
    "it makes a map of"
)]
#[case::stride(r#""stride":[1,1]"#, r#""stride":[0,1]"#, "at least 1")]
#[case::far_stride(r#""stride":[1,1]"#, r#""stride":[4294967296,1]"#, "at most 65536")]
#[case::much_padding(
    r#""padding":[0,0],"dilation":[1,1]"#,
    r#""padding":[200000,200000],"dilation":[60000,60000]"#,
    "pads its map to 400028×400028"
)]
#[case::pool(r#""size":2"#, r#""size":0"#, "windows of 0×0")]
#[case::order(r#""order":4"#, r#""order":5"#, "cannot be pooled by 5")]
#[case::no_order(r#""order":4"#, r#""order":0"#, "pooled by 0")]
#[case::pooled_twice(
    r#"{"step":"pool-plane","kind":"mean"}"#,
    r#"{"step":"pool-plane","kind":"mean"},{"step":"pool-plane","kind":"max"}"#,
    "twice"
)]
fn descriptions_that_do_not_fit_are_refused(
    #[case] valid: &str,
    #[case] broken: &str,
    #[case] says: &str,
) {
    let device = Device::flex();
    let config = GcnnConfig {
        channels: vec![3; 3],
        ..small("C4")
    };
    let plain = config.init(DIGITS, 3, &device).unwrap().export();
    let text = serde_json::to_string(&plain.describe(DIGITS)).unwrap();
    assert!(text.contains(valid), "{text}");
    let read: PlainNetworkConfig = serde_json::from_str(&text.replacen(valid, broken, 1)).unwrap();
    let error = read.init(&device).unwrap_err();
    assert!(matches!(error, ModelError::PlainStep { .. }), "{error}");
    assert!(error.to_string().contains(says), "{error}");
}

/// The same of attention: three fields over C4, of which the gate hides all but one.
#[rstest]
#[case::channels(r#""channels":12"#, r#""channels":13"#, "there are 12")]
#[case::hidden(r#""hidden":4"#, r#""hidden":0"#, "no channels")]
#[case::many_hidden(r#""hidden":4"#, r#""hidden":4611686018427387904"#, "too large")]
#[case::order(
    r#""order":4"#,
    r#""order":5"#,
    "12 channels cannot be those of 5 elements"
)]
#[case::no_order(r#""order":4"#, r#""order":0"#, "cannot be those of 0 elements")]
#[case::responses(r#""responses":4"#, r#""responses":6"#, "6 responses cannot be")]
#[case::no_responses(r#""responses":4"#, r#""responses":0"#, "0 responses cannot be")]
#[case::even(r#""kernel_size":[7,7]"#, r#""kernel_size":[7,6]"#, "6 taps")]
#[case::no_kernel(r#""kernel_size":[7,7]"#, r#""kernel_size":[0,7]"#, "at least 1")]
#[case::far(
    r#""dilation":[1,1]}"#,
    r#""dilation":[9223372036854775807,1]}"#,
    "does not keep"
)]
#[case::wide(
    r#""dilation":[1,1]}"#,
    r#""dilation":[4000000,4000000]}"#,
    "too large"
)]
fn attention_that_does_not_fit_is_refused(
    #[case] valid: &str,
    #[case] broken: &str,
    #[case] says: &str,
) {
    let device = Device::flex();
    let config = attentive(small("C4"), None);
    let plain = config.init(DIGITS, 3, &device).unwrap().export();
    let text = serde_json::to_string(&plain.describe(DIGITS)).unwrap();
    let (before, steps) = text.split_once(r#"{"step":"attention""#).unwrap();
    assert!(steps.contains(valid), "{steps}");
    let text = format!(
        r#"{before}{{"step":"attention"{}"#,
        steps.replacen(valid, broken, 1)
    );
    let read: PlainNetworkConfig = serde_json::from_str(&text).unwrap();
    let error = read.init(&device).unwrap_err();
    assert!(matches!(error, ModelError::PlainStep { .. }), "{error}");
    assert!(error.to_string().contains(says), "{error}");
}

/// What a file holds is the network again; what it lacks is named.
#[test]
fn files_hold_all_of_a_network() {
    let device = Device::flex();
    let network = reseeded(small("C4").init(DIGITS, 4, &device).unwrap(), 11).export();
    let description = serde_json::to_string(&network.describe(DIGITS)).unwrap();
    let exported = |description: &str| {
        let metadata = HashMap::from([(DESCRIPTION.to_string(), description.to_string())]);
        file::to_bytes(&weights::collect(&network), metadata).unwrap()
    };
    let open = |contents: &[u8]| PlainNetwork::from_bytes(contents, &device).map(|(n, _)| n);
    let images = noise([3, 1, 28, 28], &device);
    let found = open(&exported(&description))
        .unwrap()
        .forward(images.clone());
    assert_eq!(difference(found, network.forward(images)), 0.0);

    let bare = file::to_bytes(&weights::collect(&network), HashMap::new()).unwrap();
    assert!(matches!(open(&bare), Err(PlainFileError::NotPlain)));
    assert!(matches!(open(b"nothing"), Err(PlainFileError::Weights(_))));
    let broken = exported(&description[1..]);
    let Err(PlainFileError::Weights(WeightsError::Metadata { key, .. })) = open(&broken) else {
        panic!("a broken description");
    };
    assert_eq!(key, DESCRIPTION);
    let steps = exported(&description.replacen("\"size\":2", "\"size\":99", 1));
    assert!(matches!(open(&steps), Err(PlainFileError::Steps(_))));
    let wider = description
        .replacen("[12,12]", "[12,16]", 1)
        .replacen("[12,12]", "[16,12]", 1);
    let Err(PlainFileError::Weights(error)) = open(&exported(&wider)) else {
        panic!("wider steps");
    };
    let words = error.to_string();
    assert!(words.contains("the network needs [16, 12"), "{words}");
    let unbiased = exported(&description.replacen("\"bias\":true", "\"bias\":false", 1));
    assert!(matches!(open(&unbiased), Err(PlainFileError::Weights(_))));
}

#[test]
fn networks_of_too_many_numbers_are_not_counted_wrongly() {
    let text = format!(
        r#"{{"input":{{"channels":1,"height":1,"width":1}},"steps":[{{"step":"linear","features":[{0},{0}],"bias":true}}]}}"#,
        usize::MAX
    );
    let config: PlainNetworkConfig = serde_json::from_str(&text).unwrap();
    assert_eq!(config.parameters().numbers(), usize::MAX);
}

/// A plain network of a map of one channel: an identity, ReLU and a pool, then the maximum over what is left.
fn pooled(pool: &str, size: usize) -> PlainNetworkConfig {
    let text = format!(
        r#"{{"input":{{"channels":1,"height":{size},"width":{size}}},"steps":[
        {{"step":"convolution","channels":[1,1],"kernel_size":[1,1],"stride":[1,1],"padding":[0,0],"dilation":[1,1],"bias":true}},
        {{"step":"relu"}},{pool},{{"step":"pool-plane","kind":"mean"}}]}}"#
    );
    serde_json::from_str(&text).unwrap()
}

/// Steps with a pool that isn't two by two and side by side compute that pool, and are described with all of it.
#[rstest]
#[case(r#"{"step":"max-pool","size":2,"stride":[1,1]}"#)]
#[case(r#"{"step":"max-pool","size":2,"dilation":[2,2]}"#)]
#[case(r#"{"step":"max-pool","size":2,"padding":{"Explicit":[1,1,1,1]}}"#)]
#[case(r#"{"step":"max-pool","size":2,"padding":{"Explicit":[0,0,1,1]}}"#)]
#[case(r#"{"step":"max-pool","size":2,"stride":[1,1],"padding":"Same"}"#)]
#[case(r#"{"step":"max-pool","size":2,"ceil":true}"#)]
#[case(r#"{"step":"max-pool","size":[3,2],"stride":[2,1]}"#)]
#[case(r#"{"step":"average-pool","size":3,"stride":[1,2],"padding":{"Explicit":[1,1,1,1]},"count_padding":false}"#)]
fn pools_keep_stride_padding_and_dilation(#[case] pool: &str) {
    let device = Device::flex();
    let config = pooled(pool, 7);
    let mut network = config.init(&device).unwrap();
    let expected = match &network.steps[2] {
        PlainStep::MaxPool(pool) => pool.forward(noise([2, 1, 7, 7], &device).clamp_min(0.0)),
        PlainStep::AveragePool(pool) => pool.forward(noise([2, 1, 7, 7], &device).clamp_min(0.0)),
        step => panic!("{step:?}"),
    };
    let expected = expected.mean_dim(3).mean_dim(2).flatten::<2>(1, 3);
    if let PlainStep::Convolution(layer) = &mut network.steps[0] {
        let one = Tensor::ones([1, 1, 1, 1], &device);
        layer.weight = burn::module::Param::from_tensor(one);
    }
    let found = network.forward(noise([2, 1, 7, 7], &device));
    found
        .into_data()
        .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-6));
    // The description holds all of it.
    let description = network.describe(config.input);
    assert_eq!(description, config);
    let text = serde_json::to_string(&description).unwrap();
    let read: PlainNetworkConfig = serde_json::from_str(&text).unwrap();
    assert_eq!(read, config);
}

/// What a description foretells is what the layer makes, so that a description that is accepted can be computed.
#[rstest]
fn the_size_after_a_pool_is_foretold(
    #[values(5, 6, 7, 8)] size: usize,
    #[values(1, 2, 3)] side: usize,
    #[values(1, 2, 3)] stride: usize,
    #[values(0, 1)] padding: usize,
    #[values(1, 2)] dilation: usize,
    #[values(false, true)] ceil: bool,
) {
    let pool = format!(
        r#"{{"step":"max-pool","size":{side},"stride":[{stride},{stride}],"padding":{{"Explicit":[{padding},{padding},{padding},{padding}]}},"dilation":[{dilation},{dilation}],"ceil":{ceil}}}"#
    );
    let device = Device::flex();
    // A convolution over all that is left must be accepted with exactly the size that the pool makes.
    let config = pooled(&pool, size);
    if padding > side / 2 {
        assert!(config.init(&device).is_err());
        return;
    }
    let network = config.init(&device).unwrap();
    let PlainStep::MaxPool(layer) = &network.steps[2] else {
        panic!("{:?}", network.steps[2])
    };
    let [_, _, height, width] = layer.forward(noise([1, 1, size, size], &device)).dims();
    let kernel = |more: usize| {
        let mut config = config.clone();
        let step = format!(
            r#"{{"step":"convolution","channels":[1,1],"kernel_size":[{},{}],"stride":[1,1],"padding":[0,0],"dilation":[1,1],"bias":false}}"#,
            height + more,
            width + more
        );
        config.steps.insert(3, serde_json::from_str(&step).unwrap());
        config.classes()
    };
    assert!(kernel(0).is_ok(), "{height}×{width}");
    assert!(kernel(1).is_err(), "{height}×{width}");
}

/// What is not a number wins in every place of a window, as in Burn's own pooling, whichever kernel computes it.
#[rstest]
fn what_is_not_a_number_survives_pooling(#[values(0, 1, 2, 3)] place: usize) {
    let device = Device::flex();
    let mut values = vec![1.0f32; 16];
    values[(place / 2) * 4 + place % 2] = f32::NAN;
    let image = Tensor::<4>::from_data(TensorData::new(values, [1, 1, 4, 4]), &device);
    let mut network = pooled(r#"{"step":"max-pool","size":2}"#, 4)
        .init(&device)
        .unwrap();
    if let PlainStep::Convolution(layer) = &mut network.steps[0] {
        layer.weight = burn::module::Param::from_tensor(Tensor::ones([1, 1, 1, 1], &device));
    }
    assert!(network.forward(image).into_scalar::<f32>().is_nan());
}
