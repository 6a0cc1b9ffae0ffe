//! What a run does that diverges.

use super::Trainer;
use crate::TrainError;
use crate::task::Task;
use crate::training::divergence::{MOST_RETURNS, OnDivergence, RATE_FACTOR, Return};

impl<T: Task> Trainer<'_, T> {
    /// Does what is asked for with a run that diverges; whether it went back, so that the epoch begins again.
    pub(super) fn diverged(&mut self, what: String, loss: f64) -> Result<bool, TrainError> {
        let (epoch, step) = (self.progress.epoch + 1, self.progress.step);
        let gone = self.progress.returns.len();
        let action = self.settings.training.on_divergence;
        if action == OnDivergence::Continue {
            if self.progress.watch.tell() {
                self.reporter.note(&format!(
                    "{what} in epoch {epoch}, step {step}: the training diverges, and goes on because \
                     training.on_divergence = \"continue\""
                ));
            }
            return Ok(false);
        }
        let good = self.folder.good_checkpoint();
        if action == OnDivergence::Stop || gone >= MOST_RETURNS || !good.exists() {
            return Err(TrainError::Diverged {
                what,
                epoch,
                step,
                returns: gone,
                best: self.progress.best.as_ref().map(|best| best.epoch),
            });
        }
        let mut returns = self.progress.returns.clone();
        self.restore(&good)?;
        returns.push(Return {
            epoch,
            step,
            loss,
            to_epoch: self.progress.epoch,
            rate_factor: RATE_FACTOR.powi(gone as i32 + 1),
        });
        self.reporter.note(&format!(
            "{what} in epoch {epoch}, step {step}: the training diverged. It goes on from the end of epoch {}, at {} times \
             its learning rate",
            self.progress.epoch,
            RATE_FACTOR.powi(gone as i32 + 1)
        ));
        self.progress.returns = returns;
        self.save()?;
        Ok(true)
    }
}
