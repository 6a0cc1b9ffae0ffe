#![doc = include_str!("../README.md")]
//!
//! # What is inside
//!
//! The crate is the program; its library is for the program's own tests.
//!
//! | what | where |
//! | --- | --- |
//! | commands and their arguments | [`cli`] |
//! | how a run shows itself | [`progress`] |
//! | curves, comparisons, symmetry: what is drawn and tabulated | [`report`] |
//! | trained networks on pictures, slides and particles | [`predict`] |
//! | adding to the zoo | [`zoo`] |
//! | what is written to a terminal or a pipe | [`output`] |

// Whatever is printed goes through `output`, which does not panic where nothing can be written.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![forbid(unsafe_code)]

pub mod cli;
pub mod error;
pub mod output;
pub mod predict;
pub mod progress;
pub mod report;
pub mod zoo;

pub use error::ProgramError;
