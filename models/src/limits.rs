//! The most of everything that a configuration may ask for: counts are compared with it before memory is taken.
//!
//! Each is far above what any network has had reason to be. Their products are bounded by [`NUMBERS`]: no two of them
//! together can ask for more.

use gcnn_layers::irreps::{Irreps, L_MAX};

use crate::ModelError;
use crate::error::Counted;

/// Layers, and rounds of messages.
pub const LAYERS: usize = 1_000;
/// Channels, fields or hidden features of a layer.
pub const CHANNELS: usize = 65_536;
/// Sides of kernels, in pixels.
pub const KERNEL_SIZE: usize = gcnn_layers::kernel::MAX_KERNEL_SIZE;
/// Degrees of irreps.
pub const DEGREE: usize = L_MAX;
/// Blocks of irreps.
pub const IRREP_BLOCKS: usize = 128;
/// Neighbours that a particle hears.
pub const NEIGHBOURS: usize = 10_000;
/// Rows, columns and channels of an image, and classes.
pub const IMAGE_SIDE: usize = 65_536;
/// Numbers of an image: 1 GiB.
pub const IMAGE_NUMBERS: usize = 1 << 28;
/// Numbers that a network consists of: its parameters, and the kernels that it makes of them under all elements of its group.
/// That is 2 GiB; training takes several times as much.
pub const NUMBERS: usize = 1 << 29;

/// Refuses a count outside of `least` to `most`.
pub(crate) fn check(
    key: &'static str,
    counted: Counted,
    found: usize,
    [least, most]: [usize; 2],
) -> Result<(), ModelError> {
    match (least..=most).contains(&found) {
        true => Ok(()),
        false => Err(ModelError::Count {
            key,
            counted,
            found,
            least,
            most,
        }),
    }
}

/// Refuses settings of which one is not from 1 to its most.
pub(crate) fn check_all(settings: &[(&'static str, usize, usize)]) -> Result<(), ModelError> {
    settings
        .iter()
        .try_for_each(|&(key, found, most)| check(key, Counted::Number, found, [1, most]))
}

/// Refuses degrees that are too high.
pub(crate) fn check_degree(key: &'static str, degree: usize) -> Result<(), ModelError> {
    check(key, Counted::Number, degree, [0, DEGREE])
}

/// Refuses lists of counts that are too long or hold one that is none.
pub(crate) fn check_list(
    key: &'static str,
    list: &[usize],
    [least, most]: [usize; 2],
    each: [usize; 2],
) -> Result<(), ModelError> {
    check(key, Counted::Entries, list.len(), [least, most])?;
    list.iter()
        .try_for_each(|&found| check(key, Counted::Entry, found, each))
}

/// Refuses features of more blocks than can be coupled with each other.
pub(crate) fn check_irreps(key: &'static str, irreps: &Irreps) -> Result<(), ModelError> {
    let blocks = irreps.blocks().len();
    check(key, Counted::Blocks, blocks, [0, IRREP_BLOCKS])
}

/// Refuses networks of more numbers than there is memory for.
pub(crate) fn check_numbers(numbers: usize) -> Result<(), ModelError> {
    match numbers <= NUMBERS {
        true => Ok(()),
        false => Err(ModelError::TooLarge {
            numbers,
            most: NUMBERS,
        }),
    }
}
