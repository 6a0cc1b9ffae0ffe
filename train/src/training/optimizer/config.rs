//! The `[optimizer]` table of a run file.

use gcnn_models::kinds::{self, Kinds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How weights move.
///
/// The `[optimizer]` table of a run file.
///
/// ```
/// use gcnn_train::training::optimizer::{OptimizerConfig, SgdRule, UpdateRule};
///
/// let rule = UpdateRule::Sgd(SgdRule { momentum: 0.95, ..Default::default() });
/// let config = OptimizerConfig { rule, lr: 0.01, ..Default::default() };
/// assert_eq!(toml::from_str::<OptimizerConfig>("kind = \"sgd\"\nmomentum = 0.95\nlr = 0.01").ok(), Some(config));
/// ```
// `remote` makes functions of what would be the traits' implementations, which stand below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, remote = "Self")]
pub struct OptimizerConfig {
    /// The rule with its own settings; `kind` in files.
    #[serde(flatten)]
    pub rule: UpdateRule,
    /// Learning rate before the schedule, above 0.
    pub lr: f64,
    /// Weight decay, 0 or more; with "adam" and "sgd" it joins the gradient (L2), with "adamw" it is decoupled.
    pub weight_decay: f64,
}

/// Update rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum UpdateRule {
    /// Steps by the running mean of gradients over the root of that of their squares.
    Adam(AdamRule),
    /// Adam with decoupled weight decay.
    AdamW(AdamRule),
    /// Stochastic gradient descent with momentum.
    Sgd(SgdRule),
}

/// What Adam remembers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdamRule {
    /// Decay of the mean gradient, at least 0 and below 1.
    pub beta_1: f64,
    /// Decay of the mean squared gradient, at least 0 and below 1.
    pub beta_2: f64,
    /// What is added to the root mean square, above 0.
    pub epsilon: f64,
}

/// What gradient descent remembers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SgdRule {
    /// Share of the last update that is kept, at least 0 and below 1.
    pub momentum: f64,
    /// Whether to look ahead along the momentum.
    pub nesterov: bool,
}

impl Default for AdamRule {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl Default for SgdRule {
    fn default() -> Self {
        Self {
            momentum: 0.9,
            nesterov: false,
        }
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            rule: UpdateRule::Adam(AdamRule::default()),
            lr: 1e-3,
            weight_decay: 0.0,
        }
    }
}

impl Kinds for OptimizerConfig {
    const KEY: &'static str = "kind";
    const DEFAULT: &'static str = "adam";
    const FORMER: &'static [&'static str] = &[
        "kind",
        "lr",
        "weight_decay",
        "beta_1",
        "beta_2",
        "epsilon",
        "momentum",
        "nesterov",
    ];

    kinds::derived_read!();
}

kinds::read_and_write!(OptimizerConfig);
