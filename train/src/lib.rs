#![doc = include_str!("../README.md")]
//!
//! # What is inside
//!
//! A run is a TOML file ([`run_file`]). [`training::run::train`] reads it into a [`Task`](task::Task), the
//! [`Trainer`](training::trainer::Trainer) works through its epochs, and everything lands in a
//! [`RunFolder`](training::run_folder::RunFolder); a weights file alone rebuilds its network ([`weights::model_file`]).
//!
//! | what | where |
//! | --- | --- |
//! | run files, overrides, their documentation | [`run_file`] |
//! | what suits a folder of pictures, for what a run file leaves out | [`suggestion`] |
//! | what a learning problem is: data, network, loss, measures and how far they are to be trusted | [`task`] |
//! | those of run files: images have classes, numbers or labels, particles move | [`tasks`] |
//! | time: the loop, update rules, rates, checkpoints, divergence, the run folder | [`training`] |
//! | going on from trained weights | [`finetune`] |
//! | weights as files, and at work | [`weights`] |
//! | weights of and for other programs | [`exchange`] |
//! | devices by name | [`device`] |
//!
//! # A task of one's own
//!
//! Implement [`Task`](task::Task) and hand it to [`training::run::train_own`]: metrics, best weights, exact resumption and a report
//! come along. The repository's `examples/own_task.rs` does it in 120 lines. Where only the images are one's own,
//! [`Classification::of_source`](tasks::classification::Classification::of_source) is the task: `examples/own_images.rs`.

#![forbid(unsafe_code)]
// A library shows nothing by itself: a reporter does.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod device;
pub mod error;
pub mod exchange;
pub mod files;
pub mod finetune;
pub mod run_file;
pub mod suggestion;
pub mod task;
pub mod tasks;
pub mod training;
pub mod weights;

pub use error::TrainError;
#[cfg(feature = "flex")]
pub use gcnn_cpu::memory;
