//! Data that some machines have and tests are richer with.

use std::io::Write;
use std::path::PathBuf;

/// What `find` finds in the folder that GCNN_DATA names. Where there is nothing, a line on standard error says which test is
/// skipped for want of what: written directly, it passes the capture of a test's output.
pub(crate) fn given<T>(what: &str, find: impl FnOnce(PathBuf) -> Option<T>) -> Option<T> {
    let found = std::env::var_os(crate::folders::DATA_VARIABLE).and_then(|data| find(data.into()));
    if found.is_none() {
        let test = std::thread::current();
        let _ = writeln!(
            std::io::stderr(),
            "{} is skipped: GCNN_DATA names no folder with {what}",
            test.name().unwrap_or("a test")
        );
    }
    found
}
