//! What networks are told of the images that they are built for.

use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::limits;

/// The images that a network is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputShape {
    /// Channels per image: 1 for grey, 3 for colour.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl InputShape {
    /// Checks that a file may ask for images of this size in so many classes.
    pub fn check_limits(&self, classes: usize) -> Result<(), ModelError> {
        let Self {
            channels,
            height,
            width,
        } = *self;
        limits::check_all(&[
            ("channels", channels, limits::IMAGE_SIDE),
            ("height", height, limits::IMAGE_SIDE),
            ("width", width, limits::IMAGE_SIDE),
            ("classes", classes, limits::IMAGE_SIDE),
        ])?;
        // Each is small enough that their product is counted.
        let numbers = channels * height * width;
        match numbers <= limits::IMAGE_NUMBERS {
            true => Ok(()),
            false => Err(ModelError::ImageTooLarge {
                channels,
                height,
                width,
                most: limits::IMAGE_NUMBERS,
            }),
        }
    }
}
