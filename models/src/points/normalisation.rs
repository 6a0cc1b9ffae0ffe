//! Which normalisation steerable features get.

use burn::prelude::*;
use gcnn_layers::irreps::Irreps;
use gcnn_layers::steerable::{
    SteerableBatchNorm, SteerableBatchNormConfig, SteerableInstanceNorm,
    SteerableInstanceNormConfig,
};
use gcnn_layers::{GraphTensors, Parameters};
use serde::{Deserialize, Serialize};

/// What steerable features are normalised by. Written `none`, `instance` and `batch` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SteerableNormalisation {
    /// Nothing.
    #[default]
    None,
    /// Statistics of each graph by itself.
    Instance,
    /// Statistics of the batch in training, running ones after.
    Batch,
}

impl SteerableNormalisation {
    /// What the normalisation learns, by name and shape.
    pub(super) fn parameters(self, irreps: &Irreps) -> Parameters {
        let (field, own) = match self {
            Self::None => return Parameters::new(),
            Self::Instance => {
                let norm = SteerableInstanceNormConfig::new(irreps.clone());
                ("Instance", norm.parameters())
            }
            Self::Batch => {
                let norm = SteerableBatchNormConfig::new(irreps.clone());
                ("Batch", norm.parameters())
            }
        };
        Parameters::new().with_module(field, own)
    }

    pub(super) fn init(self, irreps: &Irreps, device: &Device) -> FeatureNorm {
        match self {
            Self::None => FeatureNorm::None(Nothing {}),
            Self::Instance => {
                FeatureNorm::Instance(SteerableInstanceNormConfig::new(irreps.clone()).init(device))
            }
            Self::Batch => {
                FeatureNorm::Batch(SteerableBatchNormConfig::new(irreps.clone()).init(device))
            }
        }
    }
}

/// A normalisation, or none.
#[derive(Module, Debug)]
pub enum FeatureNorm {
    /// Leaves features alone.
    None(Nothing),
    /// Graph by graph.
    Instance(SteerableInstanceNorm),
    /// Over the batch.
    Batch(SteerableBatchNorm),
}

/// No parameters.
#[derive(Module, Debug)]
pub struct Nothing {}

impl FeatureNorm {
    pub(super) fn forward(&self, features: Tensor<2>, graph: &GraphTensors) -> Tensor<2> {
        match self {
            Self::None(_) => features,
            Self::Instance(norm) => norm.forward(features, graph),
            Self::Batch(norm) => norm.forward(features),
        }
    }
}
