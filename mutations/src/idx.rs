//! IDX files whose header and data are changed together or against each other.

use crate::bytes::{self, odd_number};
use crate::random::Random;

/// The most bytes of data: extents of a damaged file may be anything.
const MOST: usize = 1 << 12;

/// A file taken apart.
struct Idx {
    /// `00 00 08`, where it says bytes.
    kind: [u8; 3],
    shape: Vec<u32>,
    data: Vec<u8>,
}

impl Idx {
    fn read(file: &[u8]) -> Option<Self> {
        let (&[one, two, three, dimensions], mut rest) = file.split_first_chunk::<4>()?;
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            let (extent, after) = rest.split_first_chunk::<4>()?;
            shape.push(u32::from_be_bytes(*extent));
            rest = after;
        }
        Some(Self {
            kind: [one, two, three],
            shape,
            data: rest.to_vec(),
        })
    }

    fn write(&self) -> Vec<u8> {
        let mut file = [&self.kind[..], &[self.shape.len() as u8]].concat();
        file.extend(self.shape.iter().flat_map(|extent| extent.to_be_bytes()));
        file.extend_from_slice(&self.data);
        file
    }
}

/// Damages a file; none where it is no IDX file.
pub fn damage(random: &mut Random, seed: &[u8], donor: &[u8]) -> Option<Vec<u8>> {
    let mut idx = Idx::read(seed)?;
    for _ in 0..1 + random.below(2) {
        let at = random.below(idx.shape.len());
        match random.below(9) {
            // Another size, with as many bytes as it needs.
            0..3 => {
                for extent in &mut idx.shape {
                    if random.once_in(2) {
                        *extent = random.below(6) as u32;
                    }
                }
                let size = idx
                    .shape
                    .iter()
                    .fold(1usize, |size, extent| size.saturating_mul(*extent as usize));
                random.resize(&mut idx.data, size.min(MOST));
            }
            3 | 4 => {
                let place = random.below(idx.data.len());
                bytes::in_place(random, &mut idx.data, place);
            }
            5 => {
                if let Some(extent) = idx.shape.get_mut(at) {
                    *extent = odd_number(random) as u32;
                }
            }
            6 => match random.below(3) {
                0 => idx.shape.push(random.below(3) as u32),
                1 => drop(idx.shape.pop()),
                _ => idx.shape.reverse(),
            },
            7 => {
                let length = (idx.data.len() + 1).saturating_sub(random.below(3));
                random.resize(&mut idx.data, length);
            }
            _ => match random.below(2) {
                0 => idx.kind[random.below(3)] = random.byte(),
                _ => idx.data = Idx::read(donor)?.data,
            },
        }
    }
    Some(idx.write())
}
