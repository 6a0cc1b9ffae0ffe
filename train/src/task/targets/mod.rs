//! Numbers and labels in place of classes: how outputs become answers, and how good answers are.
//!
//! | what | where |
//! | --- | --- |
//! | names, and the scale on which numbers are learned | [`mod@format`] |
//! | MAE, RMSE, R²; AUC and other measures of labels | [`measures`] |
//! | one of them with its interval; all of them, target by target | [`figure`], [`report`] |
//! | what a network said of every example, and the table of it | [`predictions`] |
//! | several networks of a cross-validation together | [`folds`] |

pub mod figure;
pub mod folds;
pub mod format;
pub mod measures;
pub mod predictions;
pub mod report;

pub use figure::Figure;
pub use folds::TargetFolds;
pub use format::TargetFormat;
pub use measures::Judged;
pub use predictions::TargetPredictions;
pub use report::{OneTarget, TargetReport};
