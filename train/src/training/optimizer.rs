//! Parameter updates: Burn's rules, with a state that is named by parameter path and lives where it is told to.
//!
//! Burn's `ModuleOptimizer` restores its state on the default device, which need not exist on this machine when several
//! backends are compiled in, and clips each parameter by itself. Here the whole gradient is clipped as one vector,
//!
//! ```text
//! g ← g · min(1, c / ‖g‖),   ‖g‖² = Σ over all parameters
//! ```

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

use crate::weights::arrays::{Array, Weights};

/// Update rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// Adam; weight decay joins the gradient (L2).
    Adam,
    /// Adam with decoupled weight decay.
    AdamW,
    /// Stochastic gradient descent with momentum.
    Sgd,
}

/// The `[optimizer]` table of a run file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// Update rule.
    pub kind: OptimizerKind,
    /// Learning rate before the schedule.
    pub lr: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Adam, AdamW: decay of the mean gradient.
    pub beta_1: f64,
    /// Adam, AdamW: decay of the mean squared gradient.
    pub beta_2: f64,
    /// Adam, AdamW: added to the root mean square.
    pub epsilon: f64,
    /// Sgd: momentum.
    pub momentum: f64,
    /// Sgd: look ahead along the momentum.
    pub nesterov: bool,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            kind: OptimizerKind::Adam,
            lr: 1e-3,
            weight_decay: 0.0,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            momentum: 0.9,
            nesterov: false,
        }
    }
}

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
        match self.kind {
            OptimizerKind::Adam | OptimizerKind::AdamW => (
                &["momentum.moment_1", "momentum.moment_2"],
                &["momentum.time"],
            ),
            OptimizerKind::Sgd if self.momentum > 0.0 => (&["momentum.velocity"], &[]),
            OptimizerKind::Sgd => (&[], &[]),
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
        let rule = match self.kind {
            OptimizerKind::Adam => Rule::Adam(
                AdamConfig::new()
                    .with_beta_1(self.beta_1 as f32)
                    .with_beta_2(self.beta_2 as f32)
                    .with_epsilon(self.epsilon as f32)
                    .with_weight_decay(decay)
                    .build(),
            ),
            OptimizerKind::AdamW => Rule::AdamW(
                AdamWConfig::new()
                    .with_beta_1(self.beta_1 as f32)
                    .with_beta_2(self.beta_2 as f32)
                    .with_epsilon(self.epsilon as f32)
                    .with_weight_decay(self.weight_decay as f32)
                    .build(),
            ),
            OptimizerKind::Sgd => {
                // Dampening 0 is the textbook momentum v ← μ v + g.
                let momentum = (self.momentum > 0.0).then(|| {
                    MomentumConfig::new()
                        .with_momentum(self.momentum)
                        .with_dampening(0.0)
                        .with_nesterov(self.nesterov)
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
mod tests {
    use burn::nn::{Linear, LinearConfig};
    use burn::optim::ModuleOptimizer;
    use rstest::rstest;

    use gcnn_models::weights::parameters_of;

    use super::*;
    use crate::weights::arrays::{apply, collect};

    /// A layer whose weights are known, not drawn: the random stream is shared by all tests of a process.
    fn layer(device: &Device) -> Linear {
        let linear = LinearConfig::new(3, 2).init(device);
        let weights = collect(&linear)
            .into_iter()
            .map(|(name, mut array)| {
                for (i, value) in array.values.iter_mut().enumerate() {
                    *value = (i as f32 * 0.7 + name.len() as f32).sin();
                }
                (name, array)
            })
            .collect();
        apply(linear, &weights).expect("weights of the same layer")
    }

    fn gradients(layer: &Linear, step: usize, device: &Device) -> GradientsParams {
        let t = step as f32;
        let input = Tensor::<2>::from_floats([[1.0, t.sin(), t.cos()], [0.5, t, -1.0]], device);
        GradientsParams::from_grads(layer.forward(input).square().sum().backward(), layer)
    }

    fn configs() -> [OptimizerConfig; 4] {
        let of = |kind, weight_decay, nesterov| OptimizerConfig {
            kind,
            lr: 0.05,
            weight_decay,
            nesterov,
            ..Default::default()
        };
        [
            of(OptimizerKind::Adam, 0.1, false),
            of(OptimizerKind::AdamW, 0.1, false),
            of(OptimizerKind::Sgd, 0.0, false),
            of(OptimizerKind::Sgd, 0.1, true),
        ]
    }

    fn burns_own(config: &OptimizerConfig) -> ModuleOptimizer {
        let decay =
            (config.weight_decay > 0.0).then(|| WeightDecayConfig::new(config.weight_decay as f32));
        match config.kind {
            OptimizerKind::Adam => AdamConfig::new()
                .with_epsilon(1e-8)
                .with_weight_decay(decay)
                .init(),
            OptimizerKind::AdamW => AdamWConfig::new()
                .with_epsilon(1e-8)
                .with_weight_decay(config.weight_decay as f32)
                .init(),
            OptimizerKind::Sgd => SgdConfig::new()
                .with_weight_decay(decay)
                .with_momentum(Some(
                    MomentumConfig::new()
                        .with_dampening(0.0)
                        .with_nesterov(config.nesterov),
                ))
                .init(),
        }
    }

    #[rstest]
    fn updates_are_those_of_burns_optimizers(#[values(0, 1, 2, 3)] index: usize) {
        let config = &configs()[index];
        let device = Device::flex().autodiff();
        let (mut ours, mut theirs) = (layer(&device), layer(&device));
        let (mut updater, mut optimizer) = (config.init(0.0), burns_own(config));
        for step in 0..5 {
            let grads = gradients(&ours, step, &device);
            ours = updater.step(config.lr, ours, grads);
            let grads = gradients(&theirs, step, &device);
            theirs = optimizer.step(config.lr, theirs, grads);
        }
        assert_eq!(collect(&ours), collect(&theirs));
        assert_ne!(collect(&ours), collect(&layer(&device)));
    }

    #[rstest]
    fn a_restored_state_goes_on_bit_for_bit(#[values(0, 1, 2, 3)] index: usize) {
        let config = &configs()[index];
        let device = Device::flex().autodiff();
        let mut network = layer(&device);
        let mut updater = config.init(1.0);
        for step in 0..3 {
            let grads = gradients(&network, step, &device);
            network = updater.step(config.lr, network, grads);
        }
        let (arrays, scalars) = updater.state();
        let json = serde_json::to_string(&scalars).expect("JSON");
        let scalars = serde_json::from_str(&json).expect("JSON");
        let mut restored = config.init(1.0);
        restored
            .restore(
                &parameters_of(&network),
                &arrays,
                &scalars,
                &device.clone().inner(),
            )
            .expect("its own state");
        let next = |updater: &mut ModuleUpdater| {
            let grads = gradients(&network, 3, &device);
            collect(&updater.step(config.lr, network.clone(), grads))
        };
        assert_eq!(next(&mut updater), next(&mut restored));

        let mut incomplete = arrays.clone();
        incomplete.clear();
        let restored_of = |arrays: &Weights, scalars: &UpdaterScalars| {
            let parameters = parameters_of(&network);
            let device = device.clone().inner();
            config
                .init(1.0)
                .restore(&parameters, arrays, scalars, &device)
        };
        let words = restored_of(&incomplete, &scalars).expect_err("nothing is there");
        assert!(words.contains("is missing"), "{words}");

        // A state that is of no parameter, or of another shape or rank, is refused before any of it is loaded.
        let refused = |change: &dyn Fn(&mut Weights, &mut UpdaterScalars)| {
            let (mut arrays, mut scalars) = (arrays.clone(), scalars.clone());
            change(&mut arrays, &mut scalars);
            restored_of(&arrays, &scalars).expect_err("damaged")
        };
        let words = refused(&|_, scalars| {
            scalars.ranks.values_mut().for_each(|rank| *rank += 1);
        });
        assert!(words.contains("axes"), "{words}");
        let words = refused(&|_, scalars| {
            scalars.ranks.insert("nothing".into(), 1);
        });
        assert!(words.contains("`nothing`"), "{words}");
        let words = refused(&|_, scalars| {
            scalars.counts.insert("nothing.momentum.time".into(), 1);
        });
        assert!(words.contains("`nothing.momentum.time`"), "{words}");
        if let Some(name) = arrays.keys().next().cloned() {
            let words = refused(&|arrays, _| {
                arrays
                    .entry(name.clone())
                    .and_modify(|array| array.shape.push(1));
            });
            assert!(words.contains(&name) && words.contains("shape"), "{words}");
            let words = refused(&|arrays, _| {
                let array = arrays.get(&name).cloned();
                arrays.extend(array.map(|array| ("elsewhere.moment_1".to_string(), array)));
            });
            assert!(words.contains("`elsewhere.moment_1`"), "{words}");
        }
    }

    #[test]
    fn a_factor_changes_the_rate_of_its_parameter_alone() {
        let device = Device::flex().autodiff();
        let config = OptimizerConfig {
            kind: OptimizerKind::Sgd,
            momentum: 0.0,
            ..Default::default()
        };
        let after = |lr: f64, factors: &[(&str, f64)]| {
            let factors = factors.iter().map(|(name, f)| (name.to_string(), *f));
            let mut updater = config.init(0.0).with_factors(factors.collect());
            let before = layer(&device);
            let grads = gradients(&before, 1, &device);
            collect(&updater.step(lr, before, grads))
        };
        let mixed = after(0.05, &[("bias", 3.0)]);
        assert_eq!(mixed["weight"], after(0.05, &[])["weight"]);
        assert_eq!(mixed["bias"], after(0.05 * 3.0, &[])["bias"]);
        assert_ne!(mixed["bias"], after(0.05, &[])["bias"]);
    }

    #[test]
    fn the_whole_gradient_is_clipped_as_one_vector() {
        let device = Device::flex().autodiff();
        let config = OptimizerConfig {
            kind: OptimizerKind::Sgd,
            momentum: 0.0,
            ..Default::default()
        };
        let moved = |clip: f64| -> Vec<f32> {
            let before = layer(&device);
            let grads = gradients(&before, 1, &device);
            let after = collect(&config.init(clip).step(1.0, before, grads));
            let before = collect(&layer(&device));
            before
                .iter()
                .flat_map(|(name, a)| a.values.iter().zip(&after[name].values))
                .map(|(b, a)| b - a)
                .collect()
        };
        let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
        let free = moved(0.0);
        assert!(norm(&free) > 1.0);
        let clipped = moved(0.5);
        assert!((norm(&clipped) - 0.5).abs() < 1e-5);
        for (c, f) in clipped.iter().zip(&free) {
            assert!((c - f * 0.5 / norm(&free)).abs() < 1e-5);
        }
        assert_eq!(moved(1e6), free);
    }
}
