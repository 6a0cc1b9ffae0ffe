//! The `[schedule]` table of a run file.

use gcnn_models::kinds::{self, Kinds};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the learning rate changes.
///
/// The `[schedule]` table of a run file.
// `remote` makes functions of what would be the traits' implementations, which stand below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, remote = "Self")]
pub struct ScheduleConfig {
    /// The shape with its own settings; `kind` in files.
    #[serde(flatten)]
    pub shape: ScheduleShape,
    /// Epochs of linear growth from zero, before any shape: at least 0 and at most `training.epochs`.
    pub warmup_epochs: f64,
}

/// Shapes of the learning rate over a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum ScheduleShape {
    /// No change.
    Constant {},
    /// Multiplied by `factor` every `every` epochs.
    Step(Step),
    /// Half a cosine from the full rate to `floor` times it.
    Cosine(Cosine),
    /// Multiplied by `factor` after each epoch from `start` on.
    Exponential(Exponential),
    /// Multiplied by `factor` when validation has not improved for `patience` epochs.
    Plateau(Plateau),
}

/// Reductions every so many epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Epochs between reductions, at least 1.
    pub every: usize,
    /// What the rate is multiplied by, above 0 and at most 1.
    pub factor: f64,
}

/// Half a cosine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cosine {
    /// The last rate as a fraction of the first, 0 to 1.
    pub floor: f64,
}

/// A reduction after each epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Exponential {
    /// The first epoch, counted from 0, with a reduced rate.
    pub start: usize,
    /// What the rate is multiplied by, above 0 and at most 1.
    pub factor: f64,
}

/// Reductions where validation stands still.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Plateau {
    /// Epochs without progress before a reduction, at least 1.
    pub patience: usize,
    /// What the rate is multiplied by, above 0 and at most 1.
    pub factor: f64,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            every: 20,
            factor: 0.5,
        }
    }
}

impl Default for Exponential {
    fn default() -> Self {
        Self {
            start: 0,
            factor: 0.5,
        }
    }
}

impl Default for Plateau {
    fn default() -> Self {
        Self {
            patience: 10,
            factor: 0.5,
        }
    }
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            shape: ScheduleShape::Constant {},
            warmup_epochs: 0.0,
        }
    }
}

impl From<ScheduleShape> for ScheduleConfig {
    fn from(shape: ScheduleShape) -> Self {
        Self {
            shape,
            ..Self::default()
        }
    }
}

impl Kinds for ScheduleConfig {
    const KEY: &'static str = "kind";
    const DEFAULT: &'static str = "constant";
    const FORMER: &'static [&'static str] = &[
        "kind",
        "warmup_epochs",
        "every",
        "factor",
        "start",
        "floor",
        "patience",
    ];

    kinds::derived_read!();
}

kinds::read_and_write!(ScheduleConfig);
