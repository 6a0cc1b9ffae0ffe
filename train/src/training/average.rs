//! A running average of the weights over training steps.
//!
//! ```text
//! a ← d · a + (1 − d) · w,   d = min(decay, (1 + t) / (10 + t)) at step t
//! ```
//!
//! The average is usually a better network than any of the points it passes through. Source: Polyak and Juditsky 1992;
//! the shortened memory of the first steps as in the common implementations.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use burn::module::{Module, Param};
use burn::prelude::*;
use gcnn_models::named::{self, MapNamed, VisitNamed};

/// Moves `average` a step towards `model`; both are of one architecture and off the autodiff device. What is `frozen` is
/// equal in both and stays: d · w + (1 − d) · w would round.
pub fn blend<M: Module>(
    average: M,
    model: &M,
    decay: f64,
    step: u64,
    frozen: &BTreeSet<String>,
) -> M {
    let t = step as f64;
    let decay = decay.min((1.0 + t) / (10.0 + t));
    let mut current = named::visit(model, Current::default()).0;
    current.retain(|name, _| !frozen.contains(name));
    named::map(average, Blend { current, decay })
}

/// The tensors of the other network, of all numbers of axes.
#[derive(Default)]
struct Current(BTreeMap<String, Box<dyn Any>>);

impl VisitNamed for Current {
    fn visit_float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
        self.0.insert(name.into(), Box::new(param.val()));
    }
}

struct Blend {
    current: BTreeMap<String, Box<dyn Any>>,
    decay: f64,
}

impl MapNamed for Blend {
    fn map_float<const D: usize>(
        &mut self,
        name: &str,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        let current = self
            .current
            .remove(name)
            .and_then(|tensor| tensor.downcast::<Tensor<D>>().ok());
        match current {
            Some(current) => param.map(|average| {
                average.mul_scalar(self.decay) + current.mul_scalar(1.0 - self.decay)
            }),
            None => param,
        }
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::nn::LinearConfig;

    use super::*;
    use crate::weights::arrays::{apply, collect};

    #[test]
    fn the_average_follows_its_formula() {
        let device = Device::flex();
        let linear = LinearConfig::new(2, 2).init(&device);
        let constant = |value: f32| {
            let weights = collect(&linear)
                .into_iter()
                .map(|(name, mut array)| {
                    array.values.fill(value);
                    (name, array)
                })
                .collect();
            apply(linear.clone(), &weights).expect("weights of the same layer")
        };
        let value = |module: &burn::nn::Linear| collect(module)["bias"].values[0];
        // Late in a run the decay is the one asked for, at its start it is a tenth.
        let none = BTreeSet::new();
        let late = blend(constant(1.0), &constant(3.0), 0.75, 1_000_000, &none);
        assert!((value(&late) - 1.5).abs() < 1e-6);
        let early = blend(constant(1.0), &constant(3.0), 0.75, 0, &none);
        assert!((value(&early) - 2.8).abs() < 1e-6);
        // Frozen parameters keep their bits, even where the sum would round.
        let frozen = BTreeSet::from(["bias".to_string()]);
        let kept = blend(constant(0.1), &constant(0.1), 0.7, 1_000_000, &frozen);
        assert_eq!(value(&kept).to_bits(), 0.1f32.to_bits());
    }
}
