//! Going on from trained weights: the `[finetune]` table of a run file.
//!
//! ```text
//! rate of a parameter = rate of the schedule · factor of its pattern · layer_decay ^ layers between it and the output
//! ```
//!
//! | step | where |
//! | --- | --- |
//! | patterns become names of parameters | [`Tuning`] |
//! | the source's arrays find their place in the new network | [`transfer`] |
//! | frozen layers stop: no gradient, no running statistics, no dropout | [`Tuning::freeze`] |
//!
//! A frozen parameter gets no gradient, so no update, no weight decay and no place in the optimizer's state; it stays what
//! it was bit for bit.

mod config;
mod depth;
mod pattern;
mod transfer;
mod tuning;

pub use config::FinetuneConfig;
pub use transfer::{Sizes, Transfer, check_same_kind, transfer};
pub use tuning::Tuning;
