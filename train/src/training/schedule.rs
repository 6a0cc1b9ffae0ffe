//! The learning rate as a function of time.
//!
//! ```text
//! rate(t) = lr · warm(t) · decay(t),   t in epochs, counted in steps
//! warm(t)          = (t + one step) / W  for t < W, 1 afterwards
//! constant         decay = 1
//! step             decay = factor^⌊t / every⌋
//! exponential      decay = factor^max(0, ⌊t⌋ − start + 1)
//! cosine           decay = floor + (1 − floor) · ½ (1 + cos(π (t − W) / (T − W)))
//! plateau          decay = factor^k, k the number of times that `patience` epochs brought no progress
//! ```
//!
//! All but `plateau` depend on the step alone, so they need no state in a checkpoint.

use serde::{Deserialize, Serialize};

/// Shapes of the learning rate over a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// No change.
    Constant,
    /// Multiplied by `factor` every `every` epochs.
    Step,
    /// Half a cosine from the full rate to `floor` times it.
    Cosine,
    /// Multiplied by `factor` after each epoch from `start` on.
    Exponential,
    /// Multiplied by `factor` when validation has not improved for `patience` epochs.
    Plateau,
}

/// The `[schedule]` table of a run file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleConfig {
    /// Shape of the schedule.
    pub kind: ScheduleKind,
    /// Epochs of linear growth from zero, before any shape.
    pub warmup_epochs: f64,
    /// Step: epochs between reductions.
    pub every: usize,
    /// Step, exponential, plateau: what the rate is multiplied by.
    pub factor: f64,
    /// Exponential: the first epoch (counted from 0) that is reduced.
    pub start: usize,
    /// Cosine: the last rate as a fraction of the first.
    pub floor: f64,
    /// Plateau: epochs without progress before a reduction.
    pub patience: usize,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            kind: ScheduleKind::Constant,
            warmup_epochs: 0.0,
            every: 20,
            factor: 0.5,
            start: 0,
            floor: 0.0,
            patience: 10,
        }
    }
}

/// What `plateau` has to remember.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// Reductions so far.
    pub reductions: u32,
    /// Epochs since the last progress or reduction.
    pub waited: usize,
}

/// A schedule fitted to the length of a run.
///
/// ```
/// use gcnn_train::training::schedule::{Plateau, ScheduleConfig, ScheduleKind};
///
/// let config = ScheduleConfig { kind: ScheduleKind::Cosine, ..Default::default() };
/// let schedule = config.init(0.1, 100, 10);
/// let rate = |step| schedule.rate(step, &Plateau::default());
/// assert_eq!(rate(0), 0.1);
/// assert!((rate(500) - 0.05).abs() < 1e-12);
/// ```
#[derive(Debug, Clone)]
pub struct Schedule {
    config: ScheduleConfig,
    lr: f64,
    steps_per_epoch: usize,
    epochs: usize,
}

impl ScheduleConfig {
    /// Fits the schedule to a run of `epochs` epochs of `steps_per_epoch` steps at full rate `lr`.
    pub fn init(&self, lr: f64, steps_per_epoch: usize, epochs: usize) -> Schedule {
        Schedule {
            config: self.clone(),
            lr,
            steps_per_epoch: steps_per_epoch.max(1),
            epochs,
        }
    }
}

impl Schedule {
    /// The learning rate of optimizer step `step`, counted from 0.
    pub fn rate(&self, step: u64, plateau: &Plateau) -> f64 {
        let c = &self.config;
        let per_epoch = self.steps_per_epoch as f64;
        let epoch = (step / self.steps_per_epoch as u64) as usize;
        let time = step as f64 / per_epoch;
        let warm = if time < c.warmup_epochs {
            ((step + 1) as f64 / (c.warmup_epochs * per_epoch)).min(1.0)
        } else {
            1.0
        };
        let decay = match c.kind {
            ScheduleKind::Constant => 1.0,
            ScheduleKind::Step => c.factor.powi((epoch / c.every.max(1)) as i32),
            ScheduleKind::Exponential => {
                let reductions = (epoch + 1).saturating_sub(c.start);
                c.factor.powi(reductions as i32)
            }
            ScheduleKind::Cosine => {
                let total = (self.epochs as f64 - c.warmup_epochs).max(f64::MIN_POSITIVE);
                let done = ((time - c.warmup_epochs) / total).clamp(0.0, 1.0);
                c.floor + (1.0 - c.floor) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
            ScheduleKind::Plateau => c.factor.powi(plateau.reductions as i32),
        };
        self.lr * warm * decay
    }

    /// Tells the schedule, after each epoch, whether validation improved.
    pub fn observe(&self, improved: bool, plateau: &mut Plateau) {
        if self.config.kind != ScheduleKind::Plateau {
            return;
        }
        if improved {
            plateau.waited = 0;
            return;
        }
        plateau.waited += 1;
        if plateau.waited >= self.config.patience.max(1) {
            plateau.reductions += 1;
            plateau.waited = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(config: ScheduleConfig, epochs: usize, at: &[u64]) -> Vec<f64> {
        let schedule = config.init(0.1, 10, epochs);
        at.iter()
            .map(|s| schedule.rate(*s, &Plateau::default()))
            .collect()
    }

    fn close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() < 1e-12, "{found:?} instead of {expected:?}");
        }
    }

    #[test]
    fn constant_never_changes() {
        close(
            &rates(ScheduleConfig::default(), 3, &[0, 9, 29, 1000]),
            &[0.1; 4],
        );
    }

    #[test]
    fn step_reduces_every_so_many_epochs() {
        let config = ScheduleConfig {
            kind: ScheduleKind::Step,
            every: 2,
            factor: 0.1,
            ..Default::default()
        };
        close(
            &rates(config, 6, &[0, 19, 20, 39, 40]),
            &[0.1, 0.1, 0.01, 0.01, 0.001],
        );
    }

    #[test]
    fn exponential_starts_at_its_epoch() {
        let config = ScheduleConfig {
            kind: ScheduleKind::Exponential,
            start: 2,
            factor: 0.8,
            ..Default::default()
        };
        close(
            &rates(config, 6, &[0, 19, 20, 30]),
            &[0.1, 0.1, 0.08, 0.064],
        );
    }

    #[test]
    fn cosine_goes_from_the_warmed_rate_to_the_floor() {
        let config = ScheduleConfig {
            kind: ScheduleKind::Cosine,
            warmup_epochs: 1.0,
            floor: 0.1,
            ..Default::default()
        };
        close(
            &rates(config, 5, &[0, 4, 9, 10, 30, 50]),
            &[0.01, 0.05, 0.1, 0.1, 0.055, 0.01],
        );
    }

    #[test]
    fn plateau_waits_then_reduces_and_waits_again() {
        let config = ScheduleConfig {
            kind: ScheduleKind::Plateau,
            patience: 2,
            factor: 0.5,
            ..Default::default()
        };
        let schedule = config.init(0.1, 10, 10);
        let mut plateau = Plateau::default();
        let mut rates = Vec::new();
        for improved in [true, false, false, false, true, false, false] {
            schedule.observe(improved, &mut plateau);
            rates.push(schedule.rate(0, &plateau));
        }
        close(&rates, &[0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025]);
    }
}
