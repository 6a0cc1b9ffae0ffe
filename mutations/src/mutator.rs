//! Damaged files, each a function of a seed and a number.
//!
//! Much of random damage is caught by the first sum over the bytes, or by a length that doesn't fit. Where a format has such,
//! a file is taken apart, damaged within and put together again most of the time, so that the damage reaches what is behind
//! them. Now and then any byte is damaged.

use crate::random::Random;
use crate::{arrays, bytes, checkpoint, gzip, hdf5, idx, npy, picture, text, wave};

/// What a file consists of, as far as its damage minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Bytes.
    Plain,
    /// Words and lines.
    Text,
    /// The same, perhaps packed.
    PackedText,
    /// IDX, perhaps packed.
    Idx,
    /// NumPy's arrays.
    Npy,
    /// HDF5.
    Hdf5,
    /// A picture of any format.
    Picture,
    /// A clip of sound.
    Wave,
    /// Arrays and texts beside them.
    Safetensors,
    /// A checkpoint of PyTorch.
    Checkpoint,
}

/// A damaged copy of one of the files: damage number `case` of a seed.
pub fn mutate([seed, case]: [u64; 2], files: &[Vec<u8>], frame: Frame) -> Vec<u8> {
    let mut random = Random::new(seed, case);
    let Some(file) = files.get(random.below(files.len())) else {
        return Vec::new();
    };
    let donor = &files[random.below(files.len())];
    damage(&mut random, file, donor, frame)
}

/// Damages a file; pieces of the donor may be put into it.
pub fn damage(random: &mut Random, file: &[u8], donor: &[u8], frame: Frame) -> Vec<u8> {
    let anywhere = |random: &mut Random| bytes::damage(random, file.to_vec(), donor);
    if random.once_in(8) {
        return anywhere(random);
    }
    let within = match frame {
        Frame::Plain => None,
        Frame::Text => Some(text::damage(random, file, donor)),
        Frame::PackedText => Some(gzip::through(random, [file, donor], text::damage)),
        Frame::Idx => Some(gzip::through(
            random,
            [file, donor],
            |random, file, donor| {
                let damaged = idx::damage(random, file, donor);
                damaged.unwrap_or_else(|| bytes::damage(random, file.to_vec(), donor))
            },
        )),
        Frame::Npy => npy::damage(random, file, donor),
        Frame::Hdf5 => hdf5::damage(random, file),
        Frame::Picture => picture::damage(random, file, donor),
        Frame::Wave => wave::damage(random, file, donor),
        Frame::Safetensors => arrays::damage(random, file, donor),
        Frame::Checkpoint => checkpoint::damage(random, file, donor),
    };
    within.unwrap_or_else(|| anywhere(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: [Frame; 10] = [
        Frame::Plain,
        Frame::Text,
        Frame::PackedText,
        Frame::Idx,
        Frame::Npy,
        Frame::Hdf5,
        Frame::Picture,
        Frame::Wave,
        Frame::Safetensors,
        Frame::Checkpoint,
    ];

    #[test]
    fn damage_is_a_function_of_seed_and_number() {
        let seeds = [b"{'shape': (3, 4)} and more".to_vec(), vec![0; 40]];
        for frame in FRAMES {
            let of = |seed| {
                (0..200)
                    .map(move |case| [seed, case])
                    .map(|number| mutate(number, &seeds, frame))
                    .collect::<Vec<_>>()
            };
            assert_eq!(of(1), of(1));
            assert_ne!(of(1), of(2));
            let damaged = of(1).iter().filter(|bytes| !seeds.contains(bytes)).count();
            assert!(damaged > 150, "{damaged} {frame:?}");
        }
    }

    #[test]
    fn damaged_text_is_text() {
        let text = b"lr = 0.01 # the rate\n".to_vec();
        for case in 0..300 {
            let damaged = text::damage(&mut Random::new(5, case), &text, &text);
            let is_text = |byte: &u8| byte.is_ascii_graphic() || b" \n\r\t".contains(byte);
            assert!(damaged.iter().all(is_text));
        }
    }

    /// Whatever a file is taken for, and however little of it there is.
    #[test]
    fn anything_can_be_damaged() {
        let starts: [&[u8]; 16] = [
            b"",
            include_bytes!("../seeds/restarts.jpg"),
            include_bytes!("../seeds/moving.webp"),
            include_bytes!("../seeds/tiles.tif"),
            b"\0\0\x08\x03",
            b"\x1f\x8b\x08",
            b"\x93NUMPY\x01\0\x02\0{}",
            b"\x89HDF\r\n\x1a\nOHDR",
            b"\x89PNG\r\n\x1a\n\0\0\0\0IDAT",
            b"\xff\xd8\xff\xda\0\x02",
            b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0\x01\0data\0\0\0\0",
            b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0",
            b"II*\0\x08\0\0\0\x01\0",
            b"BM",
            b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"\x80\x02.",
        ];
        for start in starts {
            let files = [start.to_vec(), [start, &[0; 12]].concat()];
            for frame in FRAMES {
                let mut file = start.to_vec();
                for case in 0..200 {
                    mutate([3, case], &files, frame);
                    // Damage upon damage.
                    file = damage(&mut Random::new(4, case), &file, &files[1], frame);
                    file.truncate(4096);
                }
            }
        }
    }
}
