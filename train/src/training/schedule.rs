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

mod config;

use serde::{Deserialize, Serialize};

pub use config::{Cosine, Exponential, Plateau, ScheduleConfig, ScheduleShape, Step};

/// What `plateau` has to remember.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Standstill {
    /// Reductions so far.
    pub reductions: u32,
    /// Epochs since the last progress or reduction.
    pub waited: usize,
}

/// A schedule fitted to the length of a run.
///
/// ```
/// use gcnn_train::training::schedule::{Cosine, ScheduleConfig, ScheduleShape, Standstill};
///
/// let config = ScheduleConfig::from(ScheduleShape::Cosine(Cosine::default()));
/// let schedule = config.init(0.1, 100, 10);
/// let rate = |step| schedule.rate(step, &Standstill::default());
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
    pub fn rate(&self, step: u64, plateau: &Standstill) -> f64 {
        let c = &self.config;
        let per_epoch = self.steps_per_epoch as f64;
        let epoch = (step / self.steps_per_epoch as u64) as usize;
        let time = step as f64 / per_epoch;
        let warm = if time < c.warmup_epochs {
            ((step + 1) as f64 / (c.warmup_epochs * per_epoch)).min(1.0)
        } else {
            1.0
        };
        let decay = match &c.shape {
            ScheduleShape::Constant {} => 1.0,
            ScheduleShape::Step(shape) => shape.factor.powi((epoch / shape.every.max(1)) as i32),
            ScheduleShape::Exponential(shape) => {
                let reductions = (epoch + 1).saturating_sub(shape.start);
                shape.factor.powi(reductions as i32)
            }
            ScheduleShape::Cosine(Cosine { floor }) => {
                let total = (self.epochs as f64 - c.warmup_epochs).max(f64::MIN_POSITIVE);
                let done = ((time - c.warmup_epochs) / total).clamp(0.0, 1.0);
                floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
            ScheduleShape::Plateau(shape) => shape.factor.powi(plateau.reductions as i32),
        };
        self.lr * warm * decay
    }

    /// Tells the schedule, after each epoch, whether validation improved.
    pub fn observe(&self, improved: bool, plateau: &mut Standstill) {
        let ScheduleShape::Plateau(Plateau { patience, .. }) = self.config.shape else {
            return;
        };
        if improved {
            plateau.waited = 0;
            return;
        }
        plateau.waited += 1;
        if plateau.waited >= patience.max(1) {
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
            .map(|s| schedule.rate(*s, &Standstill::default()))
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
        let shape = ScheduleShape::Step(Step {
            every: 2,
            factor: 0.1,
        });
        close(
            &rates(shape.into(), 6, &[0, 19, 20, 39, 40]),
            &[0.1, 0.1, 0.01, 0.01, 0.001],
        );
    }

    #[test]
    fn exponential_starts_at_its_epoch() {
        let shape = ScheduleShape::Exponential(Exponential {
            start: 2,
            factor: 0.8,
        });
        close(
            &rates(shape.into(), 6, &[0, 19, 20, 30]),
            &[0.1, 0.1, 0.08, 0.064],
        );
    }

    #[test]
    fn cosine_goes_from_the_warmed_rate_to_the_floor() {
        let config = ScheduleConfig {
            shape: ScheduleShape::Cosine(Cosine { floor: 0.1 }),
            warmup_epochs: 1.0,
        };
        close(
            &rates(config, 5, &[0, 4, 9, 10, 30, 50]),
            &[0.01, 0.05, 0.1, 0.1, 0.055, 0.01],
        );
    }

    #[test]
    fn plateau_waits_then_reduces_and_waits_again() {
        let config = ScheduleConfig::from(ScheduleShape::Plateau(Plateau {
            patience: 2,
            factor: 0.5,
        }));
        let schedule = config.init(0.1, 10, 10);
        let mut plateau = Standstill::default();
        let mut rates = Vec::new();
        for improved in [true, false, false, false, true, false, false] {
            schedule.observe(improved, &mut plateau);
            rates.push(schedule.rate(0, &plateau));
        }
        close(&rates, &[0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025]);
    }
}
