//! How weights move through time.
//!
//! | what | where |
//! | --- | --- |
//! | a whole run: data, training, the one look at the test split, the report | [`run`] |
//! | its end: test, calibration, `report.json` | `closing`, [`report`] |
//! | the loop: steps, epochs, records | [`trainer`] |
//! | what it takes of a run file, or of a program with a task of its own | [`settings`] |
//! | update rules, rates over time, averages | [`optimizer`], [`schedule`], [`average`] |
//! | batches in parts and on several devices | [`parallel`] |
//! | the better one of two epochs | [`best`] |
//! | what is random, and on what it depends | [`random`] |
//! | everything a run needs to go on | [`checkpoint`] |
//! | noticing that a run diverges | [`divergence`] |
//! | what usually helps where it cannot learn what it could | [`advice`] |
//! | the folder, and which data it is of | [`run_folder`], [`run_data`] |
//! | who hears of it | [`progress`] |

pub mod advice;
pub mod average;
pub mod best;
pub mod checkpoint;
mod closing;
pub mod divergence;
pub mod optimizer;
pub mod parallel;
pub mod progress;
pub mod random;
pub mod report;
pub mod run;
pub mod run_data;
pub mod run_folder;
pub mod schedule;
pub mod settings;
pub mod trainer;
