//! x
/// X.
pub struct Survey;
