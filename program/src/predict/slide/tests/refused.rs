//! Networks that have no map.

use gcnn_layers::Padding2d;
use gcnn_models::{GcnnConfig, PlainNetworkConfig};

use super::super::*;
use super::{CONVOLUTIONS, network, picture};

/// A network of one convolution, made by hand, for patches of 32×32.
fn convolution(settings: &str) -> ImageNetwork {
    let text = format!(
        r#"{{ "input": {{ "channels": 3, "height": 32, "width": 32 }}, "steps": [
            {{ "step": "convolution", "channels": [3, 3], "dilation": [1, 1], "bias": true, {settings} }},
            {{ "step": "pool-plane", "kind": "mean" }}
        ] }}"#
    );
    let plain: PlainNetworkConfig = serde_json::from_str(&text).expect("steps");
    ImageNetwork {
        model: plain.init(&Device::flex()).expect("a network"),
        trained: None,
        ..network(CONVOLUTIONS, 3, |_| ())
    }
}

/// Why a network has no map of a picture of tissue.
fn refusal(network: &ImageNetwork) -> Result<TissueMap, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tissue.png");
    picture().save(&file).expect("saved");
    let options = MapOptions {
        output: folder.path().into(),
        tile: 64,
    };
    let found = map(network, &file, &options, &Device::flex(), |_, _| ());
    found.map_err(|error| error.to_string())
}

#[test]
fn steps_that_do_not_slide_are_refused() {
    let network = |kernel: &str, stride: &str, padding: &str| {
        convolution(&format!(
            "\"kernel_size\": {kernel}, \"stride\": {stride}, \"padding\": {padding}"
        ))
    };
    let whole = network("[5, 5]", "[2, 2]", "[0, 0]");
    let map = refusal(&whole).expect("it slides");
    assert_eq!(map.stride, 2);
    for (network, words) in [
        (network("[5, 5]", "[1, 1]", "[2, 2]"), "pads what it sees"),
        (network("[5, 5]", "[1, 2]", "[0, 0]"), "does not slide"),
        (
            network("[32, 32]", "[40, 40]", "[0, 0]"),
            "patches 40 pixels apart",
        ),
    ] {
        let error = refusal(&network).expect_err(words);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn networks_without_a_map_are_refused_with_the_reason() {
    let padded = network(CONVOLUTIONS, 3, |model| {
        *model = GcnnConfig {
            channels: vec![4, 4],
            kernel_sizes: vec![3, 3],
            pool_after: vec![1],
            padding: Padding2d::Same,
            head: gcnn_models::Head::Linear,
            ..GcnnConfig::p4cnn()
        }
        .into();
    });
    let error = refusal(&padded).expect_err("refused");
    assert!(error.contains("pads what it sees"), "{error}");
    let format = &padded.format;
    assert!(is_larger(format, [32, 33]) && !is_larger(format, [32, 32]));
    assert!(!is_larger(format, [31, 100]));
}
