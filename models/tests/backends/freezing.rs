//! Networks of which most is frozen, as in fine-tuning, where the input carries no gradient either.
//!
//! Burn's wgpu backend has been seen to make such gradients NaN (tracel-ai/burn 5162, version 0.21).

use burn::module::Param;
use burn::prelude::*;
use gcnn_layers::KernelConfig;
use gcnn_models::named::{self, MapNamed};
use gcnn_models::points::{Dynamics, DynamicsConfig};
use rstest::rstest;

use crate::networks::{DIGITS, digits, particles};
use crate::support::{Observed, build, compare, noise, observe_parameters, values};

/// Lets no parameter but those whose path contains a word be trained.
struct FreezeBut(&'static str);

impl MapNamed for FreezeBut {
    fn map_float<const D: usize>(
        &mut self,
        name: &str,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        let trained = param.is_require_grad() && name.contains(self.0);
        param.set_require_grad(trained)
    }
}

fn frozen_but<M: Module>(module: M, but: &'static str) -> M {
    named::map(module, FreezeBut(but))
}

fn some_but_not_all<M: Module>(network: &M, observed: Observed) -> Observed {
    let (trained, all) = (observed.gradients().len(), values(network).len());
    assert!(
        (1..=all / 2).contains(&trained),
        "{trained} of {all} are trained"
    );
    for (name, data) in observed.gradients() {
        assert!(data.iter::<f64>().all(f64::is_finite), "{name}");
    }
    observed
}

#[rstest]
fn classifier(#[values("lifting", "convolutions.1", "scale", "bias")] trained: &'static str) {
    let config = digits("C4", KernelConfig::pixel());
    compare(|device| {
        let network = build(device, |device| {
            config.init(DIGITS, 4, device).expect("a network")
        });
        let network = frozen_but(network, trained);
        let input: Tensor<4> = noise([4, 1, 12, 12], 1, device);
        let forward = || network.forward(input.clone());
        some_but_not_all(
            &network,
            observe_parameters::<_, 4, 2>(&network, forward, |_| None),
        )
    });
}

#[rstest]
#[case(DynamicsConfig::Segnn(Default::default()), "bias")]
#[case(DynamicsConfig::Egnn(Default::default()), "layers.3")]
#[case(DynamicsConfig::Egnn(Default::default()), "embedding")]
fn dynamics(#[case] config: DynamicsConfig, #[case] trained: &'static str) {
    compare(|device| {
        let model = build(device, |device| config.init(device).expect("a model"));
        let model = frozen_but(model, trained);
        let batch = particles(true, noise([20, 3], 1, device));
        let forward = || model.forward(&batch);
        some_but_not_all(
            &model,
            observe_parameters::<_, 2, 2>(&model, forward, |_| None),
        )
    });
}
