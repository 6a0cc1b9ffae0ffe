//! One of the splits of a data set.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::DatasetError;

/// One of the three splits, or all images together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// What the weights are fitted to.
    Train,
    /// What choices are made on: the best epoch, the learning rate.
    Valid,
    /// What is measured once, at the end.
    Test,
    /// All three, one after the other.
    All,
}

impl Split {
    /// The three splits that have no others in them.
    pub const THREE: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// Those of the three that it consists of.
    pub fn parts(self) -> &'static [Self] {
        match self {
            Self::Train => &Self::THREE[..1],
            Self::Valid => &Self::THREE[1..2],
            Self::Test => &Self::THREE[2..],
            Self::All => &Self::THREE,
        }
    }

    /// Its examples, given those for training, validation and testing; `concatenate` puts all of them together, a copy.
    pub fn of<T>(
        self,
        splits: [&Arc<T>; 3],
        concatenate: impl FnOnce(&[&T]) -> Result<T, DatasetError>,
    ) -> Result<Arc<T>, DatasetError> {
        Ok(match self {
            Self::Train => splits[0].clone(),
            Self::Valid => splits[1].clone(),
            Self::Test => splits[2].clone(),
            Self::All => Arc::new(concatenate(&splits.map(Arc::as_ref))?),
        })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
            Self::All => "all",
        })
    }
}

impl std::str::FromStr for Split {
    type Err = DatasetError;

    fn from_str(name: &str) -> Result<Self, DatasetError> {
        match name {
            "train" => Ok(Self::Train),
            "valid" => Ok(Self::Valid),
            "test" => Ok(Self::Test),
            "all" => Ok(Self::All),
            other => Err(DatasetError::setting(
                "split",
                "train, valid, test or all",
                other,
            )),
        }
    }
}
