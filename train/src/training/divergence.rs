//! Notices that a training diverges, while it does.
//!
//! ```text
//! L_t        loss of batch t; L_0 the (geometric) mean of the first four
//! recent_t   exp(running mean of log L over the last 16 steps or so)
//! lowest_t   min of recent_s, s ≤ t
//! diverged   L_t is no finite number,  or  recent_t ≥ L_0  and  recent_t ≥ 20 · lowest_t
//! ```
//!
//! Both bounds are needed: a network that has learned a task to 10⁻⁴ may jump by a factor of a hundred and be back after ten
//! steps, and one that learns slowly stays near where it started. Twenty times worse than it has been, and no better than
//! before its first step, is neither. The mean is of logarithms: one bad batch in sixteen, a thousand times worse than its
//! neighbours, moves it by half.
//!
//! Losses that can be negative have no logarithm; of those only what is no finite number counts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Steps over which the recent loss is averaged.
const WINDOW: f64 = 16.0;

/// Steps whose mean is what the network started with: a single batch says too little.
const FIRST: f64 = 4.0;

/// How many times the lowest recent loss is too far above it.
const TIMES: f64 = 20.0;

/// A loss of zero has a logarithm, too.
const LEAST: f64 = 1e-30;

/// What to do with a run that diverges: `training.on_divergence`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnDivergence {
    /// End it; the best weights so far stay.
    Stop,
    /// Go back to the last good checkpoint and go on at half the rate, four times at most.
    #[default]
    Restore,
    /// Say so and go on.
    Continue,
}

/// How often a run goes back before it is given up.
pub const MOST_RETURNS: usize = 4;

/// What the learning rate is multiplied by each time that a run goes back.
pub const RATE_FACTOR: f64 = 0.5;

/// What the losses so far say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// Losses seen.
    steps: u64,
    /// Mean of the logarithms of the first losses.
    #[serde(with = "crate::task::numbers")]
    first: f64,
    /// Running mean of the logarithms of the losses.
    #[serde(with = "crate::task::numbers")]
    recent: f64,
    /// The lowest that it has been.
    #[serde(with = "crate::task::numbers")]
    lowest: f64,
    /// Whether any loss was negative.
    negative: bool,
    /// Whether it has been said that the run diverges, which is said once.
    told: bool,
}

/// A training that diverges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Divergence {
    /// The loss now: of the batch where it is no finite number, otherwise the recent one.
    pub loss: f64,
    /// The lowest recent loss; none where the first loss was no number already.
    pub lowest: Option<f64>,
}

impl Watch {
    /// Takes the mean loss of the next batch.
    pub fn see(&mut self, loss: f64) -> Option<Divergence> {
        if !loss.is_finite() {
            let lowest = (self.steps > 0 && !self.negative).then(|| self.lowest.exp());
            return Some(Divergence { loss, lowest });
        }
        self.negative |= loss < 0.0;
        let log = loss.max(LEAST).ln();
        self.steps += 1;
        let steps = self.steps as f64;
        // Until the window is full, the mean of all; the running mean afterwards.
        self.recent += (log - self.recent) / steps.min(WINDOW);
        if steps <= FIRST {
            (self.first, self.lowest) = (self.recent, self.recent);
            return None;
        }
        self.lowest = self.lowest.min(self.recent);
        let recent = self.recent.exp();
        let diverged =
            !self.negative && recent >= self.first && self.recent >= self.lowest + TIMES.ln();
        diverged.then(|| Divergence {
            loss: recent,
            lowest: Some(self.lowest.exp()),
        })
    }

    /// Whether the recent loss is near the lowest: a checkpoint made now is one to come back to.
    pub fn is_calm(&self) -> bool {
        self.negative || self.recent <= self.lowest + 3f64.ln()
    }

    /// Whether a divergence is the first to be told.
    pub fn tell(&mut self) -> bool {
        !std::mem::replace(&mut self.told, true)
    }
}

impl std::fmt::Display for Divergence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.loss.is_finite() {
            true => write!(f, "the training loss rose to {:.3e}", self.loss)?,
            false => write!(f, "the training loss became {}", self.loss)?,
        }
        match self.lowest {
            Some(lowest) => write!(f, " after it had been {lowest:.3e}"),
            None => Ok(()),
        }
    }
}

