//! Training, evaluation and the program `gcnn`.
//!
//! A run is a TOML file ([`config`]). [`run::train`] reads it into a [`task::Task`], the [`trainer`] works through its
//! epochs, and everything lands in a [`run_folder`]; a weights file alone rebuilds its network ([`model_file`]).
//!
//! | what | where |
//! | --- | --- |
//! | run files, overrides, their documentation | [`config`] |
//! | what is learned: data, network, loss, measures | [`task`], [`classification`], [`dynamics`] |
//! | the loop, checkpoints, resumption, divergence | [`trainer`], [`checkpoint`], [`divergence`] |
//! | how weights move | [`optimizer`], [`schedule`], [`average`] |
//! | what is written | [`run_folder`], [`run_data`], [`model_file`], [`curves`], [`metrics`], [`class_report`], [`numbers`] |
//! | how far a figure is to be trusted | [`interval`], [`bootstrap`] |
//! | finished runs side by side | [`compare`] |
//! | using trained weights | [`evaluation`], [`prediction`], [`slide`], [`trajectories`], [`zoo`] |
//! | weights of and for other programs | [`export`], [`sequential`], [`pytorch`], [`official`] |
//! | symmetry, before and after training | [`equivariance`] |

#![forbid(unsafe_code)]
// Whatever is printed goes through `output`, which does not panic where nothing can be written.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod average;
pub mod bootstrap;
pub mod checkpoint;
pub mod class_report;
pub mod classification;
pub mod cli;
pub mod colours;
pub mod compare;
pub mod config;
pub mod curves;
pub mod device;
pub mod divergence;
pub mod dynamics;
pub mod equivariance;
pub mod error;
pub mod evaluation;
pub mod export;
pub mod files;
pub mod finetune;
pub mod interval;
pub mod metrics;
pub mod model_file;
pub mod numbers;
pub mod official;
pub mod optimizer;
pub mod output;
pub mod parallel;
pub mod prediction;
pub mod progress;
pub mod pytorch;
pub mod run;
pub mod run_data;
pub mod run_folder;
pub mod schedule;
pub mod sequential;
pub mod slide;
pub mod task;
pub mod trainer;
pub mod trajectories;
pub mod weights;
pub mod zoo;

pub use error::TrainError;
#[cfg(feature = "flex")]
pub use gcnn_cpu::memory;
