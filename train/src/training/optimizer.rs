//! Parameter updates: Burn's rules, with a state that is named by parameter path and lives where it is told to.
//!
//! Burn's `ModuleOptimizer` restores its state on the default device, which need not exist on this machine when several
//! backends are compiled in, and clips each parameter by itself. Here the whole gradient is clipped as one vector,
//!
//! ```text
//! g ← g · min(1, c / ‖g‖),   ‖g‖² = Σ over all parameters
//! ```

mod config;

use std::collections::{BTreeMap, BTreeSet};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    Adam, AdamConfig, AdamW, AdamWConfig, DynOptimizer, DynState, GradientsParams, Optimizer, Sgd,
    SgdConfig, StateSink, StateSource,
};
use burn::prelude::*;
use gcnn_models::Parameters;
use gcnn_models::file::compare;
use gcnn_models::named::{self, MapNamed};
use gcnn_models::weights::parameters_in;
use serde::{Deserialize, Serialize};

pub use config::{AdamRule, OptimizerConfig, SgdRule, UpdateRule};

use crate::weights::arrays::{Array, Weights};

#[derive(Clone)]
enum Rule {
    Adam(Adam),
    AdamW(AdamW),
    Sgd(Sgd),
}

impl Rule {
    fn erased(&self) -> &dyn DynOptimizer {
        match self {
            Self::Adam(rule) => rule,
            Self::AdamW(rule) => rule,
            Self::Sgd(rule) => rule,
        }
    }
}

/// An update rule with its state for each parameter.
pub struct ModuleUpdater {
    config: OptimizerConfig,
    rule: Rule,
    clip_norm: f64,
    factors: BTreeMap<String, f64>,
    states: BTreeMap<String, DynState>,
}

/// The numbers of an optimizer's state that are not tensors, by parameter path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdaterScalars {
    /// Rank of each parameter that has a state.
    pub ranks: BTreeMap<String, usize>,
    /// Whole numbers such as Adam's count of updates.
    pub counts: BTreeMap<String, u64>,
}

impl OptimizerConfig {
    /// Arrays and counts that the rule keeps for a parameter, by the end of their names.
    fn kept(&self) -> (&'static [&'static str], &'static [&'static str]) {
        match &self.rule {
            UpdateRule::Adam(_) | UpdateRule::AdamW(_) => (
                &["momentum.moment_1", "momentum.moment_2"],
                &["momentum.time"],
            ),
            UpdateRule::Sgd(rule) if rule.momentum > 0.0 => (&["momentum.velocity"], &[]),
            UpdateRule::Sgd(_) => (&[], &[]),
        }
    }

    /// Names and shapes of the arrays of a state whose numbers are `scalars`, of a network of these parameters, or which of the
    /// numbers is of no parameter. Burn takes ranks and shapes from the call, and panics where an array has others.
    pub fn state(
        &self,
        parameters: &Parameters,
        scalars: &UpdaterScalars,
    ) -> Result<Parameters, String> {
        let (arrays, counts) = self.kept();
        let (mut state, mut counted) = (Parameters::new(), BTreeSet::new());
        for (path, rank) in &scalars.ranks {
            let shape = parameters.get(path).ok_or_else(|| {
                format!(
                    "the optimizer has a state of `{path}`, which is no parameter of the network"
                )
            })?;
            if shape.len() != *rank {
                return Err(format!(
                    "the optimizer's state of `{path}` has {rank} axes, the parameter {}",
                    shape.len()
                ));
            }
            for kept in arrays {
                state = state.with(format!("{path}.{kept}"), shape);
            }
            counted.extend(counts.iter().map(|kept| format!("{path}.{kept}")));
        }
        let found: BTreeSet<String> = scalars.counts.keys().cloned().collect();
        match counted.symmetric_difference(&found).next() {
            None => Ok(state),
            Some(name) if found.contains(name) => {
                Err(format!("the optimizer's count `{name}` is of no parameter"))
            }
            Some(name) => Err(format!("the optimizer's count `{name}` is missing")),
        }
    }

    /// Makes the rule real; `clip_norm` 0 leaves gradients as they are.
    pub fn init(&self, clip_norm: f64) -> ModuleUpdater {
        let decay =
            (self.weight_decay > 0.0).then(|| WeightDecayConfig::new(self.weight_decay as f32));
        let rule = match &self.rule {
            UpdateRule::Adam(own) => Rule::Adam(
                AdamConfig::new()
                    .with_beta_1(own.beta_1 as f32)
                    .with_beta_2(own.beta_2 as f32)
                    .with_epsilon(own.epsilon as f32)
                    .with_weight_decay(decay)
                    .build(),
            ),
            UpdateRule::AdamW(own) => Rule::AdamW(
                AdamWConfig::new()
                    .with_beta_1(own.beta_1 as f32)
                    .with_beta_2(own.beta_2 as f32)
                    .with_epsilon(own.epsilon as f32)
                    .with_weight_decay(self.weight_decay as f32)
                    .build(),
            ),
            UpdateRule::Sgd(own) => {
                // Dampening 0 is the textbook momentum v ← μ v + g.
                let momentum = (own.momentum > 0.0).then(|| {
                    MomentumConfig::new()
                        .with_momentum(own.momentum)
                        .with_dampening(0.0)
                        .with_nesterov(own.nesterov)
                });
                Rule::Sgd(
                    SgdConfig::new()
                        .with_weight_decay(decay)
                        .with_momentum(momentum)
                        .build(),
                )
            }
        };
        ModuleUpdater {
            config: self.clone(),
            rule,
            clip_norm,
            factors: BTreeMap::new(),
            states: BTreeMap::new(),
        }
    }
}

