//! Decoders are other people's code on other people's files: one that panics ends in an error that names the file.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;

use crate::DatasetError;

thread_local! {
    /// Whether this thread is at a decoder's work.
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Lets a decoder's panic, which becomes an error, print nothing. Every other panic is told as before.
///
/// What is printed is decided by the hook of the whole process, so this is for a program to call at its start; a library
/// leaves the hook alone. Later calls do nothing.
pub fn silence_decoders() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !DECODING.get() {
                others(panic);
            }
        }));
    });
}

/// Does the work of a decoder of what is `expected`. What it was working on is given up where it panics.
pub(crate) fn shielded<T>(
    name: &Path,
    expected: &str,
    work: impl FnOnce() -> Result<T, DatasetError>,
) -> Result<T, DatasetError> {
    let outer = DECODING.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    DECODING.set(outer);
    done.unwrap_or_else(|panic| {
        let found = format!("one that makes its decoder panic: {}", words(&*panic));
        Err(DatasetError::malformed(name, expected, found))
    })
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn panics_of_decoders_are_errors_and_print_nothing() {
        static TOLD: AtomicUsize = AtomicUsize::new(0);
        const WORDS: &str = "a panic of this test";
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // Other tests of the process may panic as well.
            match panic.payload_as_str() {
                Some(WORDS) => drop(TOLD.fetch_add(1, Ordering::Relaxed)),
                _ => before(panic),
            }
        }));
        silence_decoders();
        silence_decoders();
        let name = Path::new("a.png");
        let panics = || -> Result<(), DatasetError> { panic!("{WORDS}") };
        let error = shielded(name, "data", || shielded(name, "a picture", panics)).unwrap_err();
        let words = format!("expected a picture, found one that makes its decoder panic: {WORDS}");
        assert!(error.to_string().contains(&words), "{error}");
        assert_eq!(TOLD.load(Ordering::Relaxed), 0);
        assert!(catch_unwind(panics).is_err());
        assert_eq!(TOLD.load(Ordering::Relaxed), 1);
    }
}
