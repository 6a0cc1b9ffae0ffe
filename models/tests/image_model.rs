//! One type for all networks for images: it is the network itself, and its configuration says which.

use burn::module::{Module, Param};
use burn::prelude::*;
use gcnn_models::named::{self, VisitNamed};
use gcnn_models::{GcnnConfig, GroupDenseNetConfig, ImageModel, ImageModelConfig, InputShape};

const DIGITS: InputShape = InputShape {
    channels: 1,
    height: 28,
    width: 28,
};

/// The names of all parameters, in the order of the module tree.
#[derive(Default)]
struct Names(Vec<String>);

impl VisitNamed for Names {
    fn visit_float<const D: usize>(&mut self, name: &str, _parameter: &Param<Tensor<D>>) {
        self.0.push(name.into());
    }
}

fn names(module: &impl Module) -> Vec<String> {
    named::visit(module, Names::default()).0
}

#[test]
fn parameters_have_the_names_of_the_network_by_itself() {
    let device = Device::flex();
    let config = GcnnConfig::p4cnn();
    let network = config.init(DIGITS, 10, &device).unwrap();
    let model = ImageModelConfig::from(config)
        .init(DIGITS, 10, &device)
        .unwrap();
    assert_eq!(names(&model), names(&network));
    assert_eq!(model.num_params(), 24_680);
    assert_eq!(Module::num_params(&model), Module::num_params(&network));

    let config = GroupDenseNetConfig {
        blocks: 2,
        ..GroupDenseNetConfig::c4()
    };
    let network = config.init(DIGITS, 10, &device).unwrap();
    let model = ImageModelConfig::from(config)
        .init(DIGITS, 10, &device)
        .unwrap();
    assert_eq!(names(&model), names(&network));
    assert_eq!((model.stride(), model.group().order()), (2, 4));
    assert!(model.to_string().contains("GroupDenseNet"), "{model}");
}

#[test]
fn it_computes_what_the_network_computes() {
    let device = Device::flex();
    let input = Tensor::<4>::ones([2, 1, 32, 28], &device);
    let values = |tensor: Tensor<4>| tensor.into_data().iter::<f32>().collect::<Vec<_>>();
    for config in [
        ImageModelConfig::default(),
        GroupDenseNetConfig {
            blocks: 2,
            growth: 2,
            ..GroupDenseNetConfig::d4()
        }
        .into(),
    ] {
        let model = config.init(DIGITS, 3, &device).unwrap();
        let digits = input.clone().narrow(2, 0, 28);
        let (scores, map) = match &model {
            ImageModel::Gcnn(network) => (
                network.forward(digits.clone()),
                network.class_map(input.clone()),
            ),
            ImageModel::DenseNet(network) => (
                network.forward(digits.clone()),
                network.class_map(input.clone()),
            ),
            ImageModel::Wavelet(_) => continue,
        };
        assert_eq!(map.dims(), [2, 3, 3, 1]);
        assert_eq!(values(model.class_map(input.clone())), values(map));
        let expected: Vec<f32> = scores.into_data().iter().collect();
        let found: Vec<f32> = model.valid().forward(digits).into_data().iter().collect();
        // Fresh statistics are the identity, and there is no dropout off a device with gradients.
        assert_eq!(found, expected);
    }
}

#[test]
fn files_name_the_network_or_mean_the_gcnn() {
    fn read(text: &str) -> serde_json::Result<ImageModelConfig> {
        serde_json::from_str(text)
    }
    for config in ImageModelConfig::all() {
        let text = serde_json::to_string(&config).unwrap();
        assert!(text.starts_with(&format!("{{\"kind\":\"{}\"", config.kind())));
        assert_eq!(read(&text).unwrap(), config);
    }
    assert_eq!(read("{}").unwrap(), ImageModelConfig::default());
    // Wherever the kind stands.
    let last = read(r#"{ "growth": 5, "kind": "densenet" }"#).unwrap();
    let first = read(r#"{ "kind": "densenet", "growth": 5 }"#).unwrap();
    assert_eq!((&last, last.kind()), (&first, "densenet"));
    let error = |text| read(text).unwrap_err().to_string();
    assert!(error(r#"{ "growth": 5 }"#).contains("unknown field `growth`"));
    assert!(error(r#"{ "kind": "cnn" }"#).contains("unknown variant `cnn`"));
    assert!(error("3").contains("expected a map"));
}