/// A return to an earlier state of a run, as its records tell it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Return {
    /// The epoch in which the run diverged, counted from 1.
    pub epoch: usize,
    /// The optimizer step.
    pub step: u64,
    /// The loss then; `null` in JSON where it was no finite number.
    #[serde(with = "crate::task::numbers")]
    pub loss: f64,
    /// The epoch after which the checkpoint was made that it went back to; 0 is the start.
    pub to_epoch: usize,
    /// What learning rates are multiplied by from there on.
    pub rate_factor: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first step at which a run of these losses is found to diverge.
    fn found(losses: impl IntoIterator<Item = f64>) -> Option<usize> {
        let mut watch = Watch::default();
        losses
            .into_iter()
            .position(|loss| watch.see(loss).is_some())
    }

    /// Factors that a heavy-tailed batch loss has about its mean, the same every time: log-normal with σ = `spread`.
    fn noise(step: usize, spread: f64) -> f64 {
        // The golden ratio's multiples are spread evenly; the logistic quantile is close to the normal one.
        let u = (step as f64 * 0.618_033_988_749_895)
            .fract()
            .clamp(0.002, 0.998);
        (spread * (u / (1.0 - u)).ln() / 1.702).exp()
    }

    #[test]
    fn a_loss_that_fell_to_5e4_and_rises_to_1e10_in_four_epochs_is_found_within_two() {
        // 30 steps an epoch; the loss rises by e^30.6 within 120 steps.
        let fall = (0..5550).map(|t| (0.3 * (-(t as f64) / 300.0).exp()).max(5e-4));
        let rise = (0..120).map(|t| 5e-4 * (30.6 * t as f64 / 120.0).exp());
        let losses: Vec<f64> = fall
            .chain(rise)
            .enumerate()
            .map(|(t, loss)| loss * noise(t, 0.6))
            .collect();
        let step = found(losses.iter().copied()).expect("it diverges");
        assert!((5550..5550 + 60).contains(&step), "{step}");
    }

    #[test]
    fn healthy_runs_are_let_alone() {
        // Noisy and falling slowly; falling fast and then jumping; never learning at all.
        assert_eq!(
            found((0..20_000).map(|t| 2.3 / (1.0 + t as f64 / 500.0) * noise(t, 1.0))),
            None
        );
        let jumps = |t: usize| match t % 1000 {
            500..510 => 100.0,
            _ => 1.0,
        };
        let falling = |t: usize| 2.3 * (-(t as f64) / 400.0).exp().max(1e-4);
        assert_eq!(
            found((0..10_000).map(|t| falling(t) * jumps(t) * noise(t, 0.5))),
            None
        );
        assert_eq!(found((0..10_000).map(|t| 2.3 * noise(t, 1.0))), None);
        // One batch in fifty is a thousand times worse than the others.
        let outliers = |t: usize| if t % 50 == 7 { 1000.0 } else { 1.0 };
        assert_eq!(
            found(
                (0..10_000).map(|t| 1e-3f64.max(0.3 * (-(t as f64) / 100.0).exp()) * outliers(t))
            ),
            None
        );
        // A loss that reaches zero.
        assert_eq!(
            found((0..1000).map(|t| (1.0 - t as f64 / 100.0).max(0.0))),
            None
        );
    }

    #[test]
    fn what_rises_from_the_start_or_is_no_number_is_found() {
        let step = found((0..200).map(|t| 2.3 * (0.3 * t as f64).exp())).expect("it diverges");
        assert!(step < 40, "{step}");
        assert_eq!(found([1.0, 0.5, f64::NAN]), Some(2));
        assert_eq!(found([f64::INFINITY]), Some(0));
        // Forgotten: as bad as an untrained network, for good.
        let step = found((0..3000).map(|t| {
            if t < 2000 {
                2.3 * (-(t as f64) / 200.0).exp()
            } else {
                4.0
            }
        }));
        assert!(
            step.is_some_and(|step| (2000..2100).contains(&step)),
            "{step:?}"
        );
        // Negative losses are judged by whether they are numbers.
        assert_eq!(found([-1.0, -5.0, 3.0, 400.0, 1e9, f64::NAN]), Some(5));
    }

    #[test]
    fn its_state_survives_a_checkpoint() {
        let mut watch = Watch::default();
        for loss in [1.0, 0.1, 0.03] {
            watch.see(loss);
        }
        let text = serde_json::to_string(&watch).expect("JSON");
        assert_eq!(serde_json::from_str::<Watch>(&text).expect("read"), watch);
        let gone = Return {
            epoch: 2,
            step: 9,
            loss: f64::NAN,
            to_epoch: 1,
            rate_factor: 0.5,
        };
        let text = serde_json::to_string(&gone).expect("JSON");
        assert!(text.contains("\"loss\":null"), "{text}");
        assert!(
            serde_json::from_str::<Return>(&text)
                .expect("read")
                .loss
                .is_nan()
        );
    }
}
