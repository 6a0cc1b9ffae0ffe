//! Damaged files for every reader of the project.
//!
//! A file that somebody else wrote is an attack until it is read: whatever its bytes, a reader answers with data or with an
//! error that says what is wrong, in bounded memory and time, and never panics. Here small valid files are damaged at
//! random, each one a function of (seed, number), and read by a process of its own that may take little memory.
//!
//! | what | where |
//! | --- | --- |
//! | damage of bytes and of text | [`bytes`], [`text`] |
//! | damage within a format, behind its sums and lengths | [`gzip`], [`idx`], [`npy`], [`hdf5`], [`picture`], [`wave`], [`arrays`], [`checkpoint`] |
//! | a damaged file for a seed and a number | [`mutator`] |
//! | every reader, with valid files to begin from | [`readers`] |
//! | many damaged files for one reader, in a process of its own | [`campaign`] |
//!
//! Continuous integration reads a few hundred damaged files per reader (`tests/mutations.rs`). Longer:
//!
//! ```sh
//! cargo run --release --example mutate -- --each 1000000 --seed 7
//! cargo run --release --example mutate -- idx npy --each 1 --from 1234    # one of them again
//! cargo +nightly fuzz run idx                                             # the same readers, guided by coverage
//! ```
//!
//! Readers of the program, which bring Burn, come with the feature `program`, which is on by default.

pub mod arrays;
pub mod bytes;
pub mod campaign;
pub mod checkpoint;
pub mod gzip;
pub mod hdf5;
pub mod idx;
pub mod mutator;
pub mod npy;
pub mod picture;
pub mod random;
pub mod readers;
pub mod riff;
pub mod text;
pub mod wave;

/// What a program calls that counts panics: those of decoders are caught, and errors like others.
pub use gcnn_datasets::silence_decoders;
