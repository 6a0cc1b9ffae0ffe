//! The most of everything that a run file may ask for beside its network, whose limits are in [`gcnn_models::limits`].
//!
//! None of these counts takes memory by itself; above its limit each is a slip of the pen, and arithmetic on it could overflow.

use super::RunConfig;
use super::fault::Fault;
use crate::training::schedule::ScheduleShape;

/// Epochs, and counts of them.
pub const EPOCHS: usize = 1_000_000;
/// Examples that are taken together.
pub const BATCH: usize = 1 << 20;
/// Optimizer steps.
pub const STEPS: usize = 1 << 40;
/// Devices that share the work, each with a thread of its own.
pub const DEVICES: usize = 64;

/// A count of a run file.
struct Count {
    key: &'static str,
    found: usize,
    least: usize,
    most: usize,
}

/// Refuses counts outside of their limits, and names the first.
pub(super) fn check(config: &RunConfig) -> Result<(), Fault> {
    let t = &config.training;
    let mut counts = vec![
        ("training.epochs", t.epochs, 1, EPOCHS),
        ("training.batch_size", t.batch_size, 1, BATCH),
        ("training.micro_batch_size", t.micro_batch_size, 0, BATCH),
        ("training.eval_batch_size", t.eval_batch_size, 1, BATCH),
        ("training.checkpoint_every", t.checkpoint_every, 0, STEPS),
        ("training.patience", t.patience, 0, EPOCHS),
    ];
    counts.extend(match &config.schedule.shape {
        ScheduleShape::Constant {} | ScheduleShape::Cosine(_) => None,
        ScheduleShape::Step(shape) => Some(("schedule.every", shape.every, 1, EPOCHS)),
        ScheduleShape::Exponential(shape) => Some(("schedule.start", shape.start, 0, EPOCHS)),
        ScheduleShape::Plateau(shape) => Some(("schedule.patience", shape.patience, 1, EPOCHS)),
    });
    for (key, found, least, most) in counts {
        Count {
            key,
            found,
            least,
            most,
        }
        .check()?;
    }
    match config.devices.len() {
        0..=DEVICES => Ok(()),
        found => Err(Fault::of_key(
            "devices",
            format!("`devices` has {found} entries, expected at most {DEVICES}"),
        )),
    }
}

impl Count {
    fn check(self) -> Result<(), Fault> {
        if (self.least..=self.most).contains(&self.found) {
            return Ok(());
        }
        // Below it, the limit is of no interest.
        let expected = match self.found < self.least {
            true => format!("a whole number ≥ {}", self.least),
            false => format!("a whole number from {} to {}", self.least, self.most),
        };
        Err(Fault::new(self.key, &self.found.to_string(), &expected))
    }
}
