//! What cannot be built is refused by name.

use crate::LayerError;
use crate::irreps::Irreps;
use crate::steerable::*;
use burn::prelude::*;
use rstest::rstest;

fn irreps(text: &str) -> Irreps {
    text.parse().unwrap()
}

#[rstest]
#[case(
    TensorProductConfig::new(irreps("2x0e"), irreps("1x0e+1x1o"), irreps("4x0e+4x2e")).validate(),
    &["2x0e ⊗ 1x0e+1x1o → 4x0e+4x2e", "2e of 4x2e"]
)]
#[case(
    SteerableLinearConfig::new(irreps("2x0e"), irreps("1x1o")).validate(),
    &["2x0e → 1x1o", "has no 1o"]
)]
#[case(
    SteerableMlpConfig::new(irreps("2x0e"), irreps("1x0e"), irreps("4x0e"), irreps("1x1o")).validate(),
    &["4x0e ⊗ 1x0e → 1x1o"]
)]
#[case(
    PointConvConfig::new(irreps("2x0e"), irreps("1x2e")).validate(),
    &["2x0e ⊗ 8x0e+8x1o → 1x2e"]
)]
#[case(
    PointConvConfig::new(irreps("2x0e"), irreps("1x0e")).with_radial_channels(0).validate(),
    &["radial channels"]
)]
#[case(SphericalHarmonicsConfig::new(12).validate(), &["12", "11"])]
#[case(SphericalFourierConfig::new(0, 1).validate(), &["number of functions"])]
#[case(SphericalFourierConfig::new(1, 1).with_oversampling(1000).validate(), &["2000"])]
#[case(SteerableInstanceNormConfig::new(irreps("1x0e")).with_epsilon(0.0).validate(), &["epsilon"])]
#[case(SteerableBatchNormConfig::new(irreps("1x0e")).with_momentum(2.0).validate(), &["momentum"])]
fn impossible_settings(#[case] result: Result<(), LayerError>, #[case] names: &[&str]) {
    let message = result.unwrap_err().to_string();
    for name in names {
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn features_of_the_wrong_width() {
    let tensor = Tensor::<2>::ones([2, 5], &Device::flex());
    let error = Attributes::new(&irreps("1x0e+1x1o"), tensor)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("1x0e+1x1o") && error.contains('4') && error.contains('5'),
        "{error}"
    );
}

#[test]
#[should_panic(expected = "the input of a tensor product should be 2x1o")]
fn a_product_names_what_it_should_have_got() {
    let device = Device::flex();
    let layer =
        TensorProductConfig::new(irreps("2x1o"), irreps("1x0e"), irreps("1x1o")).init(&device);
    let one = Attributes::new(&irreps("1x0e"), Tensor::ones([2, 1], &device)).unwrap();
    layer.forward(Tensor::ones([2, 7], &device), &one);
}

/// Irreps in another order have weights of the same shapes, which mean something else.
#[test]
fn weights_of_other_irreps_are_refused() {
    let device = Device::flex();
    let (own, other) = (|| irreps("4x0e+4x1o"), || irreps("4x1o+4x0e"));
    let product = |of: Irreps| {
        let config = TensorProductConfig::new(of.clone(), irreps("1x0e+1x1o"), of).with_bias(false);
        config.init(&device)
    };
    let record = product(other()).into_record();
    assert!(
        product(own())
            .try_load_record(product(own()).into_record())
            .is_ok()
    );
    let refusal = product(own())
        .try_load_record(record)
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("4x0e+4x1o ⊗"), "{refusal}");

    let linear = |of: Irreps| SteerableLinearConfig::new(of.clone(), of).init(&device);
    assert!(
        linear(own())
            .try_load_record(linear(other()).into_record())
            .is_err()
    );
    let batch = |of: Irreps| SteerableBatchNormConfig::new(of).init(&device);
    assert!(
        batch(own())
            .try_load_record(batch(other()).into_record())
            .is_err()
    );
    let instance = |of: Irreps| SteerableInstanceNormConfig::new(of).init(&device);
    assert!(
        instance(own())
            .try_load_record(instance(other()).into_record())
            .is_err()
    );
}
