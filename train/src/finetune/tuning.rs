//! What a `[finetune]` table means for a network: names of parameters in place of patterns.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::{Flag, Module, Param};
use burn::prelude::*;
use gcnn_models::named::{self, MapNamed, VisitNamed};

use super::depth;
use crate::TrainError;
use crate::run_file::FinetuneConfig;
use crate::run_file::pattern::{Pattern, select};

/// Which parameters stay, which start anew, and how fast the others learn.
#[derive(Debug, Clone, Default)]
pub struct Tuning {
    frozen: BTreeSet<String>,
    reinit: BTreeSet<String>,
    factors: BTreeMap<String, f64>,
    freeze: Vec<Pattern>,
    statistics: BTreeSet<String>,
}

impl Tuning {
    /// Looks the table's patterns up in a network with gradients, of which nothing is frozen yet.
    pub fn new<M: Module>(config: &FinetuneConfig, model: &M) -> Result<Self, TrainError> {
        let parameters = Parameters::of(model);
        let names = &parameters.all;
        let all_of = |key: &str, patterns: &[String]| -> Result<BTreeSet<String>, TrainError> {
            let mut found = BTreeSet::new();
            for pattern in patterns {
                found.extend(select(pattern, names).map_err(|e| fault(key, &e))?);
            }
            Ok(found)
        };
        let frozen = all_of("freeze", &config.freeze)?;
        let reinit = all_of("reinit", &config.reinit)?;
        if let Some(name) = frozen.intersection(&reinit).next() {
            let reason =
                format!("`{name}` would stay at random weights: it is in finetune.reinit too");
            return Err(fault("freeze", &reason));
        }
        let trained: Vec<&String> = names
            .iter()
            .filter(|name| !frozen.contains(*name) && !parameters.statistics.contains(*name))
            .collect();
        if trained.is_empty() {
            return Err(fault("freeze", "nothing is left to train"));
        }
        let mut by_pattern: BTreeMap<String, (&String, f64)> = BTreeMap::new();
        for (pattern, factor) in &config.rates {
            for name in select(pattern, names).map_err(|e| fault("rates", &e))? {
                if let Some((other, _)) = by_pattern.insert(name.clone(), (pattern, *factor)) {
                    let reason = format!("`{other}` and `{pattern}` both mean `{name}`");
                    return Err(fault("rates", &reason));
                }
            }
        }
        let depths = depth::from_output(names);
        let factors = trained
            .into_iter()
            .map(|name| {
                let own = by_pattern.get(name).map_or(1.0, |(_, factor)| *factor);
                let layers = depths.get(name).copied().unwrap_or(0);
                let decay = config.layer_decay.powi(layers as i32);
                (name.clone(), own * decay)
            })
            .filter(|(_, factor)| *factor != 1.0)
            .collect();
        Ok(Self {
            frozen,
            reinit,
            factors,
            freeze: config
                .freeze
                .iter()
                .filter_map(|p| Pattern::new(p))
                .collect(),
            statistics: parameters.statistics,
        })
    }

    /// Parameters and running statistics that stay as they are.
    pub fn frozen(&self) -> &BTreeSet<String> {
        &self.frozen
    }

    /// Parameters that are to start from random weights.
    pub fn reinit(&self) -> &BTreeSet<String> {
        &self.reinit
    }

    /// Factors on the learning rate, where they are not 1.
    pub fn factors(&self) -> &BTreeMap<String, f64> {
        &self.factors
    }

    /// Takes gradients from the frozen parameters and stops what else moves in training: running statistics and the
    /// dropout of frozen layers.
    pub fn freeze<M: Module>(&self, model: M) -> M {
        struct Freezer<'a>(&'a Tuning);
        impl MapNamed for Freezer<'_> {
            fn map_float<const D: usize>(
                &mut self,
                name: &str,
                param: Param<Tensor<D>>,
            ) -> Param<Tensor<D>> {
                match self.0.frozen.contains(name) {
                    true => param.set_require_grad(false),
                    false => param,
                }
            }
            fn map_flag(&mut self, name: &str, flag: Param<Flag>) -> Param<Flag> {
                match self.0.stops(name) {
                    true => flag.with_value(false),
                    false => flag,
                }
            }
        }
        named::map(model, Freezer(self))
    }

    /// Whether a layer's training switch goes off: the layer is frozen, or running statistics beside the switch are.
    fn stops(&self, flag: &str) -> bool {
        let beside = |name: &String| {
            let layer = |path: &str| path.rsplit_once('.').map(|(layer, _)| layer.to_string());
            self.statistics.contains(name) && layer(name) == layer(flag)
        };
        self.freeze.iter().any(|pattern| pattern.matches(flag)) || self.frozen.iter().any(beside)
    }
}

fn fault(key: &str, reason: &str) -> TrainError {
    TrainError::Finetune(format!("finetune.{key}: {reason}"))
}

/// The names of a network's arrays.
#[derive(Default)]
struct Parameters {
    all: BTreeSet<String>,
    /// Those that move without a gradient.
    statistics: BTreeSet<String>,
}

impl Parameters {
    fn of<M: Module>(model: &M) -> Self {
        named::visit(model, Self::default())
    }
}

impl VisitNamed for Parameters {
    fn visit_float<const D: usize>(&mut self, name: &str, param: &Param<Tensor<D>>) {
        if !param.is_require_grad() {
            self.statistics.insert(name.into());
        }
        self.all.insert(name.into());
    }
}
