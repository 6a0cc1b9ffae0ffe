//! What a checkpoint of a run holds, compared with what the run makes before any of it is loaded.
//!
//! ```text
//! model/NAME                            each parameter and running statistic
//! average/NAME                          the same, where an average is kept
//! best/NAME                             the same, once an epoch was the best
//! optimizer/NAME.momentum.moment_1      of parameters that were updated, as the update rule has it
//! ```

use gcnn_models::Parameters;
use gcnn_models::file::compare;

use crate::training::optimizer::{OptimizerConfig, UpdaterScalars};

/// What a run makes.
pub struct Content<'a> {
    /// The network's parameters and running statistics.
    pub parameters: &'a Parameters,
    /// How they are updated.
    pub optimizer: &'a OptimizerConfig,
    /// Whether a running average of them is kept.
    pub averaged: bool,
}

impl Content<'_> {
    /// Whether a checkpoint's arrays are those of such a run.
    pub fn check(&self, found: &Parameters, scalars: &UpdaterScalars) -> Result<(), String> {
        let is_in = |group: &str| {
            let prefix = format!("{group}/");
            found.iter().any(|(name, _)| name.starts_with(&prefix))
        };
        if is_in("average") != self.averaged {
            return Err("training.average differs from the checkpoint's".into());
        }
        let state = self.optimizer.state(self.parameters, scalars)?;
        let mut expected = group("model", self.parameters);
        for (name, is_there) in [("average", self.averaged), ("best", is_in("best"))] {
            if is_there {
                expected = with_all(expected, &group(name, self.parameters));
            }
        }
        expected = with_all(expected, &group("optimizer", &state));
        compare(&expected, found).map_err(|e| e.to_string())
    }
}

/// Parameters under the name of a group.
fn group(name: &str, parameters: &Parameters) -> Parameters {
    let all = parameters.iter();
    all.fold(Parameters::new(), |group, (own, shape)| {
        group.with(format!("{name}/{own}"), shape)
    })
}

fn with_all(all: Parameters, more: &Parameters) -> Parameters {
    more.iter()
        .fold(all, |all, (name, shape)| all.with(name, shape))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_a_run_does_not_make_is_refused() {
        let parameters = Parameters::new().with("weight", [2, 3]).with("mean", [3]);
        let optimizer = OptimizerConfig::default();
        let content = |averaged| Content {
            parameters: &parameters,
            optimizer: &optimizer,
            averaged,
        };
        let scalars = UpdaterScalars {
            ranks: BTreeMap::from([("weight".to_string(), 2)]),
            counts: BTreeMap::from([("weight.momentum.time".to_string(), 5)]),
        };
        let whole = group("model", &parameters)
            .with("optimizer/weight.momentum.moment_1", [2, 3])
            .with("optimizer/weight.momentum.moment_2", [2, 3]);
        assert_eq!(content(false).check(&whole, &scalars), Ok(()));
        let best = with_all(whole.clone(), &group("best", &parameters));
        assert_eq!(content(false).check(&best, &scalars), Ok(()));
        let average = with_all(best, &group("average", &parameters));
        assert_eq!(content(true).check(&average, &scalars), Ok(()));

        let refused = |averaged: bool, found: Parameters| {
            let checked = content(averaged).check(&found, &scalars);
            checked.expect_err("another run's")
        };
        assert!(refused(false, average).contains("training.average"));
        assert!(refused(true, whole.clone()).contains("training.average"));
        for (name, shape) in [
            ("model/weight", vec![3, 2]),
            ("best/weight", vec![3, 2]),
            ("optimizer/weight.momentum.moment_2", vec![6]),
            ("optimizer/mean.momentum.moment_1", vec![3]),
            ("elsewhere/weight", vec![2, 3]),
            ("stranger", vec![1 << 40]),
        ] {
            let words = refused(false, whole.clone().with(name, shape));
            assert!(words.contains(name), "{name}: {words}");
        }
    }
}
