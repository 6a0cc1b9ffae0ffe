#![doc = include_str!("../README.md")]
//!
//! # What is inside
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
//! | who hears of it | [`progress`] |
//! | what is written | [`run_folder`], [`run_data`], [`model_file`], [`metrics`], [`class_report`], [`numbers`] |
//! | how far a figure is to be trusted | [`interval`], [`bootstrap`] |
//! | using trained weights | [`evaluation`] |
//! | weights of and for other programs | [`export`], [`sequential`], [`pytorch`], [`official`] |
//! | symmetry of trained networks | [`equivariance`] |

// A library shows nothing by itself: a reporter does.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod average;
pub mod bootstrap;
pub mod checkpoint;
pub mod class_report;
pub mod classification;
pub mod config;
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
pub mod memory;
pub mod metrics;
pub mod model_file;
pub mod numbers;
pub mod official;
pub mod optimizer;
pub mod parallel;
pub mod progress;
pub mod pytorch;
pub mod run;
pub mod run_data;
pub mod run_folder;
pub mod schedule;
pub mod sequential;
pub mod task;
pub mod trainer;
pub mod weights;

pub use error::TrainError;
