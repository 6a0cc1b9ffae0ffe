//! Looks at folders.
