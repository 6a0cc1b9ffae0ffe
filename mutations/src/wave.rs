//! WAV: RIFF chunks, of which `fmt ` says what the samples in `data` are.

use crate::bytes::{self, odd_number};
use crate::random::Random;
use crate::riff::{self, Chunk};

/// Names of chunks.
const NAMES: [&[u8; 4]; 5] = [b"fmt ", b"data", b"fact", b"LIST", b"cue "];

/// Ways in which samples are stored.
const TAGS: [u16; 8] = [1, 2, 3, 6, 7, 0x11, 0x55, 0xfffe];

/// Damages a clip; none where it has no chunks.
pub fn damage(random: &mut Random, seed: &[u8], donor: &[u8]) -> Option<Vec<u8>> {
    let mut chunks = riff::read(seed)?;
    for _ in 0..1 + random.below(3) {
        let (at, other) = (random.below(chunks.len()), random.below(chunks.len()));
        match random.below(9) {
            _ if chunks.is_empty() => break,
            0 => drop(chunks.remove(at)),
            1 => chunks.insert(other, chunks[at].clone()),
            2 => chunks[at].0 = random.one_of(&NAMES).to_vec(),
            3 => {
                let data = std::mem::take(&mut chunks[at].1);
                chunks[at].1 = bytes::damage(random, data, donor);
            }
            4 => {
                let length = chunks[at].1.len() + 6 - random.below(12).min(chunks[at].1.len());
                random.resize(&mut chunks[at].1, length);
            }
            5 => {
                let place = random.below(chunks[at].1.len());
                bytes::in_place(random, &mut chunks[at].1, place);
            }
            _ => format(random, &mut chunks),
        }
    }
    let mut file = riff::write(b"WAVE", &chunks);
    // A length that is not that of the samples.
    if random.once_in(6)
        && let Some(data) = file.windows(4).position(|name| name == b"data")
        && let Some(length) = file.get_mut(data + 4..data + 8)
    {
        let odd = random.one_of(&[
            0,
            1,
            3,
            40,
            1 << 20,
            i32::MAX as u32,
            u32::MAX - 1,
            u32::MAX,
        ]);
        length.copy_from_slice(&odd.to_le_bytes());
    }
    Some(file)
}

/// Changes what the samples are said to be; bytes a second and a block mostly follow, because parsers compare them.
fn format(random: &mut Random, chunks: &mut [Chunk]) {
    let Some((_, format)) = chunks.iter_mut().find(|(name, _)| name == b"fmt ") else {
        return;
    };
    if format.len() < 16 {
        return;
    }
    let word = |format: &[u8], at: usize| u16::from_le_bytes([format[at], format[at + 1]]);
    let number = u32::from_le_bytes([format[4], format[5], format[6], format[7]]);
    let (mut channels, mut rate, mut bits) = (word(format, 2), number, word(format, 14));
    // Mostly what a parser takes.
    let odd = random.once_in(4);
    match random.below(4) {
        0 if odd => channels = random.one_of(&[0, 255, 65_535]),
        0 => channels = random.one_of(&[1, 2, 3, 5]),
        1 if odd => rate = random.one_of(&[0, 1, 999, 768_001, u32::MAX]),
        1 => rate = random.one_of(&[1_000, 8_000, 11_025, 44_100, 768_000]),
        2 if odd => bits = random.one_of(&[0, 1, 12, 64, 65_528]),
        2 => bits = random.one_of(&[8, 16, 24, 32]),
        _ => {
            let tag = match random.below(3) {
                0 => odd_number(random) as u16,
                _ => random.one_of(&TAGS),
            };
            format[..2].copy_from_slice(&tag.to_le_bytes());
        }
    }
    let block = channels.wrapping_mul(bits.div_ceil(8));
    format[2..4].copy_from_slice(&channels.to_le_bytes());
    format[4..8].copy_from_slice(&rate.to_le_bytes());
    format[14..16].copy_from_slice(&bits.to_le_bytes());
    if !random.once_in(6) {
        format[8..12].copy_from_slice(&rate.wrapping_mul(block.into()).to_le_bytes());
        format[12..14].copy_from_slice(&block.to_le_bytes());
    }
}
