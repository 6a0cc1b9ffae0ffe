//! What all batch normalisations have in common: their settings, and statistics that follow the batches.

use burn::module::RunningState;
use burn::prelude::*;

use crate::LayerError;

/// Checks ε and the weight of the newest batch.
pub(crate) fn check_settings(epsilon: f64, momentum: f64) -> Result<(), LayerError> {
    if !(epsilon.is_finite() && epsilon > 0.0) {
        return Err(LayerError::OutOfRange {
            what: "the epsilon of batch normalisation",
            value: epsilon,
            range: "positive and finite",
        });
    }
    if !(0.0..=1.0).contains(&momentum) {
        return Err(LayerError::OutOfRange {
            what: "the momentum of batch normalisation",
            value: momentum,
            range: "between 0 and 1",
        });
    }
    Ok(())
}

/// Moves running statistics towards those of the newest batch.
pub(crate) fn follow(running: &RunningState<Tensor<1>>, newest: Tensor<1>, momentum: f64) {
    let old = running.value_sync().to_device(&newest.device());
    let newest = newest.detach();
    running.update(old * (1.0 - momentum) + newest * momentum);
    // A pending update is not part of a record: without this, a checkpoint would miss the last batch.
    running.value_sync();
}
