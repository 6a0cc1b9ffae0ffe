//! The scores of the patches of a tile.

use burn::prelude::*;
use burn::tensor::TensorData;

use super::NO_CLASS;
use crate::export::PlainStepConfig;
use crate::{InputShape, PlainNetwork, argmax};

/// Why a network has no map of a picture larger than its patches.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// Some step puts something beyond the border of what it sees.
    #[error(
        "the network pads what it sees: a patch inside a picture is not what it was trained on; --resize takes the whole picture \
         for one patch"
    )]
    Pads,
    /// Some pixels would be seen by no patch.
    #[error(
        "the network would see patches {stride} pixels apart, further than the {patch} pixels that a patch has"
    )]
    Stride {
        /// Pixels from one patch to the next.
        stride: usize,
        /// Pixels of a patch, along its shorter side.
        patch: usize,
    },
    /// More classes than a byte has numbers.
    #[error("a map has at most {NO_CLASS} classes, the network {classes}")]
    Classes {
        /// Those of the network.
        classes: usize,
    },
    /// Neither grey nor colour.
    #[error("the network wants {channels} channels; pictures have 1 or 3")]
    Channels {
        /// Those of the network.
        channels: usize,
    },
    /// The network says something of other patches than it was asked about.
    #[error(
        "the network does not slide over an image: of {height}×{width} pixels it makes {}, not {}", patches(*found), patches(*expected)
    )]
    Shape {
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
        /// `[classes, rows, columns]` of what it says.
        found: [usize; 3],
        /// `[classes, rows, columns]` of what was asked.
        expected: [usize; 3],
    },
}

fn patches([classes, rows, columns]: [usize; 3]) -> String {
    format!("{rows}×{columns} patches in {classes} classes")
}

/// Refuses networks that have no map, or one whose numbers don't fit into a picture. `input` is a patch.
pub fn check(network: &PlainNetwork, input: InputShape, classes: usize) -> Result<(), MapError> {
    if pads(&network.describe(input).steps) {
        return Err(MapError::Pads);
    }
    let (stride, patch) = (network.stride(), input.height.min(input.width));
    if stride > patch {
        return Err(MapError::Stride { stride, patch });
    }
    if classes > usize::from(NO_CLASS) {
        return Err(MapError::Classes { classes });
    }
    match input.channels {
        1 | 3 => Ok(()),
        channels => Err(MapError::Channels { channels }),
    }
}

/// Whether steps put something beyond the border of what they see. Inside a picture its surroundings are there.
fn pads(steps: &[PlainStepConfig]) -> bool {
    steps.iter().any(|step| match step {
        PlainStepConfig::Wrap { pixels } => *pixels > 0,
        PlainStepConfig::Convolution { padding, .. } => *padding != [0, 0],
        PlainStepConfig::LiftWaveform(_) | PlainStepConfig::Waveform(_) => true,
        // It weighs a patch by all of the picture, too.
        PlainStepConfig::Attention { .. } => true,
        PlainStepConfig::Beside { steps, .. } => pads(steps),
        _ => false,
    })
}

/// What a network says of the patches of an image, `[classes, rows, columns]`, as many as `expected`. `pixels` are
/// `[channels, height, width]`, normalised.
pub fn scores(
    network: &PlainNetwork,
    pixels: Vec<f32>,
    [channels, height, width]: [usize; 3],
    expected: [usize; 3],
    device: &Device,
) -> Result<Vec<f32>, MapError> {
    let data = TensorData::new(pixels, [1, channels, height, width]);
    let map = network.class_map(Tensor::from_data(data, device));
    let [_, found @ ..] = map.dims();
    if found != expected {
        return Err(MapError::Shape {
            height,
            width,
            found,
            expected,
        });
    }
    Ok(map.into_data().iter::<f32>().collect())
}

/// Puts the best classes of a tile's `scores`, `[classes, rows, columns]` with `extent` for rows and columns, into `classes`, those
/// of a band of patches, `across` in each row, from a column on. Where a score is no number there is [`NO_CLASS`].
///
/// # Panics
/// If the band is narrower than the tile, or has fewer rows.
pub fn best_classes(
    scores: &[f32],
    extent: [usize; 2],
    classes: &mut [u8],
    across: usize,
    column: usize,
) {
    let plane = extent[0] * extent[1];
    let mut own = vec![0.0; scores.len() / plane];
    for (number, row) in classes.chunks_exact_mut(across).enumerate() {
        for (offset, class) in row[column..column + extent[1]].iter_mut().enumerate() {
            for (index, score) in own.iter_mut().enumerate() {
                *score = scores[index * plane + number * extent[1] + offset];
            }
            *class = match own.iter().any(|score| score.is_nan()) {
                true => NO_CLASS,
                false => argmax(&own) as u8,
            };
        }
    }
}