impl ModuleUpdater {
    /// Multiplies the learning rate of parameters by factors of their own, by path.
    pub fn with_factors(mut self, factors: BTreeMap<String, f64>) -> Self {
        self.factors = factors;
        self
    }

    /// One update of every parameter that has a gradient.
    pub fn step<M: Module>(&mut self, lr: f64, module: M, grads: GradientsParams) -> M {
        let scale = (self.clip_norm > 0.0)
            .then(|| clipping(&module, &grads, self.clip_norm))
            .flatten();
        let (states, factors) = (&mut self.states, &self.factors);
        match &self.rule {
            Rule::Adam(rule) => {
                named::map(module, Update::new(rule, states, factors, grads, lr, scale))
            }
            Rule::AdamW(rule) => {
                named::map(module, Update::new(rule, states, factors, grads, lr, scale))
            }
            Rule::Sgd(rule) => {
                named::map(module, Update::new(rule, states, factors, grads, lr, scale))
            }
        }
    }

    /// The state as named arrays and numbers.
    pub fn state(&self) -> (Weights, UpdaterScalars) {
        let mut arrays = Weights::new();
        let mut scalars = UpdaterScalars::default();
        for (path, state) in &self.states {
            let mut sink = StateSink::default();
            self.rule.erased().state_flatten(path, state, &mut sink);
            scalars.ranks.insert(path.clone(), state.rank());
            for (name, data) in sink.tensors {
                arrays.insert(name, Array::from_data(&data));
            }
            for (name, value) in sink.scalars {
                // Adam's and AdamW's only number is their count of updates.
                if let Ok(count) = u64::try_from(value) {
                    scalars.counts.insert(name, count);
                }
            }
        }
        (arrays, scalars)
    }

    /// Puts a state back that [`state`](Self::state) gave, of a network with these parameters.
    pub fn restore(
        &mut self,
        parameters: &Parameters,
        arrays: &Weights,
        scalars: &UpdaterScalars,
        device: &Device,
    ) -> Result<(), String> {
        let expected = self.config.state(parameters, scalars)?;
        compare(&expected, &parameters_in(arrays))
            .map_err(|e| format!("the optimizer's state: {e}"))?;
        let counts = scalars
            .counts
            .iter()
            .map(|(name, count)| (name.clone(), (*count).into()))
            .collect();
        let mut source = StateSource::new(counts);
        for (name, array) in arrays {
            source.insert_tensor(name.clone(), array.to_data());
        }
        let mut states = BTreeMap::new();
        for (path, rank) in &scalars.ranks {
            let state = self
                .rule
                .erased()
                .state_unflatten(*rank, path, &mut source, device)
                .ok_or_else(|| format!("the optimizer's state of `{path}` is incomplete"))?;
            states.insert(path.clone(), state);
        }
        self.states = states;
        Ok(())
    }
}

/// The factor that brings the norm of the whole gradient down to `limit`, as a tensor so that no value is waited for.
fn clipping<M: Module>(module: &M, grads: &GradientsParams, limit: f64) -> Option<Tensor<1>> {
    struct Norm<'a> {
        grads: &'a GradientsParams,
        square: Option<Tensor<1>>,
    }
    impl ModuleVisitor for Norm<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(grad) = self.grads.get::<D>(param.id) {
                let square = grad.square().sum();
                self.square = Some(match self.square.take() {
                    Some(sum) => sum + square,
                    None => square,
                });
            }
        }
    }
    let mut norm = Norm {
        grads,
        square: None,
    };
    module.visit(&mut norm);
    let norm = norm.square?.sqrt();
    Some(
        norm.add_scalar(1e-12)
            .recip()
            .mul_scalar(limit)
            .clamp_max(1.0),
    )
}

struct Update<'a, O> {
    rule: &'a O,
    states: &'a mut BTreeMap<String, DynState>,
    factors: &'a BTreeMap<String, f64>,
    grads: GradientsParams,
    lr: f64,
    scale: Option<Tensor<1>>,
}

impl<'a, O: Optimizer> Update<'a, O> {
    fn new(
        rule: &'a O,
        states: &'a mut BTreeMap<String, DynState>,
        factors: &'a BTreeMap<String, f64>,
        grads: GradientsParams,
        lr: f64,
        scale: Option<Tensor<1>>,
    ) -> Self {
        Self {
            rule,
            states,
            factors,
            grads,
            lr,
            scale,
        }
    }
}

impl<O: Optimizer> MapNamed for Update<'_, O> {
    fn map_float<const D: usize>(
        &mut self,
        path: &str,
        param: Param<Tensor<D>>,
    ) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(mut grad) = self.grads.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        if let Some(scale) = &self.scale {
            grad = grad.mul(scale.clone().reshape([1; D]));
        }
        let state = self
            .states
            .remove(path)
            .map(|state| state.downcast::<O::State<D>>());
        let tracked = tensor.is_require_grad();
        let rate = self.lr * self.factors.get(path).copied().unwrap_or(1.0);
        let (updated, state) = self.rule.step(rate, tensor.inner(), grad, state);
        if let Some(state) = state {
            self.states.insert(path.into(), DynState::create(state, D));
        }
        let mut updated = Tensor::from_inner(updated);
        if tracked {
            updated = updated.require_grad();
        }
        Param::from_mapped_value(id, updated, mapper)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests;
