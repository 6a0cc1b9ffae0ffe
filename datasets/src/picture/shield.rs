//! Decoders are other people's code on other people's files: one that panics ends in an error that names the file.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::damaged;
use crate::DatasetError;

/// Does the work of a decoder. What it was working on is given up where it panics.
pub(super) fn shielded<T>(
    name: &Path,
    work: impl FnOnce() -> Result<T, DatasetError>,
) -> Result<T, DatasetError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let found = format!("one that makes its decoder panic: {}", words(&*panic));
        Err(damaged(name, found))
    })
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}
