//! Weights, as arrays, as files that explain themselves, and at work.
//!
//! | what | where |
//! | --- | --- |
//! | arrays by name, and files of them | [`arrays`] |
//! | a weights file with everything that rebuilds its network | [`model_file`] |
//! | the network of a weights file, measured | [`evaluation`] |

pub mod arrays;
pub mod evaluation;
pub mod model_file;
