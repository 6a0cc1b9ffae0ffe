//! A running average of the weights over training steps.
//!
//! ```text
//! a ← d · a + (1 − d) · w,   d = min(decay, (1 + t) / (10 + t)) at step t
//! ```
//!
//! The average is usually a better network than any of the points it passes through. Source: Polyak and Juditsky 1992;
//! the shortened memory of the first steps as in the common implementations.

use std::any::Any;
use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;

/// Moves `average` a step towards `model`; both are of one architecture and off the autodiff device.
pub fn blend<M: Module>(average: M, model: &M, decay: f64, step: u64) -> M {
    let t = step as f64;
    let decay = decay.min((1.0 + t) / (10.0 + t));
    let mut current = Current::default();
    model.visit(&mut current);
    average.map(&mut Blend {
        path: Vec::new(),
        current: current.tensors,
        decay,
    })
}

#[derive(Default)]
struct Current {
    path: Vec<String>,
    tensors: BTreeMap<String, Box<dyn Any>>,
}

impl ModuleVisitor for Current {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.tensors
            .insert(self.path.join("."), Box::new(param.val()));
    }
}

struct Blend {
    path: Vec<String>,
    current: BTreeMap<String, Box<dyn Any>>,
    decay: f64,
}

impl ModuleMapper for Blend {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let current = self
            .current
            .remove(&self.path.join("."))
            .and_then(|tensor| tensor.downcast::<Tensor<D>>().ok());
        match current {
            Some(current) => param.map(|average| {
                average.mul_scalar(self.decay) + current.mul_scalar(1.0 - self.decay)
            }),
            None => param,
        }
    }
}
