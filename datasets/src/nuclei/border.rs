//! How wide the border of a nucleus is.

use serde::{Deserialize, Serialize};

use crate::DatasetError;

/// How far, in pixels, a pixel of a nucleus may lie from another label to count as its border, where nothing else is said.
pub const BORDER: usize = 2;

/// The widest border in pixels.
const WIDEST: f64 = 256.0;

/// How far a pixel of a nucleus may lie from another label to count as its border.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Border {
    /// So many pixels, 1 to 256.
    Pixels(f64),
    /// A share of the median diameter of the image's nuclei, above 0 to 0.5, at least one pixel: the same part of a nucleus at any
    /// magnification.
    Relative(f64),
}

impl Default for Border {
    fn default() -> Self {
        Self::Pixels(BORDER as f64)
    }
}

impl Border {
    /// Whether it is the border where nothing is said.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether there is such a border.
    pub(crate) fn validate(&self) -> Result<(), DatasetError> {
        let (expected, found) = match *self {
            Self::Pixels(pixels) if (1.0..=WIDEST).contains(&pixels) => return Ok(()),
            Self::Relative(share) if share > 0.0 && share <= 0.5 => return Ok(()),
            Self::Pixels(pixels) => (format!("1 to {WIDEST} pixels"), pixels),
            Self::Relative(share) => ("a share of the diameter above 0, at most 0.5".into(), share),
        };
        Err(DatasetError::setting("border", expected, found))
    }

    /// How far it reaches in an image whose nuclei have this median diameter, in pixels; without nuclei it reaches one.
    pub(super) fn reach(&self, diameter: impl FnOnce() -> Option<f64>) -> f64 {
        match *self {
            Self::Pixels(pixels) => pixels,
            Self::Relative(share) => (share * diameter().unwrap_or(0.0)).max(1.0),
        }
    }

    /// What the description of data says about it; nothing where it is the usual one.
    pub(crate) fn words(&self) -> String {
        match self {
            _ if self.is_default() => String::new(),
            Self::Pixels(pixels) => format!(", borders of {pixels} pixels"),
            Self::Relative(share) => format!(", borders of {share} median diameters"),
        }
    }
}
