//! Pictures of every format that is read, each damaged in its own parts.

mod jpeg;
mod png;
mod tiff;
mod webp;

use crate::bytes;
use crate::random::Random;

/// Damages a picture; none where it is of no known format.
pub fn damage(random: &mut Random, seed: &[u8], donor: &[u8]) -> Option<Vec<u8>> {
    match seed {
        [0x89, b'P', b'N', b'G', ..] => png::damage(random, seed, donor),
        [0xff, 0xd8, ..] => jpeg::damage(random, seed, donor),
        [b'R', b'I', b'F', b'F', ..] => webp::damage(random, seed, donor),
        [b'I', b'I', ..] | [b'M', b'M', ..] => tiff::damage(random, seed),
        [b'B', b'M', ..] => Some(bitmap(random, seed)),
        _ => None,
    }
}

/// BMP has no lists and no sums: the fields of its header are changed where they stand.
fn bitmap(random: &mut Random, seed: &[u8]) -> Vec<u8> {
    let mut file = seed.to_vec();
    for _ in 0..1 + random.below(3) {
        let at = match random.below(3) {
            0 => random.below(file.len()),
            // Sizes, planes, depth, compression, colours, masks.
            _ => random.one_of(&[
                2, 10, 14, 18, 22, 26, 28, 30, 34, 46, 50, 54, 58, 62, 66, 70,
            ]),
        };
        match random.below(3) {
            0 if at + 4 <= file.len() => {
                let number = random.one_of(&[0u32, 1, 2, 3, 4, 6, 8, 16, 24, 32, 40, 108, 124]);
                file[at..at + 2].copy_from_slice(&(number as u16).to_le_bytes());
            }
            _ => bytes::in_place(random, &mut file, at),
        }
    }
    if random.once_in(4) {
        let length = file.len() + 20 - random.below(40).min(file.len());
        random.resize(&mut file, length);
    }
    file
}

/// Notes of a camera that hold no more than how it was held.
fn exif(random: &mut Random) -> Vec<u8> {
    let orientation = random.below(10) as u8;
    let mut notes = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    notes.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    match random.below(4) {
        0 => bytes::damage(random, notes, &[]),
        _ => notes,
    }
}
