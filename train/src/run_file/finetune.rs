//! The `[finetune]` table of a run file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pattern::Pattern;

/// Where a run starts from, and what of it may move.
///
/// A pattern is the name of a layer, or of one of its parameters, as weights files have them: `blocks.0` means
/// `blocks.0.norm.scale` and all else under it. `*` stands for anything within a part of a name: `blocks.*.norm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FinetuneConfig {
    /// The trained network: "zoo:NAME", a weights file, or a run folder, whose best weights are meant. What `[model]` leaves
    /// out is taken from it.
    pub from: PathBuf,
    /// Patterns of layers that stay as they are, running statistics included.
    pub freeze: Vec<String>,
    /// Patterns of layers that start from random weights; those that depend on the number of classes do where that has changed.
    pub reinit: Vec<String>,
    /// What the learning rate is multiplied by for a layer and for each one nearer to the input, above 0 and at most 1; 1 treats
    /// all alike.
    pub layer_decay: f64,
    /// Factors on the learning rate by pattern, as in `{ linear = 10 }`.
    pub rates: BTreeMap<String, f64>,
}

impl Default for FinetuneConfig {
    fn default() -> Self {
        Self {
            from: PathBuf::new(),
            freeze: Vec::new(),
            reinit: Vec::new(),
            layer_decay: 1.0,
            rates: BTreeMap::new(),
        }
    }
}

impl FinetuneConfig {
    /// What cannot work whatever the network: the key at fault, what stands there, and what was expected.
    pub fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        if self.from.as_os_str().is_empty() {
            let expected = "zoo:NAME, a weights file or a run folder";
            return Some(("finetune.from", "left out".into(), expected));
        }
        if !(self.layer_decay > 0.0 && self.layer_decay <= 1.0) {
            let found = self.layer_decay.to_string();
            return Some(("finetune.layer_decay", found, "a number in (0, 1]"));
        }
        for (pattern, factor) in &self.rates {
            if !(factor.is_finite() && *factor > 0.0) {
                let found = format!("{factor} for `{pattern}`");
                let expected = "numbers > 0; finetune.freeze keeps a layer as it is";
                return Some(("finetune.rates", found, expected));
            }
        }
        let rates: Vec<&String> = self.rates.keys().collect();
        for (key, patterns) in [
            ("finetune.freeze", self.freeze.iter().collect()),
            ("finetune.reinit", self.reinit.iter().collect()),
            ("finetune.rates", rates),
        ] {
            if let Some(bad) = patterns.iter().find(|p| Pattern::new(p).is_none()) {
                let expected = "names of layers, as in \"blocks.0\" or \"blocks.*.norm\"";
                return Some((key, format!("`{bad}`"), expected));
            }
        }
        None
    }
}
